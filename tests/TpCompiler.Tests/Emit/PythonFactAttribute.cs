using System.Collections.Concurrent;
using System.Diagnostics;

namespace TpCompiler.Tests.Emit;

/// <summary>A test that runs Python with a module, and says that it was skipped where there is none.</summary>
internal sealed class PythonFactAttribute : FactAttribute
{
    /// <summary>PyTorch, and a GPU that it can use.</summary>
    public const string Gpu = "torch and a GPU";

    private static readonly ConcurrentDictionary<string, Lazy<string?>> Found = new();

    public PythonFactAttribute(string module)
    {
        if (Interpreter(module) is null)
        {
            Skip = $"skipped: there is no Python with {module}";
        }
    }

    /// <summary>The first Python that has the module; null when none has.</summary>
    public static string? Interpreter(string module) => Found.GetOrAdd(module, wanted => new Lazy<string?>(() =>
    {
        var probe = wanted == Gpu ? "import sys, torch; sys.exit(not torch.cuda.is_available())" : "import " + wanted;
        return new[] { "python3", "/usr/bin/python3", "python" }.FirstOrDefault(python => Run(python, ["-c", probe], []) is { ExitCode: 0 });
    })).Value;

    /// <summary>A run to its end, ten minutes at most; null when there is no such program.</summary>
    public static PythonRun? Run(string python, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        try
        {
            using var process = Start(python, arguments, environment);
            return Finish(process);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    public static Process Start(string python, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var start = new ProcessStartInfo(python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    public static PythonRun Finish(Process process)
    {
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(10)), "Python came to no end.");
        return new PythonRun(process.ExitCode, output, error.Result);
    }
}

/// <summary>How a run of Python ended.</summary>
internal sealed record PythonRun(int ExitCode, string Output, string Error);
