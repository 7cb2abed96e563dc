using MathNet.Numerics.Distributions;
using TpCompiler.Limits;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Tests.Numerics.Limit;

public class SobolTests
{
    [Fact]
    public void Normal_quantile_agrees_with_an_independent_one_over_the_whole_range()
    {
        for (var k = 1; k < 4000; k++)
        {
            foreach (var p in new[] { k / 4000.0, Math.Pow(10, -k / 20.0), 1 - Math.Pow(2, -1 - (k / 80.0)) })
            {
                var expected = -Math.Sqrt(2) * MathNet.Numerics.SpecialFunctions.ErfcInv(2 * p);
                Assert.Equal(expected, NormalQuantile.Of(p), 1e-12 * Math.Max(1, Math.Abs(expected)));
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(1023)]
    [InlineData(2047)]
    [InlineData(2048)]
    [InlineData(100_000)]
    public void Every_dimension_has_one_point_in_each_elementary_interval(int dimension)
    {
        var points = new double[1024];
        new Sobol(5).Uniforms(dimension, points);
        Assert.Equal(Enumerable.Range(0, 1024), points.Select(u => (int)(u * 1024)).Order());
    }

    [Fact]
    public void The_table_has_a_primitive_polynomial_and_odd_numbers_for_every_dimension_but_the_first()
    {
        var lines = SobolTable.Rows;
        Assert.Equal(Sobol.DirectionNumbers - 1, lines.Count);
        Assert.InRange(lines.Count, 1024, int.MaxValue);
        Assert.Equal(lines.Count, lines.Select(line => line[0]).Distinct().Count());
        foreach (var line in lines)
        {
            // m_k is odd and below 2^k; the polynomial of degree s has its first and last coefficient.
            Assert.Equal(line.Length, System.Numerics.BitOperations.Log2(line[0]) + 1);
            Assert.Equal(1u, line[0] & 1);
            Assert.All(line.Skip(1).Select((m, k) => (m, k)), entry => Assert.True(entry.m % 2 == 1 && entry.m < 1u << (entry.k + 1)));
        }
    }

    [Theory]
    [InlineData(2046, 2047)]
    [InlineData(2047, 2048)]
    [InlineData(2048, 2049)]
    public void Late_dimensions_are_independent_of_one_another(int first, int second)
    {
        const int Points = 1 << 14;
        double[] u = new double[Points], v = new double[Points];
        var sum = 0.0;
        for (ulong seed = 0; seed < 8; seed++)
        {
            var sobol = new Sobol(seed);
            sobol.Normals(first, u);
            sobol.Normals(second, v);
            sum += u.Zip(v, (x, y) => x * y).Sum();
        }

        Assert.InRange(Math.Abs(sum), 0, 5 * Math.Sqrt(8 * Points));
    }

    [Fact]
    public void Pairs_of_early_dimensions_fill_the_elementary_rectangles()
    {
        // Dimensions 0 and 1 form a (0, m, 2)-net: one point in each rectangle 2^-a × 2^-(m-a).
        var (u, v) = (new double[256], new double[256]);
        var sobol = new Sobol(9);
        sobol.Uniforms(0, u);
        sobol.Uniforms(1, v);
        for (var a = 0; a <= 8; a++)
        {
            var boxes = u.Zip(v, (x, y) => ((int)(x * (1 << a)), (int)(y * (1 << (8 - a))))).ToHashSet();
            Assert.Equal(256, boxes.Count);
        }
    }

    [Fact]
    public void Error_of_a_smooth_integral_falls_faster_than_sampling_and_inside_its_standard_error()
    {
        // E exp(Σ a_i Z_i) = exp(Σ a_i² / 2).
        double[] a = [0.5, 0.3, 0.2, 0.4, 0.1, 0.25];
        var exact = Math.Exp(a.Sum(c => c * c) / 2);
        var spread = new List<double>();
        foreach (var points in new[] { 1 << 8, 1 << 14 })
        {
            var estimates = Enumerable.Range(0, 16).Select(seed => Estimate(points, (ulong)seed)).ToArray();
            var mean = estimates.Average();
            var error = Math.Sqrt(estimates.Sum(e => (e - mean) * (e - mean)) / 15 / 16);
            Assert.InRange(mean, exact - (4 * error), exact + (4 * error));
            spread.Add(error);
        }

        // Sampling would gain a factor of 8 from 64 times the points.
        Assert.True(spread[0] / spread[1] > 25, $"gain {spread[0] / spread[1]}");

        double Estimate(int points, ulong seed)
        {
            var sobol = new Sobol(seed);
            var exponent = new double[points];
            var z = new double[points];
            for (var i = 0; i < a.Length; i++)
            {
                sobol.Normals(i, z);
                for (var k = 0; k < points; k++)
                {
                    exponent[k] += a[i] * z[k];
                }
            }

            return exponent.Average(Math.Exp);
        }
    }

    [Fact]
    public void Every_scrambling_is_unbiased_and_the_same_seed_gives_the_same_points()
    {
        var (first, second, other) = (new double[64], new double[64], new double[64]);
        new Sobol(3).Uniforms(4, first);
        new Sobol(3).Uniforms(4, second);
        new Sobol(4).Uniforms(4, other);
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        Assert.Equal(Normal.CDF(0, 1, 0.3), Normal.CDF(0, 1, NormalQuantile.Of(Normal.CDF(0, 1, 0.3))), 1e-15);
    }
}
