using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>A dimension of a shape: a width, or an axis; the size 1 is neither.</summary>
internal sealed record Dimension(string? Width, string? Axis)
{
    public bool IsWide => Width is not null;

    public override string ToString() => Width ?? Axis ?? "1";
}

/// <summary>What an expression means.</summary>
internal abstract record Meaning;

/// <summary>What has no meaning, and has been reported.</summary>
internal sealed record Broken : Meaning;

/// <summary>A scalar, or a coordinate of a vector over <paramref name="Width"/>, at the index variables of its axes.</summary>
/// <param name="Expr">The expression.</param>
/// <param name="Width">null for scalars.</param>
/// <param name="Indices">The free index variables, batch first.</param>
/// <param name="Size">An upper bound on the number of nodes: hostile programs grow exponentially when functions are inlined.</param>
/// <param name="Depth">An upper bound on the depth, which every later stage recurses on.</param>
/// <param name="HasProduct">Whether a product with a weight stands in it that has no name of its own yet.</param>
internal sealed record Value(Expr Expr, string? Width, ValueList<IndexBinder> Indices, int Size = 1, int Depth = 1, bool HasProduct = false) : Meaning
{
    public static Value Constant(Rational value) => new(value, null, []);

    public Rational? Rational => Expr is Expr.Constant c && Width is null ? c.Value : null;

    public string Kind => Width is { } width ? $"a vector over `{width}`" : "a scalar";
}

/// <summary>A matrix of any shape, as it is used: perhaps transposed.</summary>
internal sealed record Matrix(string Name, Dimension Rows, Dimension Columns, Rational A, bool Transposed) : Meaning
{
    public Dimension OuterRows => Transposed ? Columns : Rows;

    public Dimension OuterColumns => Transposed ? Rows : Columns;
}

/// <summary>Streams side by side, <c>concat(x, y)</c>: one vector whose coordinates are those of its parts, one after the other.</summary>
internal sealed record Concatenation(ValueList<Value> Parts) : Meaning
{
    /// <summary>What each part is over: a width, or an axis of an input.</summary>
    public IEnumerable<string> Sides => Parts.Select(part => part.Width ?? part.Indices.LastOrDefault(binder => binder.Axis != Block.BatchAxis)?.Axis ?? "1");
}

/// <summary>A matrix in blocks, <c>[n, n + m]</c> or <c>[n + m, n]</c>: each is a weight of its own.</summary>
/// <param name="Name">The name that they were declared with.</param>
/// <param name="Parts">The blocks, in order.</param>
/// <param name="AreRows">Whether they stand one below the other.</param>
internal sealed record Blocks(string Name, ValueList<Matrix> Parts, bool AreRows) : Meaning
{
    public override string ToString() => AreRows
        ? $"[{string.Join(" + ", Parts.Select(part => part.OuterRows))}, {Parts[0].OuterColumns}]"
        : $"[{Parts[0].OuterRows}, {string.Join(" + ", Parts.Select(part => part.OuterColumns))}]";
}

/// <summary>A weight declared in blocks: the names of these, and how they stand.</summary>
internal sealed record WeightBlocks(string Name, ValueList<string> Parts, bool AreRows);

/// <summary>One value for each of some weights: the weights themselves, gradients, what a step makes of them.</summary>
/// <param name="Name">Its name in the step.</param>
/// <param name="Weights">The weights that it has values for.</param>
/// <param name="Axes">The axes that the values have beyond those of the weights: one set for each task.</param>
/// <param name="IsNamed">Whether it can be differentiated by: weights, and what is made of them by a line of its own.</param>
internal sealed record WeightSet(string Name, ValueList<string> Weights, ValueList<IndexBinder> Axes, bool IsNamed) : Meaning;

/// <summary>A trained weight before its parametrization: its dimensions say its role.</summary>
internal sealed record WeightShape(string Name, ValueList<Dimension> Dimensions, Diagnostics.Span Span)
{
    public ParameterRole Role => Dimensions switch
    {
        [{ IsWide: true }, { IsWide: true }] => ParameterRole.Hidden,
        [{ IsWide: true }, ..] => ParameterRole.Input,
        [_, { IsWide: true }] => ParameterRole.Output,
        _ => ParameterRole.Scalar,
    };
}

/// <summary>The exponents and σ² of a weight.</summary>
internal sealed record Scales(Rational A, Rational B, Rational C, Rational Variance);
