using System.Diagnostics;
using System.Globalization;
using System.Text;
using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>Writes a program as text that <see cref="ProgramReader"/> reads back; GRAMMAR.md says what it looks like. Same program, same bytes, lines end in LF.</summary>
public sealed class ProgramPrinter
{
    private readonly StringBuilder text = new();
    private readonly bool origins;

    private ProgramPrinter(bool origins) => this.origins = origins;

    /// <param name="program">Any program, well formed or not.</param>
    /// <param name="origins">Whether each statement says where in the source it comes from.</param>
    public static string Print(Program program, bool origins = false)
    {
        var printer = new ProgramPrinter(origins);
        printer.Write(program);
        return printer.text.ToString();
    }

    /// <summary>One instruction, without the end of the line.</summary>
    public static string Print(Instruction instruction) => Write(instruction.Result) + " = " + WriteBody(instruction);

    private void Write(Program program)
    {
        Line(0, $"program {Name(program.Name)}");
        foreach (var width in program.Widths)
        {
            Line(0, $"width {Name(width.Name)} {width.Ratio}");
        }

        foreach (var axis in program.Axes)
        {
            Line(0, $"axis {Name(axis.Name)} {(axis.Size is { } size ? size.ToString(CultureInfo.InvariantCulture) : "?")}");
        }

        foreach (var parameter in program.Parameters)
        {
            Line(0, $"parameter {Name(parameter.Name)} {Write(parameter.Type)} from {Name(parameter.Initial)} {parameter.RoleOfVector.ToString().ToLowerInvariant()} "
                + $"a {parameter.A} b {parameter.B} c {parameter.C} {(parameter.Trained ? "trained" : "fixed")} variance {Text(parameter.Variance)}");
        }

        if (program.Adapted.Count > 0)
        {
            Line(0, "adapted " + string.Join(", ", program.Adapted.Select(Name)));
        }

        Write(program.Body, 0);
        Line(0, ("outputs " + string.Join(", ", program.Outputs.Select(Name))).TrimEnd());
    }

    private void Write(ValueList<Statement> block, int depth)
    {
        foreach (var statement in block)
        {
            var origin = origins && statement.Origin is { } o
                ? string.Create(CultureInfo.InvariantCulture, $" @{o.Span.Start}+{o.Span.Length}") + (o.Note is { } note ? $" \"{Escape(note)}\"" : string.Empty)
                : string.Empty;
            switch (statement)
            {
                case Instruction instruction:
                    Line(depth, Print(instruction) + origin);
                    break;
                case Loop loop:
                    Line(depth, string.Create(CultureInfo.InvariantCulture, $"loop {Name(loop.Counter)} < {loop.Count}{origin} {{"));
                    foreach (var carried in loop.Carried)
                    {
                        Line(depth + 1, $"carry {Write(carried.State)} from {Name(carried.Initial)} next {Name(carried.Next)}");
                    }

                    Write(loop.Body, depth + 1);
                    Line(depth, "}");
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }

    private static string Write(Definition definition) =>
        Name(definition.Name)
        + (definition.Indices.Count == 0 ? string.Empty : "[" + string.Join(",", definition.Indices.Select(ExprReader.WriteBinder)) + "]")
        + (definition.Widths.Count == 0 ? string.Empty : " : " + string.Join(" x ", definition.Widths.Select(Name)));

    private static string WriteBody(Instruction instruction) => instruction switch
    {
        Instruction.Gaussian gaussian => "gaussian " + Text(gaussian.Variance),
        Instruction.Data data => $"data \"{Escape(data.Field)}\"",
        Instruction.MatMul product => (product.Transposed ? "matmul^T " : "matmul ") + Text(product.Matrix) + ", " + Text(product.Vector),
        Instruction.Nonlin nonlin => "nonlin " + Text(nonlin.Body),
        Instruction.Moment moment => $"moment {Name(moment.Width)}: {Text(moment.Body)}",
        Instruction.OuterNonlin outer => "outernonlin " + Text(outer.Body),
        Instruction.MatrixSum { Terms.Count: 0 } => "matrix 0",
        Instruction.MatrixSum sum => "matrix " + string.Join(" + ", sum.Terms.Select(Write)),
        _ => throw new UnreachableException(),
    };

    private static string Write(MatrixTerm term) => term switch
    {
        MatrixTerm.Scaled scaled => $"{{{Text(scaled.Coefficient)}}} {Text(scaled.Matrix)}",
        MatrixTerm.Outer outer =>
            $"{{{Text(outer.Coefficient)}}} outer({string.Join(",", outer.Over.Select(ExprReader.WriteBinder))}; {Text(outer.Left)}, {Text(outer.Right)})",
        _ => throw new UnreachableException(),
    };

    private static string Text(Expr expr) => ExprPrinter.Print(expr);

    /// <summary>Words that begin a line can't be names as they are.</summary>
    private static string Name(string name) => name is "width" or "axis" or "parameter" or "loop" or "carry" or "outputs" ? "`" + name + "`" : ExprReader.Quote(name);

    private static string Escape(string value) => value.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private void Line(int depth, string line) => text.Append(' ', 2 * depth).Append(line).Append('\n');
}
