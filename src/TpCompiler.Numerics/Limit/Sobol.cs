using System.Numerics;
using TpCompiler.Limits;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// Sobol points with the direction numbers of Joe and Kuo (SIAM J. Sci. Comput. 30, 2635–2654, 2008), scrambled by a random lower triangular matrix
/// over GF(2) and a digital shift (Matoušek 1998). The variance is that of Owen's nested uniform scrambling (Owen, ACM TOMACS 13, 2003), so independent
/// scramblings give an honest standard error; the points of one scrambling are each uniform on (0,1). Dimensions beyond the table are Latin hypercube samples, a random order of one point in each interval: still uniform,
/// still independent from scrambling to scrambling, and by then the error comes from elsewhere.
/// </summary>
public sealed class Sobol
{
    /// <summary>How many dimensions there are direction numbers for.</summary>
    public const int DirectionNumbers = 2048;

    private const int InputBits = 32;
    private const int OutputBits = 53;

    private static readonly Lazy<uint[][]> Directions = new(() => [Enumerable.Range(0, InputBits).Select(k => 1u << (InputBits - 1 - k)).ToArray(), .. SobolTable.Rows.Select(FromRecurrence)]);

    private readonly ulong seed;

    /// <param name="seed">Two generators with one seed give the same points; with different seeds, independent scramblings.</param>
    public Sobol(ulong seed) => this.seed = seed;

    /// <summary>Fills coordinate <paramref name="dimension"/> of the first points (a power of two of them, for balance), each in (0,1), in natural order.</summary>
    public void Uniforms(int dimension, Span<double> points)
    {
        var random = new SplitMix(SplitMix.Mix(seed ^ SplitMix.Mix((ulong)dimension + 1)));
        if (dimension >= DirectionNumbers)
        {
            LatinHypercube(points, ref random);
            return;
        }

        Span<ulong> columns = stackalloc ulong[InputBits];
        Scramble(Directions.Value[dimension], ref random, columns);
        var shift = random.Next() >> (64 - OutputBits);
        const double Unit = 1.0 / (1UL << OutputBits);
        var value = shift;
        for (var i = 0; i < points.Length; i++)
        {
            // Points come in Gray code order; the set is that of the natural order, and so are all averages.
            points[i] = (value + 0.5) * Unit;
            value ^= columns[Math.Min(BitOperations.TrailingZeroCount(i + 1), InputBits - 1)];
        }
    }

    /// <summary>The same points as standard normals, by the inverse of the distribution function.</summary>
    public void Normals(int dimension, Span<double> points)
    {
        Uniforms(dimension, points);
        for (var i = 0; i < points.Length; i++)
        {
            points[i] = NormalQuantile.Of(points[i]);
        }
    }

    private static void LatinHypercube(Span<double> points, ref SplitMix random)
    {
        for (var i = 0; i < points.Length; i++)
        {
            // Point i goes to a random place among those before it, and what was there to place i.
            var place = (int)(random.Next() % (ulong)(i + 1));
            points[i] = points[place];
            points[place] = i;
        }

        for (var i = 0; i < points.Length; i++)
        {
            points[i] = (points[i] + (((random.Next() >> 40) + 0.5) * Math.ScaleB(1, -24))) / points.Length;
        }
    }

    private static void Scramble(uint[] direction, ref SplitMix random, Span<ulong> columns)
    {
        // Row r of the scrambling matrix: ones on the diagonal, random bits to its left (towards more significant digits).
        columns.Clear();
        for (var row = 0; row < OutputBits; row++)
        {
            var bits = (uint)(random.Next() >> 32);
            var mask = row < InputBits
                ? (bits & ~(uint.MaxValue >> row)) | (1u << (InputBits - 1 - row))
                : bits;
            for (var j = 0; j < InputBits; j++)
            {
                var bit = (ulong)(BitOperations.PopCount(mask & direction[j]) & 1);
                columns[j] |= bit << (OutputBits - 1 - row);
            }
        }
    }

    /// <summary>m_k = 2a₁m_{k−1} ⊕ 4a₂m_{k−2} ⊕ … ⊕ 2^s m_{k−s} ⊕ m_{k−s}, and v_k = m_k / 2^k (Joe and Kuo, equation 2).</summary>
    private static uint[] FromRecurrence(uint[] line)
    {
        var polynomial = line[0];
        var degree = line.Length - 1;
        var v = new uint[InputBits];
        for (var k = 0; k < InputBits; k++)
        {
            if (k < degree)
            {
                v[k] = line[k + 1] << (InputBits - 1 - k);
                continue;
            }

            v[k] = v[k - degree] ^ (v[k - degree] >> degree);
            for (var j = 1; j < degree; j++)
            {
                if (((polynomial >> (degree - j)) & 1) != 0)
                {
                    v[k] ^= v[k - j];
                }
            }
        }

        return v;
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood 2014): enough to draw scramblings.</summary>
    private struct SplitMix(ulong state)
    {
        public ulong Next()
        {
            state += 0x9E3779B97F4A7C15;
            return Mix(state);
        }

        public static ulong Mix(ulong z)
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
