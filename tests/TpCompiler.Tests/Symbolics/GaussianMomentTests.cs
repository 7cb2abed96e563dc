using CsCheck;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Symbolics;

public class GaussianMomentTests
{
    private static readonly Expr.Reference X = new("x", []);

    private static readonly Expr.Reference P = new("p", []);

    private static readonly Expr.Reference Q = new("q", []);

    private static readonly Expr.Reference R = new("r", []);

    /// <summary>Functions of the whole real line: every name of the table, at its own parameters and at others, and compositions.</summary>
    internal static readonly string[] All = [
        .. NonlinearityCases.OnTheWholeLine.Select(function => ExprPrinter.Print(function)),
        "x^3 - 2 * x", "1 - x + 2 * x^4", "relu(x)^2 - x", "2 * erf(3 * x) + 1/2", "3 * sin(2 * x + 1) - cos(x)", "x * sin(x)", "x^2 * gaussian(x - 1/2)", "exp(1/2 * x) * cos(2 * x) - 1",
        "x^2 * erf(x) - normal_cdf(2 * x)", "gelu(x) + gaussian(x)", "leaky_relu(x, 1/10)", "leaky_relu(-2 * x, 1/10) + x^2", "gelu(1/2 * x)", "3 * erf(2 * x)", "relu(-x)", "step(x) * x^2 - abs(x)",
        "x * tanh(x)", "relu(x - 1/3)"];

    private static readonly (double P, double Q, double R)[] Covariances = [(1.0, 1.0, 0.5), (0.7, 2.0, -0.9), (1.3, 0.4, 0.7211), (0.5, 0.5, 0.0), (0.8, 0.8, 0.8), (0.9, 0.9, -0.9)];

    public static TheoryData<string> Functions => [.. All];

    public static TheoryData<string> WithClosedForm => [.. All.Where(text => ClosedForms.Pair(Read(text), Read(text), X, P, Q, R) is not null)];

    private static Expr Read(string text) => ExprReader.Read(text).Expr!;

    private static NumericMoment Pair(string text, double p, double q, double r, int derivative = 0) => GaussianMoments.Pair(Read(text), X, p, q, r, derivative);

    [Theory]
    [InlineData("step(x)", 0.3333333333333333)]
    [InlineData("relu(x)", 0.3044988905221147)]
    [InlineData("relu(x)^2", 0.7067483357831720)]
    [InlineData("leaky_relu(x, 1/10)", 0.2966441013229129)]
    [InlineData("abs(x)", 0.7179955620884587)]
    [InlineData("erf(x)", 0.2163468959387855)]
    [InlineData("gelu(x)", 0.2272949150219915)]
    [InlineData("sin(x)", 0.1917002497821018)]
    [InlineData("cos(x)", 0.4148304099305316)]
    [InlineData("exp(x)", 4.481689070338065)]
    [InlineData("gaussian(x)", 0.3535533905932738)]
    [InlineData("tanh(x)", 0.1863244132034481)]
    [InlineData("sigmoid(x)", 0.2714283256317053)]
    [InlineData("silu(x)", 0.1831696630881595)]
    [InlineData("softplus(x)", 0.7800781652069435)]
    [InlineData("elu(x, 1)", 0.3247836489567624)]
    [InlineData("x^2", 1.5)]
    [InlineData("x^3", 5.25)]
    [InlineData("x^4", 28.5)]
    public void The_moment_at_correlation_one_half_has_its_known_value(string function, double expected)
    {
        var moment = Pair(function, 1, 1, 0.5);
        Assert.Equal(expected, moment.Value, 1e-12 * Math.Max(1, expected));
        Assert.InRange(moment.Error, 0, 1e-12 * Math.Max(1, expected));
    }

    [Theory]
    [InlineData("erf(x)", 0.4501581580785530)]
    [InlineData("gelu(x)", 0.3422672424594431)]
    [InlineData("tanh(x)", 0.3847470284410389)]
    public void The_moment_of_the_derivative_has_its_known_value(string function, double expected) =>
        Assert.Equal(expected, Pair(function, 1, 1, 0.5, derivative: 1).Value, 1e-12);

    [Theory]
    [InlineData("x^2", "3/2")]
    [InlineData("x^3", "21/4")]
    [InlineData("x^4", "57/2")]
    [InlineData("x^2 - 1", "1/2")]
    public void Moments_of_polynomials_are_exact_rationals(string function, string expected) =>
        Assert.Equal(new Expr.Constant(Rational.Parse(expected)!.Value), ClosedForms.Pair(Read(function), Read(function), X, 1, 1, Rational.Half));

    [Fact]
    public void Everything_in_the_literature_of_closed_kernels_has_one_here_for_the_function_and_its_derivative()
    {
        string[] closed = ["relu", "leaky_relu", "abs", "ab_relu", "relu_power", "pow", "identity", "hermite", "sign", "step", "erf", "normal_cdf", "sigmoid_like", "gelu", "sin", "cos", "exp", "gaussian", "rbf", "gabor"];
        foreach (var function in NonlinearityCases.Of(closed).Where(function => Growth.Of(function, X).Kind != GrowthKind.Singular))
        {
            var prime = Derivative.Of(function, X);
            Assert.NotNull(ClosedForms.Pair(function, function, X, P, Q, R));
            Assert.NotNull(ClosedForms.Pair(prime, prime, X, P, Q, R));
        }
    }

    /// <summary>The row's form is the paper's; the derivation knows only Stein's lemma.</summary>
    [Theory]
    [InlineData("erf(x)")]
    [InlineData("normal_cdf(x)")]
    [InlineData("gelu(x)")]
    [InlineData("sin(x)")]
    [InlineData("cos(x)")]
    [InlineData("exp(x)")]
    [InlineData("gaussian(x)")]
    public void The_form_of_the_row_is_the_derived_one(string function)
    {
        foreach (var phi in new[] { Read(function), Derivative.Of(Read(function), X) })
        {
            var derived = new GaussianTermMoments(new(P, Q, R, null)).Pair(GaussianTerm.Sum(phi, X)!, GaussianTerm.Sum(phi, X)!)!;
            foreach (var (p, q, r) in Covariances)
            {
                Assert.Equal(Evaluation.Compile(ClosedForms.Pair(phi, phi, X, P, Q, R)!, [P, Q, R])([p, q, r]), Evaluation.Compile(derived, [P, Q, R])([p, q, r]), 1e-14);
            }
        }
    }

    [Fact]
    public void The_radial_kernel_is_that_of_its_name() => Assert.Equal(
        "exp(4 * r - 2 * p - 2 * q)", ExprPrinter.Print(ClosedForms.Pair(Read("2^(1/2) * sin(2 * x + 1/4 * pi)"), Read("2^(1/2) * sin(2 * x + 1/4 * pi)"), X, P, Q, R)!));

    /// <summary>E He_k(u) He_k(v) = k! r^k at variance 1.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(12)]
    [InlineData(30)]
    [InlineData(64)]
    public void Hermite_polynomials_of_any_degree_keep_their_digits(int degree)
    {
        var phi = Nonlinearities.Apply("hermite", [X], [degree])!;
        var factorial = Enumerable.Range(1, degree).Aggregate(1.0, (product, k) => product * k);
        foreach (var r in new[] { 1, 0.9, -0.5 })
        {
            var moment = GaussianMoments.Pair(phi, X, 1, 1, r);
            var expected = factorial * Math.Pow(r, degree);
            Assert.Equal(expected, moment.Value, 1e-12 * Math.Abs(expected));
            Assert.InRange(Math.Abs(moment.Value - expected), 0, moment.Error);
        }
    }

    [Theory]
    [InlineData("sin(x)", 1e4)]
    [InlineData("rbf(x)", 3e5)]
    public void What_cancels_in_an_exponent_is_in_the_bound(string function, double variance)
    {
        // At correlation 1 − δ the wave of the difference is left: ½ exp(−δ · variance), times ω².
        var phi = function == "sin(x)" ? Read(function) : Nonlinearities.Apply("rbf", [X], [1])!;
        var (scale, rate) = function == "sin(x)" ? (0.5, 1.0) : (1.0, 2.0);
        var covariance = variance - 0.6171875;
        var moment = GaussianMoments.Pair(phi, X, variance, variance, covariance);
        var expected = scale * Math.Exp(-rate * 0.6171875);
        Assert.InRange(Math.Abs(moment.Value - expected), 0, moment.Error);
        Assert.InRange(moment.Error, 0, 1e-8);
    }

    [Fact]
    public void The_arc_cosine_kernel_prints_as_in_the_papers() =>
        Assert.Equal(
            "r (π − θ) / (2 π) + sin(θ) √(p q) / (2 π)",
            ExprPrinter.Print(ClosedForms.Pair(Read("relu(x)"), Read("relu(x)"), X, P, Q, R, angle: Expr.Of("θ"))!, ExprStyle.Unicode));

    [Theory]
    [MemberData(nameof(WithClosedForm))]
    public void The_closed_form_equals_quadrature(string function)
    {
        foreach (var derivative in new[] { 0, 1 })
        {
            var phi = Read(function);
            phi = derivative == 0 ? phi : Derivative.Of(phi, X);
            var closed = new GaussianMoments(phi, phi, X);
            var integrated = new GaussianMoments(phi, phi, X, useClosedForm: false);
            foreach (var (p, q, r) in Covariances)
            {
                var (a, b) = (closed.At(p, q, r), integrated.At(p, q, r));
                Assert.Equal(MomentTier.Quadrature, b.Tier);
                Assert.Equal(b.Value, a.Value, 1e-12 * (1 + Math.Abs(b.Value)));
                Assert.True(Math.Abs(a.Value - b.Value) <= a.Error + b.Error, $"{function} at {(p, q, r)}: {a.Value} and {b.Value} differ by more than {a.Error} + {b.Error}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void The_derivative_by_the_covariance_is_the_moment_of_the_derivatives(string function)
    {
        // Price's theorem. A jump's derivative has a delta, which is not in the table.
        var phi = Read(function);
        if (phi.DescendantsAndSelf().OfType<Expr.Call>().Any(call => call.Function is "step" or "sign"))
        {
            return;
        }

        var moments = new GaussianMoments(phi, phi, X, tolerance: 1e-11);
        var prime = Derivative.Of(phi, X);
        var expected = new GaussianMoments(prime, prime, X).At(0.9, 1.2, 0.4).Value;
        double Central(double h) => (moments.At(0.9, 1.2, 0.4 + h).Value - moments.At(0.9, 1.2, 0.4 - h).Value) / (2 * h);
        const double H = 4e-3;
        var difference = ((16 * ((4 * Central(H)) - Central(2 * H)) / 3) - (((4 * Central(2 * H)) - Central(4 * H)) / 3)) / 15;
        Assert.Equal(expected, difference, 1e-8 * (1 + Math.Abs(expected)));
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Degenerate_covariances_have_their_meaning(string function)
    {
        var phi = Read(function);
        var value = Evaluation.Compile(phi, X);
        var moments = new GaussianMoments(phi, phi, X);
        Assert.Equal(value(0) * value(0), moments.At(0, 0, 0).Value, 1e-15);
        Assert.Equal(value(0) * GaussianMoments.Mean(phi, X, 2).Value, moments.At(0, 2, 0).Value, 1e-12);

        // Correlation 1 is the second moment, by an integral in one dimension; a float beyond is no different, nor is a float below, to what a float decides there.
        var kinks = Kinks.Of(phi, X);
        var second = Quadrature.Line(x => value(x) * value(x), kinks, 1e-13, 2).Value;
        Assert.Equal(second, moments.At(1, 1, 1).Value, 1e-11 * (1 + second));
        Assert.Equal(second, moments.At(1, 1, 1 + 1e-15).Value, 1e-11 * (1 + second));
        var jump = phi.DescendantsAndSelf().OfType<Expr.Call>().Any(call => call.Function is "step" or "sign");
        Assert.Equal(second, moments.At(1, 1, 1 - 1e-15).Value, jump ? 1e-7 : 1e-11 * (1 + second));
        var opposite = Quadrature.Line(x => value(x) * value(-x), [.. kinks, .. kinks.Select(kink => -kink)], 1e-13, 2).Value;
        Assert.Equal(opposite, moments.At(1, 1, -1).Value, 1e-11 * (1 + second));
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void The_kernel_of_five_inputs_is_positive_semidefinite(string function)
    {
        var phi = Read(function);
        var moments = new GaussianMoments(phi, phi, X, tolerance: 1e-9);
        Gen.Int[-16, 16].Select(i => i / 16.0).Array[10].Sample(
            entries =>
            {
                var kernel = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(5, 5, (i, j) =>
                {
                    double Dot(int a, int b) => (entries[2 * a] * entries[2 * b]) + (entries[(2 * a) + 1] * entries[(2 * b) + 1]);
                    return moments.At(Dot(i, i), Dot(j, j), Dot(i, j)).Value;
                });
                var eigenvalues = (0.5 * (kernel + kernel.Transpose())).Evd(MathNet.Numerics.LinearAlgebra.Symmetricity.Symmetric).EigenValues;
                Assert.True(eigenvalues.Min(value => value.Real) > -2e-8 * (1 + eigenvalues.Max(value => value.Real)));
            },
            iter: 2,
            threads: 1);
    }

    /// <summary>z = Aᵀφ(Ax), x ~ N(0, 1): E z² = E φ² + (E φ′)².</summary>
    [Theory]
    [InlineData("relu(x)", 0.75)]
    [InlineData("x^3", 24)]
    [InlineData("tanh(x)", 0.761173654760252)]
    public void One_matrix_and_its_transpose(string function, double expected)
    {
        var mean = GaussianMoments.Mean(Derivative.Of(Read(function), X), X, 1).Value;
        Assert.Equal(expected, Pair(function, 1, 1, 1).Value + (mean * mean), 1e-12 * expected);
    }
}
