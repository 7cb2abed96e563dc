using System.Text;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit;

/// <summary>Limit equations as LaTeX: an align* for each section, to be read by a document that loads amsmath.</summary>
public static class EquationsLatex
{
    public static string Write(LimitEquations equations)
    {
        var printer = LimitNotation.Printer(ExprStyle.Latex);
        var text = new StringBuilder();
        foreach (var section in equations.Sections)
        {
            text.Append(@"\paragraph{").Append(char.ToUpperInvariant(section.Title[0])).Append(section.Title.AsSpan(1)).Append("}\n\\begin{align*}\n");
            text.AppendJoin(" \\\\\n", section.Equations.Select(equation =>
                "  " + printer.Print(equation.Left)
                + (equation.Relation == Relation.Equal ? " &= " + printer.Print(equation.Right) : @" &\sim \mathcal{N}\left(0, " + printer.Print(equation.Right) + @"\right)")
                + (equation.Note is { } note ? @" && \text{" + note.Replace("<", @"$<$", StringComparison.Ordinal).Replace("~", @"$\sim$", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal) + "}" : string.Empty)));
            text.Append("\n\\end{align*}\n");
        }

        return text.ToString();
    }
}
