using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>Between which numbers a coefficient lies while the norm of the gradient lies between two others, by interval arithmetic.</summary>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end.</param>
internal readonly record struct CoefficientRange(double Low, double High)
{
    /// <summary>The largest absolute value.</summary>
    public double Size => Math.Max(Math.Abs(Low), Math.Abs(High));

    /// <summary>How far two of its numbers can be apart.</summary>
    public double Width => High - Low;

    /// <summary>The range of an expression in the norm; everything where a function of it is not known to be monotone.</summary>
    public static CoefficientRange Of(Expr coefficient, CoefficientRange norm) => coefficient switch
    {
        Expr.Constant constant => new(constant.Value.ToDouble(), constant.Value.ToDouble()),
        Expr.Pi => new(Math.PI, Math.PI),
        Expr.Reference => norm,
        Expr.Add sum => sum.Terms.Select(term => Of(term, norm)).Aggregate((x, y) => new(x.Low + y.Low, x.High + y.High)),
        Expr.Multiply product => product.Factors.Select(factor => Of(factor, norm)).Aggregate(Times),
        Expr.Power power => Power(Of(power.Base, norm), power.Exponent.ToDouble()),
        Expr.Call { Function: "relu", Derivative: 0, Arguments: [var x] } when Of(x, norm) is var inner => new(Math.Max(0, inner.Low), Math.Max(0, inner.High)),
        _ => new(double.NegativeInfinity, double.PositiveInfinity),
    };

    private static CoefficientRange Times(CoefficientRange x, CoefficientRange y)
    {
        double[] ends = [x.Low * y.Low, x.Low * y.High, x.High * y.Low, x.High * y.High];

        // 0 · ∞ is 0: the factor that is 0 is so exactly.
        var finite = ends.Select(end => double.IsNaN(end) ? 0 : end).ToList();
        return new(finite.Min(), finite.Max());
    }

    private static CoefficientRange Power(CoefficientRange x, double exponent) =>
        x.Low < 0 ? new(double.NegativeInfinity, double.PositiveInfinity)
        : exponent >= 0 ? new(Math.Pow(x.Low, exponent), Math.Pow(x.High, exponent))
        : new(Math.Pow(x.High, exponent), Math.Pow(x.Low, exponent));
}
