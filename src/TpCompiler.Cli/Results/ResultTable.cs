using System.Globalization;
using System.Text;

namespace TpCompiler.Cli.Results;

/// <summary>What is known of one output at one time: a cell for each of its numbers, last axis fastest.</summary>
/// <param name="Name">The output.</param>
/// <param name="Iteration">The counters of the enclosing loops, outermost first; empty outside all loops.</param>
/// <param name="Shape">The sizes of its axes.</param>
/// <param name="Cells">Its numbers as text.</param>
internal sealed record ResultCells(string Name, IReadOnlyList<int> Iteration, IReadOnlyList<int> Shape, IReadOnlyList<string> Cells);

/// <summary>
/// Results for people: a row for each step, a column for each number, right-aligned. An output of many numbers shows its first ones; the JSON form has them all.
/// </summary>
internal static class ResultTable
{
    private const int NumbersShown = 8;

    public static string Of(IReadOnlyList<ResultCells> results)
    {
        StringBuilder text = new();
        // Outputs of one loop stand in one table; those of another loop, and those outside, in tables of their own.
        foreach (IGrouping<int, ResultCells> table in results.GroupBy(result => result.Iteration.Count).OrderBy(group => group.Key))
        {
            if (text.Length > 0)
            {
                text.Append('\n');
            }

            Append(text, table.Key, [.. table]);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, int depth, ResultCells[] results)
    {
        string[] names = [.. results.Select(result => result.Name).Distinct()];
        List<string[]> rows = [Heading(depth, names, results)];
        foreach (IGrouping<string, ResultCells> row in results.GroupBy(result => string.Join(',', result.Iteration)))
        {
            rows.Add(Row(row.First().Iteration, names, results, row.ToDictionary(result => result.Name)));
        }

        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
        {
            text.Append(string.Join("  ", row.Select((cell, column) => cell.PadLeft(widths[column]))).TrimEnd()).Append('\n');
        }
    }

    private static string[] Heading(int depth, string[] names, ResultCells[] results) =>
    [
        .. depth == 1 ? ["t"] : Enumerable.Range(1, depth).Select(level => $"t{Number(level)}"),
        .. names.SelectMany(name => Titles(results.First(result => result.Name == name))),
    ];

    private static string[] Row(IReadOnlyList<int> iteration, string[] names, ResultCells[] results, Dictionary<string, ResultCells> row) =>
    [
        .. iteration.Select(Number),
        .. names.SelectMany(name => row.TryGetValue(name, out ResultCells? result)
            ? Shown(result)
            : Shown(results.First(other => other.Name == name)).Select(_ => "")),
    ];

    private static IEnumerable<string> Shown(ResultCells result) => result.Cells.Count <= NumbersShown
        ? result.Cells
        : [.. result.Cells.Take(NumbersShown), $"+{Number(result.Cells.Count - NumbersShown)} more"];

    /// <summary>f for a number alone, f[0], f[1], … along its axes.</summary>
    private static IEnumerable<string> Titles(ResultCells result)
    {
        if (result.Shape.Count == 0)
        {
            return [result.Name];
        }

        IEnumerable<string> titles = Enumerable.Range(0, Math.Min(result.Cells.Count, NumbersShown)).Select(i => $"{result.Name}[{Index(i, result.Shape)}]");
        return result.Cells.Count <= NumbersShown ? titles : titles.Append("…");
    }

    private static string Index(int position, IReadOnlyList<int> shape)
    {
        string[] index = new string[shape.Count];
        for (int axis = shape.Count - 1; axis >= 0; axis--)
        {
            index[axis] = Number(position % shape[axis]);
            position /= shape[axis];
        }

        return string.Join(',', index);
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
