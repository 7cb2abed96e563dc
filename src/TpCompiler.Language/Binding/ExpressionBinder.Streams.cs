using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>
/// Streams side by side: <c>concat(x, y)</c> is one vector whose coordinates are those of x, then those of y. What is done to each coordinate is done to each part, a matrix of blocks [W_1, W_2]
/// multiplies it as W_1 x + W_2 y, and a mean over it weighs each part with its width.
/// </summary>
internal sealed partial class ExpressionBinder
{
    /// <summary>A vector, a scalar or streams side by side.</summary>
    public Meaning? Operand(ExpressionSyntax syntax)
    {
        if (!block.Spend(1, syntax.Span))
        {
            return null;
        }

        var meaning = Bind(syntax);
        if (!block.Spend(meaning is Value { Size: var size } ? size : 0, syntax.Span))
        {
            return null;
        }

        switch (meaning)
        {
            case Value value when Arithmetic.IsTooLarge(value):
                block.Report(Codes.ProgramTooLarge, syntax.Span, Arithmetic.MostNodes, "nodes in one expression, is nested too deep once its functions are inlined, or has a constant with too many digits");
                return null;
            case Binding.Value or Concatenation:
                return meaning;
            case Matrix matrix:
                return NoMatrix(matrix.Name);
            case Blocks blocks:
                return NoMatrix(blocks.Name);
            default:
                return null;
        }

        Meaning? NoMatrix(string name)
        {
            block.Report(Diagnostic.Create(Codes.KindMismatch, block.Place(syntax.Span), $"`{name}`", "a matrix", "a vector or scalar").WithHelp($"a matrix is multiplied with a vector: `{name} * x`"));
            return null;
        }
    }

    /// <summary>One vector or scalar.</summary>
    public Value? Value(ExpressionSyntax syntax) => Operand(syntax) is { } meaning ? Alone(meaning, syntax.Span) : null;

    /// <summary>A value by this name: its parts by numbered ones.</summary>
    public static Meaning Named(Block block, Meaning meaning, string name, Span span) => meaning switch
    {
        Concatenation streams => streams with { Parts = streams.Parts.Select((part, i) => block.NameIt(part, block.Supply.Fresh($"{name}_{i + 1}"), span)).ToValueList() },
        Value value => block.NameIt(value, name, span),
        _ => meaning,
    };

    private Value? Alone(Meaning meaning, Span span)
    {
        if (meaning is Value value)
        {
            return value;
        }

        block.Report(Diagnostic.Create(Codes.KindMismatch, block.Place(span), $"`{block.Source.Slice(span)}`", "streams side by side", "one vector or scalar")
            .WithHelp("a weight such as `weight W : [n, n + m]` makes one vector of them: `W * concat(x, y)`"));
        return null;
    }

    /// <summary>An operation on each coordinate, applied to each part where operands are streams side by side.</summary>
    private Meaning? OnParts(IReadOnlyList<Meaning?> operands, Span span, Func<IReadOnlyList<Value>, Value?> operation)
    {
        if (operands.Any(operand => operand is null or Broken))
        {
            return null;
        }

        if (operands.OfType<Concatenation>().FirstOrDefault() is not { } shape)
        {
            return operation([.. operands.Cast<Value>()]);
        }

        if (operands.Any(operand => operand is Concatenation other ? !other.Sides.SequenceEqual(shape.Sides) : operand is Value { Width: not null }))
        {
            block.Report(Codes.ShapeMismatch, span, block.Source.Slice(span), $"streams over {string.Join(" + ", shape.Sides)} meet others only when they have the same parts, and scalars");
            return null;
        }

        var parts = shape.Parts.Select((_, i) => operation([.. operands.Select(operand => operand is Concatenation streams ? streams.Parts[i] : (Value)operand!)])).ToList();
        return parts.Contains(null) ? null : new Concatenation(parts.ToValueList()!);
    }

    /// <summary><c>concat(x, y, …)</c>.</summary>
    private Concatenation? Concatenate(ExpressionSyntax.Call call)
    {
        if (call.Arguments.Count < 2)
        {
            block.Report(Codes.WrongArgumentCount, call.Span, call.Function.Text, "2 streams or more", $"{call.Arguments.Count}");
            return null;
        }

        var parts = call.Arguments.Select(argument => Operand(argument.Value)).ToList();
        return parts.Contains(null) ? null : new Concatenation(parts.SelectMany(part => part is Concatenation streams ? streams.Parts : [(Value)part!]).ToValueList());
    }

    /// <summary>The product of a matrix, whole or in blocks, with a vector or streams side by side.</summary>
    private Meaning? Times(Meaning matrix, Meaning right, Span span)
    {
        switch (matrix, right)
        {
            case (Matrix whole, Value vector):
                return Times(whole, vector, span);
            case (Blocks { AreRows: true } rows, Value vector):
                var images = rows.Parts.Select(part => Times(part, vector, span)).ToList();
                return images.Contains(null) ? null : new Concatenation(images.ToValueList()!);
            case (Blocks { AreRows: false } columns, Concatenation streams) when columns.Parts.Count == streams.Parts.Count:
                var terms = columns.Parts.Zip(streams.Parts).Select(pair => Times(pair.First, pair.Second, span)).ToList();
                return Fits(terms, span) is { } sum ? Arithmetic.Combine(Expr.SumOf(sum.Select(term => term.Expr)), sum) : null;
            default:
                var (name, shape) = matrix switch
                {
                    Blocks blocks => (blocks.Name, blocks.ToString()),
                    Matrix whole => ($"{whole.Name}{(whole.Transposed ? "'" : "")}", $"[{whole.OuterRows}, {whole.OuterColumns}]"),
                    _ => throw new System.Diagnostics.UnreachableException(),
                };
                var found = right is Concatenation side ? $"streams over {string.Join(" + ", side.Sides)}" : ((Value)right).Kind;
                block.Report(Diagnostic.Create(Codes.ShapeMismatch, block.Place(span), block.Source.Slice(span), $"`{name}` is {shape}, and what it is multiplied with is {found}"));
                return null;
        }
    }

    /// <summary>The mean over all coordinates: each part counts with its width.</summary>
    private Value? Mean(Concatenation streams, Span span)
    {
        if (streams.Parts.FirstOrDefault(part => part.Width is null) is { } finite)
        {
            block.Report(Diagnostic.Create(Codes.ShapeMismatch, block.Place(span), block.Source.Slice(span), $"`{finite.Expr}` has no width, and a mean over it and a width is a mean over the width alone as that grows"));
            return null;
        }

        var ratios = streams.Parts.Select(part => block.Widths.Find(width => width.Name == part.Width)!.Ratio).ToList();
        var total = ratios.Aggregate((x, y) => x + y);
        var means = streams.Parts.Select(part => Moment(part, span)).ToList();
        return Fits(means, span) is { } parts ? Arithmetic.Combine(Expr.SumOf(parts.Zip(ratios, (part, ratio) => ratio / total * part.Expr)), parts) : null;
    }
}
