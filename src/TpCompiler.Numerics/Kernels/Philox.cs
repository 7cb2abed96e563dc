using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// The counter-based generator Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011). Element i of a stream is a pure function of
/// (seed, stream, i): the same whatever part of the stream is asked for, in whatever order, on however many threads and on whatever SIMD
/// width.
/// </summary>
/// <remarks>
/// Block k of a stream is Philox of the counter (k, stream), 64 bits each, under the key seed: 128 bits, two 64-bit words. Sixteen blocks
/// make a group of 256 bytes: the sixteen first words, then the sixteen second words. A float takes the next 32 bits of that, a double
/// the next 64.
/// </remarks>
/// <param name="Seed">The key.</param>
/// <param name="Stream">The upper half of the counter: streams are independent of one another.</param>
public readonly record struct Philox(ulong Seed, ulong Stream)
{
    internal const int BlocksInGroup = 16;

    /// <summary>Elements in a piece of shared work.</summary>
    private const int Piece = 16384;
    private const int GroupBytes = 16 * BlocksInGroup;

    /// <summary>Independent numbers, uniform on (0, 1) and symmetric about ½: elements start, start + 1, … of the stream.</summary>
    public void Uniform(Span<float> destination, long start = 0) => Fill<UniformPair, float>(destination, start);

    /// <inheritdoc cref="Uniform(Span{float}, long)"/>
    public void Uniform(Span<double> destination, long start = 0) => Fill<UniformPair, double>(destination, start);

    /// <summary>Independent numbers from N(0, 1), by Box and Muller's transform: elements start, start + 1, … of the stream.</summary>
    public void Normal(Span<float> destination, long start = 0) => Fill<NormalPair, float>(destination, start);

    /// <inheritdoc cref="Normal(Span{float}, long)"/>
    public void Normal(Span<double> destination, long start = 0) => Fill<NormalPair, double>(destination, start);

    /// <summary>One block of the generator, ten rounds on a 128-bit counter under a 64-bit key, in plain code: the definition.</summary>
    public static (uint X0, uint X1, uint X2, uint X3) Block(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong first = (ulong)PhiloxLanes.Multiplier0 * c0;
            ulong second = (ulong)PhiloxLanes.Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(second >> 32) ^ c1 ^ k0, (uint)second, (uint)(first >> 32) ^ c3 ^ k1, (uint)first);
            k0 += PhiloxLanes.Weyl0;
            k1 += PhiloxLanes.Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    private unsafe void Fill<TPair, T>(Span<T> destination, long start)
        where TPair : struct, IRandomPair
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        fixed (T* target = destination)
        {
            T* to = target;
            int length = destination.Length;
            Philox stream = this;
            WorkSharing.Run((length + Piece - 1) / Piece, i =>
            {
                int first = i * Piece;
                stream.FillWidest<TPair, T>(to + first, Math.Min(Piece, length - first), start + first);
            });
        }
    }

    private unsafe void FillWidest<TPair, T>(T* target, int length, long start)
        where TPair : struct, IRandomPair
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Fill<TPair, TwinLanes512<T>, T>(target, length, start);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Fill<TPair, Lanes256<T>, T>(target, length, start);
        }
        else
        {
            Fill<TPair, Lanes128<T>, T>(target, length, start);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal unsafe void Fill<TPair, TV, T>(T* target, int length, long start)
        where TPair : struct, IRandomPair
        where TV : struct, ILanes<TV, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int groupLength = GroupBytes / sizeof(T);
        T* buffer = stackalloc T[groupLength];
        long group = start / groupLength;
        int skip = (int)(start % groupLength);
        for (int done = 0; done < length; group++, skip = 0)
        {
            int count = Math.Min(groupLength - skip, length - done);
            T* to = count == groupLength ? target + done : buffer;
            for (int block = 0; block < BlocksInGroup; block += TV.Count * sizeof(T) / sizeof(ulong))
            {
                PhiloxLanes.Blocks<TV, T>(Seed, Stream, (ulong)(group * BlocksInGroup) + (ulong)block, out TV first, out TV second);
                TPair.Transform<TV, T>(ref first, ref second);
                T* at = to + (block * sizeof(ulong) / sizeof(T));
                TV.Store(first, at);
                TV.Store(second, at + (groupLength / 2));
            }

            if (to == buffer)
            {
                new ReadOnlySpan<T>(buffer + skip, count).CopyTo(new Span<T>(target + done, count));
            }

            done += count;
        }
    }
}
