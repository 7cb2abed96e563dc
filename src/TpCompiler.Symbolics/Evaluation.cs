using System.Diagnostics;

namespace TpCompiler.Symbolics;

/// <summary>Expressions as functions of double precision numbers: for tests, quadrature and closed forms, not for arrays.</summary>
public static class Evaluation
{
    /// <summary>A function of the one variable that occurs in <paramref name="expr"/>: no arrays between, for the inner loops of quadrature.</summary>
    /// <exception cref="ArgumentException">The expression holds something other than the variable.</exception>
    public static Func<double, double> Compile(Expr expr, Expr.Reference variable)
    {
        switch (expr)
        {
            case Expr.Reference when expr == variable:
                return x => x;
            case Expr.Call { Arguments: [var only] } call:
                var function = Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative);
                var argument = Compile(only, variable);
                return only == variable ? function : x => function(argument(x));
            case Expr.Power power:
                var basis = Compile(power.Base, variable);
                var real = RealPower(power.Exponent);
                return power.Exponent == 2 ? x => Square(basis(x)) : x => real(basis(x));
            case Expr.Add add:
                return add.Terms.Select(term => Compile(term, variable)).Aggregate((f, g) => x => f(x) + g(x));
            case Expr.Multiply multiply:
                return multiply.Factors.Select(factor => Compile(factor, variable)).Aggregate((f, g) => x => f(x) * g(x));
            default:
                var value = Compile(expr, [])([]);
                return _ => value;
        }

        static double Square(double y) => y * y;
    }

    /// <summary>A function of the variables, in their order. Sums, lookups, widths and expectations are not evaluated here.</summary>
    /// <exception cref="ArgumentException">The expression holds something other than the variables.</exception>
    public static Func<double[], double> Compile(Expr expr, IReadOnlyList<Expr.Reference> variables)
    {
        switch (expr)
        {
            case Expr.Constant constant:
                var value = constant.Value.ToDouble();
                return _ => value;
            case Expr.Pi:
                return _ => Math.PI;
            case Expr.Reference reference:
                var position = variables.TakeWhile(variable => variable != reference).Count();
                return position < variables.Count ? x => x[position] : throw new ArgumentException($"{reference.Name} has no value.", nameof(expr));
            case Expr.Add add:
                var terms = add.Terms.Select(term => Compile(term, variables)).ToArray();
                return x =>
                {
                    var sum = 0.0;
                    foreach (var term in terms)
                    {
                        sum += term(x);
                    }

                    return sum;
                };
            case Expr.Multiply multiply:
                var factors = multiply.Factors.Select(factor => Compile(factor, variables)).ToArray();
                return x =>
                {
                    var product = 1.0;
                    foreach (var factor in factors)
                    {
                        product *= factor(x);
                    }

                    return product;
                };
            case Expr.Power power:
                var basis = Compile(power.Base, variables);
                var real = RealPower(power.Exponent);
                return x => real(basis(x));
            case Expr.Call { Arguments: [var only] } call:
                var argument = Compile(only, variables);
                var function = Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative);
                return x => function(argument(x));
            case Expr.WidthPower or Expr.IndexValue or Expr.Sum or Expr.Expectation or Expr.Call:
                throw new ArgumentException($"{expr.GetType().Name} has no value here.", nameof(expr));
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>The value of an expression without references.</summary>
    public static double ToDouble(this Expr expr) => Compile(expr, [])([]);

    /// <summary>x ↦ x^exponent on the reals: roots of negative numbers are NaN.</summary>
    public static Func<double, double> RealPower(Rational exponent)
    {
        if (exponent == Rational.Half)
        {
            return Math.Sqrt;
        }

        if (exponent == -Rational.Half)
        {
            return x => 1 / Math.Sqrt(x);
        }

        if (exponent.IsInteger && exponent.Abs <= 1024)
        {
            var n = (int)exponent.Abs.Numerator;
            return exponent.Sign > 0 ? x => Integer(x, n) : x => 1 / Integer(x, n);
        }

        var e = exponent.ToDouble();
        return x => Math.Pow(x, e);

        static double Integer(double x, int n)
        {
            var result = 1.0;
            for (; n > 0; n >>= 1, x *= x)
            {
                result *= (n & 1) != 0 ? x : 1;
            }

            return result;
        }
    }
}
