using System.Diagnostics;

namespace TpCompiler.Tests.Emit;

/// <summary>Emitted C#, compiled and run as a user would.</summary>
internal static class EmittedCSharp
{
    /// <summary>Whether every example is compiled and run, and not just a few: each takes seconds.</summary>
    public static bool EveryExample => Environment.GetEnvironmentVariable("TPC_EVERY_EXAMPLE") is not null;

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
