namespace TpCompiler.Symbolics;

/// <summary>
/// A(x) + B(x)·1[x &gt; 0], A and B polynomials with coefficients that don't depend on x: relu, leaky relu, abs, step, sign, monomials, and what sums, products and powers make of them.
/// </summary>
internal sealed record PiecewisePolynomial(ValueList<Expr> A, ValueList<Expr> B)
{
    private const int MaximalDegree = 64;

    /// <summary>Null when the expression is not one.</summary>
    public static PiecewisePolynomial? Of(Expr expr, Expr.Reference x)
    {
        if (expr == x)
        {
            return new([0, 1], []);
        }

        if (!expr.References().Contains(x))
        {
            return new([expr], []);
        }

        switch (expr)
        {
            case Expr.Add add:
                return Fold(add.Terms, (f, g) => new(Plus(f.A, g.A), Plus(f.B, g.B)));
            case Expr.Multiply multiply:
                return Fold(multiply.Factors, Times);
            case Expr.Power { Exponent: { IsInteger: true, Sign: > 0 } e } power when e <= MaximalDegree && Of(power.Base, x) is { } basis:
                return basis.Degree * e <= MaximalDegree ? Enumerable.Repeat(basis, (int)e.Numerator).Aggregate(Times) : null;
            case Expr.Call { Derivative: > 0 } call:
                return Of(Nonlinearities.Expand(call), x);
            case Expr.Call { Arguments: [var argument] } call when Slope(argument, x) is var (slope, sign):
                var rising = Rectified(call, slope * x);
                return sign > 0 ? rising : Rectified(call, slope * x) is null ? null : Flip(call, slope);
            default:
                return null;
        }

        PiecewisePolynomial? Fold(ValueList<Expr> parts, Func<PiecewisePolynomial, PiecewisePolynomial, PiecewisePolynomial> combine)
        {
            PiecewisePolynomial? result = null;
            foreach (var part in parts)
            {
                if (Of(part, x) is not { } next)
                {
                    return null;
                }

                result = result is null ? next : combine(result, next);
            }

            return result;
        }

        PiecewisePolynomial? Rectified(Expr.Call call, Expr argument) => call.Function switch
        {
            "relu" => new([], [0, Coefficient(argument, x)]),
            "leaky_relu" => new([0, call.Parameters[0] * Coefficient(argument, x)], [0, (1 - call.Parameters[0]) * Coefficient(argument, x)]),
            "abs" => new([0, -Coefficient(argument, x)], [0, 2 * Coefficient(argument, x)]),
            "step" => new([], [1]),
            "sign" => new([-1], [2]),
            _ => null,
        };

        // φ(cx) for c < 0: the two sides exchanged.
        PiecewisePolynomial Flip(Expr.Call call, Expr slope)
        {
            var positive = Rectified(call, -slope * x)!;
            var left = Reflect(positive.A);
            var right = Reflect(Plus(positive.A, positive.B));
            return new(right, Plus(left, right.Select(c => -c).ToValueList()));
        }
    }

    public int Degree => Math.Max(A.Count, B.Count) - 1;

    private static ValueList<Expr> Reflect(ValueList<Expr> polynomial) => polynomial.Select((c, k) => k % 2 == 0 ? c : -c).ToValueList();

    private static Expr Coefficient(Expr linear, Expr.Reference x) => linear / x;

    /// <summary>c and its sign when the expression is c·x with a c of known sign.</summary>
    private static (Expr Slope, int Sign)? Slope(Expr argument, Expr.Reference x)
    {
        var slope = argument / x;
        return slope.References().Contains(x) ? null : Sign.IsPositive(slope) ? (slope, 1) : Sign.IsPositive(-slope) ? (slope, -1) : null;
    }

    private static PiecewisePolynomial Times(PiecewisePolynomial f, PiecewisePolynomial g) =>
        new(Times(f.A, g.A), Plus(Plus(Times(f.A, g.B), Times(f.B, g.A)), Times(f.B, g.B)));

    private static ValueList<Expr> Times(ValueList<Expr> x, ValueList<Expr> y) => x.Count == 0 || y.Count == 0
        ? []
        : Enumerable.Range(0, x.Count + y.Count - 1)
            .Select(k => Expr.SumOf(Enumerable.Range(0, k + 1).Where(i => i < x.Count && k - i < y.Count).Select(i => x[i] * y[k - i])))
            .ToValueList();

    private static ValueList<Expr> Plus(ValueList<Expr> x, ValueList<Expr> y) => Enumerable.Range(0, Math.Max(x.Count, y.Count))
        .Select(k => (k < x.Count ? x[k] : Expr.Zero) + (k < y.Count ? y[k] : Expr.Zero))
        .ToValueList();
}
