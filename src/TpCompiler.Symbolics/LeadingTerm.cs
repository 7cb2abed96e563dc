using System.Diagnostics;

namespace TpCompiler.Symbolics;

/// <summary>
/// The part of an expression that dominates when each reference v stands for ε^w v̂ and ε → 0 from above, with v̂ of size 1. A width n counts as 1/ε, times its ratio.
/// It is the rule "for a vanishing input its first non-vanishing Taylor term decides", for any expression.
/// </summary>
/// <param name="Order">The exponent: the expression is ε^Order · (Coefficient + o(1)).</param>
/// <param name="Coefficient">A function of the v̂, written with the same references.</param>
public sealed record LeadingTerm(Rational Order, Expr Coefficient)
{
    private const int MaximalTerms = 12;

    /// <summary>φ's first non-vanishing term at 0 in one variable: (1, x) for tanh, (1, relu(x)) for relu, (2, −½x²) for cos(x) − 1.</summary>
    public static LeadingTerm? AtZero(Expr expr, Expr.Reference variable) =>
        Of(expr, reference => reference == variable ? Rational.One : Rational.Zero, _ => Rational.One);

    /// <summary>The leading term; null when it is beyond what is known of the functions (sin of something that blows up) or everything that was tried cancels.</summary>
    /// <param name="expr">The expression.</param>
    /// <param name="weight">w for each reference: positive for what vanishes, negative for what blows up.</param>
    /// <param name="ratio">Each width as a multiple of the first.</param>
    public static LeadingTerm? Of(Expr expr, Func<Expr.Reference, Rational> weight, Func<string, Rational> ratio)
    {
        var series = new Expansion(weight, ratio);
        try
        {
            return series.Leading(expr);
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Series in ε: exact for all orders below the cutoff that was asked for.</summary>
    private sealed class Expansion(Func<Expr.Reference, Rational> weight, Func<string, Rational> ratio)
    {
        public LeadingTerm? Leading(Expr expr)
        {
            var lower = Lower(expr);
            foreach (var further in (Rational[])[new(1, 16), 1, 2, 3, 4, 6, 8])
            {
                var terms = Expand(expr, lower + further);
                if (terms.Count > 0)
                {
                    return terms[0];
                }
            }

            return null;
        }

        private LeadingTerm Required(Expr expr) => Leading(expr) ?? throw new NotSupportedException();

        /// <summary>A bound: no term has a smaller order.</summary>
        private Rational Lower(Expr expr) => expr switch
        {
            Expr.Constant or Expr.Pi or Expr.IndexValue => 0,
            Expr.WidthPower w => -w.Exponent,
            Expr.Reference r => weight(r),
            Expr.Add a => a.Terms.Select(Lower).Aggregate(Rational.Min),
            Expr.Multiply m => m.Factors.Select(Lower).Aggregate((x, y) => x + y),
            Expr.Power { Exponent: { IsInteger: true, Sign: > 0 } e } p => e * Lower(p.Base),
            Expr.Power p => p.Exponent * Required(p.Base).Order,
            Expr.Call { Arguments: [var argument] } c => Lower(argument) is var u && u.Sign >= 0 ? 0 : Nonlinearities.DegreeOf(c) is { } degree ? degree * u : Lower(AtInfinity(c)),
            Expr.Sum s => Lower(s.Body),
            Expr.Expectation e => Lower(e.Body),
            _ => throw new NotSupportedException(),
        };

        private IReadOnlyList<LeadingTerm> Expand(Expr expr, Rational cutoff)
        {
            switch (expr)
            {
                case Expr.Constant or Expr.Pi or Expr.IndexValue:
                    return Single(0, expr, cutoff);
                case Expr.WidthPower w:
                    return Single(-w.Exponent, Expr.Pow(ratio(w.Width), w.Exponent), cutoff);
                case Expr.Reference r:
                    return Single(weight(r), r, cutoff);
                case Expr.Add a:
                    return Collect(a.Terms.SelectMany(term => Expand(term, cutoff)), cutoff);
                case Expr.Multiply m:
                    return Product(m.Factors, cutoff);
                case Expr.Power { Exponent: { IsInteger: true, Sign: > 0 } e } p when e <= 64:
                    return Product(Enumerable.Repeat(p.Base, (int)e.Numerator).ToList(), cutoff);
                case Expr.Power p:
                    return Power(p, cutoff);
                case Expr.Call { Arguments: [var argument] } c:
                    return Call(c, argument, cutoff);
                case Expr.Sum s:
                    return Collect(Expand(s.Body, cutoff).Select(term => new LeadingTerm(term.Order, Expr.SumOver(s.Index, term.Coefficient))), cutoff);
                case Expr.Expectation e:
                    return Collect(Expand(e.Body, cutoff).Select(term => new LeadingTerm(term.Order, Expr.Mean(term.Coefficient))), cutoff);
                default:
                    throw new UnreachableException();
            }
        }

        private IReadOnlyList<LeadingTerm> Product(IReadOnlyList<Expr> factors, Rational cutoff)
        {
            var lower = factors.Select(Lower).ToList();
            var total = lower.Aggregate((x, y) => x + y);
            var product = Single(0, Expr.One, 1);
            var known = Rational.Zero;
            for (var i = 0; i < factors.Count; i++)
            {
                known += lower[i];
                product = Multiply(product, Expand(factors[i], cutoff - total + lower[i]), cutoff - total + known);
            }

            return product;
        }

        /// <summary>(l ε^k (1 + δ))^e = l^e ε^(ke) Σ_j binomial(e, j) δ^j.</summary>
        private IReadOnlyList<LeadingTerm> Power(Expr.Power power, Rational cutoff)
        {
            var leading = Required(power.Base);
            var order = leading.Order * power.Exponent;
            var relative = cutoff - order;
            var tail = Collect(Expand(power.Base, leading.Order + relative).Skip(1)
                .Select(term => new LeadingTerm(term.Order - leading.Order, term.Coefficient / leading.Coefficient)), relative);
            var binomial = Rational.One;
            var sum = Compose(tail, relative, j =>
            {
                binomial = j == 0 ? Rational.One : binomial * (power.Exponent - (j - 1)) / j;
                return binomial;
            });
            var front = Expr.Pow(leading.Coefficient, power.Exponent);
            return Collect(sum.Select(term => new LeadingTerm(term.Order + order, front * term.Coefficient)), cutoff);
        }

        private IReadOnlyList<LeadingTerm> Call(Expr.Call call, Expr argument, Rational cutoff)
        {
            if (Lower(argument).Sign < 0 && Required(argument).Order.Sign < 0)
            {
                return Nonlinearities.DegreeOf(call) is null ? Expand(AtInfinity(call), cutoff) : Around(call, Required(argument), argument, cutoff);
            }

            var u = Expand(argument, Rational.Max(cutoff, new Rational(1, 16)));
            if (At(u, Rational.Zero) is { } constant)
            {
                return Around(call, new LeadingTerm(0, constant), argument, cutoff);
            }

            var row = Nonlinearities.Get(call.Function);
            if (row.AtZero is null)
            {
                throw new NotSupportedException();
            }

            if (row.OneSided is null)
            {
                var factorial = Rational.One;
                return Compose(u, cutoff, j =>
                {
                    factorial *= j == 0 ? 1 : j;
                    return (1 / factorial) * Nonlinearities.DerivativeAtZero(call with { Derivative = call.Derivative + j });
                });
            }

            return Nonlinearities.DegreeOf(call) is null ? BothSides(call, row, argument, u, cutoff)
                : Leading(argument) is { } leading ? Around(call, leading, argument, cutoff)
                : throw new NotSupportedException();
        }

        /// <summary>φ(l ε^k + rest) = Σ_j φ^(j)(l ε^k) rest^j / j!, for k = 0 or φ homogeneous, where φ^(j)(l ε^k) = ε^(k(degree − j)) φ^(j)(l).</summary>
        private IReadOnlyList<LeadingTerm> Around(Expr.Call call, LeadingTerm leading, Expr argument, Rational cutoff)
        {
            var degree = Nonlinearities.DegreeOf(call) ?? 0;
            var k = leading.Order;
            var rest = Collect(Expand(argument, k + cutoff - (k * degree)).Where(term => term.Order != k)
                .Select(term => new LeadingTerm(term.Order - k, term.Coefficient)), cutoff - (k * degree));
            var factorial = Rational.One;
            var sum = Compose(rest, cutoff - (k * degree), j =>
            {
                factorial *= j == 0 ? 1 : j;
                return (1 / factorial) * Nonlinearities.CallOf(call.Function, call.Derivative + j, call.Parameters, leading.Coefficient);
            });
            return Collect(sum.Select(term => new LeadingTerm(term.Order + (k * degree), term.Coefficient)), cutoff);
        }

        /// <summary>A kink at 0: one expansion on each side, chosen by the sign of the leading term.</summary>
        private IReadOnlyList<LeadingTerm> BothSides(Expr.Call call, Nonlinearity row, Expr argument, IReadOnlyList<LeadingTerm> u, Rational cutoff)
        {
            if (u.Count == 0)
            {
                return Single(0, row.AtZero!, cutoff);
            }

            var step = new Expr.Call("step", 0, [], [u[0].Coefficient]);
            var x = new Expr.Reference("x", []);
            var sides = new[] { 1, -1 }.Select(side =>
            {
                var smooth = row.OneSided!(call.Parameters, side, x);
                for (var k = 0; k < call.Derivative; k++)
                {
                    smooth = Derivative.Of(smooth, x);
                }

                return Expand(smooth.SubstituteReferences(reference => reference == x ? argument : reference), cutoff);
            }).ToList();
            return Collect(
                sides[0].Concat(sides[1].Where(term => At(sides[0], term.Order) is null)).Select(term =>
                {
                    var (right, left) = (At(sides[0], term.Order) ?? Expr.Zero, At(sides[1], term.Order) ?? Expr.Zero);
                    return new LeadingTerm(term.Order, right == left ? right : (step * right) + ((1 - step) * left));
                }),
                cutoff);
        }

        /// <summary>The coefficient of an order; null when the series has none.</summary>
        private static Expr? At(IReadOnlyList<LeadingTerm> series, Rational order) => series.FirstOrDefault(term => term.Order == order)?.Coefficient;

        /// <summary>Σ_j coefficient(j) δ^j up to the cutoff; δ has positive orders only.</summary>
        private static IReadOnlyList<LeadingTerm> Compose(IReadOnlyList<LeadingTerm> delta, Rational cutoff, Func<int, Expr> coefficient)
        {
            var sum = Single(0, coefficient(0), cutoff);
            if (delta.Count == 0)
            {
                return sum;
            }

            var power = Single(0, Expr.One, cutoff);
            for (var j = 1; delta[0].Order * j < cutoff; j++)
            {
                if (j > MaximalTerms)
                {
                    throw new NotSupportedException();
                }

                power = Multiply(power, delta, cutoff);
                var c = coefficient(j);
                sum = Collect(sum.Concat(power.Select(term => new LeadingTerm(term.Order, c * term.Coefficient))), cutoff);
            }

            return sum;
        }

        private static IReadOnlyList<LeadingTerm> Multiply(IReadOnlyList<LeadingTerm> x, IReadOnlyList<LeadingTerm> y, Rational cutoff) =>
            Collect(x.SelectMany(a => y.Select(b => new LeadingTerm(a.Order + b.Order, a.Coefficient * b.Coefficient))), cutoff);

        private static IReadOnlyList<LeadingTerm> Single(Rational order, Expr coefficient, Rational cutoff) =>
            Collect([new LeadingTerm(order, coefficient)], cutoff);

        /// <summary>A series: the terms below the cutoff by order, one an order, none 0.</summary>
        private static IReadOnlyList<LeadingTerm> Collect(IEnumerable<LeadingTerm> terms, Rational cutoff)
        {
            var sorted = terms.Where(term => term.Order < cutoff).ToList();
            sorted.Sort((x, y) => x.Order.CompareTo(y.Order));
            var collected = new List<LeadingTerm>();
            for (int start = 0, end; start < sorted.Count; start = end)
            {
                for (end = start + 1; end < sorted.Count && sorted[end].Order == sorted[start].Order;)
                {
                    end++;
                }

                if (Expr.SumOf(sorted[start..end].Select(term => term.Coefficient)) is { IsZero: false } sum)
                {
                    collected.Add(new(sorted[start].Order, sum));
                }
            }

            return collected;
        }

        private static Expr AtInfinity(Expr.Call call) => call.Derivative == 0 && Nonlinearities.Get(call.Function).AtInfinity is { } limit
            ? limit(call.Parameters, call.Arguments[0])
            : throw new NotSupportedException();
    }
}
