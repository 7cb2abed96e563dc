using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>Expressions that change the shape of arrays: choices, sums and products over dimensions.</summary>
internal sealed partial class PythonExpressions
{
    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private string WriteGather(TensorExpr.Gather gather)
    {
        ValueList<string> dims = [.. gather.Dims.Where(gather.Rows.OfType<TensorExpr>().SelectMany(row => row.Dims).Contains)];
        bool alone = gather.Rows.Count(row => row is not null) == 1;
        IEnumerable<string> rows = gather.Rows.Select(row => row is null ? ":" : alone ? Write(row).Text : Aligned(row, dims).Text);
        return Wrap(Write(gather.Body), Level.Atom) + "[" + string.Join(", ", rows) + "]";
    }

    private string WriteBroadcast(TensorExpr.Broadcast broadcast)
    {
        List<string> sizes = [.. broadcast.Shape.Select((axis, place) => broadcast.Dims[place] == TensorExpr.Column && broadcast.Dims.Contains(TensorExpr.Row) ? name(axis) : size(axis))];
        string shape = sizes.Count == 1 ? sizes[0] : "(" + string.Join(", ", sizes) + ")";
        if (broadcast.Body.Dims.Count == 0)
        {
            return string.Format(CultureInfo.InvariantCulture, broadcast.Body is TensorExpr.Number or TensorExpr.Extent ? library.Filled : library.Spread, Write(broadcast.Body).Text, shape);
        }

        return string.Format(CultureInfo.InvariantCulture, library.Spread, Wrap(Aligned(broadcast.Body, broadcast.Dims), Level.Atom), shape);
    }

    private string WriteCompare(TensorExpr.Compare compare) =>
        $"{Wrap(Aligned(compare.Left, compare.Dims), Level.Sum)} {compare.Relation} {Wrap(Aligned(compare.Right, compare.Dims), Level.Sum)}";

    private string WriteTotal(TensorExpr.Total total)
    {
        List<int> axes = [.. total.Body.Dims.Select((dim, at) => (dim, at)).Where(entry => !total.Dims.Contains(entry.dim)).Select(entry => entry.at)];
        string over = axes.Count == total.Body.Dims.Count ? string.Empty
            : $", {library.Axis}={(axes.Count == 1 ? Number(axes[0]) : "(" + string.Join(", ", axes) + ")")}";
        string sum = $"{library.Module}.sum({Write(total.Body).Text}{over})";
        return Collected((sum, Level.Atom), total.Body.Dims, total.Dims).Text;
    }

    /// <summary>A matrix product where it is one, else an einsum.</summary>
    private (string Text, Level Level) WriteContraction(TensorExpr.Contraction contraction)
    {
        ValueList<string> summed = [.. contraction.Factors.SelectMany(factor => factor.Dims)];
        if (contraction.Factors is [var left, var right] && (MatrixProduct(left, right, contraction.Dims) ?? MatrixProduct(right, left, contraction.Dims)) is { } product)
        {
            return Collected((product, Level.Product), summed, contraction.Dims);
        }

        if (contraction.Factors is [{ Dims.Count: 2 } turned] && turned.Dims[0] == contraction.Dims[^1] && turned.Dims[0] != turned.Dims[1])
        {
            return (Wrap(Write(turned), Level.Atom) + ".T", Level.Atom);
        }

        if (contraction.Factors is [{ Dims.Count: 2 } square] && square.Dims[0] == square.Dims[1] && contraction.Dims.Count == 1)
        {
            return (Wrap(Write(square), Level.Atom) + ".diagonal()", Level.Atom);
        }

        Dictionary<string, char> letters = [];
        foreach (string dim in contraction.Factors.SelectMany(factor => factor.Dims))
        {
            if (!letters.ContainsKey(dim))
            {
                IEnumerable<char> wanted = dim == TensorExpr.Row ? "n" : dim == TensorExpr.Column ? "m" : dim.Where(char.IsAsciiLetterLower);
                letters[dim] = wanted.Concat("abcdefghijklmnopqrstuvwxyz").First(letter => !letters.ContainsValue(letter));
            }
        }

        string subscripts = string.Join(",", contraction.Factors.Select(factor => string.Concat(factor.Dims.Select(dim => letters[dim]))))
            + "->" + string.Concat(contraction.Dims.Select(dim => letters[dim]));
        string sum = $"{library.Module}.einsum(\"{subscripts}\", {string.Join(", ", contraction.Factors.Select(factor => WriteFactor(factor).Text))})";
        return Collected((sum, Level.Atom), summed, contraction.Dims);
    }

    private string? MatrixProduct(TensorExpr left, TensorExpr right, ValueList<string> dims)
    {
        string[] shared = [.. left.Dims.Intersect(right.Dims)];
        if (shared is not [string summed] || dims.Contains(summed) || right.Dims.Count > 2 || (left.Dims.Count > 2 && (left.Dims[^1] != summed || right.Dims.Count == 1))
            || !left.Dims.Concat(right.Dims).Where(dim => dim != summed).SequenceEqual(dims))
        {
            return null;
        }

        return Factor(left, last: true) + " @ " + Factor(right, last: false);

        string Factor(TensorExpr factor, bool last) =>
            Wrap(WriteFactor(factor), Level.Atom) + (factor.Dims.Count == 2 && (factor.Dims[1] == summed) != last ? ".T" : string.Empty);
    }

    private string WriteFactors(TensorExpr.FactorPairs factors)
    {
        string axes = factors.Axes == 0 ? string.Empty : $", axes={Number(factors.Axes)}";
        string ratios = factors is { Rows.IsOne: true, Columns.IsOne: true } ? string.Empty : $", rows={Print((Expr)factors.Rows)}, columns={Print((Expr)factors.Columns)}";
        return $"factors(law, {Write(factors.Left).Text}, {Write(factors.Right).Text}{axes}{ratios})";
    }

    /// <summary>A vector over the columns of a matrix is needed whole.</summary>
    private (string Text, Level Level) WriteFactor(TensorExpr factor) =>
        IsSharded && factor.Dims.Contains(TensorExpr.Column) && !factor.Dims.Contains(TensorExpr.Row) ? ($"whole({Write(factor).Text})", Level.Atom) : Write(factor);

    /// <summary>A sum over the rows of this process, added to those of the others.</summary>
    private (string Text, Level Level) Collected((string Text, Level Level) sum, ValueList<string> before, ValueList<string> after) =>
        !IsSharded || !before.Contains(TensorExpr.Row) || after.Contains(TensorExpr.Row) ? sum
        : ($"{(after.Contains(TensorExpr.Column) ? "share" : "total")}({sum.Text})", Level.Atom);
}
