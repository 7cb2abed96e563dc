using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Symbolics;

/// <summary>Means of two Gaussians of correlation ±(1 − 10⁻ᵏ), k = 1 … 16, against formulas in the angle and integrals in the sum and the difference.</summary>
public class NearlyEqualTests
{
    private static readonly Expr.Reference X = new("x", []);

    private static Expr Read(string text) => ExprReader.Read(text).Expr!;

    public static TheoryData<string> Smooth => [.. GaussianMomentTests.All.Where(text => Kinks.Of(Read(text), X).Length == 0)];

    private static IEnumerable<(double Complement, double Distance, double Angle)> Correlations => Enumerable.Range(1, 16).Select(k => Math.Pow(10, -k)).Select(d => (d * (2 - d), d, 2 * Math.Asin(Math.Sqrt(d / 2))));

    private static NumericMoment At(Expr phi, double variance, double complement, double distance, int sign = 1) =>
        new GaussianMoments(phi, phi, X).At(new CovariancePair(variance, variance, sign * variance * (1 - distance), complement, 0));

    /// <summary>By the angle θ, and of erf(sx) by that of its tilted Gaussians.</summary>
    [Fact]
    public void Functions_with_jumps_and_steep_ones_are_right_within_their_error()
    {
        foreach (var (complement, distance, angle) in Correlations)
        {
            Holds(0.5 - (angle / (2 * Math.PI)), At(Read("step(x)"), 2, complement, distance));
            Holds(angle / (2 * Math.PI), At(Read("step(x)"), 2, complement, distance, -1));
            Holds(1 - (2 * angle / Math.PI), At(Read("sign(x)"), 0.3, complement, distance));
            Holds((Math.Sin(angle) + ((Math.PI - angle) * Math.Cos(angle))) / (2 * Math.PI), At(Read("relu(x)"), 1, complement, distance));
            foreach (var slope in new[] { 1.0, 1e3, 1e9 })
            {
                var square = slope * slope;
                var expected = 2 / Math.PI * Math.Atan(2 * square * (1 - distance) / Math.Sqrt(1 + (4 * square) + (4 * square * square * complement)));
                Holds(expected, At(Expr.Apply("erf", (Expr)new Rational((long)slope, 1) * X), 1, complement, distance));
            }
        }
    }

    private static void Holds(double expected, NumericMoment moment)
    {
        Assert.InRange(Math.Abs(moment.Value - expected), 0, moment.Error);
        Assert.InRange(moment.Error, 0, 1e-13 * (1 + Math.Abs(expected)));
    }

    [Theory]
    [MemberData(nameof(Smooth))]
    public void Smooth_functions_are_right_within_their_error(string function)
    {
        var phi = Read(function);
        var value = Evaluation.Compile(phi, X);
        foreach (var (complement, distance, _) in Correlations.Where((_, at) => at % 3 == 0))
        {
            // u, v = √((1 + ρ)/2) a ± √((1 − ρ)/2) b: the trapezoidal rule.
            var (along, across) = (Math.Sqrt(1 - (distance / 2)), Math.Sqrt(distance / 2));
            var (sum, size) = (0.0, 0.0);
            for (var i = -224; i <= 224; i++)
            {
                for (var j = -48; j <= 48; j++)
                {
                    var (a, b) = (i / 16.0, j / 4.0);
                    var term = value((along * a) + (across * b)) * value((along * a) - (across * b)) * Math.Exp(-0.5 * ((a * a) + (b * b))) / (2 * Math.PI * 64);
                    (sum, size) = (sum + term, size + Math.Abs(term));
                }
            }

            var moment = At(phi, 1, complement, distance);
            Assert.True(Math.Abs(moment.Value - sum) <= moment.Error + (2e-13 * size), $"{function} at 1 − {distance}: {moment.Value} ± {moment.Error}, not {sum}");
        }
    }

    /// <summary>What 1 − ρ² may be off by is in the error: the root of it, of a step.</summary>
    [Theory]
    [InlineData("step(x)", 0.5)]
    [InlineData("sign(x)", 1)]
    public void What_is_not_known_of_the_angle_is_in_the_error(string function, double atOne)
    {
        foreach (var error in new[] { 1e-16, 1e-12, 1e-7, 1e-3 })
        {
            var moment = new GaussianMoments(Read(function), Read(function), X).At(new CovariancePair(1, 1, 1, 0, error));
            Assert.Equal(atOne, moment.Value);
            Assert.Equal(Math.Asin(Math.Sqrt(error)) * (function == "sign(x)" ? 2 : 0.5) / Math.PI, moment.Error, 1e-2 * moment.Error);
        }
    }

    [Fact]
    public void Coefficients_keep_the_angle()
    {
        for (var k = 1; k <= 16; k++)
        {
            var small = Math.Pow(10, -k);
            var pair = CovariancePair.Of([1, 0], [1, small]);
            Assert.Equal(Math.Atan(small), pair.Angle, 1e-15 * small);
            Assert.Equal(Math.PI - Math.Atan(small), CovariancePair.Of([-1, 0], [1, small]).Angle, 1e-15);
            Assert.InRange(pair.Error, 0, 1e-15 * pair.Complement);
        }

        Assert.Equal(0, CovariancePair.Of([0.1, 0.3, -7], [0.2, 0.6, -14]).Complement);
        Assert.Equal(0, CovariancePair.Of([0.1, 0.3, -7], [0.2, 0.6, -14]).Error);

        // 0.3 and 0.9 are no threefold of 0.1 and 0.3 in binary, and the error says so.
        var decimals = CovariancePair.Of([0.1, 0.3], [0.3, 0.9]);
        Assert.InRange(decimals.Complement, 0, decimals.Error);
        Assert.InRange(decimals.Error, 1e-34, 1e-30);
    }
}
