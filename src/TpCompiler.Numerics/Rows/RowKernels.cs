using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.Rows;

/// <summary>Loops over the columns of rows that lie on cache lines and are filled up with zeros to whole ones. No rounding depends on how many rows are taken together, or on the machine's SIMD width.</summary>
internal static unsafe class RowKernels
{
    private const int CacheLine = 64;

    /// <summary>Coordinates in a cache line.</summary>
    public static int Lanes<T>()
        where T : unmanaged => CacheLine / sizeof(T);

    /// <summary>Σ_i x[i]·row[i] of four rows: they come from memory side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dots<T>(T* x, T* row0, T* row1, T* row2, T* row3, int count, Span<double> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector512<T> s0 = default, s1 = default, s2 = default, s3 = default;
        for (var i = 0; i < count; i += Vector512<T>.Count)
        {
            var factor = Vector512.LoadAligned(x + i);
            s0 = LinearCombination.MultiplyAdd(factor, Vector512.LoadAligned(row0 + i), s0);
            s1 = LinearCombination.MultiplyAdd(factor, Vector512.LoadAligned(row1 + i), s1);
            s2 = LinearCombination.MultiplyAdd(factor, Vector512.LoadAligned(row2 + i), s2);
            s3 = LinearCombination.MultiplyAdd(factor, Vector512.LoadAligned(row3 + i), s3);
        }

        (sums[0], sums[1], sums[2], sums[3]) = (Sum(s0), Sum(s1), Sum(s2), Sum(s3));
    }

    /// <summary>Σ_i x[i]·row[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Dot<T>(T* x, T* row, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector512<T> sum = default;
        for (var i = 0; i < count; i += Vector512<T>.Count)
        {
            sum = LinearCombination.MultiplyAdd(Vector512.LoadAligned(x + i), Vector512.LoadAligned(row + i), sum);
        }

        return Sum(sum);
    }

    /// <summary>y[i] = factor·x[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale<T>(T factor, T* x, T* y, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var alpha = Vector512.Create(factor);
        for (var i = 0; i < count; i += Vector512<T>.Count)
        {
            (alpha * Vector512.LoadAligned(x + i)).StoreAligned(y + i);
        }
    }

    /// <summary>y[i] += factor·x[i], with one rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Axpy<T>(T factor, T* x, T* y, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var alpha = Vector512.Create(factor);
        for (var i = 0; i < count; i += Vector512<T>.Count)
        {
            LinearCombination.MultiplyAdd(Vector512.LoadAligned(x + i), alpha, Vector512.LoadAligned(y + i)).StoreAligned(y + i);
        }
    }

    /// <summary>y[i] = a·y[i] + b·x[i], the sum with one rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Combine<T>(T a, T b, T* x, T* y, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector512<T> alpha = Vector512.Create(a), beta = Vector512.Create(b);
        for (var i = 0; i < count; i += Vector512<T>.Count)
        {
            LinearCombination.MultiplyAdd(Vector512.LoadAligned(x + i), beta, alpha * Vector512.LoadAligned(y + i)).StoreAligned(y + i);
        }
    }

    /// <summary>z[i] += c·y[i], then y[i] = a·y[i] + b·x[i], each sum with one rounding. Meanwhile the memory is asked for two rows that are read soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AxpyAndCombine<T>(T c, T* z, T a, T b, T* x, T* y, T* soon, T* soonToo, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector512<T> alpha = Vector512.Create(a), beta = Vector512.Create(b), gamma = Vector512.Create(c);
        for (var i = 0; i < count; i += Vector512<T>.Count)
        {
            Prefetch(soon + i);
            Prefetch(soonToo + i);
            var old = Vector512.LoadAligned(y + i);
            LinearCombination.MultiplyAdd(old, gamma, Vector512.LoadAligned(z + i)).StoreAligned(z + i);
            LinearCombination.MultiplyAdd(Vector512.LoadAligned(x + i), beta, alpha * old).StoreAligned(y + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address);
        }
    }

    private static double Sum<T>(Vector512<T> lanes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var half = lanes.GetLower() + lanes.GetUpper();
        var quarter = half.GetLower() + half.GetUpper();
        var sum = T.Zero;
        for (var lane = 0; lane < Vector128<T>.Count; lane++)
        {
            sum += quarter[lane];
        }

        return double.CreateTruncating(sum);
    }
}
