using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;
using Xunit.Abstractions;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>Derived verdicts against the theorem, on random parametrizations drawn near its boundaries.</summary>
public class ScalingTheoremTests(ITestOutputHelper output)
{
    private const int Count = 10_000;

    private static readonly string[] Functions = ["tanh", "relu", "erf", "gelu", "softplus", "identity"];

    [Fact]
    public void Ten_thousand_random_parametrizations_have_the_class_and_the_r_of_the_theorem()
    {
        var random = new Random(20201129);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var misses = new List<string>();
        for (var i = 0; i < Count; i++)
        {
            var layers = RandomParametrization.Draw(random, 1 + (i % 6));
            var theorem = new AbcTheorem(layers);
            var verdict = Verdict(layers, Functions[i % Functions.Length]);
            Rational? r = theorem.HasStableInitialisation ? theorem.R : null;
            if (verdict.Regime != theorem.Regime || verdict.R != r)
            {
                misses.Add($"{string.Join(" ", layers)}: {theorem.Regime}, r = {theorem.R}, derived {verdict.Regime}, r = {verdict.R}");
            }

            foreach (var kind in Kinds(theorem))
            {
                counts[kind] = counts.GetValueOrDefault(kind) + 1;
            }
        }

        foreach (var (kind, count) in counts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"{kind}: {count}");
        }

        Assert.True(misses.Count == 0, $"{misses.Count} misses\n{string.Join('\n', misses.Take(20))}");
        Assert.All(Expected, kind => Assert.True(counts.GetValueOrDefault(kind) >= 200, $"{kind}: {counts.GetValueOrDefault(kind)}"));
    }

    /// <summary>As a user writes them: without a name for each product, layers with a nonlinearity or without, and a shift of each weight by a θ of its own.</summary>
    [Fact]
    public void Layers_without_a_nonlinearity_and_without_names_have_the_class_and_the_r_of_the_theorem()
    {
        var random = new Random(20251125);
        var (misses, kinds) = (new List<string>(), new HashSet<string>(StringComparer.Ordinal));
        for (var i = 0; i < 600; i++)
        {
            var hidden = 1 + (i % 4);
            var layers = RandomParametrization.Draw(random, hidden).Select(layer => (Layer: layer, Theta: new Rational(random.Next(-4, 5), 4)))
                .Select(pair => (A: pair.Layer.A + pair.Theta, B: pair.Layer.B - pair.Theta, C: pair.Layer.C - (2 * pair.Theta))).ToList();
            var feature = "x";
            for (var l = 1; l <= hidden; l++)
            {
                feature = (l == hidden ? i / 4 % 2 == 0 : random.Next(2) == 0) ? $"W{l} * ({feature})" : $"tanh(W{l} * ({feature}))";
            }

            var weights = Enumerable.Range(1, hidden + 1).Select(l => $"weight W{l} : [{(l > hidden ? "1" : "n")}, {(l == 1 ? "2" : "n")}]");
            var exponents = layers.Select((layer, l) => $"W{l + 1}: ({layer.A}, {layer.B}, {layer.C})");
            var text = $$"""
                network net(x : [2]) {
                  width n
                  {{string.Join("\n  ", weights)}}
                  return W{{hidden + 1}} * ({{feature}})
                }
                parametrization { {{string.Join(" ", exponents)}} }
                train { loss mse optimizer sgd(lr: 1) batch 2 steps 3 }
                """;
            var compilation = Compilation.Compile(new SourceText("net.tp", text));
            Assert.Empty(compilation.Diagnostics);
            var verdict = ScalingAnalysis.Analyze(compilation.GradientProgram!, repair: false).Verdict!;
            var theorem = new AbcTheorem(layers);
            kinds.UnionWith(Kinds(theorem));
            if (verdict.Regime != theorem.Regime || verdict.R != (theorem.HasStableInitialisation ? theorem.R : null))
            {
                misses.Add($"{feature} {string.Join(" ", layers)}: {theorem.Regime}, r = {theorem.R}, derived {verdict.Regime}, r = {verdict.R}");
            }
        }

        Assert.True(misses.Count == 0, $"{misses.Count} misses\n{string.Join('\n', misses.Take(20))}");
        Assert.Subset(kinds, Expected.ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public void Repairs_of_random_parametrizations_are_stable_and_not_trivial_by_the_theorem()
    {
        var random = new Random(11);
        var (broken, repaired) = (0, 0);
        var missed = new List<string>();
        for (var i = 0; i < 150; i++)
        {
            var layers = RandomParametrization.Draw(random, 1 + (i % 3));
            if (new AbcTheorem(layers).Regime is Regime.KernelRegime or Regime.FeatureLearning)
            {
                continue;
            }

            broken++;
            var (network, plan) = SampleNetworks.Mlp(layers.Count - 1, "tanh", layers, inputs: 2, batch: 2);
            var verdict = ScalingAnalysis.Analyze(TrainingProgram.Of(network, plan)).Verdict!;
            if (verdict.Repair is { } repair)
            {
                repaired++;
                Assert.Equal(repair.Regime, new AbcTheorem(GoldenClassificationTests.Repaired(layers, repair)).Regime);
                Assert.True(repair.Regime is Regime.KernelRegime or Regime.FeatureLearning);
            }
            else
            {
                missed.Add($"{string.Join(" ", layers)} {verdict.Text}");
            }
        }

        Assert.True(broken > 60);
        Assert.True(repaired == broken, $"{repaired} of {broken}: {string.Join('\n', missed)}");
    }

    [Fact]
    public void A_shift_of_a_b_and_c_by_theta_changes_nothing()
    {
        var random = new Random(7);
        for (var i = 0; i < 200; i++)
        {
            var layers = RandomParametrization.Draw(random, 1 + (i % 4));
            var shifted = layers.Select(layer =>
            {
                var theta = new Rational(random.Next(-12, 13), 6);
                return (layer.A + theta, layer.B - theta, layer.C - (2 * theta));
            }).ToList();
            Assert.Equal(Verdict(layers, "tanh"), Verdict(shifted, "tanh"));
            Assert.Equal(Result(layers).Parameters.Select(WithoutExponents), Result(shifted).Parameters.Select(WithoutExponents));
        }

        static ScalingResult Result(IReadOnlyList<(Rational A, Rational B, Rational C)> layers)
        {
            var (network, plan) = SampleNetworks.Mlp(layers.Count - 1, "tanh", layers, inputs: 2, batch: 2);
            return ScalingAnalysis.Analyze(TrainingProgram.Of(network, plan), repair: false);
        }

        static ParameterScale WithoutExponents(ParameterScale parameter) => parameter with { A = 0, B = 0, C = 0 };
    }

    private static readonly string[] Expected =
    [
        "Unstable", "Trivial", "KernelRegime", "FeatureLearning", "unstable at initialisation", "unstable in training only", "r = 0", "sigma + r = 1", "lambda = 1", "sigma = 1/2",
        "kernel without hidden layers", "hidden layers only", "lambda < sigma",
    ];

    private static IEnumerable<string> Kinds(AbcTheorem theorem)
    {
        yield return theorem.Regime.ToString();
        if (!theorem.HasStableInitialisation)
        {
            yield return "unstable at initialisation";
            yield break;
        }

        if (theorem.Regime == Regime.Unstable)
        {
            yield return "unstable in training only";
        }

        var (initial, rate) = (theorem.LastInitialAndR - theorem.R, theorem.LastRate);
        var facts = new[]
        {
            (theorem.R.IsZero, "r = 0"),
            (theorem.LastInitialAndR.IsOne, "sigma + r = 1"),
            (rate.IsOne, "lambda = 1"),
            (initial == Rational.Half, "sigma = 1/2"),
            (theorem.Regime == Regime.KernelRegime && !theorem.LastInitialAndR.IsOne, "kernel without hidden layers"),
            (theorem.Regime is Regime.KernelRegime or Regime.FeatureLearning && !rate.IsOne, "hidden layers only"),
            (rate < initial, "lambda < sigma"),
        };
        foreach (var (holds, name) in facts)
        {
            if (holds)
            {
                yield return name;
            }
        }
    }

    private static Verdict Verdict(IReadOnlyList<(Rational A, Rational B, Rational C)> layers, string phi)
    {
        var (network, plan) = SampleNetworks.Mlp(layers.Count - 1, phi, layers, inputs: 2, batch: 2);
        return ScalingAnalysis.Analyze(TrainingProgram.Of(network, plan), repair: false).Verdict!;
    }
}
