using System.Globalization;
using System.Text.Json;
using TpCompiler.Tests.Cli;
using TpCompiler.Tests.Repository;
using TpCompiler.Tests.Verification;

namespace TpCompiler.Tests.Emit;

/// <summary>Emitted limits in C#: their text, and their numbers against those of <c>tpc run --limit</c> at the same points, which they are to rounding.</summary>
public sealed class EmittedLimitTests : IDisposable
{
    private const string Points = "256";

    private readonly string folder = Directory.CreateTempSubdirectory("emitted").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("linear")]
    [InlineData("momentum")]
    public Task Limit_in_CSharp_is_as_reviewed(string example)
    {
        var settings = new VerifySettings();
        settings.UseDirectory("Programs");
        settings.UseFileName($"{example}_evaluator_csharp");
        return Verifier.Verify(TpcRun.Of("compile", Example(example), "--emit", "evaluator", "--target", "csharp").Output, "txt", settings);
    }

    /// <summary>Coefficients with a matrix and its transpose; two widths; pairs of points; degrees that points don't see. All examples when <c>TPC_EVERY_EXAMPLE</c> is set.</summary>
    [Fact]
    [Trait("examples", "every")]
    public void CSharp_limits_agree_with_tpc_to_rounding()
    {
        string[] few = ["wishart", "two_heads", "adam", "rmsnorm", "batchnorm_kernel"];
        var (refused, unknown) = (new List<string>(), new List<string>());
        foreach (var example in EmittedCSharp.Examples.Select(path => Path.GetFileNameWithoutExtension(path)!).Where(example => EmittedCSharp.EveryExample || few.Contains(example)).Order(StringComparer.Ordinal))
        {
            var (program, samples) = (Path.Combine(folder, example + ".cs"), Path.Combine(folder, example + ".npz"));
            if (TpcRun.Of("compile", Example(example), "--emit", "evaluator", "--target", "csharp", "-o", program).ExitCode != 0)
            {
                refused.Add(example);
                continue;
            }

            var run = TpcRun.Of(["run", Example(example), "--limit", "--points", Points, "--seed", "3", "--save", samples, "--format", "json", .. EmittedCSharp.DataFor(example, folder)]);
            Assert.True(run.ExitCode == 0, run.Error);
            var lines = (few.Contains(example) ? EmittedCSharp.Run : (Func<string, string[], string[]>)EmittedCSharp.RunCompiled)(program, [.. EmittedCSharp.OptionsOf(program, ("--points", Points), ("--seed", "3"), ("--data", samples))]);
            AssertAgree(example, run.Output, lines);
            if (lines.Any(line => line.EndsWith('?')))
            {
                unknown.Add(example);
            }
        }

        Assert.Equal(EmittedCSharp.EveryExample ? EmittedCSharp.WithoutEvaluator : [], refused);

        // Terms of degree 16 and more may have their mean beyond all 4096 points.
        Assert.Equal(["rmsnorm"], unknown);
    }

    /// <summary>Without a number of points both take more of them until the tolerance is reached.</summary>
    [Fact]
    public void A_tolerance_leads_an_emitted_limit_to_the_points_of_tpc()
    {
        var (program, samples) = (Path.Combine(folder, "relu.cs"), Path.Combine(folder, "relu.npz"));
        TpcRun.Of("compile", Example("relu"), "--emit", "evaluator", "--target", "csharp", "-o", program);
        var run = TpcRun.Of("run", Example("relu"), "--limit", "--tolerance", "1e-3", "--save", samples, "--format", "json");
        Assert.Contains("\"points\": 4096", run.Output, StringComparison.Ordinal);
        AssertAgree("relu", run.Output, EmittedCSharp.RunCompiled(program, "--tolerance", "1e-3", "--data", samples));
    }

    /// <summary>Two hidden layers of two widths and a step: the search for a grid takes the same way as that of tpc, and finds the same numbers with the same bounds.</summary>
    [Fact]
    public void Quadrature_leads_an_emitted_limit_to_the_grid_of_tpc()
    {
        var (source, program, samples) = (Path.Combine(folder, "grid.tp"), Path.Combine(folder, "grid.cs"), Path.Combine(folder, "grid.npz"));
        File.WriteAllText(Path.Combine(folder, "one.csv"), "1,-0.5,0.7\n");
        File.WriteAllText(source, """
            network grid(x : [2]) {
              width n
              width m = 2 * n
              weight U : [n, 2]
              weight W : [m, n]
              weight V : [1, m]
              return V * tanh(W * tanh(U * x))
            }
            parametrization mup
            train { data "one.csv" loss mse optimizer sgd(lr: 0.1) batch 1 steps 1 }
            """);
        Assert.Equal(0, TpcRun.Of("compile", source, "--emit", "evaluator", "--target", "csharp", "-o", program).ExitCode);
        var run = TpcRun.Of("run", source, "--limit", "--save", samples, "--format", "json");
        Assert.Contains("\"carrier\": \"quadrature\"", run.Output, StringComparison.Ordinal);
        AssertAgree("grid", run.Output, EmittedCSharp.RunCompiled(program, "--data", samples));
    }

    [Fact]
    public void A_limit_without_a_program_is_refused_with_the_reason()
    {
        var kernel = TpcRun.Of("compile", Example("transformer_kernel"), "--emit", "evaluator", "--target", "csharp");
        Assert.Equal(1, kernel.ExitCode);
        Assert.Contains("TP0803", kernel.Error, StringComparison.Ordinal);
        Assert.Contains("its kernel is the limit of a program of its own", kernel.Error, StringComparison.Ordinal);

        var unstable = TpcRun.Of("compile", Example("standard"), "--emit", "evaluator", "--target", "csharp");
        Assert.Equal(1, unstable.ExitCode);
        Assert.Contains("TP0506", unstable.Error, StringComparison.Ordinal);
    }

    /// <summary>Biases of the outputs, and a score that other instructions go on from: the file has the numbers that tpc draws.</summary>
    [Fact]
    public void Numbers_that_stay_random_are_those_of_tpc()
    {
        var (source, program, samples) = (Path.Combine(folder, "biased.tp"), Path.Combine(folder, "biased.cs"), Path.Combine(folder, "biased.npz"));
        File.WriteAllText(Path.Combine(folder, "rows.csv"), "1,2,1,0\n0.5,-1,0.3,1\n");
        File.WriteAllText(source, """
            network biased(x : [2]) {
              width n
              weight U : [n, 2]
              weight V : [2, n]
              weight B : [2]
              return V * (U * x) + B
            }
            parametrization mup
            train { data "rows.csv" loss mse optimizer sgd(lr: 0.1, momentum: 0.5) batch 2 steps 3 }
            """);
        Assert.Equal(0, TpcRun.Of("compile", source, "--emit", "evaluator", "--target", "csharp", "-o", program).ExitCode);
        var run = TpcRun.Of("run", source, "--limit", "--seed", "3", "--save", samples, "--format", "json");
        AssertAgree("biased", run.Output, EmittedCSharp.RunCompiled(program, "--data", samples));
    }

    private static string Example(string name) => Path.Combine(Checkout.Root, "examples", name + ".tp");

    /// <summary>Values differ by rounding only, and errors by that of the digits they are written with; an error ? stands where terms of a high degree may have their mean beyond all points, which tpc run looks for there.</summary>
    internal static void AssertAgree(string example, string json, string[] lines)
    {
        using var document = JsonDocument.Parse(json);
        var outputs = document.RootElement.GetProperty("outputs").EnumerateArray().ToList();
        var found = lines.Select(line => line.Split(' ')).ToLookup(words => words[0]);
        Assert.NotEmpty(outputs);
        Assert.Equal(outputs.Count, lines.Length);
        foreach (var output in outputs)
        {
            var (name, iteration) = (output.GetProperty("name").GetString()!, output.GetProperty("iteration").EnumerateArray().Select(t => t.GetInt32()).ToList());
            var words = (iteration.Count == 0 ? found[name].Single() : found[name].ElementAt(iteration[0])).Skip(iteration.Count == 0 ? 1 : 2).ToList();
            var middle = words.IndexOf("±") is >= 0 and var at ? at : words.Count;
            if (output.TryGetProperty("kinds", out var kinds) && middle < words.Count && kinds.EnumerateArray().Any(kind => kind.GetString() != "standard error"))
            {
                // A first number that tpc run knows without points.
                Assert.All(Numbers("values").Zip(words.Take(middle), words.Skip(middle + 1)), number => Assert.InRange(Math.Abs(number.First - Parse(number.Second)), 0, (4 * Parse(number.Third)) + 1e-12));
                continue;
            }

            Compare(Numbers("values"), words.Take(middle), 1e-11);
            Assert.All((middle == words.Count ? [] : Numbers("errors")).Zip(words.Skip(middle + 1)).Where(pair => pair.Second != "?"), pair => Assert.True(
                Math.Abs(Parse(pair.Second) - pair.First) <= (0.06 * pair.First) + 1e-12,
                $"{example}: the error of {name} at {string.Join(',', iteration)} is {pair.Second}, and tpc says {pair.First}"));

            static double Parse(string word) => double.Parse(word, CultureInfo.InvariantCulture);

            List<double> Numbers(string property) => [.. output.GetProperty(property).EnumerateArray().Select(value => value.GetDouble())];

            void Compare(List<double> expected, IEnumerable<string> written, double tolerance)
            {
                var numbers = written.Select(word => double.Parse(word, CultureInfo.InvariantCulture)).ToList();
                Assert.Equal(expected.Count, numbers.Count);
                Assert.All(expected.Zip(numbers), pair => Assert.True(
                    Math.Abs(pair.First - pair.Second) <= tolerance * Math.Max(tolerance < 1e-6 ? 1 : 1e-12, Math.Abs(pair.First)),
                    $"{example}: {name} at {string.Join(',', iteration)} is {pair.Second}, and tpc says {pair.First}"));
            }
        }
    }
}
