using System.Text;

namespace TpCompiler.Diagnostics;

/// <summary>A source line as printed and the underline below it, cut to a width that a terminal shows.</summary>
internal sealed record Snippet(string Line, string Underline)
{
    private const int Width = 120;
    private const int Context = 40;
    private const string Ellipsis = "…";

    /// <summary>The first line of a place. The underline is at least one caret, and ends at the end of that line.</summary>
    public static Snippet Of(Location location)
    {
        SourceText source = location.Source;
        Span line = source.LineSpan(source.LineOf(location.Span.Start));
        int from = Math.Clamp(location.Span.Start, line.Start, line.End);
        int to = Math.Clamp(location.Span.End, from, line.End);
        // Cutting in UTF-16 units before laying out keeps a line of ten megabytes cheap.
        int start = from - line.Start > Width ? from - Context : line.Start;
        int end = Math.Min(line.End, Math.Max(start + Width, Math.Min(to + Context, from + Width)));
        bool cutLeft = start > line.Start;
        bool cutRight = end < line.End;

        StringBuilder text = new(cutLeft ? Ellipsis : "");
        StringBuilder underline = new(cutLeft ? " " : "");
        int column = text.Length;
        int position = start;
        foreach (Rune rune in source.Text.AsSpan(start, end - start).EnumerateRunes())
        {
            string shown = DisplayWidth.Shown(rune, column);
            int cells = rune.Value == '\t' ? shown.Length : DisplayWidth.Cells(rune);
            bool marked = position >= from && position < to;
            text.Append(shown);
            underline.Append(marked ? '^' : ' ', position == from && marked ? Math.Max(cells, 1) : cells);
            column += cells;
            position += rune.Utf16SequenceLength;
        }

        string carets = underline.ToString().TrimEnd();
        if (!carets.Contains('^', StringComparison.Ordinal))
        {
            carets = CellsBefore(source, start, from, cutLeft) + "^";
        }

        return new Snippet(text.Append(cutRight ? Ellipsis : "").ToString(), carets);
    }

    // An empty range has a caret all the same: below the character that follows it, or behind the line's last one.
    private static string CellsBefore(SourceText source, int start, int from, bool cutLeft)
    {
        int column = cutLeft ? 1 : 0;
        foreach (Rune rune in source.Text.AsSpan(start, from - start).EnumerateRunes())
        {
            column += rune.Value == '\t' ? DisplayWidth.Shown(rune, column).Length : DisplayWidth.Cells(rune);
        }

        return new string(' ', column);
    }
}
