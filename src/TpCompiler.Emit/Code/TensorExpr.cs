using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Code;

/// <summary>An array-valued expression. Its dimensions are named: an index variable, or a side of a width (<see cref="Row"/>, <see cref="Column"/>).</summary>
/// <param name="Dims">The dimensions, in order.</param>
public abstract record TensorExpr(ValueList<string> Dims)
{
    /// <summary>The coordinates of a vector, or the rows of a matrix. No index variable is called so.</summary>
    public const string Row = "~row";

    /// <summary>The columns of a matrix, and the coordinates of the vector that it multiplies.</summary>
    public const string Column = "~column";

    /// <summary>A number: rationals, π and powers of widths.</summary>
    public sealed record Number(Expr Exact) : TensorExpr(ValueList<string>.Empty);

    /// <summary>The counter of a loop.</summary>
    public sealed record Counter(string Name) : TensorExpr(ValueList<string>.Empty);

    /// <summary>A whole value.</summary>
    public sealed record Value(string Name, ValueList<string> Dims) : TensorExpr(Dims);

    public sealed record Sum(ValueList<TensorExpr> Terms, ValueList<string> Dims) : TensorExpr(Dims);

    public sealed record Product(ValueList<TensorExpr> Factors, ValueList<string> Dims) : TensorExpr(Dims);

    public sealed record Power(TensorExpr Base, Rational Exponent) : TensorExpr(Base.Dims);

    /// <summary>A function of the table of nonlinearities, entry by entry.</summary>
    public sealed record Apply(string Function, ValueList<Rational> Parameters, TensorExpr Argument) : TensorExpr(Argument.Dims);

    /// <summary>The product of the factors, summed over every dimension that is not in <paramref name="Dims"/>: an einsum. One factor is one whose dimensions change places.</summary>
    public sealed record Contraction(ValueList<TensorExpr> Factors, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>The sum over the dimensions of the body that are not in <paramref name="Dims"/>.</summary>
    public sealed record Total(TensorExpr Body, ValueList<string> Dims) : TensorExpr(Dims);
}
