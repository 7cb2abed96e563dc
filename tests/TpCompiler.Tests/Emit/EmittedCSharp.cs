using System.Diagnostics;
using System.Globalization;

namespace TpCompiler.Tests.Emit;

/// <summary>Emitted C#, compiled and run as a user would.</summary>
internal static class EmittedCSharp
{
    /// <summary>Whether every example is compiled and run, and not just a few: each takes seconds.</summary>
    public static bool EveryExample => Environment.GetEnvironmentVariable("TPC_EVERY_EXAMPLE") is not null;

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

    /// <summary>What a program writes: a line for each output at each step.</summary>
    public static string[] Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["run", program, "--", .. arguments])
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
