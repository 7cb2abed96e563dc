using System.Globalization;
using TpCompiler.Tests.Cli;
using TpCompiler.Tests.Repository;
using TpCompiler.Tests.Verification;

namespace TpCompiler.Tests.Emit;

/// <summary>Emitted programs: their text, and their numbers against those of <c>tpc run</c> from the same initial weights, fp32, ten steps, to 1e-5.</summary>
public sealed class EmittedProgramTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("emitted").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("gru", "csharp")]
    [InlineData("mlp", "csharp")]
    [InlineData("linear", "numpy")]
    [InlineData("momentum", "numpy")]
    [InlineData("mlp", "pytorch")]
    [InlineData("omniglot", "pytorch")]
    public Task Program_is_as_reviewed(string example, string target)
    {
        var run = TpcRun.Of("compile", Example(example), "--emit", "simulator", "--target", target);
        var settings = new VerifySettings();
        settings.UseDirectory("Programs");
        settings.UseFileName($"{example}_{target}");
        return Verifier.Verify(run.Output, "txt", settings);
    }

    [Fact]
    public void A_function_that_NumPy_lacks_is_refused_with_the_instruction()
    {
        var run = TpcRun.WithInput(
            "program p {\n  width n\n  vector x : [n] ~ normal(0, 1)\n  y = Nonlin(erf, x)\n  m = Moment(y * y)\n}\n", "compile", "-", "--emit", "simulator", "--target", "numpy");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("TP0803", run.Error, StringComparison.Ordinal);
        Assert.Contains("`y` can't be written in numpy", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_simulator_needs_a_target() =>
        Assert.Equal(2, TpcRun.Of("compile", Example("mlp"), "--emit", "simulator").ExitCode);

    /// <summary>Compiling a file takes seconds: a few examples here, and all of them when <c>TPC_EVERY_EXAMPLE</c> is set.</summary>
    [Fact]
    public void CSharp_programs_agree_with_tpc()
    {
        string[] few = ["gru", "sine_tasks", "momentum", "transformer"];
        var every = EmittedCSharp.EveryExample;
        var agreed = 0;
        foreach (var example in Directory.EnumerateFiles(Path.Combine(Checkout.Root, "examples"), "*.tp").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal))
        {
            var (program, weights) = (Path.Combine(folder, example + ".cs"), Path.Combine(folder, example + ".npz"));
            if ((every || few.Contains(example))
                && TpcRun.Of("compile", Example(example), "--emit", "simulator", "--target", "csharp", "-o", program) is { ExitCode: 0 }
                && TpcRun.Of(["run", Example(example), "--width", "16", "--seed", "3", "--save", weights, "--format", "json", .. EmittedCSharp.DataFor(example, folder)]) is { ExitCode: 0 } run)
            {
                AssertAgree(example, run.Output, EmittedCSharp.Run(program, "--width", "16", "--data", weights, "--weights", weights));
                agreed++;
            }
        }

        Assert.InRange(agreed, every ? 20 : 3, int.MaxValue);
    }

    [PythonFact("numpy")]
    public void NumPy_programs_agree_with_tpc() => Agree("numpy", Emit("numpy"), PythonFactAttribute.Interpreter("numpy")!, 1);

    [PythonFact("torch")]
    public void The_table_of_a_transformer_makes_the_features_of_PyTorchs_encoder_move_alike_at_every_width()
    {
        var table = Path.Combine(folder, "table.json");
        File.WriteAllText(table, TpcRun.Of("mup", Example("transformer"), "--optimizer", "adam", "--format", "json").Output);

        var run = PythonFactAttribute.Run(
            PythonFactAttribute.Interpreter("torch")!,
            [Path.Combine(Checkout.Root, "tests", "TpCompiler.Tests", "Emit", "mup_encoder.py"), Path.Combine(Checkout.Root, "examples"), table],
            [])!;

        Assert.True(run.ExitCode == 0, run.Error);
        var slopes = run.Output.Trim().Split(' ').Select(slope => double.Parse(slope, CultureInfo.InvariantCulture)).ToList();
        Assert.InRange(slopes[0], -0.15, 0.15);
        Assert.InRange(slopes[1], 0.4, 1.5);
    }

    [PythonFact("torch")]
    public void PyTorch_programs_agree_with_tpc() => Agree("pytorch", Emit("pytorch"), PythonFactAttribute.Interpreter("torch")!, 1);

    [PythonFact("torch")]
    public void PyTorch_programs_on_two_processes_agree_with_tpc() => Agree("pytorch", Emit("pytorch"), PythonFactAttribute.Interpreter("torch")!, 2);

    private static string Example(string name) => Path.Combine(Checkout.Root, "examples", name + ".tp");

    /// <summary>Every example that the target can say and that has data or needs none: the program, tpc's numbers, the weights and samples. How many there are.</summary>
    private int Emit(string target)
    {
        var count = 0;
        foreach (var example in Directory.EnumerateFiles(Path.Combine(Checkout.Root, "examples"), "*.tp").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal))
        {
            var program = Path.Combine(folder, $"{example}_{target}.py");
            var weights = Path.Combine(folder, example + ".npz");
            if (TpcRun.Of("compile", Example(example), "--emit", "simulator", "--target", target, "-o", program) is { ExitCode: 0 }
                && TpcRun.Of("run", Example(example), "--width", "64", "--seed", "3", "--save", weights, "--format", "json") is { ExitCode: 0 } run)
            {
                File.WriteAllText(Path.Combine(folder, example + ".json"), run.Output);
                count++;
            }
            else
            {
                File.Delete(program);
            }
        }

        Assert.True(count >= 8, $"{count} examples can be written in {target}.");
        return count;
    }

    private void Agree(string target, int count, string python, int processes)
    {
        var port = 20000 + (Environment.ProcessId % 20000);
        var running = Enumerable.Range(0, processes).Select(rank => PythonFactAttribute.Start(
            python,
            [Path.Combine(Checkout.Root, "tests", "TpCompiler.Tests", "Emit", "run_emitted.py"), folder, target],
            processes == 1 ? [] : Rendezvous(rank, processes, port))).ToList();
        var runs = running.Select(PythonFactAttribute.Finish).ToList();
        running.ForEach(process => process.Dispose());
        Assert.All(runs, run => Assert.True(run.ExitCode == 0, run.Error));
        Assert.Equal($"{count} agree", runs[0].Output.Trim());
    }

    private static void AssertAgree(string example, string json, string[] lines)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        var found = lines.Select(line => line.Split(' ')).ToLookup(words => words[0]);
        foreach (var output in document.RootElement.GetProperty("outputs").EnumerateArray())
        {
            var (name, iteration) = (output.GetProperty("name").GetString()!, output.GetProperty("iteration").EnumerateArray().Select(t => t.GetInt32()).ToList());
            var words = iteration.Count == 0 ? found[name].Single() : found[name].ElementAt(iteration[0]);
            var numbers = words.Skip(iteration.Count == 0 ? 1 : 2).Select(word => double.Parse(word, CultureInfo.InvariantCulture)).ToList();
            var expected = output.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()).ToList();
            Assert.Equal(expected.Count, numbers.Count);
            Assert.All(expected.Zip(numbers), pair =>
                Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-5 * Math.Max(1, Math.Abs(pair.First)), $"{example}: {name} at {string.Join(',', iteration)} is {pair.Second}, and tpc says {pair.First}"));
        }
    }

    private static Dictionary<string, string> Rendezvous(int rank, int world, int port) => new()
    {
        ["RANK"] = rank.ToString(CultureInfo.InvariantCulture),
        ["WORLD_SIZE"] = world.ToString(CultureInfo.InvariantCulture),
        ["MASTER_ADDR"] = "127.0.0.1",
        ["MASTER_PORT"] = port.ToString(CultureInfo.InvariantCulture),
    };
}
