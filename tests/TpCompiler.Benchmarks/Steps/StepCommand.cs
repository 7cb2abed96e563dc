using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Benchmarks.Steps;

/// <summary>
/// <c>step --width 1024 --batch 32 --seconds 2 --threads 2 --precision single</c>: prints, in a line, the loss after ten steps, the
/// median and the least milliseconds of a step, and the multiply-add limit in 10⁹ operations a second.
/// </summary>
internal static class StepCommand
{
    private const int InputDimension = 16;
    private const double Rate = 0.01;

    public static int Run(string[] args)
    {
        int width = 1024, batch = 32;
        double seconds = 2;
        bool single = true;
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            switch (args[i])
            {
                case "--width": width = int.Parse(args[i + 1], CultureInfo.InvariantCulture); break;
                case "--batch": batch = int.Parse(args[i + 1], CultureInfo.InvariantCulture); break;
                case "--seconds": seconds = double.Parse(args[i + 1], CultureInfo.InvariantCulture); break;
                case "--threads": WorkSharing.ThreadCount = int.Parse(args[i + 1], CultureInfo.InvariantCulture); break;
                case "--precision": single = args[i + 1] != "double"; break;
                default:
                    Console.Error.WriteLine($"unknown option {args[i]}");
                    return 2;
            }
        }

        double limit = MultiplyAddLimit.Measure(single);
        (double loss, double median, double least) = single
            ? Time(new TwoHiddenLayerStep<float>(width, InputDimension, batch, Rate), seconds)
            : Time(new TwoHiddenLayerStep<double>(width, InputDimension, batch, Rate), seconds);
        limit = Math.Max(limit, MultiplyAddLimit.Measure(single));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{loss:G7} {median:F4} {least:F4} {limit:F1}"));
        return 0;
    }

    private static (double Loss, double Median, double Least) Time<T>(TwoHiddenLayerStep<T> net, double seconds)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double loss = 0;
        for (int step = 0; step <= 10; step++)
        {
            loss = net.Step();
        }

        var times = new List<double>();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            long before = Stopwatch.GetTimestamp();
            net.Step();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }

        times.Sort();
        return (loss, times[times.Count / 2], times[0]);
    }
}
