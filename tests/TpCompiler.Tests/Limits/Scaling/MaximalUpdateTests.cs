using TpCompiler.Ir;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Limits.Scaling;

public class MaximalUpdateTests
{
    /// <summary>arXiv 2203.03466, table 3: initial variance and SGD rate of input weights and biases, hidden weights, output weights.</summary>
    private static readonly Dictionary<ParameterRole, (Rational Variance, Rational Rate)> Table = new()
    {
        [ParameterRole.Input] = (0, 1),
        [ParameterRole.Hidden] = (-1, 0),
        [ParameterRole.Output] = (-2, -1),
    };

    [Theory]
    [InlineData(1, "tanh", "standard")]
    [InlineData(2, "relu", "standard")]
    [InlineData(3, "tanh", "ntk")]
    [InlineData(2, "tanh", "mup")]
    [InlineData(5, "gelu", "between")]
    public void It_is_the_table_by_role_whatever_the_network_was_written_in(int hiddenLayers, string phi, string name)
    {
        foreach (var biases in new[] { false, true })
        {
            var (network, plan) = SampleNetworks.Mlp(hiddenLayers, phi, GoldenClassificationTests.Layers(name, hiddenLayers, 0), inputs: 2, batch: 2, outputs: 2, biases: biases);
            var mup = MaximalUpdate.Of(network, plan);
            Assert.NotNull(mup);
            Assert.All(mup.Rows, row => Assert.Equal(Table[row.Role], (-2 * row.Initial!.Value, -row.Rate)));
        }
    }

    [Fact]
    public void A_substituted_parametrization_has_the_verdict_of_one_written_so()
    {
        var random = new Random(3);
        for (var i = 0; i < 60; i++)
        {
            var (from, to) = (RandomParametrization.Draw(random, 1 + (i % 3)), RandomParametrization.Draw(random, 1 + (i % 3)));
            var (network, plan) = SampleNetworks.Mlp(to.Count - 1, "tanh", from, inputs: 2, batch: 2, biases: false);
            var exponents = to.Select((abc, l) => ($"W{l + 1}", new Abc(abc.A, abc.B, abc.C))).ToDictionary(pair => pair.Item1, pair => pair.Item2);
            var verdict = ScalingAnalysis.Analyze(TrainingProgram.Of(Parametrization.Substitute(network, exponents), plan), repair: false).Verdict!;
            var theorem = new AbcTheorem(to);
            Assert.Equal((theorem.Regime, theorem.HasStableInitialisation ? theorem.R : (Rational?)null), (verdict.Regime, verdict.R));
        }
    }

    [Fact]
    public void A_repair_carried_out_has_the_regime_that_it_promises()
    {
        var (network, plan) = SampleNetworks.Mlp(3, "tanh", GoldenClassificationTests.Layers("standard", 3, 0), inputs: 2, batch: 2);
        var repair = ScalingAnalysis.Analyze(TrainingProgram.Of(network, plan)).Verdict!.Repair!;
        Assert.Equal(repair.Regime, ScalingAnalysis.Analyze(TrainingProgram.Of(Parametrization.Substitute(network, repair), plan)).Verdict!.Regime);
    }
}
