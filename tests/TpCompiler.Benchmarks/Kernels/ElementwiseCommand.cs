using System.Diagnostics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Benchmarks.Kernels;

/// <summary><c>elementwise</c>: nanoseconds an element of every vectorised function, on one core, for standard normal numbers in the nearest cache.</summary>
internal static class ElementwiseCommand
{
    private const int Length = 4096;
    private const int Calls = 250;
    private const int Rounds = 15;

    public static int Run()
    {
        var (single, twice) = (new float[Length], new double[Length]);
        new Philox(1, 1).Normal(single);
        new Philox(1, 2).Normal(twice);
        Console.WriteLine($"{"ns an element",-16}{"fp32",8}{"fp64",8}");
        foreach (var function in ElementwiseTable.All)
        {
            Console.WriteLine($"{function.Name,-16}{Time(function.Single, single),8:0.00}{Time(function.Double, twice),8:0.00}");
        }

        return 0;
    }

    /// <summary>The best of the rounds, each of a millisecond and more.</summary>
    private static double Time<T>(SpanFunction<T> function, T[] x)
    {
        var y = new T[Length];
        var best = double.PositiveInfinity;
        for (var round = 0; round < Rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            for (var call = 0; call < Calls; call++)
            {
                function(x, y);
            }

            best = Math.Min(best, watch.Elapsed.TotalNanoseconds / ((double)Calls * Length));
        }

        return best;
    }
}
