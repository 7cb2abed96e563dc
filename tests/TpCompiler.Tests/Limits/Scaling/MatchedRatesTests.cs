using TpCompiler.Ir;
using TpCompiler.Limits.Scaling;
using TpCompiler.Tests.Language;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>Another optimizer at rates that make its updates as large.</summary>
public class MatchedRatesTests
{
    [Theory]
    [InlineData("mlp.tp")]
    [InlineData("resnet.tp")]
    [InlineData("rnn.tp")]
    [InlineData("transformer.tp")]
    [InlineData("tied.tp")]
    [InlineData("concat.tp")]
    public void Of_maximal_updates_they_are_those_of_the_maximal_parametrization(string example)
    {
        var compilation = ExampleTests.Compile(example);
        var (network, plan) = (compilation.Network!, compilation.TrainingPlan!);
        var own = ScalingAnalysis.Analyze(compilation.GradientProgram!, repair: false);

        var rates = MatchedRates.Of(own, UpdateKind.Gradient, UpdateKind.Entrywise);

        // The table has λ = a + c.
        Assert.All(MaximalUpdate.Of(network, plan, UpdateKind.Entrywise)!.Rows, row => Assert.Equal(row.Rate, row.A + rates[row.Name]));
    }

    [Fact]
    public void There_and_back_again_is_where_they_were()
    {
        var compilation = ExampleTests.Compile("ntk.tp");
        var own = ScalingAnalysis.Analyze(compilation.GradientProgram!, repair: false);
        var there = MatchedRates.Of(own, UpdateKind.Gradient, UpdateKind.Entrywise);
        var changed = own with { Parameters = [.. own.Parameters.Select(scale => scale with { C = there[scale.Name] })] };

        Assert.Equal(own.Parameters.Select(scale => (scale.Name, scale.C)), MatchedRates.Of(changed, UpdateKind.Entrywise, UpdateKind.Gradient).Select(rate => (rate.Key, rate.Value)));
        Assert.All(own.Parameters, scale => Assert.NotEqual(scale.C, there[scale.Name]));
    }
}
