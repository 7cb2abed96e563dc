using System.Numerics;
using CsCheck;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Tests.Numerics.Kernels;

public sealed class PhiloxTests
{
    /// <summary>The known answers for ten rounds that the Random123 library (Salmon et al. 2011) publishes.</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Block_gives_the_published_answer(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint x0, uint x1, uint x2, uint x3) =>
        Assert.Equal((x0, x1, x2, x3), Philox.Block(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void Element_is_the_documented_word_of_its_block()
    {
        var stream = new Philox(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210);
        var singles = new float[100];
        var doubles = new double[100];
        const long start = (3L << 32) - 40;
        stream.Uniform(singles, start);
        stream.Uniform(doubles, start);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(((Word32(stream, start + i) >> 9) + 0.5) / (1 << 23), singles[i]);
            Assert.Equal(((Word64(stream, start + i) >> 12) + 0.5) / (1L << 52), doubles[i]);
        }
    }

    [Fact]
    public void Every_register_width_gives_the_same_bits()
    {
        RequireSameBits<float>();
        RequireSameBits<double>();
    }

    [Fact]
    public void Part_of_a_stream_is_the_same_however_it_is_cut() =>
        (from length in Gen.Int[0, 300] from start in Gen.Long[0, 1000] from cut in Gen.Int[0, 300] select (length, start, cut)).Sample(x =>
        {
            var stream = new Philox(5, 6);
            int cut = Math.Min(x.cut, x.length);
            double[] whole = new double[x.length], parts = new double[x.length];
            stream.Normal(whole, x.start);
            stream.Normal(parts.AsSpan(cut), x.start + cut);
            stream.Normal(parts.AsSpan(0, cut), x.start);
            return whole.AsSpan().SequenceEqual(parts);
        });

    [Fact]
    public void Threads_that_fill_parts_give_what_one_call_gives()
    {
        var stream = new Philox(1, 2);
        float[] whole = new float[100_000], parts = new float[100_000];
        stream.Normal(whole);
        Parallel.For(0, 16, part => stream.Normal(parts.AsSpan(part * 6250, 6250), part * 6250L));
        Assert.Equal(whole, parts);
    }

    [Fact]
    public void Normals_have_the_moments_and_the_tails_of_the_normal_distribution()
    {
        const int count = 1_000_000;
        var doubles = new double[count];
        var singles = new float[count];
        new Philox(11, 0).Normal(doubles);
        new Philox(12, 0).Normal(singles);
        RequireNormal(doubles);
        RequireNormal([.. singles.Select(value => (double)value)]);
    }

    [Fact]
    public void Neighbours_streams_and_seeds_are_uncorrelated()
    {
        const int count = 1_000_000;
        double[] a = Normals(1, 1, count), b = Normals(1, 2, count), c = Normals(2, 1, count);
        double bound = 5 / Math.Sqrt(count);
        Assert.InRange(Correlation(a, b), -bound, bound);
        Assert.InRange(Correlation(a, c), -bound, bound);
        double[] squares = [.. a.Select(value => (value * value) - 1)];
        foreach (int lag in new[] { 1, 2, 4, 7, 8, 16, 32 })
        {
            Assert.InRange(Correlation(a.AsSpan(lag), a.AsSpan(0, count - lag)), -bound, bound);
            Assert.InRange(Correlation(squares.AsSpan(lag), squares.AsSpan(0, count - lag)), -2 * bound, 2 * bound);
        }
    }

    [Fact]
    public void Uniforms_lie_strictly_inside_and_fill_their_bins_evenly()
    {
        const int count = 1_000_000, bins = 100;
        var values = new float[count];
        new Philox(21, 0).Uniform(values);
        Assert.True(values.All(value => value is > 0 and < 1));
        double chiSquare = values.GroupBy(value => (int)(value * bins)).Sum(bin => Math.Pow(bin.Count() - (count / bins), 2) / (count / bins));

        // 99 degrees of freedom: mean 99, standard deviation 14.
        Assert.InRange(chiSquare, 99 - (5 * 14), 99 + (5 * 14));
    }

    private static void RequireNormal(double[] values)
    {
        // Mean and standard deviation of a sample's k-th moment about 0: E z^k and √((E z^2k − (E z^k)²)/n).
        double[] moments = [1, 0, 1, 0, 3, 0, 15, 0, 105, 0, 945, 0, 10395];
        for (int k = 1; k <= 6; k++)
        {
            double error = Math.Sqrt((moments[2 * k] - (moments[k] * moments[k])) / values.Length);
            Assert.InRange(values.Average(value => Math.Pow(value, k)), moments[k] - (5 * error), moments[k] + (5 * error));
        }

        foreach (double threshold in new[] { -3.0, -1.0, -0.1, 0.0, 0.5, 2.0, 4.0 })
        {
            double p = MathNet.Numerics.Distributions.Normal.CDF(0, 1, threshold);
            double error = Math.Sqrt(p * (1 - p) / values.Length);
            Assert.InRange(values.Count(value => value < threshold) / (double)values.Length, p - (5 * error), p + (5 * error));
        }
    }

    private static double[] Normals(ulong seed, ulong stream, int count)
    {
        var values = new double[count];
        new Philox(seed, stream).Normal(values);
        return values;
    }

    private static double Correlation(ReadOnlySpan<double> a, ReadOnlySpan<double> b) => LinearCombination.Dot(a, b) / a.Length;

    private static unsafe void RequireSameBits<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int length = 203;
        var stream = new Philox(0xDEAD_BEEF_0BAD_CAFE, 77);
        T[] twin = new T[length], wide = new T[length], medium = new T[length], narrow = new T[length];
        fixed (T* t = twin, w = wide, m = medium, n = narrow)
        {
            stream.Fill<NormalPair, TwinLanes512<T>, T>(t, length, 13);
            stream.Fill<NormalPair, Lanes512<T>, T>(w, length, 13);
            stream.Fill<NormalPair, Lanes256<T>, T>(m, length, 13);
            stream.Fill<NormalPair, Lanes128<T>, T>(n, length, 13);
            Assert.Equal(wide, medium);
            Assert.Equal(wide, narrow);
            Assert.Equal(wide, twin);
            stream.Fill<UniformPair, TwinLanes512<T>, T>(t, length, 13);
            stream.Fill<UniformPair, Lanes512<T>, T>(w, length, 13);
            stream.Fill<UniformPair, Lanes256<T>, T>(m, length, 13);
            stream.Fill<UniformPair, Lanes128<T>, T>(n, length, 13);
            Assert.Equal(wide, medium);
            Assert.Equal(wide, narrow);
            Assert.Equal(wide, twin);
        }
    }

    /// <summary>
    /// The i-th 64-bit word, from the definition: groups of sixteen blocks, the sixteen first halves before the sixteen second halves.
    /// </summary>
    private static ulong Word64(Philox stream, long i)
    {
        ulong block = ((ulong)(i / 32) * 16) + (ulong)(i % 16);
        (uint x0, uint x1, uint x2, uint x3) = Philox.Block(
            (uint)block, (uint)(block >> 32), (uint)stream.Stream, (uint)(stream.Stream >> 32), (uint)stream.Seed, (uint)(stream.Seed >> 32));
        return i % 32 < 16 ? x0 | ((ulong)x1 << 32) : x2 | ((ulong)x3 << 32);
    }

    private static uint Word32(Philox stream, long i) => (uint)(Word64(stream, i / 2) >> (32 * (int)(i % 2)));
}
