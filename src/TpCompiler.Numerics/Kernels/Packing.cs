using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace TpCompiler.Numerics.Kernels;

/// <summary>Copies of blocks of a matrix in the order in which the register tiles read them.</summary>
internal static unsafe class Packing<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements in a 16-byte register: a square of as many registers is transposed at a time.</summary>
    private static int Square => Vector128<T>.Count;

    private static bool CanInterleave => Sse2.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>to[i][r] ← from[r][i] for r below <paramref name="rows"/>, i below <paramref name="length"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(T* from, nint fromStride, T* to, nint toStride, int rows, int length)
    {
        int wholeRows = CanInterleave ? rows / Square * Square : 0;
        int wholeLength = CanInterleave ? length / Square * Square : 0;
        for (int i = 0; i < wholeLength; i += Square)
        {
            for (int r = 0; r < wholeRows; r += Square)
            {
                T* source = from + (r * fromStride) + i;
                T* target = to + (i * toStride) + r;
                if (sizeof(T) == sizeof(float))
                {
                    Transpose4((float*)source, fromStride, (float*)target, toStride);
                }
                else
                {
                    Transpose2((double*)source, fromStride, (double*)target, toStride);
                }
            }
        }

        TransposeOneByOne(from, fromStride, to, toStride, wholeRows, rows, 0, wholeLength);
        TransposeOneByOne(from, fromStride, to, toStride, 0, rows, wholeLength, length);
    }

    /// <summary>to[r·toStride + i] ← factor·from[r·fromStride + i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(T factor, T* from, nint fromStride, T* to, nint toStride, int rows, int length)
    {
        int whole = length / Square * Square;
        Vector128<T> factors = Vector128.Create(factor);
        for (int r = 0; r < rows; r++, from += fromStride, to += toStride)
        {
            int i = 0;
            for (; i < whole; i += Square)
            {
                (factors * Vector128.Load(from + i)).Store(to + i);
            }

            for (; i < length; i++)
            {
                to[i] = factor * from[i];
            }
        }
    }

    /// <summary>to[r·toStride + i] ← from[r·fromStride + i].</summary>
    public static void Copy(T* from, nint fromStride, T* to, nint toStride, int rows, int length)
    {
        for (int r = 0; r < rows; r++)
        {
            new ReadOnlySpan<T>(from + (r * fromStride), length).CopyTo(new Span<T>(to + (r * toStride), length));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(float* from, nint fromStride, float* to, nint toStride)
    {
        Vector128<float> a = Vector128.Load(from), b = Vector128.Load(from + fromStride);
        Vector128<float> c = Vector128.Load(from + (2 * fromStride)), d = Vector128.Load(from + (3 * fromStride));
        Vector128<double> lowAB = Low(a, b).AsDouble(), highAB = High(a, b).AsDouble();
        Vector128<double> lowCD = Low(c, d).AsDouble(), highCD = High(c, d).AsDouble();
        Low(lowAB, lowCD).AsSingle().Store(to);
        High(lowAB, lowCD).AsSingle().Store(to + toStride);
        Low(highAB, highCD).AsSingle().Store(to + (2 * toStride));
        High(highAB, highCD).AsSingle().Store(to + (3 * toStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose2(double* from, nint fromStride, double* to, nint toStride)
    {
        Vector128<double> a = Vector128.Load(from), b = Vector128.Load(from + fromStride);
        Low(a, b).Store(to);
        High(a, b).Store(to + toStride);
    }

    /// <summary>The lower halves, interleaved.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<float> a, Vector128<float> b) =>
        Sse2.IsSupported ? Sse.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<float> a, Vector128<float> b) =>
        Sse2.IsSupported ? Sse.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> Low(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> High(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    private static void TransposeOneByOne(
        T* from, nint fromStride, T* to, nint toStride, int firstRow, int rows, int first, int length)
    {
        for (int i = first; i < length; i++)
        {
            for (int r = firstRow; r < rows; r++)
            {
                to[(i * toStride) + r] = from[(r * fromStride) + i];
            }
        }
    }
}
