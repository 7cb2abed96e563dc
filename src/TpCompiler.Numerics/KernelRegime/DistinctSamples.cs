using System.Numerics;
using System.Runtime.InteropServices;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>Samples, each once, in the order in which they were first met; in blocks, so that growing copies nothing.</summary>
/// <typeparam name="T">The precision of inner products.</typeparam>
/// <param name="size">Numbers of a sample.</param>
internal sealed class DistinctSamples<T>(int size)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Samples of a block: the products of a batch with one stay in the cache.</summary>
    public const int Block = 512;

    private readonly Dictionary<ulong, List<int>> byHash = [];
    private readonly List<T[]> blocks = [];
    private readonly List<double> norms = [];

    public int Count => norms.Count;

    public int Size => size;

    /// <summary>Samples of a block, row after row.</summary>
    public ReadOnlySpan<T> Rows(int block) => blocks[block].AsSpan(0, InBlock(block) * size);

    public int Blocks => blocks.Count;

    public int InBlock(int block) => Math.Min(Block, Count - (block * Block));

    /// <summary>x·x of a sample.</summary>
    public double SquaredNorm(int sample) => norms[sample];

    /// <summary>The number of a sample; −1 when it is none of these.</summary>
    public int Find(ReadOnlySpan<double> sample) => byHash.TryGetValue(Hash(sample), out var candidates) ? Among(candidates, sample) : -1;

    /// <summary>The number of a sample, which becomes one of these.</summary>
    public int Add(ReadOnlySpan<double> sample)
    {
        ref var candidates = ref CollectionsMarshal.GetValueRefOrAddDefault(byHash, Hash(sample), out _);
        candidates ??= [];
        if (Among(candidates, sample) is >= 0 and var known)
        {
            return known;
        }

        var number = Count;
        if (number % Block == 0)
        {
            blocks.Add(new T[Block * size]);
        }

        Convert(sample, blocks[^1].AsSpan(number % Block * size, size));
        norms.Add(Dot(sample));
        candidates.Add(number);
        return number;
    }

    public static void Convert(ReadOnlySpan<double> from, Span<T> to)
    {
        for (var i = 0; i < from.Length; i++)
        {
            to[i] = T.CreateTruncating(from[i]);
        }
    }

    public static double Dot(ReadOnlySpan<double> sample) => System.Numerics.Tensors.TensorPrimitives.Dot(sample, sample);

    /// <summary>Samples that are the same in this precision are one.</summary>
    private int Among(List<int> candidates, ReadOnlySpan<double> sample)
    {
        foreach (var candidate in candidates)
        {
            var row = blocks[candidate / Block].AsSpan(candidate % Block * size, size);
            var i = 0;
            while (i < size && row[i] == T.CreateTruncating(sample[i]))
            {
                i++;
            }

            if (i == size)
            {
                return candidate;
            }
        }

        return -1;
    }

    private static ulong Hash(ReadOnlySpan<double> sample)
    {
        var hash = 0x9e37_79b9_7f4a_7c15UL;
        foreach (var number in sample)
        {
            hash = BitOperations.RotateLeft(hash ^ BitConverter.DoubleToUInt64Bits(number + 0.0), 29) * 0xbf58_476d_1ce4_e5b9UL;
        }

        return hash;
    }
}
