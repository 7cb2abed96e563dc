using System.Diagnostics;
using System.Globalization;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Benchmarks;

/// <summary>
/// <c>width [ERROR [WIDTH [NETS]]]</c>: the µ-limit of two hidden tanh layers, a batch of 4, 10 steps, to a standard error, and the width at which one finite net is as near: the fluctuation of nets of a small
/// width falls like its inverse root.
/// </summary>
internal static class WidthCommand
{
    private const int Steps = 10;

    public static int Run(string[] args)
    {
        var error = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 1e-4;
        var width = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 512;
        var nets = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 16;
        var sizes = new Dictionary<string, int> { ["d"] = 3, ["batch"] = 4 };
        var training = Compilation.Compile(new SourceText("bench.tp", Sources.Tanh(2, Steps))).TrainingProgram!;
        var limit = LimitProgram.Of(training).Program!;

        var clock = Stopwatch.StartNew();
        var result = LimitEvaluator.Evaluate(limit, new Waves(), new LimitSettings { Tolerance = error, AxisSizes = sizes, Threads = Environment.ProcessorCount });
        var seconds = clock.Elapsed.TotalSeconds;
        Line($"limit: {Steps} steps, batch 4, to ± {result.LargestError:0.0e+00} ({result.Replicates} scramblings of {result.Points} {result.Tier}) in {seconds:0.0} s");

        clock.Restart();
        double[][] runs = [.. Enumerable.Range(0, nets).Select(seed => new Simulator<float>(training, width, (ulong)seed, new ExecutionSettings { AxisSizes = sizes })
            .Run(new Waves()).Records.Where(record => record.Name == "f").SelectMany(record => record.Values).ToArray())];
        var fluctuation = Enumerable.Range(0, runs[0].Length).Max(i => Deviation([.. runs.Select(run => run[i])]));
        var needed = width * Math.Pow(fluctuation / error, 2);
        Line($"finite nets of width {width}: f fluctuates by {fluctuation:0.0e+00} ({nets} nets, {clock.Elapsed.TotalSeconds / nets:0.00} s each)");
        Line($"one net fluctuates by {error:0.0e+00} at width {needed:0.0e+00}, and its hidden matrix takes {4 * needed * needed / (1L << 40):0.0e+00} TiB");
        return 0;

        static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }

    private static double Deviation(double[] numbers)
    {
        var mean = numbers.Average();
        return Math.Sqrt(numbers.Sum(number => (number - mean) * (number - mean)) / (numbers.Length - 1));
    }

    private sealed class Waves : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var i = 0; i < destination.Span.Length; i++)
            {
                destination.Span[i] = Math.Sin(field.Length + (1.7 * i));
            }
        }
    }
}
