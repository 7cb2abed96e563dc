using System.Diagnostics;

namespace TpCompiler.Symbolics;

/// <summary>How fast |φ(x)| can grow as |x| → ∞.</summary>
public enum GrowthKind
{
    /// <summary>At most a constant times 1 + |x|^degree; degree 0 is bounded. What the Master Theorem asks for (arXiv 2009.10685).</summary>
    Polynomial,

    /// <summary>At most exp(c|x|): Gaussian moments are finite, but the theorem for training does not cover it.</summary>
    Exponential,

    /// <summary>Faster than any exp(c|x|): Gaussian moments may be infinite.</summary>
    Faster,

    /// <summary>Unbounded at a finite point (1/x, log x), or not defined on all reals (√x).</summary>
    Singular,
}

/// <summary>An upper bound on the growth of a function of the chosen variables.</summary>
/// <param name="Kind">The class.</param>
/// <param name="Degree">The degree when polynomial, else 0.</param>
public readonly record struct Growth(GrowthKind Kind, Rational Degree)
{
    public static readonly Growth Bounded = new(GrowthKind.Polynomial, 0);

    public static readonly Growth Linear = new(GrowthKind.Polynomial, 1);

    public static readonly Growth Exponential = new(GrowthKind.Exponential, 0);

    public static readonly Growth Faster = new(GrowthKind.Faster, 0);

    public static readonly Growth Singular = new(GrowthKind.Singular, 0);

    public bool IsBounded => Kind == GrowthKind.Polynomial && Degree.IsZero;

    public bool IsPolynomial => Kind == GrowthKind.Polynomial;

    public static Growth Polynomial(Rational degree) => new(GrowthKind.Polynomial, degree);

    /// <summary>A bound on the growth of <paramref name="expr"/> in one variable, the others held fixed.</summary>
    public static Growth Of(Expr expr, Expr.Reference variable) => Of(expr, reference => reference == variable);

    /// <summary>
    /// A bound on the growth of <paramref name="expr"/> in the references that satisfy <paramref name="varies"/> (the vectors of a Nonlin), the others
    /// (scalars, which converge to numbers) held fixed. It is an upper bound: cancellation is not seen.
    /// </summary>
    public static Growth Of(Expr expr, Func<Expr.Reference, bool> varies) => expr switch
    {
        Expr.Constant or Expr.Pi or Expr.WidthPower or Expr.IndexValue => Bounded,
        Expr.Reference r => varies(r) ? Linear : Bounded,
        Expr.Add a => a.Terms.Select(term => Of(term, varies)).Aggregate(Max),
        Expr.Multiply m => OfProduct(m, varies),
        Expr.Power p => OfPower(p, varies),
        Expr.Call c => OfCall(c, varies),
        Expr.Sum s => Of(s.Body, varies),
        Expr.Expectation => Bounded,
        _ => throw new UnreachableException(),
    };

    public static Growth Max(Growth x, Growth y) => x.Kind != y.Kind
        ? (x.Kind > y.Kind ? x : y)
        : x with { Degree = Rational.Max(x.Degree, y.Degree) };

    /// <summary>The growth of a product.</summary>
    public static Growth Times(Growth x, Growth y) => x.Kind == GrowthKind.Polynomial && y.Kind == GrowthKind.Polynomial
        ? Polynomial(x.Degree + y.Degree)
        : Max(x with { Degree = 0 }, y with { Degree = 0 });

    /// <summary>The growth of outer(inner(x)).</summary>
    public static Growth Compose(Growth outer, Growth inner) => (outer.Kind, inner.Kind) switch
    {
        (_, GrowthKind.Singular) or (GrowthKind.Singular, _) => inner.IsBounded && outer.Kind != GrowthKind.Singular ? Bounded : Singular,
        (GrowthKind.Polynomial, _) when outer.Degree.IsZero => Bounded,
        (GrowthKind.Polynomial, GrowthKind.Polynomial) => Polynomial(outer.Degree * inner.Degree),
        (GrowthKind.Polynomial, _) => inner,
        (GrowthKind.Exponential, GrowthKind.Polynomial) => inner.Degree.IsZero ? Bounded : inner.Degree <= Rational.One ? Exponential : Faster,
        _ => inner.IsBounded ? Bounded : Faster,
    };

    private static Growth OfProduct(Expr.Multiply product, Func<Expr.Reference, bool> varies)
    {
        var growth = product.Factors.Select(factor => Of(factor, varies)).Aggregate(Times);

        // A factor exp(-x²) beats every polynomial and every exp(c|x|).
        return !growth.IsBounded && growth.Kind != GrowthKind.Singular && product.Factors.Any(Decays) && growth.Kind != GrowthKind.Faster
            ? Bounded
            : growth;

        bool Decays(Expr factor) => factor is Expr.Call { Arguments: [var argument] } call
            && ((call.Function == "gaussian" && argument is Expr.Reference r && varies(r))
                || (call.Function == "exp" && call.Derivative == 0 && IsNegativeSquare(argument)));

        bool IsNegativeSquare(Expr argument)
        {
            var (coefficient, rest) = Expr.SplitCoefficient(argument);
            return coefficient.Sign < 0
                && rest is Expr.Power { Base: Expr.Reference r, Exponent: { IsInteger: true } e } && e.Numerator.IsEven && e.Sign > 0 && varies(r)
                && product.References().Where(varies).All(other => other == r);
        }
    }

    private static Growth OfPower(Expr.Power power, Func<Expr.Reference, bool> varies)
    {
        var basis = Of(power.Base, varies);
        if (!power.Base.References().Any(varies))
        {
            return Bounded;
        }

        if (power.Exponent.Sign < 0)
        {
            // 1/(a + something not negative) is bounded when a > 0.
            return Sign.IsPositive(power.Base) ? Bounded : Singular;
        }

        return !power.Exponent.IsInteger && !Sign.IsNonNegative(power.Base)
            ? Singular
            : basis.Kind == GrowthKind.Polynomial ? Polynomial(basis.Degree * power.Exponent) : basis;
    }

    private static Growth OfCall(Expr.Call call, Func<Expr.Reference, bool> varies)
    {
        var inner = call.Arguments.Select(argument => Of(argument, varies)).Aggregate(Max);
        if (!call.Arguments.Any(argument => argument.References().Any(varies)))
        {
            return Bounded;
        }

        if (call.Derivative > 0)
        {
            return Of(Nonlinearities.Expand(call), varies);
        }

        var row = Nonlinearities.Get(call.Function);
        return call.Arguments switch
        {
            // exp of something bounded above.
            [var argument] when row.Growth == Exponential && Sign.IsNonNegative(-argument) => Bounded,
            [var argument] when row.Domain == Domain.Positive && Sign.IsPositive(argument) => inner.Kind == GrowthKind.Polynomial && inner.Degree > Rational.One ? Linear : inner,
            _ => Compose(row.Growth, inner),
        };
    }
}
