namespace TpCompiler.Symbolics;

/// <summary>
/// An index variable and the finite axis that it runs over, 0 ≤ name &lt; size of the axis.
/// <paramref name="Below"/> restricts it further to values below another index (Σ_{s&lt;t}).
/// </summary>
/// <param name="Name">The variable, for instance <c>b</c>; two variables over one axis differ in name (<c>b</c>, <c>b'</c>).</param>
/// <param name="Axis">The axis, for instance <c>batch</c>, or the counter of a loop.</param>
/// <param name="Below">The name of an index variable that bounds this one from above, or null.</param>
public sealed record IndexBinder(string Name, string Axis, string? Below = null);

/// <summary>What stands at one axis of a reference: <c>x[b]</c>, <c>x[3]</c>, <c>x[p+1]</c>, <c>U[token[b]]</c>.</summary>
public abstract record Index
{
    private Index()
    {
    }

    /// <summary>The variable of an enclosing binder.</summary>
    public sealed record Variable(string Name) : Index;

    /// <summary>One position, counted from 0.</summary>
    public sealed record Fixed(int Position) : Index;

    /// <summary>A neighbour: the variable plus an offset. Outside the axis the reference reads 0 (zero padding).</summary>
    public sealed record Shifted(string Name, int Offset) : Index;

    /// <summary>A row chosen by data: the value of an integer-valued scalar.</summary>
    public sealed record Lookup(Expr.Reference Row) : Index;

    public static implicit operator Index(string name) => new Variable(name);
}
