using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Language.Binding;

/// <summary>Positions on finite axes, and sums over them.</summary>
internal sealed partial class ExpressionBinder
{
    /// <summary>The functions that are no nonlinearities.</summary>
    public static readonly IReadOnlyList<string> BuiltIn = ["MatMul", "Moment", "Nonlin", "sum", "mean", "softmax", "stop", "concat"];

    /// <summary>What stands in brackets.</summary>
    /// <param name="At">The index; null with an axis for its own variable.</param>
    /// <param name="Axis">The axis that it is written with; null for numbers and lookups, which take the first axis that is left.</param>
    /// <param name="Free">The index variables that it depends on.</param>
    private sealed record Position(Index At, string? Axis, ValueList<IndexBinder> Free);

    /// <summary>
    /// <c>x[l - 1]</c>: the member of a family, or else a position on an axis. <c>x[s']</c> is x at another index of the axis s, <c>x[s - 1]</c> a neighbour (0 outside), <c>E[token]</c> the
    /// column of E that an input chooses.
    /// </summary>
    private Meaning? Indexed(ExpressionSyntax.Name name)
    {
        // h[L] with an axis L and no value h: the member of the family with the size of the axis.
        if (name.Indices.All(IsConstant) || (Whole(name.Text) is null && name.Indices.All(index => IsNumber(index, known => constants.ContainsKey(known) || block.FindAxis(known) is { Size: not null }))))
        {
            var members = name.Indices.Select(index => Integer(index)).ToList();
            if (members.Any(p => p is null))
            {
                return null;
            }

            var member = Families.Member(name.Text, members.Select(p => p!.Value));
            if (!inFunction && block.Names.TryGetValue(member, out var meaning))
            {
                return meaning;
            }

            if (Whole(name.Text) is null)
            {
                block.Unknown(block.Later.Contains(member) ? member : name.Text, name.Span);
                return null;
            }
        }

        var whole = Whole(name.Text);
        var positions = whole is null or Broken ? [] : name.Indices.Select(PositionOf).ToList();
        switch (whole)
        {
            case null:
                block.Unknown(name.Text, name.Span);
                return null;
            case var _ when positions.Any(p => p is null):
                return null;
            case Value value:
                return At(value, positions!, name.Span);
            case Matrix matrix:
                return Entries(matrix, positions!, name.Span);
            case Concatenation streams:
                return OnParts([streams], name.Span, values => At(values[0], positions!, name.Span));
            case Blocks blocks:
                block.Report(Diagnostic.Create(Codes.ShapeMismatch, block.Place(name.Span), block.Source.Slice(name.Span), $"`{blocks.Name}` is {blocks}").WithHelp($"its blocks are `{blocks.Name}_1`, `{blocks.Name}_2`, …"));
                return null;
            default:
                return whole;
        }
    }

    private Meaning? Whole(string name) => constants.GetValueOrDefault(name) ?? (inFunction ? null : block.Names.GetValueOrDefault(name));

    /// <summary>A number, an axis (<c>s</c>, <c>s'</c>) plus a number, or an input of whole numbers.</summary>
    private Position? PositionOf(ExpressionSyntax syntax)
    {
        if (IsConstant(syntax))
        {
            return Integer(syntax) is { } at ? new Position(new Index.Fixed(at), null, []) : null;
        }

        if (AxisIndex(syntax) is { } binder)
        {
            return new Position(binder.Name, binder.Axis, [binder]);
        }

        if (syntax is ExpressionSyntax.Sum sum && !sum.Terms[0].Minus && AxisIndex(sum.Terms[0].Term) is { } axis && sum.Terms.Skip(1).All(t => IsConstant(t.Term)))
        {
            var offset = 0L;
            foreach (var (minus, term) in sum.Terms.Skip(1))
            {
                if (Integer(term) is not { } number)
                {
                    return null;
                }

                offset += minus ? -number : number;
            }

            if (Math.Abs(offset) > 1_000_000)
            {
                block.Report(Codes.InvalidConstant, syntax.Span, block.Source.Slice(syntax.Span), "a neighbour is at most 1000000 positions away");
                return null;
            }

            return new Position(offset == 0 ? axis.Name : new Index.Shifted(axis.Name, (int)offset), axis.Axis, [axis]);
        }

        if (Value(syntax) is not { } value)
        {
            return null;
        }

        if (value is { Width: null, Expr: Expr.Reference row } && block.Inputs.Contains(row.Name))
        {
            return new Position(new Index.Lookup(row), null, value.Indices);
        }

        block.Report(Diagnostic.Create(Codes.InvalidPosition, block.Place(syntax.Span), block.Source.Slice(syntax.Span))
            .WithHelp("in brackets stand numbers (`x[0]`), an axis (`x[s]`, `x[s']`, `x[s - 1]`) or an input of whole numbers (`E[token]`)"));
        return null;
    }

    /// <summary>The index variable that an axis names; <c>s'</c> is another one over the same axis.</summary>
    private IndexBinder? AxisIndex(ExpressionSyntax syntax)
    {
        var (axis, primed) = syntax switch
        {
            ExpressionSyntax.Name { Indices.Count: 0 } n => (n.Text, false),
            ExpressionSyntax.Transpose { Operand: ExpressionSyntax.Name { Indices.Count: 0 } n } => (n.Text, true),
            _ => ("", false),
        };
        if (constants.ContainsKey(axis) || block.FindAxis(axis) is null)
        {
            return null;
        }

        var binder = block.BinderOf(axis);
        return primed ? binder with { Name = binder.Name + "'" } : binder;
    }

    /// <summary>A value at positions: those with an axis go there, the others to the axes that are left, in order.</summary>
    private Value? At(Value value, IReadOnlyList<Position> positions, Span span)
    {
        if (value.Expr is not Expr.Reference && positions.Any(p => p.At is not Index.Variable))
        {
            value = block.NameIt(value, block.Supply.Fresh(Names("h")), span);
        }

        var own = value.Indices.ToList();
        var left = own.Where(binder => binder.Axis != Block.BatchAxis && positions.All(p => p.Axis != binder.Axis)).ToList();
        var map = new Dictionary<string, Index>(StringComparer.Ordinal);
        var free = own.ToList();
        foreach (var position in positions)
        {
            var axis = position.Axis is { } named ? own.Find(binder => binder.Axis == named && !map.ContainsKey(binder.Name)) : left.FirstOrDefault();
            if (axis is null)
            {
                return NoAxis(span, position.Axis);
            }

            if (position.Axis is null)
            {
                left.RemoveAt(0);
            }

            if (!IsInside(position, axis.Axis, span))
            {
                return null;
            }

            map.Add(axis.Name, position.At);
            free.Remove(axis);
        }

        var indices = free.Concat(positions.SelectMany(p => p.Free)).ToList();
        if (positions.FirstOrDefault(p => p.Axis is not null && indices.Count(binder => binder == p.Free[0]) > 1) is { Axis: { } twice })
        {
            block.Report(Codes.ShapeMismatch, span, block.Source.Slice(span), $"the axis `{twice}` would stand on it twice");
            return null;
        }

        return value with { Expr = value.Expr.ReplaceIndices(map), Indices = Arithmetic.Union([value with { Indices = indices.ToValueList() }]) };
    }

    /// <summary><c>P[s]</c>: the columns of an input weight, or the rows of an output weight, as vectors with the multiplier of the weight.</summary>
    private Value? Entries(Matrix matrix, IReadOnlyList<Position> positions, Span span)
    {
        var axes = new[] { matrix.Rows.Axis, matrix.Columns.Axis }.OfType<string>().ToList();
        if (positions.Count != axes.Count)
        {
            block.Report(Codes.ShapeMismatch, span, block.Source.Slice(span), $"`{matrix.Name}` is [{matrix.Rows}, {matrix.Columns}], and has {(axes.Count == 0 ? "no finite axis" : $"{axes.Count} finite {(axes.Count == 1 ? "axis" : "axes")}")}");
            return null;
        }

        var left = positions.ToList();
        var indices = new List<Index>();
        foreach (var axis in axes)
        {
            var position = left.Find(p => p.Axis == axis) ?? left.Find(p => p.Axis is null);
            if (position is null || !IsInside(position, axis, span))
            {
                return position is null ? NoAxis(span, left[0].Axis) : null;
            }

            left.Remove(position);
            indices.Add(position.At);
        }

        var multiplier = block.Widths.Count == 0 ? Expr.One : Expr.WidthTo(block.Widths[0].Name, -matrix.A);
        var width = matrix.Rows.Width ?? matrix.Columns.Width;
        var free = Arithmetic.Union([new Value(Expr.One, null, positions.SelectMany(p => p.Free).ToValueList())]);
        return new Value(multiplier * new Expr.Reference(matrix.Name, indices.ToValueList()), width, free, 3, 2, HasProduct: true);
    }

    private Value? NoAxis(Span span, string? axis)
    {
        block.Report(Codes.ShapeMismatch, span, block.Source.Slice(span), axis is null ? "there are more positions than axes" : $"it has no axis `{axis}`");
        return null;
    }

    private bool IsInside(Position position, string axis, Span span)
    {
        if (position.At is not Index.Fixed { Position: var at } || (at >= 0 && (block.FindAxis(axis)?.Size is not { } size || at < size)))
        {
            return true;
        }

        block.Report(Codes.ShapeMismatch, span, block.Source.Slice(span), $"positions of `{axis}` go from 0 to its size less 1");
        return false;
    }

    /// <summary>
    /// <c>sum(s, u)</c>: Σ over an axis; <c>mean</c>: that over its size; <c>softmax(s, u)</c>: exp(u) over its sum. A third argument such as <c>s' &lt;= s</c> leaves out positions.
    /// <c>sum(k in 0..2, u)</c> writes the terms out.
    /// </summary>
    private Value? OverAxis(ExpressionSyntax.Call call, string name)
    {
        if (call.Arguments.Count is not (2 or 3) || (call.Arguments.Count == 3 && call.Arguments[2].Value is not ExpressionSyntax.Comparison))
        {
            block.Report(Codes.WrongArgumentCount, call.Span, name, "an axis, what to sum, and perhaps a comparison such as `s' <= s`", $"{call.Arguments.Count}");
            return null;
        }

        if (call.Arguments[0].Value is ExpressionSyntax.Range range)
        {
            return name == "sum" && call.Arguments.Count == 2 ? WrittenOut(range, call.Arguments[1].Value, call.Span) : Misplaced(range);
        }

        if (Value(call.Arguments[1].Value) is not { } body)
        {
            return null;
        }

        var axisName = block.Source.Slice(call.Arguments[0].Span);
        if (block.IsWidth(axisName))
        {
            block.Report(Diagnostic.Create(Codes.WidthUsedAsFinite, block.Place(call.Arguments[0].Span), axisName, "summed over").WithHelp("a mean over a width is `Moment`"));
            return null;
        }

        if (AxisIndex(call.Arguments[0].Value) is not { } asked || body.Indices.FirstOrDefault(binder => binder == asked) is not { } binder)
        {
            block.Report(Codes.ShapeMismatch, call.Span, block.Source.Slice(call.Span), $"`{block.Source.Slice(call.Arguments[1].Span)}` has no axis `{axisName}`");
            return null;
        }

        if (name == "softmax" && (body.Expr is not Expr.Reference logits || block.Anonymous.Contains(logits.Name)))
        {
            // Logits are spoken of by name, as preactivations are.
            body = block.NameIt(body, block.Supply.Fresh(Names("l")), call.Arguments[1].Span);
        }

        var selected = new Value(Expr.One, null, []);
        if (call.Arguments.Count == 3)
        {
            if (Condition((ExpressionSyntax.Comparison)call.Arguments[2].Value) is not { } condition)
            {
                return null;
            }

            selected = condition;
        }

        var parts = new[] { body, selected };
        var free = Arithmetic.Union(parts).Where(other => other != binder).ToValueList();
        switch (name)
        {
            case "sum":
                return Arithmetic.Combine(Expr.SumOver(binder, selected.Expr * body.Expr), parts) with { Indices = free };
            case "mean":
                Expr count = call.Arguments.Count == 2 && block.FindAxis(binder.Axis)?.Size is { } size ? size : Expr.SumOver(binder, selected.Expr);
                return Arithmetic.Combine(Expr.SumOver(binder, selected.Expr * body.Expr) / count, parts) with { Indices = free };
            default:
                var other = binder with { Name = IndexSubstitution.FreshName(binder.Name, Arithmetic.Union(parts).Select(b => b.Name)) };
                var exp = selected.Expr * Expr.Apply("exp", body.Expr);
                return Arithmetic.Combine(exp / Expr.SumOver(other, exp.RenameIndex(binder.Name, other.Name)), [body, body, selected]);
        }
    }

    private Value? WrittenOut(ExpressionSyntax.Range range, ExpressionSyntax body, Span span)
    {
        if (Integer(range.First) is not { } first || Integer(range.Last) is not { } last)
        {
            return null;
        }

        if ((long)last - first >= Unrolling.Most)
        {
            block.Report(Codes.ProgramTooLarge, range.Span, Unrolling.Most, "terms in a sum that is written out");
            return null;
        }

        var terms = new List<Value?>();
        for (var k = first; k <= last; k++)
        {
            var counters = new Dictionary<string, Meaning>(constants, StringComparer.Ordinal) { [range.Counter.Text] = Binding.Value.Constant(k) };
            terms.Add(new ExpressionBinder(block, target, counters, inFunction).Value(body));
            if (terms[^1] is null)
            {
                return null;
            }
        }

        return terms.Count == 0 ? Binding.Value.Constant(0) : Fits(terms, span) is { } parts ? Arithmetic.Combine(Expr.SumOf(parts.Select(p => p.Expr)), parts) : null;
    }

    /// <summary>A factor of 0 and 1.</summary>
    private Value? Condition(ExpressionSyntax.Comparison comparison)
    {
        if (PositionOf(comparison.Left) is not { } left || PositionOf(comparison.Right) is not { } right)
        {
            return null;
        }

        var holds = comparison.Relation switch
        {
            "<" => Conditions.Less(left.At, right.At),
            ">" => Conditions.Less(right.At, left.At),
            "<=" => 1 - Conditions.Less(right.At, left.At),
            ">=" => 1 - Conditions.Less(left.At, right.At),
            "==" => Conditions.Equal(left.At, right.At),
            _ => 1 - Conditions.Equal(left.At, right.At),
        };
        return new Value(holds, null, [.. left.Free, .. right.Free], 4, 3);
    }

    private Value? Misplaced(ExpressionSyntax syntax)
    {
        block.Report(Diagnostic.Create(Codes.KindMismatch, block.Place(syntax.Span), $"`{block.Source.Slice(syntax.Span)}`", syntax is ExpressionSyntax.Range ? "a range" : "a comparison", "a value")
            .WithHelp("`softmax(s', u, s' <= s)` leaves out positions; `sum(k in 0..2, u)` writes a sum out"));
        return null;
    }
}
