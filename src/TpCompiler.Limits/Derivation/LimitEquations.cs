using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Derivation;

/// <summary>The equations of a limit, in the order in which they are evaluated.</summary>
public sealed record LimitEquations(string Name, ValueList<EquationSection> Sections);

/// <summary>Equations that belong together, under a title such as <c>at step t</c>.</summary>
public sealed record EquationSection(string Title, ValueList<Equation> Equations);

/// <summary>left = right, or left ~ N(0, right). References are named by <see cref="LimitSymbol"/>.</summary>
/// <param name="Left">What is defined.</param>
/// <param name="Relation">How.</param>
/// <param name="Right">The value; the variance for a Gaussian law.</param>
/// <param name="Note">What a reader should know: <c>the weight W2 as it starts</c>.</param>
public sealed record Equation(Expr Left, Relation Relation, Expr Right, string? Note = null)
{
    /// <summary>Of the kernel's equations: the covariance K[b,b'] of the numbers u and v on b and b' in the expectations on the right; null where they have none.</summary>
    public Expr.Reference? Law { get; init; }
}

/// <summary>What an equation says.</summary>
public enum Relation
{
    Equal,

    /// <summary>Left is Gaussian with mean 0 and variance right, independent over its indices and of all other initial values.</summary>
    GaussianLaw,
}

/// <summary>Kinds of symbols in limit equations.</summary>
public enum SymbolKind
{
    /// <summary>Z^v, the random variable of a vector's coordinate.</summary>
    Z,

    /// <summary>Ẑ^{Wx}, the Gaussian part of Z^{Wx}.</summary>
    Zhat,

    /// <summary>Ż^{Wx}, the part that W's transpose caused.</summary>
    Zdot,

    /// <summary>∂Z^v / ∂Ẑ^{Wy}.</summary>
    PartialDerivative,

    /// <summary>Cov(Ẑ^{Wx}, Ẑ^{Wy}).</summary>
    Covariance,

    /// <summary>A deterministic scalar: a moment's limit, data, a coefficient.</summary>
    Scalar,
}

/// <summary>
/// The name of a reference in an equation, read and written: <c>Z:h1</c>, <c>Zhat:W2*x1</c>, <c>Zresponse:W2'*dh2</c>, <c>d:x1/W2'*dh2</c>, <c>Cov:W2*x1,W2*x1</c>, <c>f</c>. A name with two
/// subjects carries the indices of the first, then those of the second.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="First">The value, or the product <c>W2*x1</c>.</param>
/// <param name="Second">The second subject of a derivative or covariance.</param>
/// <param name="FirstIndices">How many indices belong to the first subject.</param>
public sealed record LimitSymbol(SymbolKind Kind, string First, string? Second = null, int FirstIndices = 0)
{
    public static Expr Z(string value, IEnumerable<Symbolics.Index> indices) => new Expr.Reference("Z:" + value, indices.ToValueList());

    public static Expr Zhat(string product, IEnumerable<Symbolics.Index> indices) => new Expr.Reference("Zhat:" + product, indices.ToValueList());

    public static Expr Zdot(string product, IEnumerable<Symbolics.Index> indices) => new Expr.Reference("Zresponse:" + product, indices.ToValueList());

    public static Expr Derivative(string value, IReadOnlyList<Symbolics.Index> at, string product, IReadOnlyList<Symbolics.Index> by) =>
        new Expr.Reference(FormattableString.Invariant($"d{at.Count}:{value}/{product}"), [.. at, .. by]);

    public static Expr Covariance(string first, IReadOnlyList<Symbolics.Index> at, string second, IReadOnlyList<Symbolics.Index> by) =>
        new Expr.Reference(FormattableString.Invariant($"Cov{at.Count}:{first},{second}"), [.. at, .. by]);

    /// <summary>Reads a name; anything without a mark is a scalar.</summary>
    public static LimitSymbol Of(string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return new(SymbolKind.Scalar, name);
        }

        var (mark, rest) = (name[..colon], name[(colon + 1)..]);
        return mark switch
        {
            "Z" => new(SymbolKind.Z, rest),
            "Zhat" => new(SymbolKind.Zhat, rest),
            "Zresponse" => new(SymbolKind.Zdot, rest),
            _ when mark.StartsWith("Cov", StringComparison.Ordinal) => Pair(SymbolKind.Covariance, mark[3..], rest.Split(',')),
            _ => Pair(SymbolKind.PartialDerivative, mark[1..], rest.Split('/')),
        };

        static LimitSymbol Pair(SymbolKind kind, string count, string[] subjects) =>
            new(kind, subjects[0], subjects[1], int.Parse(count, System.Globalization.CultureInfo.InvariantCulture));
    }
}
