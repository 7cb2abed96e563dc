using System.Text.Json;
using TpCompiler.Tests.Emit;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Cli;

/// <summary>What <c>tpc compile</c> says of where numbers come from is what <c>tpc run --limit</c> says of each of them.</summary>
public class TierAgreementTests
{
    /// <summary>Coefficients, exact polynomials, closed forms, grids, points, pairs of points, kernels by layers and by programs; every example when <c>TPC_EVERY_EXAMPLE</c> is set.</summary>
    private static readonly string[] Few = ["adam", "batchnorm_kernel", "layernorm", "linear", "ntk", "relu", "rnn_process", "transformer_kernel", "wishart"];

    public static TheoryData<string> Examples => [.. Directory.EnumerateFiles(Path.Combine(Checkout.Root, "examples"), "*.tp").Select(path => Path.GetFileNameWithoutExtension(path)!).Where(name => EmittedCSharp.EveryExample || Few.Contains(name)).Order(StringComparer.Ordinal)];

    [Theory]
    [Trait("examples", "every")]
    [MemberData(nameof(Examples))]
    public void Numbers_come_from_where_compile_says(string example)
    {
        var path = Path.Combine(Checkout.Root, "examples", example + ".tp");
        var run = TpcRun.Of("run", path, "--limit", "--tolerance", "1", "--format", "json");

        // Trainings that are tested on other data show measures, not numbers of the limit.
        if (run.ExitCode == 0 && run.Output.Contains("\"outputs\"", StringComparison.Ordinal))
        {
            AssertAgree(TpcRun.Of("compile", path, "--emit", "json").Output, run.Output);
        }
    }

    /// <summary>Which iteration meets new Gaussians is seen in the program: the first layer is not trained, so that its directions are met once.</summary>
    [Fact]
    public void A_layer_that_stays_as_it_is_leaves_a_later_one_to_grids()
    {
        const string Source = """
            network frozen(x : [2]) {
              width n
              weight U : [n, 2]
              weight W : [n, n]
              weight V : [1, n]
              return V * tanh(W * tanh(U * x))
            }
            parametrization mup { U: (a: 0, b: 0, c: 1) }
            train { data "xor.csv" loss mse optimizer sgd(lr: 0.1) batch 3 steps 2 }
            """;
        var path = Path.Combine(Directory.CreateTempSubdirectory("tiers").FullName, "frozen.tp");
        File.WriteAllText(path, Source);
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(path)!, "xor.csv"), "x1,x2,y\n0,0,-1\n0,1,1\n1,0,1\n");
        var run = TpcRun.Of("run", path, "--limit", "--tolerance", "1e-2", "--format", "json");
        AssertAgree(TpcRun.Of("compile", path, "--emit", "json").Output, run.Output);
        Assert.Contains("\"quadrature\"", run.Output, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    /// <summary>Four Moments of the same two vectors, each another way; one of them alone needs the plane split.</summary>
    [Fact]
    public void Each_expectation_of_one_vector_has_the_tier_of_its_output()
    {
        const string Source = """
            program four {
              width n
              vector u : [n] ~ normal(0, 1)
              vector w : [n] ~ normal(0, 1)
              a = Moment(erf(u) * erf(u + w))
              b = Moment(tanh(u) * tanh(u + w))
              c = Moment(tanh(u) * tanh(u + w) * tanh(2 * w))
              d = Moment(u^3 * (u + w))
              e = Moment(1 / (1/1000000 + u^2))
            }
            """;
        var path = Path.Combine(Directory.CreateTempSubdirectory("tiers").FullName, "four.tp");
        File.WriteAllText(path, Source);
        var compiled = TpcRun.Of("compile", path, "--emit", "json").Output;
        using var derivation = JsonDocument.Parse(compiled);
        string[] tiers = [.. derivation.RootElement.GetProperty("expectations").EnumerateArray().Select(entry => entry.GetProperty("tiers")[0].GetString()!)];
        Assert.Equal(["closed forms", "integrals over two Gaussians", "quadrature in 2 dimensions", "exact rationals", "integrals over two Gaussians"], tiers);
        AssertAgree(compiled, TpcRun.Of("run", path, "--limit", "--format", "json").Output);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    private static void AssertAgree(string compiled, string ran)
    {
        using var derivation = JsonDocument.Parse(compiled);
        using var numbers = JsonDocument.Parse(ran);
        var said = derivation.RootElement.GetProperty("tiers").EnumerateArray().ToDictionary(
            entry => entry.GetProperty("output").GetString()!,
            entry => (First: entry.TryGetProperty("first", out var first) ? first.GetString() : null, Then: entry.GetProperty("tiers").EnumerateArray().Select(tier => tier.GetString()!).ToList()));
        var outputs = numbers.RootElement.GetProperty("outputs").EnumerateArray().ToList();
        Assert.NotEmpty(outputs);
        foreach (var output in outputs)
        {
            var (first, then) = said[output.GetProperty("name").GetString()!];
            var isFirst = first is not null && output.GetProperty("iteration").EnumerateArray().Select(t => t.GetInt32()).SequenceEqual([0]);
            var count = output.GetProperty("values").GetArrayLength();
            Assert.All(new[] { "errors", "kinds", "tiers", "points" }, property => Assert.Equal(count, output.GetProperty(property).GetArrayLength()));
            Assert.All(output.GetProperty("tiers").EnumerateArray(), tier => Assert.Contains(tier.GetString()!, isFirst ? [first!] : then));
        }
    }
}
