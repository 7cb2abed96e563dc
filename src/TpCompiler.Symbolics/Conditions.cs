namespace TpCompiler.Symbolics;

/// <summary>
/// Factors that are 1 where a relation of indices holds and 0 elsewhere, written in the functions of the table: [i = j] is 1 − sign(i − j)², [i &lt; j] is step(j − i).
/// </summary>
public static class Conditions
{
    /// <summary>[left = right].</summary>
    public static Expr Equal(Index left, Index right)
    {
        var difference = left.AsValue() - right.AsValue();
        return difference is Expr.Constant constant
            ? constant.Value.IsZero ? Expr.One : Expr.Zero
            : 1 - Expr.Pow(Expr.Apply("sign", difference), 2);
    }

    /// <summary>[left &lt; right].</summary>
    public static Expr Less(Index left, Index right)
    {
        var difference = right.AsValue() - left.AsValue();
        return difference is Expr.Constant constant
            ? constant.Value.Sign > 0 ? Expr.One : Expr.Zero
            : Expr.Apply("step", difference);
    }

    /// <summary>The difference of two indices that <paramref name="expr"/> requires to be 0, when it is an <see cref="Equal"/>; otherwise null.</summary>
    public static Expr? EqualDifference(Expr expr) => (1 - expr) is Expr.Power { Base: Expr.Call { Function: "sign", Derivative: 0 } sign } square && square.Exponent == 2
        ? sign.Arguments[0]
        : null;
}
