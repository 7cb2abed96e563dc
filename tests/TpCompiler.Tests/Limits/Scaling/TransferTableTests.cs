using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Language;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>Derived parametrizations against the published tables (arXiv 2203.03466, tables 3, 8 and 9): powers of n of multiplier, variance and learning rate.</summary>
public class TransferTableTests
{
    private static readonly Dictionary<(UpdateKind, ParameterRole), (string Multiplier, string Variance, string Rate)[]> Tables = new()
    {
        [(UpdateKind.Gradient, ParameterRole.Input)] = [("0", "0", "1"), ("0", "0", "1"), ("1/2", "-1", "0")],
        [(UpdateKind.Gradient, ParameterRole.Hidden)] = [("0", "-1", "0"), ("0", "-1", "0"), ("0", "-1", "0")],
        [(UpdateKind.Gradient, ParameterRole.Output)] = [("0", "-2", "-1"), ("-1", "0", "1"), ("-1/2", "-1", "0")],
        [(UpdateKind.Entrywise, ParameterRole.Input)] = [("0", "0", "0"), ("0", "0", "0"), ("1/2", "-1", "-1/2")],
        [(UpdateKind.Entrywise, ParameterRole.Hidden)] = [("0", "-1", "-1"), ("0", "-1", "-1"), ("0", "-1", "-1")],
        [(UpdateKind.Entrywise, ParameterRole.Output)] = [("0", "-2", "-1"), ("-1", "0", "0"), ("-1/2", "-1", "-1/2")],
    };

    [Theory]
    [InlineData("mlp.tp")]
    [InlineData("standard.tp")]
    [InlineData("ntk.tp")]
    [InlineData("resnet.tp")]
    [InlineData("rnn.tp")]
    [InlineData("gru.tp")]
    [InlineData("layernorm.tp")]
    [InlineData("batchnorm.tp")]
    [InlineData("convolution.tp")]
    [InlineData("transformer.tp")]
    [InlineData("tied.tp")]
    [InlineData("two_heads.tp")]
    public void What_is_derived_from_a_network_is_the_published_table(string example)
    {
        var compilation = ExampleTests.Compile(example);
        foreach (var kind in new[] { UpdateKind.Gradient, UpdateKind.Entrywise })
        {
            var maximal = MaximalUpdate.Of(compilation.Network!, compilation.TrainingPlan!, kind)!;
            Assert.Empty(maximal.Multipliers);
            var forms = EquivalentForms.Of(maximal);
            for (var i = 0; i < 3; i++)
            {
                Assert.All(forms[i].Rows, row => Assert.Equal(
                    Tables[(kind, row.Weight.Role)][i],
                    (row.Multiplier.ToString(), row.Weight.Initial is null ? Tables[(kind, row.Weight.Role)][i].Variance : row.Variance!.Value.ToString(), row.Rate.ToString())));
            }
        }
    }

    [Fact]
    public void Epsilon_is_as_large_as_the_gradient_and_orthogonal_updates_of_hidden_weights_have_a_rate_without_width()
    {
        var compilation = ExampleTests.Compile("mlp.tp");
        var adam = EquivalentForms.Of(MaximalUpdate.Of(compilation.Network!, compilation.TrainingPlan!, UpdateKind.Entrywise)!);
        Assert.Equal(["-1", "-1", "0"], adam[0].Rows.Select(row => row.Epsilon.ToString()));
        Assert.Equal(["-1", "-1", "-1"], adam[1].Rows.Select(row => row.Epsilon.ToString()));
        var muon = EquivalentForms.Of(MaximalUpdate.Of(compilation.Network!, compilation.TrainingPlan!, UpdateKind.Orthogonal)!);
        Assert.Equal(["0", "0", "-1"], muon[0].Rows.Select(row => row.Rate.ToString()));

        // Beside the Frobenius norm of the hidden gradient, Θ(1): n² entries of size 1/n each.
        Assert.All(muon, form => Assert.Equal("0", form.Rows[1].Epsilon.ToString()));
        Assert.Equal(["-1", "0", "0"], muon[0].Rows.Select(row => row.Epsilon.ToString()));
    }

    [Theory]
    [InlineData("E' * h2", "-1")]
    [InlineData("n^(-1/2) * E' * h2", "-1/2")]
    [InlineData("E' * tanh(W * tanh(h))", "-1")]
    public void A_tied_readout_that_is_not_divided_by_the_width_gets_a_multiplier(string readout, string power)
    {
        var compilation = Tied(readout);
        foreach (var kind in new[] { UpdateKind.Gradient, UpdateKind.Entrywise })
        {
            var maximal = MaximalUpdate.Of(compilation.Network!, compilation.TrainingPlan!, kind)!;
            var multiplier = Assert.Single(maximal.Multipliers);
            Assert.Equal(("f", power), (multiplier.Value, multiplier.Power.ToString()));
            var embedding = EquivalentForms.Of(maximal)[0].Rows[0];
            Assert.Equal(("0", kind == UpdateKind.Gradient ? "1" : "0"), (embedding.Variance.ToString(), embedding.Rate.ToString()));
        }
    }

    [Fact]
    public void Logits_divided_by_the_root_are_said_to_be_random_and_what_the_width_does_instead()
    {
        var compilation = ExampleTests.Compile("attention_sqrt.tp");
        var verdict = ScalingAnalysis.Analyze(compilation.Network!, compilation.TrainingPlan!, compilation.TrainingProgram!).Verdict!;
        Assert.Equal(Regime.Unstable, verdict.Regime);
        Assert.Equal("l_p", verdict.Reasons[0].Instruction);
        Assert.Contains(verdict.Reasons, reason => reason.Text.StartsWith("at initialisation l_p is a random Gaussian number", StringComparison.Ordinal));
        Assert.Contains(verdict.Reasons, reason => reason.Text == "divided by n instead of √n, l_p starts at 0 and moves by Θ(1) in training: feature learning (r = 0)");
        Assert.Equal(("l_p", "-1/2"), MaximalUpdate.Of(compilation.Network!, compilation.TrainingPlan!)!.Multipliers.Select(m => (m.Value, m.Power.ToString())).Single());
    }

    [Fact]
    public void Signs_of_hidden_gradients_are_classified_by_the_gradients_they_are_made_of()
    {
        var source = """
            network mlp(x : [d]) {
              width n
              weight W1 : [n, d]
              weight W2 : [n, n]
              weight W3 : [1, n]
              return W3 * tanh(W2 * tanh(W1 * x))
            }
            parametrization mup { W1: (c: 1/2) W2: (c: RATE) W3: (c: 1/2) }
            train { loss mse optimizer sign_sgd(lr: 0.1) steps 3 }
            """;
        foreach (var (rate, regime) in new[] { ("1", Regime.FeatureLearning), ("1/2", Regime.Unstable), ("2", Regime.FeatureLearning) })
        {
            var compilation = Compilation.Compile(new SourceText("mlp.tp", source.Replace("RATE", rate, StringComparison.Ordinal)));
            Assert.Contains(compilation.TrainingProgram!.Body.Instructions(), instruction => instruction is Instruction.OuterNonlin);
            var scaling = ScalingAnalysis.Analyze(compilation.Network!, compilation.TrainingPlan!, compilation.GradientProgram!);
            Assert.Equal(regime, scaling.Verdict!.Regime);
            Assert.Equal(rate == "1", scaling.Parameters.All(parameter => parameter.Maximal));
        }
    }

    [Fact]
    public void Each_use_of_a_tied_weight_has_its_own_exponent()
    {
        var compilation = Tied("E' * h2 / n");
        var scaling = ScalingAnalysis.Analyze(compilation.TrainingProgram!);
        Assert.Equal(["h 0", "f 0"], scaling.Parameters[0].Uses.Select(use => $"{use.Value} {use.Exponent}"));
    }

    private static Compilation Tied(string readout)
    {
        var compilation = Compilation.Compile(new SourceText("tied.tp", $$"""
            network tied(token : [s]) {
              width n
              axis s = 3
              axis words = 5
              weight E : [n, words]
              weight W : [n, n]
              h = E[token]
              h2 = h + W * tanh(h)
              return {{readout}}
            }
            parametrization mup { E: (a: 0, b: 0, c: -1) }
            train { loss cross_entropy optimizer sgd(lr: 0.1) steps 3 batch 2 }
            """));
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        return compilation;
    }
}
