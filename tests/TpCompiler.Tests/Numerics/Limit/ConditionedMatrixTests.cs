using TpCompiler.Numerics.Limit;

namespace TpCompiler.Tests.Numerics.Limit;

public class ConditionedMatrixTests
{
    public static TheoryData<string, double> SecondMoments => new()
    {
        { "relu", 0.75 },
        { "cube", 24 },
        { "tanh", 0.761173654760252 },
    };

    [Theory]
    [MemberData(nameof(SecondMoments))]
    public void Transpose_of_a_matrix_sees_what_the_matrix_did(string phi, double secondMoment)
    {
        Func<double, double> apply = phi switch
        {
            "relu" => u => Math.Max(u, 0),
            "cube" => u => u * u * u,
            _ => Math.Tanh,
        };
        var estimates = Enumerable.Range(0, 8).Select(seed =>
        {
            var carrier = new QuasiRandomCarrier(1 << 16, (ulong)seed);
            var space = new CoordinateSpace(0);
            var rows = new CoordinateSpace(1);
            var a = new ConditionedMatrix(carrier, 1, 1, 1, rows, space);
            var x = Fresh(carrier, space);
            var y = Multiply(carrier, a, false, x);
            for (var i = 0; i < y.Length; i++)
            {
                y[i] = apply(y[i]);
            }

            var z = Multiply(carrier, a, true, y);
            return carrier.Expectation(0, z, z);
        }).ToArray();
        var mean = estimates.Average();
        var error = Math.Sqrt(estimates.Sum(e => (e - mean) * (e - mean)) / 7 / 8);
        Assert.InRange(mean, secondMoment - (5 * error), secondMoment + (5 * error));
        Assert.True(error < 2e-3 * secondMoment, $"standard error {error}");
    }

    [Fact]
    public void Words_in_one_matrix_give_the_Catalan_numbers_on_coefficients()
    {
        var carrier = new CoefficientCarrier(16);
        var space = new CoordinateSpace(0);
        var a = new ConditionedMatrix(carrier, 1, 1, 1, new CoordinateSpace(1), space);
        var x = Fresh(carrier, space);
        var z = x;
        foreach (var catalan in new[] { 1, 2, 5, 14, 42 })
        {
            z = Multiply(carrier, a, true, Multiply(carrier, a, false, z));
            Assert.Equal(catalan, carrier.Expectation(0, x, z), 1e-12);
        }
    }

    [Fact]
    public void Rectangular_words_give_the_Marchenko_Pastur_moments()
    {
        // A is n/2 × n with entries N(0, 1/n): (1/n) tr (AᵀA)^k has ratio moments r, r + r², r + 3r² + r³.
        var carrier = new CoefficientCarrier(16);
        var space = new CoordinateSpace(0);
        const double R = 0.5;
        var a = new ConditionedMatrix(carrier, 1, R, 1, new CoordinateSpace(1), space);
        var x = Fresh(carrier, space);
        var z = x;
        foreach (var moment in new[] { R, R + (R * R), R + (3 * R * R) + (R * R * R) })
        {
            z = Multiply(carrier, a, true, Multiply(carrier, a, false, z));
            Assert.Equal(moment, carrier.Expectation(0, x, z), 1e-12);
        }
    }

    [Fact]
    public void A_vector_met_before_in_other_proportions_is_no_new_direction()
    {
        var carrier = new CoefficientCarrier(16);
        var space = new CoordinateSpace(0);
        var a = new ConditionedMatrix(carrier, 1, 1, 1, new CoordinateSpace(1), space);
        var (x, y) = (Fresh(carrier, space), Fresh(carrier, space));
        var wx = Multiply(carrier, a, false, x);
        var wy = Multiply(carrier, a, false, y);
        var mixture = x.Zip(y, (p, q) => (0.3 * p) - (2 * q)).ToArray();
        var wm = Multiply(carrier, a, false, mixture);
        Assert.Equal(2, a.Directions);
        Assert.Equal(wx.Zip(wy, (p, q) => (0.3 * p) - (2 * q)), wm, (p, q) => Math.Abs(p - q) < 1e-15);
    }

    private static double[] Fresh(Carrier carrier, CoordinateSpace space)
    {
        var x = new double[carrier.Length];
        space.FreshGaussian(carrier, x);
        return x;
    }

    private static double[] Multiply(Carrier carrier, ConditionedMatrix matrix, bool transposed, double[] x)
    {
        var y = new double[carrier.Length];
        matrix.MultiplyAdd(transposed, 1, x, y);
        return y;
    }
}
