using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Checking;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>What decays and what is learned are told apart: sizes, verdicts, and finite nets.</summary>
public sealed class WeightDecayTests
{
    private const string Tanh = """
        network mlp(x : [2]) {
          width n
          weight W1 : [n, 2]
          weight W2 : [n, n]
          weight W3 : [1, n]
          x1 = tanh(W1 * x)
          x2 = tanh(W2 * x1)
          return W3 * x2
        }

        """;

    private const string ThroughMomentum = """
        optimizer coupled(lr) {
          slot m
          h = g + 3/10 * w
          m = 1/2 * m + h
          w = w - rate * m
        }

        """;

    private static readonly BatchFeed Feed = new(new Dictionary<string, SampleField> { ["x"] = new([0, 1, 0.6, 0.8, -1, 2], 3), ["y"] = new([1, -1, 0.5], 3) });

    private static readonly ExecutionSettings Execution = new() { AxisSizes = new Dictionary<string, int> { ["batch"] = 3 } };

    [Fact]
    public void In_the_kernel_regime_decay_moves_the_features_that_gradients_leave()
    {
        var scaling = Scaling(Compile(Tanh, "ntk", "sgd(lr: 3/10, weight_decay: 3/10)"));

        Assert.Equal((Regime.KernelRegime, Rational.Half), (scaling.Verdict!.Regime, scaling.Verdict.R!.Value));
        Assert.Equal(
            "kernel regime (r = 1/2): in one step gradients move the features x2 by Θ(n^(-1/2)), f by Θ(1); weight decay alone moves x2 and f by Θ(1)",
            scaling.Verdict.Text);
        Assert.Equal(["W1", "W2", "W3"], scaling.Verdict.Decaying);
        Assert.Equal((Rational.Zero, Rational.Half), (scaling.ScaleOf("x2")!.Decay!.Value, scaling.ScaleOf("x2")!.Change!.Value));
        Assert.Equal((Rational.Half, new Rational(3, 2)), (scaling.Parameters[1].Decay!.Value, scaling.Parameters[1].Update!.Value));
    }

    [Fact]
    public void Training_that_learns_nothing_still_decays()
    {
        var verdict = Scaling(Compile(Tanh, "standard { all: (c: 2) }", "sgd(lr: 3/10, weight_decay: 3/10)")).Verdict!;

        Assert.Equal(Regime.Trivial, verdict.Regime);
        Assert.EndsWith("weight decay alone moves x2 and f by Θ(1)", verdict.Text, StringComparison.Ordinal);
        Assert.Equal("nothing is learned in the limit, where training is the decay of W1, W2 and W3", verdict.WithoutLearning);
    }

    [Theory]
    [InlineData("ntk")]
    [InlineData("mup")]
    [InlineData("standard { all: (c: 1) }")]
    public void Decay_through_momentum_is_decay_and_what_is_learned_is_what_is_learned_without(string parametrization)
    {
        var plain = Scaling(Compile(Tanh, parametrization, "sgd(lr: 3/10)"));
        var direct = Scaling(Compile(Tanh, parametrization, "sgd(lr: 3/10, weight_decay: 3/10)"));
        var coupled = Scaling(Compile(ThroughMomentum + Tanh, parametrization, "coupled(lr: 3/10)"));

        Assert.Equal(plain.Verdict!.Regime, coupled.Verdict!.Regime);
        foreach (var name in new[] { "W1", "W2", "W3", "h1", "x1", "h2", "x2", "f", "loss" })
        {
            var (learned, decayed) = (plain.ScaleOf(name)!.Change, direct.ScaleOf(name)!);
            var expected = parametrization == "standard { all: (c: 1) }" ? decayed with { Decay = coupled.ScaleOf(name)!.Decay } : decayed;
            Assert.Equal((name, learned), (name, decayed.Change));
            Assert.Equal((name, expected), (name, coupled.ScaleOf(name)!));
        }
    }

    [Fact]
    public void A_coefficient_of_decay_that_falls_with_the_width_is_a_smaller_decay_and_one_that_grows_blows_up()
    {
        const string Decoupled = "optimizer decoupled(lr) { w = (1 - rate * 3/10) * w - rate * g }\n";
        var falling = Scaling(Compile(Decoupled + Tanh, "standard { all: (c: 1) }", "decoupled(lr: 3/10)"));
        var growing = Scaling(Compile(Decoupled + Tanh, "{ W1: (-1/2, 1/2, 0) W2: (0, 1/2, 0) W3: (3/4, 1/4, -1/2) }", "decoupled(lr: 3/10)"));

        Assert.Equal(1, falling.ScaleOf("x2")!.Decay!.Value);
        Assert.Equal(Regime.Unstable, growing.Verdict!.Regime);
        Assert.Contains("weight decay", growing.Verdict.Reasons[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Adamw_decays_beside_updates_of_a_size_of_their_own()
    {
        var compilation = Compile(Tanh, "mup { W1: (c: 1/2) W2: (c: 1) W3: (c: 1/2) }", "adamw(lr: 1/100, weight_decay: 3/10)");
        var scaling = ScalingAnalysis.Analyze(compilation.Network!, compilation.TrainingPlan!, compilation.GradientProgram!);

        Assert.Equal(Regime.FeatureLearning, scaling.Verdict!.Regime);
        Assert.Equal((Rational.Half, Rational.One), (scaling.Parameters[1].Decay!.Value, scaling.Parameters[1].Update!.Value));
        Assert.Equal(["W1", "W2", "W3"], scaling.Verdict.Decaying);
    }

    // A linear net of depth 3 that only decays is its first output times the cube of what is left of a weight.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Decay_alone_is_the_recurrence_of_the_optimizer(bool throughMomentum)
    {
        var linear = Tanh.Replace("tanh", string.Empty, StringComparison.Ordinal);
        var compilation = throughMomentum
            ? Compile(ThroughMomentum + linear, "mup", "coupled(lr: 3/10)")
            : Compile(linear, "mup", "sgd(lr: 3/10, weight_decay: 3/10, momentum: 1/2, clip: 1)");
        var alone = WeightDecay.Of(compilation.TrainingProgram!).Alone!;
        Assert.Empty(ProgramVerifier.Verify(alone, "decay"));
        var f = new Simulator<double>(alone, 16, 1, Execution).Run(Feed).Records.Where(record => record.Name == "f").Select(record => record.Values[0]).ToList();

        var (weight, momentum) = (1.0, 0.0);
        foreach (var value in f)
        {
            Assert.Equal(f[0] * weight * weight * weight, value, 1e-12);
            momentum = (0.5 * momentum) + (0.3 * weight);
            weight = throughMomentum ? weight - (0.3 * momentum) : 0.91 * weight;
        }

        Assert.Equal(7, f.Count);
        Assert.NotEqual(0, f[0]);
    }

    [Fact]
    public void Without_decay_there_is_no_training_by_decay()
    {
        Assert.Null(WeightDecay.Of(Compile(Tanh, "mup", "adam(lr: 1/10)").TrainingProgram!).Alone);
        Assert.Null(Scaling(Compile(Tanh, "mup", "sgd(lr: 1/10, momentum: 9/10)")).ScaleOf("x2")!.Decay);
    }

    [Theory]
    [InlineData("ntk", 4)]
    [InlineData("mup", 1)]
    public void Finite_nets_decay_and_learn_by_the_derived_exponents_and_by_no_others(string parametrization, int halves)
    {
        var compilation = Compile(Tanh, parametrization, "sgd(lr: 3/10, weight_decay: 3/10)");
        var program = compilation.TrainingProgram!;
        var expected = ExpectedScale.Of(program, Scaling(compilation), compilation.Network, compilation.TrainingPlan);
        IReadOnlyList<ExpectedScale> wrong = [.. expected.Select(value => value.Name == "W2" ? value with { Change = new Rational(halves, 2) } : value)];

        Assert.DoesNotContain(Lines(expected), line => line.Verdict == CheckVerdict.Differs);
        Assert.Contains(Lines(expected), line => line is { Name: "x2", Quantity: CheckQuantity.Decay, Verdict: CheckVerdict.Agrees });
        Assert.Equal(("W2", CheckQuantity.Change), Assert.Single(Lines(wrong).Where(line => line.Verdict == CheckVerdict.Differs).Select(line => (line.Name, line.Quantity))));

        ValueList<CheckLine> Lines(IReadOnlyList<ExpectedScale> sizes) => ScaleCheck.Run<double>(
            program,
            sizes,
            new CheckSettings { Widths = [64, 128, 256], Seeds = 16, MaxSeeds = 16, Execution = Execution },
            new GenericTargets(Feed, ["y"]),
            decay: WeightDecay.Of(program).Alone).Lines;
    }

    private static ScalingResult Scaling(Compilation compilation) => ScalingAnalysis.Analyze(compilation.TrainingProgram!, repair: false);

    private static Compilation Compile(string text, string parametrization, string optimizer)
    {
        var compilation = Compilation.Compile(new SourceText("test.tp", $"{text}parametrization {parametrization}\ntrain {{ loss mse optimizer {optimizer} steps 6 }}"));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return compilation;
    }
}
