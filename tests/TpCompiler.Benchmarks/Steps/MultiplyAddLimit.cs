using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Benchmarks.Steps;

/// <summary>What the machine can do at most: independent fused multiply-adds in registers, on as many threads as the kernels use.</summary>
internal static class MultiplyAddLimit
{
    private const int Chains = 12;
    private const int Turns = 20_000;

    /// <summary>
    /// One short burst, some 40 µs, in 10⁹ operations (a multiply-add is two) a second. A machine that others use gives now more, now less:
    /// what a step is compared with has to be measured right beside it.
    /// </summary>
    public static double Burst(bool single)
    {
        int threads = WorkSharing.ThreadCount;
        long start = Stopwatch.GetTimestamp();
        WorkSharing.Run(threads, _ => Keep(single
            ? Run(Vector512.Create(0.999f), Vector512.Create(0.1f)).AsByte()
            : Run(Vector512.Create(0.999), Vector512.Create(0.1)).AsByte()));
        double operations = 2.0 * threads * Turns * Chains * (single ? Vector512<float>.Count : Vector512<double>.Count);
        return operations / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Keep(Vector512<byte> value) => _ = value;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector512<float> Run(Vector512<float> x, Vector512<float> y)
    {
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int turn = 0; turn < Turns; turn++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return a + b + c + d + e + f + g + h + i + j + k + l;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector512<double> Run(Vector512<double> x, Vector512<double> y)
    {
        Vector512<double> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int turn = 0; turn < Turns; turn++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return a + b + c + d + e + f + g + h + i + j + k + l;
    }
}
