using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Benchmarks.Steps;

/// <summary>
/// <c>step --of simulator --width 1024 --batch 32 --seconds 2 --threads 2 --precision single</c>: prints, in a line, the loss after ten
/// steps, the median and the least milliseconds of a step, the median share of the multiply-add limit, and that limit's median in 10⁹
/// operations a second. A step and a burst of multiply-adds alternate.
/// </summary>
internal static class StepCommand
{
    private const int InputDimension = 16;

    /// <summary>Learning rate times width: in the standard parametrization c = 1 is what trains at any width. A net that blows up stops, or runs slower on what is not a number.</summary>
    private const double RateTimesWidth = 8;

    public static int Run(string[] args)
    {
        int width = 1024, batch = 32;
        double seconds = 2;
        bool single = true, simulator = true;
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            switch (args[i])
            {
                case "--of": simulator = args[i + 1] != "kernels"; break;
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

        double operations = (6.0 * width * width * batch) + (4.0 * width * InputDimension * batch) + (4.0 * width * batch);
        var watch = new StepWatch(operations, single, seconds);
        double rate = RateTimesWidth / width;
        double loss = (simulator, single) switch
        {
            (true, true) => new SimulatedStep<float>(width, InputDimension, batch, rate).Time(watch),
            (true, false) => new SimulatedStep<double>(width, InputDimension, batch, rate).Time(watch),
            (false, true) => Time(new TwoHiddenLayerStep<float>(width, InputDimension, batch, rate), watch),
            (false, false) => Time(new TwoHiddenLayerStep<double>(width, InputDimension, batch, rate), watch),
        };
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{loss:G7} {watch.Median:F4} {watch.Least:F4} {watch.Share:F4} {watch.Limit:F1}"));
        return 0;
    }

    private static double Time<T>(TwoHiddenLayerStep<T> net, StepWatch watch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double loss = 0;
        for (int step = 0; step <= StepWatch.LossAfter; step++)
        {
            loss = net.Step();
        }

        while (!watch.IsOver)
        {
            net.Step();
            watch.StepDone();
        }

        return loss;
    }
}
