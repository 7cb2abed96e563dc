using System.Numerics;
using System.Numerics.Tensors;
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
    public static T Dot<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (a.Length != b.Length)
        {
            throw new ArgumentException("The spans differ in length.", nameof(b));
        }

        int lanes = Vector512<T>.Count;
        Vector512<T> s0 = default, s1 = default, s2 = default, s3 = default;
        int i = 0;
        for (; i <= a.Length - (4 * lanes); i += 4 * lanes)
        {
            s0 = Accumulate(a[i..], b[i..], s0);
            s1 = Accumulate(a[(i + lanes)..], b[(i + lanes)..], s1);
            s2 = Accumulate(a[(i + (2 * lanes))..], b[(i + (2 * lanes))..], s2);
            s3 = Accumulate(a[(i + (3 * lanes))..], b[(i + (3 * lanes))..], s3);
        }

        Vector512<T> partial = (s0 + s1) + (s2 + s3);
        T sum = T.Zero;
        for (int lane = 0; lane < lanes; lane++)
        {
            sum += partial[lane];
        }

        for (; i < a.Length; i++)
        {
            sum = T.FusedMultiplyAdd(a[i], b[i], sum);
        }

        return sum;
    }

    private static Vector512<T> Accumulate<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Vector512<T> sum)
        where T : unmanaged
    {
        Vector512<T> left = Vector512.Create(a), right = Vector512.Create(b);
        return typeof(T) == typeof(float)
            ? Vector512.FusedMultiplyAdd(left.AsSingle(), right.AsSingle(), sum.AsSingle()).As<float, T>()
            : Vector512.FusedMultiplyAdd(left.AsDouble(), right.AsDouble(), sum.AsDouble()).As<double, T>();
    }
}
