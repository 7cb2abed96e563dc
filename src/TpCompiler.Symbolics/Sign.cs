namespace TpCompiler.Symbolics;

/// <summary>What can be said at once about the sign of an expression, whatever the values of its references. "False" means "not seen".</summary>
public static class Sign
{
    /// <summary>Greater than 0, bounded away from it.</summary>
    public static bool IsPositive(Expr expr) => expr switch
    {
        Expr.Constant c => c.Value.Sign > 0,
        Expr.Pi or Expr.WidthPower => true,
        Expr.Add a => a.Terms.All(IsNonNegative) && a.Terms.Any(IsPositive),
        Expr.Multiply m => m.Factors.All(IsPositive),
        Expr.Power p => IsPositive(p.Base) && (p.Exponent.Sign > 0 || !p.Base.References().Any()),
        Expr.Expectation e => IsPositive(e.Body),
        _ => false,
    };

    /// <summary>At least 0.</summary>
    public static bool IsNonNegative(Expr expr) => expr switch
    {
        Expr.Constant c => c.Value.Sign >= 0,
        Expr.Pi or Expr.WidthPower or Expr.IndexValue => true,
        Expr.Add a => a.Terms.All(IsNonNegative),
        Expr.Multiply m => m.Factors.All(IsNonNegative),
        Expr.Power { Exponent: { IsInteger: true } e } when e.Numerator.IsEven => true,
        Expr.Power p => !p.Exponent.IsInteger || IsNonNegative(p.Base),
        Expr.Call { Derivative: 0 } c => Nonlinearities.Get(c.Function).IsNonNegative,
        Expr.Sum s => IsNonNegative(s.Body),
        Expr.Expectation e => IsNonNegative(e.Body),
        _ => false,
    };
}
