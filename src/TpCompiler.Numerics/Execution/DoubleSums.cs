using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.Execution;

/// <summary>Sums in double precision whatever the numbers are stored in, in an order that depends on their number only.</summary>
internal static class DoubleSums
{
    /// <summary>Σ x[i]·y[i].</summary>
    public static double Dot<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => typeof(T) == typeof(double)
            ? LinearCombination.Dot(MemoryMarshal.Cast<T, double>(x), MemoryMarshal.Cast<T, double>(y))
            : Dot(MemoryMarshal.Cast<T, float>(x), MemoryMarshal.Cast<T, float>(y));

    /// <summary>Σ x[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Sum<T>(ReadOnlySpan<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector512<double> sums = default;
        var i = 0;
        if (typeof(T) == typeof(float))
        {
            var singles = MemoryMarshal.Cast<T, float>(x);
            for (; i <= x.Length - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                var (low, high) = Vector512.Widen(Vector512.Create(singles[i..]));
                sums += low + high;
            }
        }
        else
        {
            var doubles = MemoryMarshal.Cast<T, double>(x);
            for (; i <= x.Length - Vector512<double>.Count; i += Vector512<double>.Count)
            {
                sums += Vector512.Create(doubles[i..]);
            }
        }

        var sum = Lanes(sums);
        for (; i < x.Length; i++)
        {
            sum += double.CreateTruncating(x[i]);
        }

        return sum;
    }

    /// <summary>Adds neighbours, then neighbours of these, and so on: the rounding error grows with the logarithm of the number of parts.</summary>
    public static void Tree(double[] parts, int count, int length)
    {
        for (var step = 1; step < count; step *= 2)
        {
            for (var part = 0; part + step < count; part += 2 * step)
            {
                LinearCombination.Add(
                    parts.AsSpan(part * length, length), parts.AsSpan((part + step) * length, length), parts.AsSpan(part * length, length));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        Vector512<double> first = default, second = default;
        var i = 0;
        for (; i <= x.Length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var (xLow, xHigh) = Vector512.Widen(Vector512.Create(x[i..]));
            var (yLow, yHigh) = Vector512.Widen(Vector512.Create(y[i..]));
            first = Vector512.FusedMultiplyAdd(xLow, yLow, first);
            second = Vector512.FusedMultiplyAdd(xHigh, yHigh, second);
        }

        var sum = Lanes(first + second);
        for (; i < x.Length; i++)
        {
            sum += (double)x[i] * y[i];
        }

        return sum;
    }

    private static double Lanes(Vector512<double> sums)
    {
        var sum = 0.0;
        for (var lane = 0; lane < Vector512<double>.Count; lane++)
        {
            sum += sums[lane];
        }

        return sum;
    }
}
