using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>What a value is called, and whether it is called anything, changes no verdict.</summary>
public sealed class FeatureNameTests
{
    [Theory]
    [InlineData("return W2 * (W1 * x)", "h = W1 * x return W2 * h")]
    [InlineData("return W2 * W1 * x", "h = W1 * x return W2 * h")]
    [InlineData("return W2 * (W1 * x)^2", "h = W1 * x z = h^2 return W2 * z")]
    [InlineData("return W2 * (3 * (W1 * x) + b)", "h = 3 * (W1 * x) + b return W2 * h")]
    [InlineData("return W2 * tanh(W1 * x) + W2 * (3 * (W1 * x))", "h = W1 * x z = tanh(h) k = 3 * h return W2 * z + W2 * k")]
    [InlineData("return W2 * (5 * tanh(W1 * x))", "h = W1 * x z = tanh(h) k = 5 * z return W2 * k")]
    [InlineData("return W2 * tanh(W1 * x)", "h = W1 * x z = tanh(h) return W2 * z")]
    [InlineData("return W2 * tanh(W1 * x) + W2 * (W1 * x)", "h = W1 * x z = tanh(h) return W2 * z + W2 * h")]
    public void A_feature_without_a_name_is_one(string without, string with)
    {
        var (nameless, named) = (VerdictOf(without), VerdictOf(with));

        Assert.Equal(Regime.FeatureLearning, nameless.Regime);
        Assert.NotEmpty(nameless.Features);
        Assert.Equal((named.Regime, named.R, named.InitialOutput), (nameless.Regime, nameless.R, nameless.InitialOutput));
    }

    private static Verdict VerdictOf(string body)
    {
        var compilation = Compilation.Compile(new SourceText("test.tp", $$"""
            network net(x : [1]) {
              width n
              weight W1 : [n, 1]
              weight b : [n]
              weight W2 : [1, n]
              {{body}}
            }
            parametrization mup
            train { loss mse optimizer sgd(lr: 1/10) steps 4 }
            """));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return ScalingAnalysis.Analyze(compilation.TrainingProgram!, repair: false).Verdict!;
    }
}
