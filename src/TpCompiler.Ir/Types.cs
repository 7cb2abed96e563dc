using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>A dimension that goes to infinity. All widths of a program grow together: this one is <paramref name="Ratio"/> times the first.</summary>
public sealed record Width(string Name, Rational Ratio);

/// <summary>A finite dimension: batch, input coordinate, sequence position, head, class. Its size may be unknown until data is bound.</summary>
public sealed record Axis(string Name, int? Size);

/// <summary>What a value is: over 0 widths a scalar θ, over one a vector, over two a matrix (rows, then columns).</summary>
public enum ValueKind
{
    Scalar,
    Vector,
    Matrix,
}

/// <summary>
/// The left-hand side of an instruction: a name that no other instruction of the program defines, the index variables of its finite axes,
/// and its widths. <c>h[b,p] : vector n</c> is a batch × positions array of vectors.
/// </summary>
public sealed record Definition(string Name, ValueList<IndexBinder> Indices, ValueList<string> Widths)
{
    public ValueKind Kind => (ValueKind)Widths.Count;

    /// <summary>A reference to this value at its own index variables.</summary>
    public Expr.Reference AsReference() => new(Name, Indices.Select(binder => (Symbolics.Index)binder.Name).ToValueList());
}
