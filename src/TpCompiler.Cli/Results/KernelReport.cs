using System.Globalization;
using System.Text;
using System.Text.Json;
using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Cli.Results;

/// <summary>Kernel matrices: for people, for machines, and as a file.</summary>
/// <param name="Heading">The program and how the numbers were computed.</param>
/// <param name="Program">Its name.</param>
/// <param name="Kernel">The kernels among training samples and, behind them, test samples.</param>
/// <param name="HasCovariance">Whether f₀ is a Gaussian process, and not 0.</param>
/// <param name="Training">How many samples are those of the program.</param>
/// <param name="Test">How many are others.</param>
internal sealed record KernelReport(string Heading, string Program, NetworkKernel Kernel, bool HasCovariance, int Training, int Test)
{
    private const int Shown = 6;

    private static readonly string[] Sets = ["training", "test"];

    /// <summary>A matrix of numbers with what it is.</summary>
    /// <param name="Name">K_f or Theta_f, with positions and a second output where there is one.</param>
    /// <param name="Title">The same in words.</param>
    /// <param name="Rows">Which set the rows are.</param>
    /// <param name="Columns">Which set the columns are.</param>
    /// <param name="Shape">How many of both.</param>
    /// <param name="Tier">How the numbers were computed.</param>
    /// <param name="At">The numbers.</param>
    private sealed record Block(string Name, string Title, int Rows, int Columns, (int Rows, int Columns) Shape, string Tier, Func<int, int, Estimate> At)
    {
        public string File => Name + (Rows == 0 && Columns == 0 ? "" : $"_{Sets[Rows]}_{Sets[Columns]}");

        public IEnumerable<Estimate> Numbers => from i in Enumerable.Range(0, Shape.Rows) from j in Enumerable.Range(0, Shape.Columns) select At(i, j);
    }

    public string Text()
    {
        StringBuilder text = new(Heading);
        text.Append('\n');
        foreach (Block block in Blocks())
        {
            text.Append('\n').Append(block.Title).Append(CultureInfo.InvariantCulture, $" ({block.Shape.Rows} x {block.Shape.Columns})\n");
            int columns = Math.Min(Shown, block.Shape.Columns);
            int rows = Math.Min(Math.Max(Shown, 12), block.Shape.Rows);
            List<string[]> cells = [["", .. Enumerable.Range(0, columns).Select(Number), .. columns < block.Shape.Columns ? (string[])["…"] : []]];
            cells.AddRange(Enumerable.Range(0, rows).Select(i => (string[])[Number(i), .. Enumerable.Range(0, columns).Select(j => NumberText.Of(block.At(i, j))), .. columns < block.Shape.Columns ? (string[])["…"] : []]));
            int[] widths = [.. Enumerable.Range(0, cells[0].Length).Select(column => cells.Max(row => row[column].Length))];
            foreach (string[] row in cells)
            {
                text.Append(string.Join("  ", row.Select((cell, column) => cell.PadLeft(widths[column]))).TrimEnd()).Append('\n');
            }

            if (rows < block.Shape.Rows)
            {
                text.Append(CultureInfo.InvariantCulture, $"… {block.Shape.Rows - rows} more rows; `--save` and `--format json` have them all\n");
            }
        }

        return text.ToString();
    }

    /// <summary><c>kernels</c> is an array of <c>name</c>, <c>rows</c> and <c>columns</c> (<c>training</c> or <c>test</c>), <c>shape</c>, <c>values</c> (row by row), <c>errors</c>, <c>kinds</c>, <c>tiers</c>, <c>points</c>.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("program", Program);
        json.WriteString("kind", "kernels");
        json.WriteStartArray("kernels");
        foreach (Block block in Blocks())
        {
            json.WriteStartObject();
            json.WriteString("name", block.Name);
            json.WriteString("rows", Sets[block.Rows]);
            json.WriteString("columns", Sets[block.Columns]);
            json.WriteStartArray("shape");
            json.WriteNumberValue(block.Shape.Rows);
            json.WriteNumberValue(block.Shape.Columns);
            json.WriteEndArray();
            Write(json, "values", block, (writer, estimate) => writer.WriteNumberValue(estimate.Value));
            Write(json, "errors", block, (writer, estimate) => writer.WriteNumberValue(estimate.Error));
            Write(json, "kinds", block, (writer, estimate) => writer.WriteStringValue(RunReport.Name(estimate.Kind)));
            Write(json, "tiers", block, (writer, _) => writer.WriteStringValue(block.Tier));
            Write(json, "points", block, (writer, estimate) => writer.WriteNumberValue(estimate.Points));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes all matrices: a .csv has a row for each number, other files are .npz archives with an array for each matrix and one for its errors.</summary>
    public void Save(string path, DiagnosticBag diagnostics)
    {
        try
        {
            if (path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase))
            {
                using StreamWriter file = new(path) { NewLine = "\n" };
                file.WriteLine("kernel,rows,row,columns,column,value,error,kind,tier,points");
                foreach (Block block in Blocks())
                {
                    for (int i = 0; i < block.Shape.Rows; i++)
                    {
                        for (int j = 0; j < block.Shape.Columns; j++)
                        {
                            Estimate estimate = block.At(i, j);
                            file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{block.Name},{Sets[block.Rows]},{i},{Sets[block.Columns]},{j},{estimate.Value:R},{estimate.Error:R},{RunReport.Name(estimate.Kind)},\"{block.Tier}\",{estimate.Points}"));
                        }
                    }
                }

                return;
            }

            using NumPyArchive archive = new(File.Create(path));
            foreach (Block block in Blocks())
            {
                archive.Add(block.File, [block.Shape.Rows, block.Shape.Columns], [.. block.Numbers.Select(estimate => estimate.Value)]);
                archive.Add(block.File + "_error", [block.Shape.Rows, block.Shape.Columns], [.. block.Numbers.Select(estimate => estimate.Error)]);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            diagnostics.Add(Codes.FileNotWritable, null, path, failure.Message);
        }
    }

    private IEnumerable<Block> Blocks()
    {
        foreach (var ((first, second), kernel) in Kernel.Blocks.OrderBy(pair => pair.Key))
        {
            string name = string.Join('_', new[] { NameOf(first, "_") }.Concat(first == second ? [] : [NameOf(second, "_")]));
            string title = first == second ? NameOf(first, ",") : $"{NameOf(first, ",")} with {NameOf(second, ",")}";
            foreach (var (rows, columns) in Test == 0 ? [(0, 0)] : new[] { (0, 0), (1, 0), (1, 1) })
            {
                KernelMatrices part = kernel.Part(rows == 0 ? 0 : Training, rows == 0 ? Training : Test, columns == 0 ? 0 : Training, columns == 0 ? Training : Test);
                string where = Test == 0 ? "" : rows == columns ? $", {Sets[rows]} samples" : ", test with training samples";
                if (HasCovariance)
                {
                    yield return new($"K_{name}", $"K of {title}: covariance at initialisation{where}", rows, columns, (part.Tangent.RowCount, part.Tangent.ColumnCount), part.Tier, part.CovarianceAt);
                }

                yield return new($"Theta_{name}", $"Theta of {title}: tangent kernel{where}", rows, columns, (part.Tangent.RowCount, part.Tangent.ColumnCount), part.Tier, part.TangentAt);
            }
        }

        string NameOf(int head, string separator) => Kernel.Heads[head] is var number && number.Position.Count == 0 ? number.Output
            : separator == "_" ? string.Join('_', number.Position.Select(Number).Prepend(number.Output))
            : $"{number.Output}[{string.Join(',', number.Position.Select(Number))}]";
    }

    private static void Write(Utf8JsonWriter json, string property, Block block, Action<Utf8JsonWriter, Estimate> write)
    {
        json.WriteStartArray(property);
        foreach (Estimate estimate in block.Numbers)
        {
            write(json, estimate);
        }

        json.WriteEndArray();
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
