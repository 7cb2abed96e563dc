namespace TpCompiler.Symbolics;

/// <summary>
/// An exact expression: the body of a Nonlin or Moment, a coefficient, or a derived equation. Leaves refer to values by name;
/// what a reference means (a coordinate of a vector, a scalar, a limit Z) is said by who holds the expression.
/// Build with the static constructors and operators: they keep the normal form (flattened, constants folded, sorted by <see cref="ExprOrder"/>).
/// </summary>
public abstract partial record Expr
{
    private Expr()
    {
    }

    /// <summary>A rational number.</summary>
    public sealed record Constant(Rational Value) : Expr;

    /// <summary>The number π.</summary>
    public sealed record Pi : Expr;

    /// <summary>A power of a width: n^e. It has no place in limit equations.</summary>
    public sealed record WidthPower(string Width, Rational Exponent) : Expr;

    /// <summary>A value of the program at given indices, one for each of its axes. For a vector: its coordinate α.</summary>
    public sealed record Reference(string Name, ValueList<Index> Indices) : Expr;

    /// <summary>An index as a number (0-based), for instance the step of a loop in a learning-rate schedule.</summary>
    public sealed record IndexValue(string Index) : Expr;

    /// <summary>A sum of at least two terms.</summary>
    public sealed record Add(ValueList<Expr> Terms) : Expr;

    /// <summary>A product of at least two factors; a constant, if any, comes first.</summary>
    public sealed record Multiply(ValueList<Expr> Factors) : Expr;

    /// <summary>A base to a rational power other than 0 and 1; ½ is the non-negative root.</summary>
    public sealed record Power(Expr Base, Rational Exponent) : Expr;

    /// <summary>
    /// φ^(k)(arguments): the k-th derivative of a function in the table of nonlinearities. k &gt; 0 only for one argument.
    /// Build with <see cref="Nonlinearities.CallOf"/>, which keeps the normal form.
    /// </summary>
    /// <param name="Function">Its name in the table.</param>
    /// <param name="Derivative">k, 0 for the function itself.</param>
    /// <param name="Parameters">Fixed numbers that select a member of a family: the slope of <c>leaky_relu(1/10)</c>.</param>
    /// <param name="Arguments">The arguments.</param>
    public sealed record Call(string Function, int Derivative, ValueList<Rational> Parameters, ValueList<Expr> Arguments) : Expr;

    /// <summary>Σ over a finite axis, or over past times.</summary>
    public sealed record Sum(IndexBinder Index, Expr Body) : Expr;

    /// <summary>E[body], over all the random variables that it mentions. Only in limit equations.</summary>
    public sealed record Expectation(Expr Body) : Expr;
}
