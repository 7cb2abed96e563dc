using System.Diagnostics;
using System.Globalization;

namespace TpCompiler.Tests.Emit;

/// <summary>Emitted C#, compiled and run as a user would.</summary>
internal static class EmittedCSharp
{
    /// <summary>Whether every example is compiled and run, and not just a few: each takes seconds.</summary>
    public static bool EveryExample => Environment.GetEnvironmentVariable("TPC_EVERY_EXAMPLE") is not null;

    /// <summary>The examples; but those that tpc only shows the test of, after a long training, print something else than emitted programs do.</summary>
    public static IEnumerable<string> Examples => Directory.EnumerateFiles(Path.Combine(Repository.Checkout.Root, "examples"), "*.tp").Where(path => Path.GetFileNameWithoutExtension(path) is not ("maml" or "word2vec"));

    /// <summary>Examples whose limit no target writes: four have none, and two kernels are limits of programs of their own.</summary>
    public static string[] WithoutEvaluator => ["attention_sqrt", "mup_unstable", "standard", "standard_trivial", "transformer_kernel", "transpose_kernel"];

    /// <summary>Examples with functions of the entries of matrices, sums over pairs of points that PyTorch doesn't write.</summary>
    public static string[] OnPairs => ["adam", "complete_p"];

    /// <summary>Examples whose limit takes minutes in PyTorch.</summary>
    public static string[] Long => ["deep", "omniglot"];

    /// <summary>The option that gives samples to an example that has none of its own.</summary>
    public static string[] DataFor(string example, string folder)
    {
        if (example != "two_heads")
        {
            return [];
        }

        var random = new Random(7);
        var rows = Path.Combine(folder, "rows.csv");
        File.WriteAllLines(rows, Enumerable.Range(0, 8).Select(_ => string.Join(',', Enumerable.Range(0, 10).Select(_ => (random.NextDouble() - 0.5).ToString("0.###", CultureInfo.InvariantCulture)))));
        return ["--data", rows];
    }

    /// <summary>Those of the options that a program has: coefficients need no points, and without data there is no file.</summary>
    public static IEnumerable<string> OptionsOf(string program, params (string Name, string Value)[] options) =>
        File.ReadAllText(program) is var text ? options.Where(option => text.Contains($"\"{option.Name}\"", StringComparison.Ordinal)).SelectMany(option => new[] { option.Name, option.Value }) : [];

    /// <summary>What a program writes, a line for each output at each step, run as a user would: <c>dotnet run FILE.cs</c>.</summary>
    public static string[] Run(string program, params string[] arguments) => Lines(program, ["run", program, "--", .. arguments]);

    /// <summary>The same by the compiler alone, which takes a quarter of the time; as <see cref="Run"/> where there is no compiler beside the runtime.</summary>
    public static string[] RunCompiled(string program, params string[] arguments)
    {
        if (Compiler.Value is not { } compiler)
        {
            return Run(program, arguments);
        }

        var (usings, assembly) = (program + ".usings.cs", Path.ChangeExtension(program, ".dll"));
        File.WriteAllText(usings, string.Concat(new[] { "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Threading", "System.Threading.Tasks" }.Select(name => $"global using {name};\n")));
        File.WriteAllText(Path.ChangeExtension(program, ".runtimeconfig.json"), "{\"runtimeOptions\":{\"framework\":{\"name\":\"Microsoft.NETCore.App\",\"version\":\"" + Environment.Version + "\"}}}");
        Lines(program, ["exec", compiler, "-nologo", "-optimize", "-nullable:enable", "-features:FileBasedProgram", $"-out:{assembly}", .. References().Select(reference => "-r:" + reference), program, usings]);
        return Lines(program, [assembly, .. arguments]);
    }

    private static string Runtime => Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    private static readonly Lazy<string?> Compiler = new(() => Path.Combine(Runtime, "..", "..", "..", "sdk") is var sdks && Directory.Exists(sdks)
        ? Directory.EnumerateDirectories(sdks, $"{Environment.Version.Major}.*").Select(sdk => Path.Combine(sdk, "Roslyn", "bincore", "csc.dll")).Where(File.Exists).Max(StringComparer.Ordinal)
        : null);

    private static IEnumerable<string> References() => Directory.EnumerateFiles(Runtime, "System*.dll").Where(path => !path.EndsWith(".Native.dll", StringComparison.Ordinal));

    private static string[] Lines(string program, IEnumerable<string> command)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", command)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(program),
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result + output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
