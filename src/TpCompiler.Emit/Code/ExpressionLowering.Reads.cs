using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Emit.Code;

/// <summary>How a value is read at indices.</summary>
internal sealed partial class ExpressionLowering
{
    /// <summary>The array of a value at its indices: positions are slices, lookups gather rows, offsets shift, an index that stands there twice is a diagonal.</summary>
    public TensorExpr Read(Expr.Reference reference, ValueList<string> sides)
    {
        TensorExpr value = Chosen(reference, sides);
        foreach (Index.Shifted shifted in reference.Indices.OfType<Index.Shifted>())
        {
            if (value.Dims.Count(dim => dim == shifted.Name) != 1)
            {
                Refuse($"it reads `{reference}`, one index at two positions");
            }

            value = new TensorExpr.Shift(value, shifted.Name, shifted.Offset);
        }

        ValueList<string> distinct = [.. value.Dims.Distinct()];
        return distinct.Count == value.Dims.Count ? value : new TensorExpr.Contraction([value], distinct);
    }

    private TensorExpr Chosen(Expr.Reference reference, ValueList<string> sides)
    {
        // Names for axes whose position is chosen, until it is.
        ValueList<string> dims = [.. reference.Indices.Select((index, place) => VariableOf(index) ?? $"?{place}"), .. sides];
        TensorExpr value = new TensorExpr.Value(rename(reference.Name), dims);
        if (reference.Indices.Any(index => index is Index.Fixed))
        {
            List<int?> positions = [.. reference.Indices.Select(index => (index as Index.Fixed)?.Position)];
            ValueList<string> kept = [.. dims.Where((_, place) => place >= positions.Count || positions[place] is null)];
            value = new TensorExpr.Slice(value, [.. positions.Take(positions.FindLastIndex(position => position is not null) + 1)], kept);
        }

        List<Index> rest = [.. reference.Indices.Where(index => index is not Index.Fixed)];
        return rest.Exists(index => index is Index.Lookup) ? LookedUp(value, rest, sides) : value;
    }

    private TensorExpr.Gather LookedUp(TensorExpr value, List<Index> indices, ValueList<string> sides)
    {
        List<TensorExpr?> rows = [.. indices.Select(index => index is Index.Lookup lookup ? RowsOf(lookup.Row) : null)];
        List<string> chosen = [.. rows.OfType<TensorExpr>().SelectMany(row => row.Dims)];
        List<string> whole = [.. indices.Select(VariableOf).OfType<string>()];
        if (rows.Count(row => row is not null) == 1 && !chosen.Exists(whole.Contains))
        {
            ValueList<string> dims = [.. value.Dims.SelectMany((dim, place) => place < rows.Count && rows[place] is { } row ? row.Dims : [dim])];
            return new TensorExpr.Gather(value, [.. rows.Take(rows.FindLastIndex(row => row is not null) + 1)], dims);
        }

        // An index of the row stands at another axis too, or two axes have rows: numbers for every axis, side by side.
        rows = [.. rows.Select((row, place) => row ?? new TensorExpr.Position(whole.First(name => name == VariableOf(indices[place])), axes[VariableOf(indices[place])!]))];
        return new TensorExpr.Gather(value, [.. rows], [.. Union(rows.OfType<TensorExpr>()), .. sides]);
    }

    private TensorExpr RowsOf(Expr.Reference row)
    {
        TensorExpr rows = Read(row, []);
        return WholeNumbers.Contains(row.Name) ? rows : new TensorExpr.Whole(rows);
    }

    private static string? VariableOf(Index index) => index switch
    {
        Index.Variable variable => variable.Name,
        Index.Shifted shifted => shifted.Name,
        _ => null,
    };

    /// <summary>A relation of positions and other whole numbers that a factor of the table says; null for anything else.</summary>
    private TensorExpr? Relation(Expr expr, string coordinate)
    {
        (Expr Difference, string Relation)? found = Conditions.EqualDifference(expr) is { } equal ? (equal, "==")
            : expr is Expr.Power { Base: Expr.Call { Function: "sign", Derivative: 0 } sign } square && square.Exponent == 2 ? (sign.Arguments[0], "!=")
            : expr is Expr.Call { Function: "step", Derivative: 0 } above ? (above.Arguments[0], ">")
            : (1 - expr) is Expr.Call { Function: "step", Derivative: 0 } below ? (below.Arguments[0], "<=")
            : null;
        if (found is not var (difference, relation) || !IsWhole(difference))
        {
            return null;
        }

        List<Expr> terms = difference is Expr.Add sum ? [.. sum.Terms] : [difference];
        List<Expr> positive = [.. terms.Where(term => Expr.SplitCoefficient(term).Coefficient.Sign > 0)];
        List<Expr> negative = [.. terms.Where(term => Expr.SplitCoefficient(term).Coefficient.Sign < 0).Select(term => -term)];
        TensorExpr left = Visit(Expr.SumOf(positive), coordinate);
        TensorExpr right = Visit(Expr.SumOf(negative), coordinate);
        return new TensorExpr.Compare(left, relation, right, Union([left, right]));
    }

    private bool IsWhole(Expr expr) => expr switch
    {
        Expr.Constant constant => constant.Value.IsInteger,
        Expr.IndexValue => true,
        Expr.Reference reference => WholeNumbers.Contains(reference.Name),
        Expr.Add or Expr.Multiply => expr.Children.All(IsWhole),
        _ => false,
    };
}
