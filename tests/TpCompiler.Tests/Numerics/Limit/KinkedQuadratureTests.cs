using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>
/// Nets with kinks by quadrature, against integrals of the test's own. With functions that are homogeneous of degree 1 and no biases everything in one hidden layer is homogeneous in (U, V), so a mean of something of
/// degree 2 is an integral over the angle alone: E g(U, V) = (1/π) ∫ g(cos θ, sin θ) dθ.
/// </summary>
public class KinkedQuadratureTests
{
    [Fact]
    public void Relu_reaches_its_first_step_in_closed_form()
    {
        const double E = 0.5;
        var expected = ((E * ((Math.PI / 2) + Math.Atan(1 / E))) + (E * E / 2)) / Math.PI;
        AssertWithinBound(expected, Evaluate(LimitPrograms.Perceptron(1, "relu", Rational.Half, 2), 1e-8), 1, 1e-8);
    }

    [Theory]
    [InlineData("relu", 0)]
    [InlineData("leaky_relu", 0.2)]
    [InlineData("abs", -1)]
    public void One_hidden_layer_trains_along_an_integral_over_the_angle(string phi, double slope)
    {
        const double Rate = 0.5;
        double F(int steps, double[] chi) => AdaptiveSimpson(
            angle =>
            {
                var (u, v) = (Math.Cos(angle), Math.Sin(angle));
                for (var t = 0; t < steps; t++)
                {
                    (u, v) = (u - (Rate * chi[t] * v * (u > 0 ? 1 : slope)), v - (Rate * chi[t] * (u > 0 ? u : slope * u)));
                }

                return v * (u > 0 ? u : slope * u) / Math.PI;
            },
            -1.0,
            (2 * Math.PI) - 1,
            1e-11);
        var chi = new double[3];
        for (var t = 0; t < chi.Length; t++)
        {
            chi[t] = F(t, chi) - 1;
        }

        Expr Phi(Expr h) => phi == "leaky_relu" ? new Expr.Call("leaky_relu", 0, [new Rational(1, 5)], [h]) : Expr.Apply(phi, h);
        Expr Prime(Expr h) => phi == "leaky_relu" ? new Expr.Call("leaky_relu", 1, [new Rational(1, 5)], [h]) : new Expr.Call(phi, 1, [], [h]);
        var result = Evaluate(LimitPrograms.Perceptron(1, Phi, Prime, Rational.Half, 3), 1e-8);
        AssertWithinBound(chi[1] + 1, result, 1, 1e-8);
        AssertWithinBound(chi[2] + 1, result, 2, 1e-8);
    }

    [Fact]
    public void Two_hidden_relu_layers_need_both_Zdots_and_reach_their_first_step()
    {
        // f₀ = 0, χ = −1. x = relu(U), E x² = 1/2, h = √½ ξ, dh = −V 1[ξ > 0], dx = √½ ζ (its Ż vanishes: E V δ(ξ) = 0), U₁ = U − ½ √½ ζ 1[U > 0].
        var half = Math.Sqrt(0.5);
        double U1(double u, double z) => u - (u > 0 ? 0.5 * half * z : 0);
        double Angle(Func<double, double, double> g) => AdaptiveSimpson(angle => g(Math.Cos(angle), Math.Sin(angle)), -1.0, (2 * Math.PI) - 1, 1e-12);
        var overlap = Angle((u, z) => Math.Max(u, 0) * Math.Max(U1(u, z), 0)) / Math.PI;
        var square = Angle((u, z) => Math.Max(U1(u, z), 0) * Math.Max(U1(u, z), 0)) / Math.PI;
        var zdot = -0.5 * Angle((u, z) => u > 0 && U1(u, z) > 0 ? 1 : 0) / (2 * Math.PI);

        // W₁ x₁ = (overlap/√½) ξ + rest ξ′ + dh (zdot − ½ overlap); the mean over ξ′ is known.
        var along = overlap / half;
        var rest = Math.Sqrt(square - (along * along));
        double Inner(double x, double v)
        {
            var m = (along * x) + (x > 0 ? -v * (zdot - (0.5 * overlap)) : 0);
            var density = Math.Exp(-0.5 * (m / rest) * (m / rest)) / Math.Sqrt(2 * Math.PI);
            var positive = (m * SpecialFunctions.NormalCdf(m / rest)) + (rest * density);
            return (v + (0.5 * half * Math.Max(x, 0))) * positive * Math.Exp(-0.5 * ((x * x) + (v * v))) / (2 * Math.PI);
        }

        const double Reach = 8;
        const int Panels = 400;
        double OverV(double x) => Simpson(v => Inner(x, v), -Reach, Reach, Panels);
        var expected = Simpson(OverV, 1e-300, Reach, Panels) + Simpson(OverV, -Reach, 0, Panels);

        AssertWithinBound(expected, Evaluate(LimitPrograms.Perceptron(2, "relu", Rational.Half, 2), 1e-4), 1, 1e-4);
    }

    [Fact]
    public void A_jump_inside_and_a_shifted_kink_are_found()
    {
        // φ = relu(h − 1/2) + step(h + 1): not homogeneous, two kinks. f₁ = E V₁ φ(U₁), by nested integration over V between its kinks.
        Expr Phi(Expr h) => Expr.Apply("relu", h - Rational.Half) + Expr.Apply("step", h + 1);
        Expr Prime(Expr h) => Expr.Apply("step", h - Rational.Half);
        double OfNumber(double h) => Math.Max(h - 0.5, 0) + (h > -1 ? 1 : 0);
        var expected = new[] { (-9.0, -1.0), (-1.0, 0.5), (0.5, 9.0) }.Sum(cell => Simpson(
            u =>
            {
                // U₁ = U + ½ V 1[U > ½]: it passes the kinks at V = 2(½ − U) and V = 2(−1 − U).
                double[] kinks = u > 0.5 ? [-9, 2 * (-1 - u), 2 * (0.5 - u), 9] : [-9, 9];
                var inner = 0.0;
                for (var i = 0; i + 1 < kinks.Length; i++)
                {
                    var (left, right) = (Math.Max(-9, kinks[i]), Math.Max(-9, kinks[i + 1]));
                    inner += left < right ? Simpson(v => G(u, v), left + 1e-13, right - 1e-13, 300) : 0;
                }

                return inner;
            },
            cell.Item1 + 1e-13,
            cell.Item2 - 1e-13,
            600));
        double G(double u, double v) => (v + (0.5 * OfNumber(u))) * OfNumber(u + (u > 0.5 ? 0.5 * v : 0)) * Math.Exp(-0.5 * ((u * u) + (v * v))) / (2 * Math.PI);

        AssertWithinBound(expected, Evaluate(LimitPrograms.Perceptron(1, Phi, Prime, Rational.Half, 2), 1e-7), 1, 1e-7, rounding: 1e-8);
    }

    [Fact]
    public void More_kinked_dimensions_than_grids_can_have_are_left_to_points()
    {
        var result = LimitEvaluator.Evaluate(LimitPrograms.Perceptron(2, "relu", Rational.Half, 3), new Ones(), new LimitSettings { Tolerance = 1e-3 });
        Assert.Equal(LimitEvaluator.QuasiRandom, result.Tier);
    }

    private static LimitResult Evaluate(TpCompiler.Ir.Program program, double tolerance)
    {
        var result = LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings { Tolerance = tolerance, SmallGridGoal = tolerance });
        Assert.Equal(LimitEvaluator.Quadrature, result.Tier);
        Assert.Equal(LimitShortfall.None, result.Shortfall);
        return result;
    }

    private static void AssertWithinBound(double expected, LimitResult result, int t, double precision, double rounding = 1e-10)
    {
        var estimate = result.Records[t].Values[0];
        Assert.Equal(ErrorKind.Bound, estimate.Kind);
        Assert.InRange(estimate.Error, 0, precision);
        Assert.InRange(estimate.Value, expected - estimate.Error - rounding, expected + estimate.Error + rounding);
    }

    private static double Simpson(Func<double, double> f, double a, double b, int panels)
    {
        var h = (b - a) / panels;
        return Enumerable.Range(0, panels + 1).Sum(i => (i == 0 || i == panels ? 1 : i % 2 == 1 ? 4 : 2) * f(a + (i * h))) * h / 3;
    }

    private static double AdaptiveSimpson(Func<double, double> f, double a, double b, double tolerance)
    {
        return Enumerable.Range(0, 64).Sum(i => Part(a + ((b - a) * i / 64), a + ((b - a) * (i + 1) / 64), tolerance / 64, 40));

        double Part(double left, double right, double allowed, int depth)
        {
            var middle = 0.5 * (left + right);
            var (whole, halves) = (Simpson(f, left, right, 2), Simpson(f, left, middle, 2) + Simpson(f, middle, right, 2));
            return depth == 0 || Math.Abs(halves - whole) <= 15 * allowed ? halves + ((halves - whole) / 15) : Part(left, middle, allowed / 2, depth - 1) + Part(middle, right, allowed / 2, depth - 1);
        }
    }
}
