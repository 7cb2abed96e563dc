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

    // What all layers share gets a gradient from each of them, which add up to L times 1/L: no power of L. Nets tell, below.
    [Theory]
    [InlineData("shared", UpdateKind.Gradient, "0", null)]
    [InlineData("shared", UpdateKind.Entrywise, "0", "0")]
    [InlineData("twice", UpdateKind.Gradient, "0", null)]
    [InlineData("twice", UpdateKind.Entrywise, "0", "0")]
    public void A_matrix_that_all_layers_share_has_no_power_of_the_depth(string net, UpdateKind kind, string rate, string? epsilon)
    {
        var row = EquivalentForms.Of(Derive(Text(net, "-1", 4), kind))[0].Rows.Single(row => row.Weight.Name == "W");
        Assert.Equal(rate, Power(row.Rate));
        Assert.Equal(epsilon, Power(row.Epsilon));
    }

    /// <summary>A rate of an embedding that fell with depth would not be maximal.</summary>
    [Fact]
    public void Where_the_analysis_loses_track_of_layers_no_powers_are_given()
    {
        const string Text = """
            function normalise(u, g) {
              c = u - Moment(u)
              return (1 + g) * c / (Moment(c^2) + 1/1000)^(1/2)
            }
            function head(z, Q, K, A, O) {
              q = Q * z
              k = K * z
              p = softmax(s', Moment(q * k[s']), s' <= s)
              return O * sum(s', p * A * z[s'])
            }
            network gpt(token : [s]) {
              width n
              axis s = 3
              axis words = 4
              axis L = 4
              weight E : [n, words]
              weight V : [words, n]
              h[0] = E[token]
              for l in 1..L {
                weight g[l] : [n]
                weight Q[l] : [n, n]
                weight K[l] : [n, n]
                weight A[l] : [n, n]
                weight O[l] : [n, n]
                weight r[l] : [n]
                weight W[l] : [n, n]
                weight D[l] : [n, n]
                a[l] = h[l - 1] + L^(-1/2) * head(normalise(h[l - 1], g[l]), Q[l], K[l], A[l], O[l])
                h[l] = a[l] + L^(-1/2) * (D[l] * gelu(W[l] * normalise(a[l], r[l])))
              }
              weight G : [n]
              last = normalise(h[L], G)
              return V * last[2]
            }
            parametrization mup
            train { loss cross_entropy optimizer adam(lr: 0.01) batch 4 steps 3 }
            """;
        var compiled = Compilation.Compile(new SourceText("gpt.tp", Text), "L");
        Assert.DoesNotContain(compiled.Diagnostics, diagnostic => diagnostic.Severity == Severity.Error);
        Assert.Null(MaximalUpdate.Of(compiled.Network!, compiled.TrainingPlan!));
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
    [InlineData("shared", "-1", UpdateKind.Gradient, null)]
    [InlineData("twice", "-1", UpdateKind.Gradient, null)]
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
                new CheckSettings { Widths = [Width], Seeds = 8, Steps = 2 },
                new BatchFeed(new Dictionary<string, SampleField> { ["x"] = new([1, -0.5, 0.25, 0.5, 1, 1], 2), ["y"] = new([1, -1], 2) }));
            return (Layers: (double)layers, Size: result.Lines.Single(line => line.Quantity == CheckQuantity.Change).Sizes[0]);
        }).ToList();
        // Least squares at three depths that each double.
        return Math.Log(points[^1].Size / points[0].Size) / Math.Log(points[^1].Layers / points[0].Layers);
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
            "shared" => $$"""
                h[l] = h[l - 1] + L^({{branch}}) * W * tanh(h[l - 1])
                """,
            "twice" => $$"""
                h[l] = h[l - 1] + L^({{branch}}) * W * relu(W * h[l - 1])
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
              {{(net is "shared" or "twice" ? "weight W : [n, n]" : string.Empty)}}
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
