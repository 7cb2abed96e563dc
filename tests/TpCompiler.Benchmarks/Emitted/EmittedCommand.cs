using System.Diagnostics;
using System.Globalization;

namespace TpCompiler.Benchmarks.Emitted;

/// <summary>
/// <c>emitted EXAMPLE.tp [POINTS] [WIDTH]</c>: the emitted C# programs beside <c>tpc run</c> on the same work, each as a process of its own. Seconds are those beyond a run with almost nothing to do,
/// so that starting and compiling don't count.
/// </summary>
internal static class EmittedCommand
{
    private const int FewPoints = 8;

    private const int SmallWidth = 2;

    public static int Run(string[] args)
    {
        if (args.Length == 0)
        {
            Console.Error.WriteLine("emitted EXAMPLE.tp [POINTS] [WIDTH]");
            return 2;
        }

        var example = Path.GetFullPath(args[0]);
        var points = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 2048;
        var width = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1024;
        var folder = Directory.CreateTempSubdirectory("emitted").FullName;
        try
        {
            var (evaluator, simulator, data) = (Path.Combine(folder, "evaluator.cs"), Path.Combine(folder, "simulator.cs"), Path.Combine(folder, "data.npz"));
            Tpc("compile", example, "--emit", "evaluator", "--target", "csharp", "-o", evaluator);
            Tpc("compile", example, "--emit", "simulator", "--target", "csharp", "-o", simulator);
            Tpc("run", example, "--limit", "--points", Text(FewPoints), "--save", data);
            Show($"limit, {points} points", n => Tpc("run", example, "--limit", "--points", Text(n)), n => Emitted(evaluator, data, "--points", Text(n)), FewPoints, points);
            Show($"net, width {width}", n => Tpc("run", example, "--width", Text(n)), n => Emitted(simulator, data, "--width", Text(n)), SmallWidth, width);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static void Show(string what, Action<int> tpc, Action<int> emitted, int little, int much)
    {
        var (own, other) = (Beyond(tpc), Beyond(emitted));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-24} tpc {own:0.00} s, emitted C# {other:0.00} s, {other / own:0.0} times"));

        double Beyond(Action<int> run)
        {
            run(little);
            return Seconds(() => run(much)) - Seconds(() => run(little));
        }
    }

    private static double Seconds(Action run)
    {
        var watch = Stopwatch.StartNew();
        run();
        return watch.Elapsed.TotalSeconds;
    }

    private static void Tpc(params string[] arguments) => Start([Path.Combine(AppContext.BaseDirectory, "tpc.dll"), .. arguments]);

    private static void Emitted(string program, string data, params string[] arguments) => Start(["run", program, "--", "--data", data, .. arguments]);

    private static void Start(string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(error.Result);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
