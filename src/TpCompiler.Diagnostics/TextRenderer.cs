using System.Globalization;
using System.Text;

namespace TpCompiler.Diagnostics;

/// <summary>Diagnostics for people: code, message, place, the source line with carets, notes and ways out.</summary>
public sealed class TextRenderer(TextWriter writer, bool color = false)
{
    private const string Red = "31;1", Yellow = "33;1", Blue = "34;1", Bold = "1";

    /// <summary>All of them in the order of the text, then how many there were.</summary>
    public void Render(DiagnosticBag diagnostics)
    {
        foreach (Diagnostic diagnostic in diagnostics)
        {
            Render(diagnostic);
            Line("");
        }

        Line(Summary(diagnostics));
    }

    public void Render(Diagnostic diagnostic)
    {
        bool isError = diagnostic.Severity == Severity.Error;
        string head = Paint($"{(isError ? "error" : "warning")}[{diagnostic.Code}]", isError ? Red : Yellow);
        Line($"{head}{Paint(": " + Printable(diagnostic.Message), Bold)}");
        int gutter = Gutter(diagnostic);
        if (diagnostic.Location is { } location)
        {
            RenderPlace(location, gutter, isError ? Red : Yellow);
        }

        string margin = new(' ', gutter);
        foreach (string note in diagnostic.Notes)
        {
            Line($"{margin} {Paint("=", Blue)} note: {Printable(note)}");
        }

        foreach (string help in diagnostic.Help)
        {
            Line($"{margin} {Paint("=", Blue)} help: {Printable(help)}");
        }

        foreach (RelatedLocation related in diagnostic.Related)
        {
            Line($"{Paint("note", Blue)}: {Printable(related.Message)}");
            RenderPlace(related.Location, gutter, Blue);
        }
    }

    private static string Summary(DiagnosticBag diagnostics)
    {
        int errors = diagnostics.Count(d => d.Severity == Severity.Error);
        int warnings = diagnostics.Count - errors;
        List<string> parts = [];
        if (errors > 0)
        {
            parts.Add(Counted(errors, "error"));
        }

        if (warnings > 0)
        {
            parts.Add(Counted(warnings, "warning"));
        }

        string omitted = diagnostics.Omitted > 0
            ? string.Create(CultureInfo.InvariantCulture, $" and {diagnostics.Omitted} more that are not shown")
            : "";
        string first = diagnostics.First().Code;
        return $"{string.Join(", ", parts)}{omitted}; `tpc explain {first}` says more";
    }

    private static string Counted(int count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");

    private static int Gutter(Diagnostic diagnostic) => diagnostic.Related
        .Select(r => r.Location)
        .Append(diagnostic.Location)
        .Max(l => l is null ? 1 : l.Start.Line.ToString(CultureInfo.InvariantCulture).Length);

    // Messages quote the user's text: it must not steer the terminal or break the layout.
    private static string Printable(string text)
    {
        StringBuilder printable = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            printable.Append(DisplayWidth.Shown(rune, 0));
        }

        return printable.ToString();
    }

    private void RenderPlace(Location location, int gutter, string caretColor)
    {
        LinePosition start = location.Start;
        string margin = new(' ', gutter);
        string number = start.Line.ToString(CultureInfo.InvariantCulture).PadLeft(gutter);
        Snippet snippet = Snippet.Of(location);
        string bar = Paint("|", Blue);
        string place = string.Create(CultureInfo.InvariantCulture, $"{Printable(location.Source.Name)}:{start.Line}:{start.Column}");
        Line($"{margin}{Paint("-->", Blue)} {place}");
        Line($"{margin} {bar}");
        Line($"{Paint(number, Blue)} {bar} {snippet.Line}".TrimEnd());
        Line($"{margin} {bar} {Paint(snippet.Underline, caretColor)}");
    }

    private string Paint(string text, string style) => color ? $"\u001b[{style}m{text}\u001b[0m" : text;

    // Never the writer's own line end: the same bytes on every machine.
    private void Line(string text) => writer.Write(text + "\n");
}
