using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// Runs a lane function over a span in the widest register the machine has. A last, partial register goes through the same code.
/// </summary>
internal static unsafe class LaneLoop
{
    /// <summary>Elements in a piece of shared work: several microseconds.</summary>
    private const int Piece = 8192;

    public static void Map<TFunction, T>(ReadOnlySpan<T> x, Span<T> y, TFunction function = default)
        where TFunction : struct, ILaneFunction
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (y.Length < x.Length)
        {
            throw new ArgumentException("The destination is shorter than the source.", nameof(y));
        }

        fixed (T* source = x, destination = y)
        {
            if (x.Length < 2 * Piece)
            {
                MapWidest(source, destination, x.Length, function);
                return;
            }

            T* from = source, to = destination;
            int length = x.Length;
            WorkSharing.Run((length + Piece - 1) / Piece, i =>
                MapWidest(from + ((nint)i * Piece), to + ((nint)i * Piece), Math.Min(Piece, length - (i * Piece)), function));
        }
    }

    private static void MapWidest<TFunction, T>(T* x, T* y, int length, TFunction function)
        where TFunction : struct, ILaneFunction
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Map<TFunction, TwinLanes512<T>, T>(x, y, length, function);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Map<TFunction, Lanes256<T>, T>(x, y, length, function);
        }
        else
        {
            Map<TFunction, Lanes128<T>, T>(x, y, length, function);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Map<TFunction, TV, T>(T* x, T* y, int length, TFunction function = default)
        where TFunction : struct, ILaneFunction
        where TV : struct, ILanes<TV, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int i = 0;
        for (; i <= length - TV.Count; i += TV.Count)
        {
            TV.Store(function.Apply<TV, T>(TV.Load(x + i)), y + i);
        }

        if (i < length)
        {
            T* rest = stackalloc T[TV.Count];
            new ReadOnlySpan<T>(x + i, length - i).CopyTo(new Span<T>(rest, TV.Count));
            Map<TFunction, TV, T>(rest, rest, TV.Count, function);
            new ReadOnlySpan<T>(rest, length - i).CopyTo(new Span<T>(y + i, length - i));
        }
    }
}
