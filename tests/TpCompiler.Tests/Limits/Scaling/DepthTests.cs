using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Checking;
using TpCompiler.Numerics.Data;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>Exponents of the number of layers: against the published ones, and against nets of several depths.</summary>
public class DepthTests
{
    private const int Width = 64;

    // arXiv 2310.02244, table 1, and 2505.01618, table 1: branch, updates, what the program looks like → powers of L of variance, rate and epsilon of the layers' weights, and of ΔW x over W x.
    [Theory]
    [InlineData("one", "-1/2", UpdateKind.Gradient, "0", "0", null, "-1/2")]
    [InlineData("one", "-1/2", UpdateKind.Entrywise, "0", "-1/2", "-1/2", "-1/2")]
    [InlineData("one", "-1", UpdateKind.Gradient, "0", "1", null, "0")]
    [InlineData("two", "-1/2", UpdateKind.Entrywise, "0", "-1/2", "-1/2", "-1/2")]
    [InlineData("two", "-1", UpdateKind.Entrywise, "0", "0", "-1", "0")]
    [InlineData("two", "-3/4", UpdateKind.Entrywise, "0", "-1/4", "-3/4", "-1/4")]
    [InlineData("one", "0", UpdateKind.Gradient, "-1", "-1", null, "-1/2")]
    [InlineData("transformer", "-1", UpdateKind.Entrywise, "0", "0", "-1", "0")]
    public void Powers_of_the_depth_are_the_published_ones(string net, string branch, UpdateKind kind, string variance, string rate, string? epsilon, string relative)
    {
        var maximal = Derive(Text(net, branch, 4), kind);
        foreach (var row in EquivalentForms.Of(maximal)[0].Rows)
        {
            var ofLayers = row.Weight.Name is not ("U" or "V" or "E");
            Assert.Equal(ofLayers ? variance : "0", Power(row.Variance));
            Assert.Equal(ofLayers ? rate : "0", Power(row.Rate));
            Assert.Equal(kind == UpdateKind.Gradient ? null : ofLayers ? epsilon : "0", Power(row.Epsilon));
            if (ofLayers)
            {
                Assert.Equal(relative, Power(-row.Weight.Relative));
            }
        }
    }

    [Fact]
    public void An_exponent_holds_one_of_the_width_and_one_of_the_depth()
    {
        foreach (var width in new Rational[] { 0, 1, new(-1, 2), new(3, 4), -2 })
        {
            foreach (var depth in new Rational[] { 0, 1, new(1, 2), new(-3, 2), new(1, 3), -6 })
            {
                Assert.Equal((width, depth), DepthSymbol.Split(width + (depth * DepthSymbol.Unit)));
            }
        }
    }

    // Nets of 4 to 16 layers whose weights alone are trained, in the derived parametrization, and in the same without its powers of L.
    [Theory]
    [InlineData("one", "-1/2", UpdateKind.Gradient, null)]
    [InlineData("one", "-1", UpdateKind.Gradient, -0.5)]
    [InlineData("two", "-1", UpdateKind.Gradient, -0.5)]
    [InlineData("one", "0", UpdateKind.Gradient, 0.3)]
    public void Nets_of_several_depths_move_by_as_much(string net, string branch, UpdateKind kind, double? without)
    {
        var derived = Slope(net, branch, kind, withDepth: true);
        Assert.InRange(derived, -0.15, 0.15);
        if (without is { } expected)
        {
            var plain = Slope(net, branch, kind, withDepth: false);
            Assert.True(expected > 0 ? plain > expected : plain < expected, $"{plain}");
        }
    }

    [Fact]
    public void A_stack_without_a_residual_stream_has_no_powers_of_the_depth()
    {
        var compiled = Compilation.Compile(new SourceText("deep.tp", Text("one", "0", 4).Replace("h[l - 1] + L^(0) * ", string.Empty, StringComparison.Ordinal)), "L");
        Assert.False(compiled.Diagnostics.HasErrors);
        Assert.False(MaximalUpdate.HasDepth(compiled.Network!, compiled.TrainingPlan!));
    }

    /// <summary>The slope of the last stream's change over the number of layers.</summary>
    private static double Slope(string net, string branch, UpdateKind kind, bool withDepth)
    {
        int[] depths = [4, 8, 16];
        var maximal = Derive(Text(net, branch, 4), kind);
        var points = depths.Select(layers =>
        {
            var compiled = Compilation.Compile(new SourceText("deep.tp", Text(net, branch, layers)));
            var few = Compilation.Compile(new SourceText("deep.tp", Text(net, branch, 4)), "L").Network!;
            var rows = EquivalentForms.Of(maximal.ForAll(few, compiled.Network!))[0].Rows;

            // L = n^(log L / log n), both powers of 2.
            var unit = withDepth ? new Rational((int)Math.Log2(layers), (int)Math.Log2(Width)) : 0;
            var network = Parametrization.Substitute(compiled.Network!, rows.ToDictionary(row => row.Weight.Name, row => new Abc(At(row.Exponents.A, unit), At(row.Exponents.B, unit), At(row.Exponents.C, unit))));
            network = network with { Parameters = network.Parameters.Select(parameter => parameter with { Trained = parameter.Name is not ("U" or "V") }).ToValueList() };
            var last = $"h{layers}";
            var result = ScaleCheck.Run<double>(
                TrainingProgram.Of(network, compiled.TrainingPlan!),
                [new ExpectedScale(last, 0, 0)],
                new CheckSettings { Widths = [Width], Seeds = 8, MaxSeeds = 8, Steps = 2 },
                new BatchFeed(new Dictionary<string, SampleField> { ["x"] = new([1, -0.5, 0.25, 0.5, 1, 1], 2), ["y"] = new([1, -1], 2) }));
            return ((double)layers, result.Lines.Single(line => line.Quantity == CheckQuantity.Change).Sizes[0]);
        }).ToList();
        return SlopeFit.Of(points)!.Slope;
    }

    private static Rational At(Rational exponent, Rational unit) => DepthSymbol.Split(exponent) is var (width, depth) ? width + (depth * unit) : default;

    private static MaximalUpdate Derive(string text, UpdateKind kind)
    {
        var compiled = Compilation.Compile(new SourceText("deep.tp", text), "L");
        Assert.DoesNotContain(compiled.Diagnostics, diagnostic => diagnostic.Severity == Severity.Error);
        return MaximalUpdate.Of(compiled.Network!, compiled.TrainingPlan!, kind)!;
    }

    private static string? Power(Rational? exponent) => exponent is { } known ? DepthSymbol.Split(known).Depth.ToString() : null;

    private static string Text(string net, string branch, int layers)
    {
        var inside = net switch
        {
            "one" => $$"""
                weight W[l] : [n, n]
                h[l] = h[l - 1] + L^({{branch}}) * W[l] * tanh(h[l - 1])
                """,
            "two" => $$"""
                weight W[l] : [n, n]
                weight D[l] : [n, n]
                h[l] = h[l - 1] + L^({{branch}}) * D[l] * relu(W[l] * h[l - 1])
                """,
            _ => $$"""
                weight Q[l] : [n, n]
                weight K[l] : [n, n]
                weight A[l] : [n, n]
                weight W[l] : [n, n]
                a[l] = h[l - 1] + L^({{branch}}) * attention(normalise(h[l - 1]), Q[l], K[l], A[l])
                h[l] = a[l] + L^({{branch}}) * W[l] * relu(normalise(a[l]))
                """,
        };
        var transformer = net == "transformer";
        return $$"""
            function normalise(u) = (u - Moment(u)) / (Moment((u - Moment(u))^2) + 1/1000)^(1/2)
            function attention(z, Q, K, A) {
              q = Q * z
              k = K * z
              p = softmax(s', Moment(q * k[s']))
              return A * sum(s', p * z[s'])
            }
            network deep({{(transformer ? "token : [s]" : "x : [3]")}}) {
              width n
              axis L = {{layers}}
              {{(transformer ? "axis s = 3 axis words = 5 weight E : [n, words]" : "weight U : [n, 3]")}}
              weight V : [1, n]
              h[0] = {{(transformer ? "E[token]" : "U * x")}}
              for l in 1..L {
                {{inside}}
              }
              f = V * {{(transformer ? "normalise(h[L])" : "h[L]")}}
              return {{(transformer ? "f[2]" : "f")}}
            }
            parametrization mup
            train { loss mse optimizer sgd(lr: 0.05) batch 2 steps 3 }
            """;
    }
}
