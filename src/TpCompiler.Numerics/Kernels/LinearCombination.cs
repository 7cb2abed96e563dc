using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// Sums and products of spans of equal length. No rounding depends on a span's place, alignment or the machine's SIMD width.
/// </summary>
public static class LinearCombination
{
    /// <summary>y[i] = a[i] + b[i].</summary>
    public static void Add<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.Add(a, b, y);

    /// <summary>y[i] = a[i]·b[i].</summary>
    public static void Multiply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.Multiply(a, b, y);

    /// <summary>y[i] = factor·x[i].</summary>
    public static void Scale<T>(T factor, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.Multiply(x, factor, y);

    /// <summary>y[i] += factor·x[i], with one rounding.</summary>
    public static void Axpy<T>(T factor, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.FusedMultiplyAdd(x, factor, y, y);

    /// <summary>Whether no number is NaN or infinite: x − x is 0 for every other, and a sum keeps a NaN.</summary>
    public static bool AllFinite<T>(ReadOnlySpan<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int lanes = Vector512<T>.Count;
        Vector512<T> even = default, odd = default;
        int i = 0;
        for (; i <= x.Length - (2 * lanes); i += 2 * lanes)
        {
            Vector512<T> a = Vector512.Create(x.Slice(i, lanes)), b = Vector512.Create(x.Slice(i + lanes, lanes));
            even += a - a;
            odd += b - b;
        }

        T rest = T.Zero;
        for (; i < x.Length; i++)
        {
            rest += x[i] - x[i];
        }

        return even + odd == Vector512<T>.Zero && rest == T.Zero;
    }

    /// <summary>Σ a[i]·b[i], in 64-byte strides of four partial sums each, whatever the machine: the same bits everywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Dot<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (a.Length != b.Length)
        {
            throw new ArgumentException("The spans differ in length.", nameof(b));
        }

        nuint lanes = (nuint)Vector512<T>.Count, length = (nuint)a.Length, i = 0;
        ref T left = ref MemoryMarshal.GetReference(a);
        ref T right = ref MemoryMarshal.GetReference(b);
        Vector512<T> s0 = default, s1 = default, s2 = default, s3 = default;
        for (; i + (4 * lanes) <= length; i += 4 * lanes)
        {
            s0 = MultiplyAdd(Vector512.LoadUnsafe(ref left, i), Vector512.LoadUnsafe(ref right, i), s0);
            s1 = MultiplyAdd(Vector512.LoadUnsafe(ref left, i + lanes), Vector512.LoadUnsafe(ref right, i + lanes), s1);
            s2 = MultiplyAdd(Vector512.LoadUnsafe(ref left, i + (2 * lanes)), Vector512.LoadUnsafe(ref right, i + (2 * lanes)), s2);
            s3 = MultiplyAdd(Vector512.LoadUnsafe(ref left, i + (3 * lanes)), Vector512.LoadUnsafe(ref right, i + (3 * lanes)), s3);
        }

        Vector512<T> partial = (s0 + s1) + (s2 + s3);
        ref T first = ref Unsafe.As<Vector512<T>, T>(ref partial);
        T sum = T.Zero;
        for (nuint lane = 0; lane < lanes; lane++)
        {
            sum += Unsafe.Add(ref first, lane);
        }

        for (int k = (int)i; k < a.Length; k++)
        {
            sum = T.FusedMultiplyAdd(a[k], b[k], sum);
        }

        return sum;
    }

    /// <summary>left·right + sum, with one rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<T> MultiplyAdd<T>(Vector512<T> left, Vector512<T> right, Vector512<T> sum)
        where T : unmanaged => typeof(T) == typeof(float)
            ? Vector512.FusedMultiplyAdd(left.AsSingle(), right.AsSingle(), sum.AsSingle()).As<float, T>()
            : Vector512.FusedMultiplyAdd(left.AsDouble(), right.AsDouble(), sum.AsDouble()).As<double, T>();
}
