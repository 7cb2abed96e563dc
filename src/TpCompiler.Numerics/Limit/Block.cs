using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// Products of rows with a batch of rows: matrix products where both operands run along the coordinates in memory and nothing is worth copying. Tiles of four rows and two of the batch
/// stay in registers. The order of additions depends on sizes only, so results are the same on every run.
/// </summary>
internal static unsafe class Block
{
    /// <summary>Coordinates that are done together: this many of each of a batch stay in a first-level cache, or close to it.</summary>
    public const int Piece = 256;

    /// <summary>Rows whose pieces stay in a second-level cache.</summary>
    public const int RowsTogether = 64;

    private const int RowsAhead = 8;

    private delegate void Kernel(double* many, nint manyStride, int count, double* few, nint fewStride, int batch, int length, double* coefficients);

    private static readonly Kernel DotsKernel =
        Vector512.IsHardwareAccelerated ? Dots<Registers512<double>, Vector512<double>>
        : Vector256.IsHardwareAccelerated ? Dots<Registers256<double>, Vector256<double>>
        : Dots<Registers128<double>, Vector128<double>>;

    private static readonly Kernel AccumulateKernel =
        Vector512.IsHardwareAccelerated ? Accumulate<Registers512<double>, Vector512<double>>
        : Vector256.IsHardwareAccelerated ? Accumulate<Registers256<double>, Vector256<double>>
        : Accumulate<Registers128<double>, Vector128<double>>;

    /// <summary>result[i, b] += Σ_α many_i,α few_b,α over <paramref name="length"/> coordinates; strides are the distances of rows.</summary>
    public static void Dots(ReadOnlySpan<double> many, int manyStride, int count, ReadOnlySpan<double> few, int fewStride, int batch, int length, Span<double> result)
    {
        Require(many.Length, manyStride, count, length);
        Require(few.Length, fewStride, batch, length);
        Require(result.Length, batch, count, batch);
        fixed (double* q = many, x = few, c = result)
        {
            for (var start = 0; start < length; start += Piece)
            {
                DotsKernel(q + start, manyStride, count, x + start, fewStride, batch, Math.Min(Piece, length - start), c);
            }
        }
    }

    /// <summary>few_b += Σ_i coefficients[i, b] many_i over <paramref name="length"/> coordinates; strides are the distances of rows.</summary>
    public static void Accumulate(ReadOnlySpan<double> many, int manyStride, int count, ReadOnlySpan<double> coefficients, Span<double> few, int fewStride, int batch, int length)
    {
        Require(many.Length, manyStride, count, length);
        Require(few.Length, fewStride, batch, length);
        Require(coefficients.Length, batch, count, batch);
        fixed (double* q = many, y = few, c = coefficients)
        {
            for (var start = 0; start < length; start += Piece)
            {
                for (var row = 0; row < count; row += RowsTogether)
                {
                    AccumulateKernel(
                        q + start + ((nint)row * manyStride), manyStride, Math.Min(RowsTogether, count - row), y + start, fewStride, batch, Math.Min(Piece, length - start), c + ((nint)row * batch));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dots<TRegisters, TR>(double* many, nint manyStride, int count, double* few, nint fewStride, int batch, int length, double* result)
        where TRegisters : struct, IRegisters<TR, double>
        where TR : struct
    {
        var whole = length - (length % TRegisters.Count);
        var i = 0;
        for (; i + 4 <= count && whole > 0; i += 4)
        {
            double* q0 = many + (i * manyStride), q1 = q0 + manyStride, q2 = q1 + manyStride, q3 = q2 + manyStride;
            for (var b = 0; b < batch; b += 2)
            {
                double* x0 = few + (b * fewStride), x1 = b + 1 < batch ? x0 + fewStride : x0;
                TR s00 = TRegisters.Zero, s10 = s00, s20 = s00, s30 = s00, s01 = s00, s11 = s00, s21 = s00, s31 = s00;
                for (nint k = 0; k < whole; k += TRegisters.Count)
                {
                    TR left = TRegisters.Load(x0 + k), right = TRegisters.Load(x1 + k);
                    var q = TRegisters.Load(q0 + k);
                    s00 = TRegisters.Fma(q, left, s00);
                    s01 = TRegisters.Fma(q, right, s01);
                    q = TRegisters.Load(q1 + k);
                    s10 = TRegisters.Fma(q, left, s10);
                    s11 = TRegisters.Fma(q, right, s11);
                    q = TRegisters.Load(q2 + k);
                    s20 = TRegisters.Fma(q, left, s20);
                    s21 = TRegisters.Fma(q, right, s21);
                    q = TRegisters.Load(q3 + k);
                    s30 = TRegisters.Fma(q, left, s30);
                    s31 = TRegisters.Fma(q, right, s31);
                }

                double* into = result + (i * batch) + b;
                into[0] += Sum<TR>(s00) + Rest(q0, x0);
                into[batch] += Sum<TR>(s10) + Rest(q1, x0);
                into[2 * batch] += Sum<TR>(s20) + Rest(q2, x0);
                into[3 * batch] += Sum<TR>(s30) + Rest(q3, x0);
                if (x1 != x0)
                {
                    into++;
                    into[0] += Sum<TR>(s01) + Rest(q0, x1);
                    into[batch] += Sum<TR>(s11) + Rest(q1, x1);
                    into[2 * batch] += Sum<TR>(s21) + Rest(q2, x1);
                    into[3 * batch] += Sum<TR>(s31) + Rest(q3, x1);
                }
            }
        }

        for (; i < count; i++)
        {
            ReadOnlySpan<double> q = new(many + (i * manyStride), length);
            for (var b = 0; b < batch; b++)
            {
                result[(i * batch) + b] += TensorPrimitives.Dot(q, new ReadOnlySpan<double>(few + (b * fewStride), length));
            }
        }

        double Rest(double* q, double* x)
        {
            var sum = 0.0;
            for (var k = whole; k < length; k++)
            {
                sum += q[k] * x[k];
            }

            return sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Sum<TR>(TR lanes)
        where TR : struct =>
        Unsafe.SizeOf<TR>() == Unsafe.SizeOf<Vector512<double>>() ? Vector512.Sum(Unsafe.BitCast<TR, Vector512<double>>(lanes))
        : Unsafe.SizeOf<TR>() == Unsafe.SizeOf<Vector256<double>>() ? Vector256.Sum(Unsafe.BitCast<TR, Vector256<double>>(lanes))
        : Vector128.Sum(Unsafe.BitCast<TR, Vector128<double>>(lanes));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Accumulate<TRegisters, TR>(double* many, nint manyStride, int count, double* few, nint fewStride, int batch, int length, double* coefficients)
        where TRegisters : struct, IRegisters<TR, double>
        where TR : struct
    {
        var width = 4 * TRegisters.Count;
        var whole = length - (length % width);
        for (var b = 0; b < batch; b++)
        {
            double* y0 = few + (b * fewStride);
            if (b + 1 < batch && count > 1)
            {
                double* y1 = y0 + fewStride;
                for (nint k = 0; k < whole; k += width)
                {
                    Tile<TRegisters, TR>(many + k, manyStride, count, y0 + k, y1 + k, batch, coefficients + b, b == 0);
                }

                Rest(y0 + whole, b, length - whole);
                Rest(y1 + whole, b + 1, length - whole);
                b++;
            }
            else
            {
                whole = 0;
                Rest(y0, b, length);
            }
        }

        void Rest(double* y, int column, int size)
        {
            Span<double> target = new(y, size);
            for (var i = 0; i < count && size > 0; i++)
            {
                TensorPrimitives.MultiplyAdd(new ReadOnlySpan<double>(many + (i * manyStride) + length - size, size), coefficients[(i * batch) + column], target, target);
            }
        }
    }

    /// <summary>Four registers of two rows of the batch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TRegisters, TR>(double* many, nint manyStride, int count, double* y0, double* y1, int batch, double* coefficients, bool isFirst)
        where TRegisters : struct, IRegisters<TR, double>
        where TR : struct
    {
        int first = TRegisters.Count, second = 2 * first, third = 3 * first;
        TR s00 = TRegisters.Load(y0), s01 = TRegisters.Load(y0 + first), s02 = TRegisters.Load(y0 + second), s03 = TRegisters.Load(y0 + third);
        TR s10 = TRegisters.Load(y1), s11 = TRegisters.Load(y1 + first), s12 = TRegisters.Load(y1 + second), s13 = TRegisters.Load(y1 + third);
        for (var i = 0; i < count; i++, many += manyStride, coefficients += batch)
        {
            if (isFirst)
            {
                // A row is far from the one before: hardware doesn't see the pattern.
                double* ahead = many + (RowsAhead * manyStride);
                TRegisters.Prefetch(ahead);
                TRegisters.Prefetch(ahead + first);
                TRegisters.Prefetch(ahead + second);
                TRegisters.Prefetch(ahead + third);
            }

            TR left = TRegisters.Broadcast(coefficients[0]), right = TRegisters.Broadcast(coefficients[1]);
            var q = TRegisters.Load(many);
            s00 = TRegisters.Fma(q, left, s00);
            s10 = TRegisters.Fma(q, right, s10);
            q = TRegisters.Load(many + first);
            s01 = TRegisters.Fma(q, left, s01);
            s11 = TRegisters.Fma(q, right, s11);
            q = TRegisters.Load(many + second);
            s02 = TRegisters.Fma(q, left, s02);
            s12 = TRegisters.Fma(q, right, s12);
            q = TRegisters.Load(many + third);
            s03 = TRegisters.Fma(q, left, s03);
            s13 = TRegisters.Fma(q, right, s13);
        }

        TRegisters.Store(s00, y0);
        TRegisters.Store(s01, y0 + first);
        TRegisters.Store(s02, y0 + second);
        TRegisters.Store(s03, y0 + third);
        TRegisters.Store(s10, y1);
        TRegisters.Store(s11, y1 + first);
        TRegisters.Store(s12, y1 + second);
        TRegisters.Store(s13, y1 + third);
    }

    private static void Require(int length, int stride, int rows, int columns)
    {
        if (rows > 0 && columns > 0 && length < (((long)rows - 1) * stride) + columns)
        {
            throw new ArgumentException("The span is shorter than its rows.");
        }
    }
}
