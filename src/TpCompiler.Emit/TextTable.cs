using System.Text;

namespace TpCompiler.Emit;

/// <summary>Rows of cells as aligned columns, two blanks apart.</summary>
internal static class TextTable
{
    public static string Write(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = Enumerable.Range(0, rows.Max(row => row.Count)).Select(column => rows.Max(row => column < row.Count ? TextWidth.Of(row[column]) : 0)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var line = new StringBuilder("  ");
            for (var column = 0; column < row.Count; column++)
            {
                line.Append(row[column]).Append(' ', widths[column] - TextWidth.Of(row[column]) + 2);
            }

            text.Append(line.ToString().TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
