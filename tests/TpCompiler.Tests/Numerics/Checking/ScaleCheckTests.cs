using TpCompiler.Ir;
using TpCompiler.Numerics.Checking;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Numerics.Checking;

public class ScaleCheckTests
{
    private static readonly CheckSettings Small = new() { Widths = [32, 64, 128, 256], MaxSeeds = 512, Steps = 2 };

    // µP, two hidden layers: every layer moves as much as it is large; only f starts small.
    private static readonly ExpectedScale[] MaximalUpdate =
    [
        new("h1", 0, 0), new("x1", 0, 0), new("h2", 0, 0), new("x2", 0, 0), new("f", Rational.Half, 0), new("loss", 0, 0),
        new("W1", Rational.Half, Rational.Half), new("W2", Rational.Half, 1), new("W3", Rational.Half, Rational.Half),
    ];

    [Fact]
    public void Maximal_update_nets_scale_as_derived()
    {
        var result = Check(SampleNetworks.Mup(2), MaximalUpdate);

        Assert.All(result.Lines, line => Assert.True(line.Verdict == CheckVerdict.Agrees, line.ToString()));
    }

    [Fact]
    public void A_wrong_derived_exponent_is_found_in_its_line_alone()
    {
        var wrong = MaximalUpdate.Select(value => value.Name == "h2" ? value with { Change = Rational.Half } : value).ToList();
        var result = Check(SampleNetworks.Mup(2), wrong);

        Assert.Equal([("h2", CheckQuantity.Change)], result.Lines.Where(line => line.Verdict == CheckVerdict.Differs).Select(line => (line.Name, line.Quantity)));
    }

    [Fact]
    public void A_net_in_ntk_parametrization_fails_the_exponents_of_maximal_update()
    {
        var result = Check(SampleNetworks.Ntk(2), MaximalUpdate);

        Assert.Contains(result.Lines, line => line is { Name: "h2", Quantity: CheckQuantity.Change, Verdict: CheckVerdict.Differs });
        Assert.Contains(result.Lines, line => line is { Name: "f", Quantity: CheckQuantity.Size, Verdict: CheckVerdict.Differs });
        Assert.Contains(result.Lines, line => line is { Name: "h1", Quantity: CheckQuantity.Size, Verdict: CheckVerdict.Agrees });
    }

    [Fact]
    public void What_is_derived_to_vanish_must_vanish()
    {
        ExpectedScale[] frozen = [new("x", 0, null), new("h1", 0, null), new("f", null, 0)];
        var result = Check(SampleNetworks.Mup(2), frozen);

        Assert.Equal(
            [CheckVerdict.Agrees, CheckVerdict.Agrees, CheckVerdict.Agrees, CheckVerdict.Differs, CheckVerdict.Differs, CheckVerdict.Agrees],
            result.Lines.Select(line => line.Verdict));
    }

    // golden.md: one hidden layer, tanh, η = ½, ξ = y = 1.
    [Theory]
    [InlineData(0, CheckVerdict.Agrees)]
    [InlineData(0.05, CheckVerdict.Differs)]
    public void Nets_approach_the_limit_at_the_square_root_of_the_width_and_nothing_else(double shift, CheckVerdict expected)
    {
        double[] values = [0, 0.40102103533600, 0.61427892019097, 0.75099745385790];
        var limit = values.Select((value, t) => new LimitRecord("f", [t], [1], [new Estimate(value + shift, 0, ErrorKind.Exact, 0)])).ToList();
        var (network, plan) = SampleNetworks.Mlp(1, "tanh", SampleNetworks.Mup(1), inputs: 1, batch: 1, steps: 4);
        var feed = new BatchFeed(new Dictionary<string, SampleField> { ["x"] = new([1], 1), ["y"] = new([1], 1) });
        var settings = new CheckSettings { Widths = [64, 256, 1024], Seeds = 40 };
        var result = ScaleCheck.Run<double>(TrainingProgram.Of(network, plan), Array.Empty<ExpectedScale>(), settings, feed, limit);

        var line = Assert.Single(result.Lines);
        Assert.Equal(expected, line.Verdict);
    }

    [Fact]
    public void A_limit_known_no_better_than_the_nets_decides_nothing()
    {
        var limit = new[] { new LimitRecord("f", [1], [1], [new Estimate(0.4, 0.1, ErrorKind.StandardError, 64)]) };
        var (network, plan) = SampleNetworks.Mlp(1, "tanh", SampleNetworks.Mup(1), inputs: 1, batch: 1, steps: 4);
        var feed = new BatchFeed(new Dictionary<string, SampleField> { ["x"] = new([1], 1), ["y"] = new([1], 1) });
        var result = ScaleCheck.Run<double>(TrainingProgram.Of(network, plan), Array.Empty<ExpectedScale>(), Small, feed, limit);

        Assert.Equal(CheckVerdict.Undecided, Assert.Single(result.Lines).Verdict);
    }

    private static CheckResult Check(IReadOnlyList<(Rational A, Rational B, Rational C)> parametrization, IReadOnlyList<ExpectedScale> expected)
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", parametrization, inputs: 3, batch: 2, steps: 4);
        var feed = new BatchFeed(new Dictionary<string, SampleField> { ["x"] = new([1, -0.5, 0.25, 0.5, 1, 1], 2), ["y"] = new([1, -1], 2) });
        return ScaleCheck.Run<double>(TrainingProgram.Of(network, plan), expected, Small, feed);
    }
}
