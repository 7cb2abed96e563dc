namespace TpCompiler.Symbolics;

/// <summary>Between which numbers an expression lies while its references lie between others: interval arithmetic.</summary>
public static class Enclosure
{
    /// <summary>A mean-value form reads a derivative of the derivative at most.</summary>
    private const int Depth = 2;

    /// <summary>The range of an expression; everything where a function in it is neither monotone nor of bounded slope.</summary>
    /// <param name="expr">The expression; sums over indices are the caller's to write out.</param>
    /// <param name="leaf">The range of a reference, and of whatever else has no parts: an index as a number, a sum.</param>
    public static Interval Of(Expr expr, Func<Expr, Interval> leaf) => Of(expr, leaf, Depth);

    private static Interval Of(Expr expr, Func<Expr, Interval> leaf, int depth)
    {
        switch (expr)
        {
            case Expr.Constant constant:
                return Interval.At(constant.Value.ToDouble());
            case Expr.Pi:
                return Interval.At(Math.PI);
            case Expr.Add sum:
                return sum.Terms.Aggregate(Interval.At(0), (total, term) => total + Of(term, leaf, depth));
            case Expr.Multiply product:
                return product.Factors.Aggregate(Interval.At(1), (total, factor) => total * Of(factor, leaf, depth));
            case Expr.Power power:
                return Of(power.Base, leaf, depth).Power(power.Exponent);
            case Expr.Call { Arguments: [var argument] } call:
                return OfCall(call, Of(argument, leaf, depth), depth);
            case Expr.Call:
                return Interval.Everything;
            default:
                return leaf(expr);
        }
    }

    /// <summary>φ between its values at the ends where it increases, else φ(middle) ± half the width times sup|φ′|, and never beyond sup|φ|.</summary>
    private static Interval OfCall(Expr.Call call, Interval x, int depth)
    {
        if (call.Derivative > 0)
        {
            var u = new Expr.Reference("u", []);
            return Of(Nonlinearities.Expand(call with { Arguments = [u] }), _ => x, depth);
        }

        var row = Nonlinearities.Get(call.Function);
        var function = row.Function(call.Parameters);
        if (row.IsIncreasing(call.Parameters))
        {
            return new(Or(function(x.Low), double.NegativeInfinity), Or(function(x.High), double.PositiveInfinity));
        }

        var bound = row.Supremum is { } supremum ? new Interval(-supremum, supremum) : Interval.Everything;
        if (depth == 0 || double.IsInfinity(x.Width))
        {
            return bound;
        }

        if (x.Width == 0)
        {
            return Interval.At(function(x.Low));
        }

        var v = new Expr.Reference("u", []);
        var slope = Of(row.Prime(call.Parameters, v), _ => x, depth - 1).Size;
        return Interval.Around(function(x.Middle), 0.5 * x.Width * slope).Meet(bound);

        static double Or(double value, double otherwise) => double.IsNaN(value) ? otherwise : value;
    }
}
