using System.Globalization;
using CsvHelper;
using TpCompiler.Diagnostics;

namespace TpCompiler.Cli.Data;

/// <summary>
/// A table of numbers (CSV, comma and decimal point, RFC 4180): a row a sample, the targets in the last columns. A first row without any number holds names. Where classes are
/// asked for, the last column is the number of a class, from 0; with as many columns more than inputs as there are classes, these are the targets.
/// </summary>
internal static class NumberTable
{
    private const string Commas = "columns are separated by commas";

    private static readonly CsvReaderOptions Options = new()
    {
        Separator = ',',
        HasHeader = false,
        TrimWhitespace = true,
        TrackLineNumbers = true,
    };

    public static Samples? Read(string path, Needs needs, Location? origin, DiagnosticBag diagnostics)
    {
        if (Directory.Exists(path))
        {
            diagnostics.Add(Codes.PathIsDirectory, origin, path);
            return null;
        }

        return SourceReader.Text(path, File.ReadAllBytes(path), origin, diagnostics) is { } text ? Parse(text, needs, origin, diagnostics) : null;
    }

    public static Samples? Parse(SourceText text, Needs needs, Location? origin, DiagnosticBag diagnostics)
    {
        List<double> inputs = [];
        List<double> targets = [];
        int? columns = needs.InputSize + needs.TargetSize;
        int count = 0;
        int errorsBefore = diagnostics.Count;
        using CsvReader csv = CsvReader.FromText(text.Text, Options);
        for (bool first = true; csv.Read(); first = false)
        {
            Row row = new(text, [.. Enumerable.Range(0, csv.FieldCount).Select(csv.GetString)], (int)csv.LineNumber);
            if (first && row.Cells is [var line] && (line.AsSpan().ContainsAny(';', '\t') || (columns is not 1 && line.Contains(' ', StringComparison.Ordinal))))
            {
                // One column where there should be several: names or numbers, with another separator.
                diagnostics.Add(Diagnostic.Create(Codes.BadCell, row.Location, row.Number, 1, line).WithHelp(Commas));
                continue;
            }

            if (first && row.Cells.All(cell => NumberOf(cell) is null))
            {
                continue;
            }

            if (count == 0 && errorsBefore == diagnostics.Count && needs is { InputSize: { } inputSize, Classes: > 1 and var classes } && row.Cells.Length == inputSize + classes)
            {
                needs = new Needs(inputSize, classes, null);
                columns = row.Cells.Length;
            }

            columns ??= Math.Max(row.Cells.Length, needs.TargetSize + 1);
            if (row.Cells.Length != columns)
            {
                Diagnostic mismatch = Diagnostic.Create(Codes.DataShapeMismatch, row.Location, $"row {row.Number}", Columns(row.Cells.Length), Columns(columns.Value));
                diagnostics.Add(Help(row, columns.Value) is { } help ? mismatch.WithHelp(help) : mismatch);
                continue;
            }

            for (int i = 0; i < columns; i++)
            {
                bool isTarget = i >= columns - needs.TargetSize;
                (isTarget ? targets : inputs).Add(Number(row, i, isTarget ? needs.Classes : null, diagnostics));
            }

            count++;
        }

        if (diagnostics.Count > errorsBefore)
        {
            return null;
        }

        if (count == 0)
        {
            diagnostics.Add(Codes.EmptyData, origin, text.Name);
            return null;
        }

        return new Samples(count, columns!.Value - needs.TargetSize, [.. inputs], needs.TargetSize, [.. targets]);
    }

    /// <summary>Why a row may have another number of columns.</summary>
    private static string? Help(Row row, int columns) =>
        row.Text.Slice(row.Location.Span).Count(c => c == '"') % 2 == 1 ? "a quote `\"` is opened in this row and never closed"
        : row.Cells is [var line] && columns > 1 && line.AsSpan().ContainsAny(" ;\t") ? Commas
        : null;

    private static double Number(Row row, int column, int? classes, DiagnosticBag diagnostics)
    {
        string cell = row.Cells[column];
        if (NumberOf(cell) is not { } number)
        {
            Diagnostic bad = Diagnostic.Create(Codes.BadCell, row.LocationOf(column), row.Number, column + 1, cell);
            diagnostics.Add(cell.AsSpan().ContainsAny(';', '\t') ? bad.WithHelp(Commas) : bad);
            return 0;
        }

        if (classes is { } k && (number < 0 || number >= k || number != Math.Floor(number)))
        {
            diagnostics.Add(Codes.BadLabel, row.LocationOf(column), row.Number, cell, k, k - 1);
        }

        return number;
    }

    private static double? NumberOf(string cell) =>
        double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;

    private static string Columns(int count) => count == 1 ? "1 column" : $"{count} columns";

    /// <param name="Text">The table.</param>
    /// <param name="Cells">What stands in the row.</param>
    /// <param name="Number">The line of the file where it starts, from 1.</param>
    private sealed record Row(SourceText Text, string[] Cells, int Number)
    {
        public Location Location => new(Text, Text.LineSpan(Math.Min(Number, Text.LineCount) - 1));

        /// <summary>The place of a cell: exact where no cell of the row is quoted, else the whole row.</summary>
        public Location LocationOf(int column)
        {
            Location line = Location;
            string[] raw = Text.Slice(line.Span).Split(',');
            if (raw.Length != Cells.Length)
            {
                return line;
            }

            int start = line.Span.Start + raw.Take(column).Sum(cell => cell.Length + 1);
            int indent = raw[column].Length - raw[column].TrimStart().Length;
            return new Location(Text, new Span(start + indent, raw[column].Trim().Length));
        }
    }
}
