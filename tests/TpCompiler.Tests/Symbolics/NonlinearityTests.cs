using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Symbolics;

public class NonlinearityTests
{
    private static readonly Expr.Reference X = new("x", []);

    /// <summary>Every row at its default parameters, one with others, and every abbreviation of one argument.</summary>
    public static TheoryData<string> Unary =>
        [.. Nonlinearities.Names.Where(name => Nonlinearities.Signature(name)!.Value.Arguments == 1)];

    private static Expr Apply(string name) => Nonlinearities.Apply(name, [X], [])!;

    private static IEnumerable<double> Points(string name) => Nonlinearities.Find(name)?.Domain switch
    {
        Domain.UnitInterval => [-0.5, -0.3, 0.2, 0.4],
        Domain.Positive => [0.7, 1.3, 3.1],
        _ => name is "sqrt" ? [0.7, 1.3, 3.1] : [-7.3, -2.1, -0.6, -0.01, 0.02, 0.5, 1.7, 4.9],
    };

    [Theory]
    [MemberData(nameof(Unary))]
    public void The_derivative_equals_a_finite_difference_up_to_the_third(string name)
    {
        var expr = Apply(name);
        for (var order = 1; order <= 3; order++)
        {
            var value = Evaluation.Compile(expr, X);
            var named = Derivative.Of(expr, X);
            var prime = Evaluation.Compile(named, X);
            var expanded = Evaluation.Compile(Nonlinearities.ExpandAll(named), X);
            foreach (var x in Points(name))
            {
                // Richardson's extrapolation of the central difference: error h⁴.
                const double H = 1e-3;
                double Central(double h) => (value(x + h) - value(x - h)) / (2 * h);
                var difference = ((4 * Central(H)) - Central(2 * H)) / 3;
                Assert.Equal(difference, prime(x), (2e-8 * (1 + Math.Abs(difference))) + (1e-11 / H));
                Assert.Equal(expanded(x), prime(x), 1e-13 * (1 + Math.Abs(prime(x))));
            }

            expr = named;
        }
    }

    /// <summary>Every function and its first two derivatives: on intervals around a point each value lies in the enclosure, and the enclosure shrinks with the interval.</summary>
    [Theory]
    [MemberData(nameof(Unary))]
    public void Enclosures_hold_what_the_function_takes_and_shrink(string name)
    {
        var expr = Apply(name);
        for (var order = 0; order <= 2; order++)
        {
            var value = Evaluation.Compile(expr, X);
            foreach (var x in Points(name))
            {
                foreach (var radius in (double[])[0.1, 1e-3])
                {
                    var range = Enclosure.Of(expr, _ => Interval.Around(x, radius));
                    for (var k = -20; k <= 20; k++)
                    {
                        var there = value(x + (radius * k / 20.0));
                        if (!double.IsNaN(there))
                        {
                            Assert.InRange(there, range.Low - 1e-12, range.High + 1e-12);
                        }
                    }
                }

                // A jump of the function is its own width.
                var narrow = Enclosure.Of(expr, _ => Interval.Around(x, 1e-9));
                Assert.True(narrow.Width < 1e-5 * (1 + Math.Abs(value(x))), $"{expr} at {x}: {narrow}");
            }

            expr = Derivative.Of(expr, X);
        }
    }

    [Theory]
    [MemberData(nameof(Unary))]
    public void The_row_says_parity_sign_and_value_at_zero_truly(string name)
    {
        if (Nonlinearities.Find(name) is not { } row)
        {
            return;
        }

        var value = Evaluation.Compile(Apply(name), X);
        if (row.AtZero is { } atZero)
        {
            Assert.Equal(atZero.ToDouble(), value(0), 1e-16);
        }

        foreach (var x in Points(name))
        {
            Assert.True(!row.IsNonNegative || value(x) >= 0);
            var even = Math.Abs(value(x) - value(-x)) < 1e-15;
            var odd = Math.Abs(value(x) + value(-x)) < 1e-15;
            Assert.True(row.Parity switch { ParityKind.Even => even, ParityKind.Odd => odd, _ => true });
        }

        if (row.OneSided is { } oneSided)
        {
            var defaults = row.Defaults;
            var right = Evaluation.Compile(oneSided(defaults, 1, X), [X]);
            var left = Evaluation.Compile(oneSided(defaults, -1, X), [X]);
            Assert.Equal(value(0.3), right([0.3]), 1e-15);
            Assert.Equal(value(-0.3), left([-0.3]), 1e-15);
        }
    }

    [Theory]
    [MemberData(nameof(Unary))]
    public void The_function_stays_below_its_growth(string name)
    {
        var expr = Apply(name);
        var growth = Growth.Of(expr, X);
        var value = Evaluation.Compile(expr, X);
        if (!growth.IsPolynomial)
        {
            return;
        }

        var degree = growth.Degree.ToDouble();
        foreach (var x in new[] { -1e3, -30, -3, 3, 30, 1e3 })
        {
            Assert.InRange(Math.Abs(value(x)), 0, 20 * Math.Pow(1 + Math.Abs(x), degree));
        }
    }

    [Fact]
    public void Growth_of_user_written_functions()
    {
        Assert.Equal(Growth.Bounded, Of(Expr.Pow(1 + Expr.Apply("exp", -X), -1)));
        Assert.Equal(Growth.Polynomial(3), Of((X * X * Expr.Apply("tanh", X) * X) + 1));
        Assert.Equal(Growth.Exponential, Of(Expr.Apply("exp", 3 * X)));
        Assert.Equal(Growth.Faster, Of(Expr.Apply("exp", X * X)));
        Assert.Equal(Growth.Bounded, Of(Expr.Apply("exp", -Expr.Pow(X, 2))));
        Assert.Equal(Growth.Singular, Of(Expr.Pow(X, -1)));
        Assert.Equal(Growth.Singular, Of(Expr.Pow(X, Rational.Half)));
        Assert.Equal(Growth.Linear, Of(Expr.Pow(1 + (X * X), Rational.Half)));
        Assert.Equal(Growth.Bounded, Of(Expr.Pow(1 + (X * X), -1)));
        Assert.Equal(Growth.Linear, Of(Expr.Of("s") * X * Expr.Pow(Expr.Of("s"), -1) * Expr.Apply("exp", Expr.Of("s"))));

        static Growth Of(Expr expr) => Growth.Of(expr, X);
    }

    [Fact]
    public void Names_and_parameters_outside_the_table_are_refused()
    {
        Assert.Null(Nonlinearities.Apply("rlu", [X], []));
        Assert.Null(Nonlinearities.Apply("relu", [X, X], []));
        Assert.Null(Nonlinearities.Apply("relu", [X], [1]));
        Assert.Null(Nonlinearities.Apply("hermite", [X], [Rational.Half]));
        Assert.Equal(Expr.Pow(X, 3) - (3 * X), Nonlinearities.Apply("hermite", [X], [3]));
    }
}
