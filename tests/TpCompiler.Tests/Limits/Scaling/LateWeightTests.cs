using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>Weights that move only once others have: behind blocks that start at 0, beside logits that do, before and behind a few numbers.</summary>
public class LateWeightTests
{
    private const string Attention = """
        network net(token : [s]) {
          width n
          axis s = 3
          axis words = 4
          weight E : [n, words]
          weight Q : [n, n]
          weight K : [n, n]
          weight A : [n, n]
          weight O : [n, n]
          weight t : [1]
          weight V : [words, n]
          h = E[token]
          q = Q * h
          k = K * h
          p = softmax(s', LOGITS, s' <= s)
          x = h + O * sum(s', p * A * h[s'])
          return V * x[2]
        }
        parametrization PARAMETRIZATION { ZEROS }
        train { loss cross_entropy optimizer sgd(lr: 0.2) batch 4 steps 3 }
        """;

    // As where nothing starts at 0 (arXiv 2203.03466, table 3), whatever the program is written in.
    [Theory]
    [InlineData("Moment(q * k[s'])", "A: (variance: 0) t: (variance: 0)")]
    [InlineData("Moment(q * k[s'])", "O: (variance: 0) Q: (variance: 0) t: (variance: 0)")]
    [InlineData("(1 + t) * Moment(q * k[s'])", "Q: (variance: 0) t: (variance: 0)")]
    [InlineData("(1 + t) * Moment(q * k[s'])", "Q: (variance: 0)")]
    public void A_block_that_starts_at_0_has_the_rates_of_one_that_does_not(string logits, string zeros)
    {
        foreach (var kind in Enum.GetValues<UpdateKind>())
        {
            foreach (var parametrization in new[] { "mup", "standard", "ntk" })
            {
                var text = Attention.Replace("LOGITS", logits, StringComparison.Ordinal).Replace("ZEROS", zeros, StringComparison.Ordinal);
                text = logits.Contains("t)", StringComparison.Ordinal) ? text : text.Replace("  weight t : [1]\n", string.Empty, StringComparison.Ordinal).Replace(" t: (variance: 0)", string.Empty, StringComparison.Ordinal);
                var (maximal, conflict) = Derive(text, parametrization, kind);
                Assert.True(conflict is null, $"{kind} {parametrization}: {conflict}");
                Assert.Empty(maximal!.Multipliers);
                Assert.All(maximal.Rows, row => Assert.Equal(Rate(row.Role, kind), row.Rate.ToString()));
            }
        }
    }

    [Fact]
    public void Queries_and_keys_that_both_start_at_0_are_named_as_the_conflict()
    {
        var (maximal, conflict) = Derive(Attention.Replace("LOGITS", "Moment(q * k[s'])", StringComparison.Ordinal).Replace("  weight t : [1]\n", string.Empty, StringComparison.Ordinal)
            .Replace("ZEROS", "Q: (variance: 0) K: (variance: 0)", StringComparison.Ordinal), "mup", UpdateKind.Gradient);
        Assert.Null(maximal);
        Assert.Equal("nothing moves Q and K: their gradients are 0 at the start and stay so where Q and K start at 0", conflict);
    }

    [Fact]
    public void Logits_divided_by_the_root_whose_queries_start_at_0_are_divided_by_the_width_instead()
    {
        var (maximal, conflict) = Derive(Attention.Replace("LOGITS", "n^(1/2) * Moment(q * k[s'])", StringComparison.Ordinal).Replace("  weight t : [1]\n", string.Empty, StringComparison.Ordinal)
            .Replace("ZEROS", "Q: (variance: 0)", StringComparison.Ordinal), "mup", UpdateKind.Gradient);
        Assert.Null(conflict);
        var multiplier = Assert.Single(maximal!.Multipliers);
        Assert.Equal("-1/2", multiplier.Power.ToString());
        Assert.Contains("divided by √n it diverges by Θ(n^(1/2)), and divided by n it learns", multiplier.Reason, StringComparison.Ordinal);
    }

    private static string Rate(ParameterRole role, UpdateKind kind) => (role, kind) switch
    {
        (ParameterRole.Scalar, _) => "0",
        (ParameterRole.Input, UpdateKind.Gradient) => "-1",
        (ParameterRole.Input, _) => "0",
        (ParameterRole.Hidden, UpdateKind.Entrywise) => "1",
        (ParameterRole.Hidden, _) => "0",
        _ => "1",
    };

    private static (MaximalUpdate? Maximal, string? Conflict) Derive(string text, string parametrization, UpdateKind kind)
    {
        var compilation = Compilation.Compile(new SourceText("net.tp", text.Replace("PARAMETRIZATION", parametrization, StringComparison.Ordinal)));
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        return MaximalUpdate.Derive(compilation.Network!, compilation.TrainingPlan!, kind);
    }
}
