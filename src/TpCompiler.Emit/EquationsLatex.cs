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
            text.Append(@"\paragraph{").Append(Heading(section.Title)).Append("}\n");
            if (section.Equations.Count == 0)
            {
                continue;
            }

            text.Append("\\begin{align*}\n");
            text.AppendJoin(" \\\\\n", section.Equations.Select(equation =>
                "  " + printer.Print(equation.Left)
                + (equation.Relation == Relation.Equal ? " &= " + printer.Print(equation.Right) : @" &\sim \mathcal{N}\left(0, " + printer.Print(equation.Right) + @"\right)")
                + (equation.Note is { } note ? @" && \text{" + Escape(note) + "}" : string.Empty)));
            text.Append("\n\\end{align*}\n");
        }

        return text.ToString();
    }

    /// <summary>A title starts with a capital, unless it starts with the name of something: f.</summary>
    private static string Heading(string title) => Escape(title is [var first, not ' ', ..] ? char.ToUpperInvariant(first) + title[1..] : title);

    private static string Escape(string words) => string.Concat(words.Select(c => c switch
    {
        '<' => "$<$",
        '~' => @"$\sim$",
        '∂' => @"$\partial$",
        'Θ' => @"$\Theta$",
        '_' or '&' or '%' or '#' or '$' or '{' or '}' => @"\" + c,
        _ => c.ToString(),
    }));
}
