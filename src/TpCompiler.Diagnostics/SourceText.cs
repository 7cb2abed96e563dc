using System.Text;

namespace TpCompiler.Diagnostics;

/// <summary>A named text and the map from its positions to lines. A line ends at LF, CR LF or CR.</summary>
public sealed class SourceText
{
    private readonly int[] lineStarts;

    public SourceText(string name, string text)
    {
        Name = name;
        Text = text;
        lineStarts = LineStartsOf(text);
    }

    /// <summary>What the reader calls it: the path as it was typed, or a name in angle brackets such as <c>&lt;stdin&gt;</c>.</summary>
    public string Name { get; }

    public string Text { get; }

    public int LineCount => lineStarts.Length;

    /// <summary>The line, counted from 0, that holds a position; positions outside the text count as its ends.</summary>
    public int LineOf(int position)
    {
        int index = Array.BinarySearch(lineStarts, Math.Clamp(position, 0, Text.Length));
        return index >= 0 ? index : ~index - 1;
    }

    /// <summary>The range of a line, counted from 0, without its line end.</summary>
    public Span LineSpan(int line)
    {
        int start = lineStarts[line];
        int end = line + 1 < lineStarts.Length ? lineStarts[line + 1] : Text.Length;
        while (end > start && Text[end - 1] is '\n' or '\r')
        {
            end--;
        }

        return Span.Between(start, end);
    }

    public LinePosition PositionOf(int position)
    {
        position = Math.Clamp(position, 0, Text.Length);
        int line = LineOf(position);
        int column = 1;
        foreach (Rune _ in Text.AsSpan(lineStarts[line], position - lineStarts[line]).EnumerateRunes())
        {
            column++;
        }

        return new LinePosition(line + 1, column);
    }

    /// <summary>The same source with other words at a place.</summary>
    /// <param name="span">The place; not beyond the text.</param>
    /// <param name="words">What stands there then.</param>
    public SourceText With(Span span, string words) => new(Name, Text[..span.Start] + words + Text[span.End..]);

    /// <summary>The text of a range, cut where it leaves the source.</summary>
    public string Slice(Span span)
    {
        int start = Math.Clamp(span.Start, 0, Text.Length);
        return Text[start..Math.Clamp(span.End, start, Text.Length)];
    }

    private static int[] LineStartsOf(string text)
    {
        List<int> starts = [0];
        for (int i = 0; i < text.Length; i++)
        {
            bool endsLine = text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n'));
            if (endsLine)
            {
                starts.Add(i + 1);
            }
        }

        return [.. starts];
    }
}
