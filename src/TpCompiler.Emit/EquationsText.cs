using System.Text;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit;

/// <summary>Limit equations as text for people: a section each, the signs = aligned within a section.</summary>
public static class EquationsText
{
    public static string Write(LimitEquations equations)
    {
        var printer = LimitNotation.Printer(ExprStyle.Unicode);
        var text = new StringBuilder();
        foreach (var section in equations.Sections)
        {
            if (text.Length > 0)
            {
                text.Append('\n');
            }

            text.Append(section.Title).Append('\n');
            var rows = section.Equations.Select(equation => (Left: printer.Print(equation.Left), equation)).ToList();

            // One long left-hand side does not push all the others away.
            var width = rows.Select(row => TextWidth.Of(row.Left)).Where(length => length <= 28).DefaultIfEmpty(0).Max();
            foreach (var (left, equation) in rows)
            {
                text.Append("  ").Append(left).Append(' ', Math.Max(0, width - TextWidth.Of(left))).Append(equation.Relation == Relation.Equal ? " = " : " ~ ");
                var right = printer.Print(equation.Right);
                text.Append(equation.Relation == Relation.Equal ? right : "N(0, " + right + ")");
                if (equation.Note is { } note)
                {
                    text.Append("    (").Append(note).Append(')');
                }

                text.Append('\n');
            }
        }

        return text.ToString();
    }
}
