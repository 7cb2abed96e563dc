using System.Diagnostics;
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

    /// <summary>The number of positions on an axis.</summary>
    public sealed record Extent(string Axis) : TensorExpr(ValueList<string>.Empty);

    /// <summary>The positions on an axis, 0, 1, 2, …</summary>
    public sealed record Position(string Index, string Axis) : TensorExpr([Index]);

    /// <summary>A whole value. A dimension may stand there twice, until a <see cref="Contraction"/> takes the diagonal.</summary>
    public sealed record Value(string Name, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>One position on some of the axes of the body; null is the whole axis. Axes behind the last are whole.</summary>
    public sealed record Slice(TensorExpr Body, ValueList<int?> Positions, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>
    /// The rows of the body that whole numbers choose. Either one axis has rows, and they take its place; or all axes up to the last with rows have them, and stand side by side in front.
    /// </summary>
    public sealed record Gather(TensorExpr Body, ValueList<TensorExpr?> Rows, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>The body at position i + offset along a dimension, zero outside of the axis.</summary>
    public sealed record Shift(TensorExpr Body, string Dim, int Offset) : TensorExpr(Body.Dims);

    /// <summary>An array whose first dimension is an axis: at each position of it the sum of the body's entries where the rows, whose dimensions the body begins with, say so.</summary>
    public sealed record Scatter(string Axis, TensorExpr Rows, TensorExpr Body, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>The body, the same along the dimensions that it lacks.</summary>
    /// <param name="Body">The value.</param>
    /// <param name="Shape">The axis or width of each dimension.</param>
    /// <param name="Dims">The dimensions, in order.</param>
    public sealed record Broadcast(TensorExpr Body, ValueList<string> Shape, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>Where a relation of whole numbers holds: true or false at each position.</summary>
    public sealed record Compare(TensorExpr Left, string Relation, TensorExpr Right, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>1 where the body is true, 0 elsewhere.</summary>
    public sealed record Indicator(TensorExpr Body) : TensorExpr(Body.Dims);

    /// <summary>The body's numbers as whole numbers.</summary>
    public sealed record Whole(TensorExpr Body) : TensorExpr(Body.Dims);

    /// <summary>The body as a constant for the backward pass.</summary>
    public sealed record Stopped(TensorExpr Body) : TensorExpr(Body.Dims);

    public sealed record Sum(ValueList<TensorExpr> Terms, ValueList<string> Dims) : TensorExpr(Dims);

    public sealed record Product(ValueList<TensorExpr> Factors, ValueList<string> Dims) : TensorExpr(Dims);

    public sealed record Power(TensorExpr Base, Rational Exponent) : TensorExpr(Base.Dims);

    /// <summary>A function of the table of nonlinearities, entry by entry.</summary>
    public sealed record Apply(string Function, ValueList<Rational> Parameters, TensorExpr Argument) : TensorExpr(Argument.Dims);

    /// <summary>The product of the factors, summed over every dimension that is not in <paramref name="Dims"/>: an einsum. One factor is one whose dimensions change places.</summary>
    public sealed record Contraction(ValueList<TensorExpr> Factors, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>The sum over the dimensions of the body that are not in <paramref name="Dims"/>.</summary>
    public sealed record Total(TensorExpr Body, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>
    /// At each pair of samples, the two dimensions of <paramref name="Covariance"/>, the mean of a function of the Gaussian numbers u and v that have this covariance.
    /// </summary>
    /// <param name="U">The first argument of the function.</param>
    /// <param name="V">The second.</param>
    /// <param name="Body">The function, without dimensions.</param>
    /// <param name="Covariance">The covariances of all samples.</param>
    public sealed record PairMean(string U, string V, TensorExpr Body, TensorExpr Covariance) : TensorExpr(Covariance.Dims);

    /// <summary>A matrix of a limit program times a vector, which has the axes of the matrix first.</summary>
    public sealed record MatrixTimes(string Matrix, bool Transposed, TensorExpr Vector) : TensorExpr(Vector.Dims);

    /// <summary>The matrix Σ u v'/n of a limit program, over the dimensions between the axes of the matrix and the coordinates.</summary>
    /// <param name="Left">u.</param>
    /// <param name="Right">v.</param>
    /// <param name="Axes">How many axes the matrix has.</param>
    /// <param name="Rows">The rows divided by n.</param>
    /// <param name="Columns">The columns divided by n.</param>
    /// <param name="Dims">The dimensions of the matrix.</param>
    public sealed record FactorPairs(TensorExpr Left, TensorExpr Right, int Axes, Rational Rows, Rational Columns, ValueList<string> Dims) : TensorExpr(Dims);

    /// <summary>The direct parts.</summary>
    public IEnumerable<TensorExpr> Children => this switch
    {
        Number or Counter or Extent or Position or Value => [],
        Slice slice => [slice.Body],
        Gather gather => gather.Rows.OfType<TensorExpr>().Prepend(gather.Body),
        Shift shift => [shift.Body],
        Scatter scatter => [scatter.Rows, scatter.Body],
        Broadcast broadcast => [broadcast.Body],
        Compare compare => [compare.Left, compare.Right],
        Indicator indicator => [indicator.Body],
        Whole whole => [whole.Body],
        Stopped stopped => [stopped.Body],
        Sum sum => sum.Terms,
        Product product => product.Factors,
        Power power => [power.Base],
        Apply apply => [apply.Argument],
        Contraction contraction => contraction.Factors,
        Total total => [total.Body],
        PairMean mean => [mean.Body, mean.Covariance],
        MatrixTimes times => [times.Vector],
        FactorPairs factors => [factors.Left, factors.Right],
        _ => throw new UnreachableException(),
    };

    /// <summary>This expression and all parts of it.</summary>
    public IEnumerable<TensorExpr> DescendantsAndSelf() => Children.SelectMany(child => child.DescendantsAndSelf()).Prepend(this);
}
