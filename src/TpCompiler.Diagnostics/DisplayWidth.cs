using System.Globalization;
using System.Text;

namespace TpCompiler.Diagnostics;

/// <summary>How a character of the source appears on a terminal, so that carets stand where they should.</summary>
internal static class DisplayWidth
{
    public const int TabStop = 4;

    /// <summary>
    /// The text to print for a character at a given column. Tabs become spaces; characters that steer a terminal or reorder its
    /// text (controls, escapes, bidirectional marks) become U+FFFD, so that a source can't disguise itself.
    /// </summary>
    public static string Shown(Rune rune, int column) => rune.Value == '\t'
        ? new string(' ', TabStop - (column % TabStop))
        : IsUnprintable(rune) ? "\uFFFD" : rune.ToString();

    /// <summary>The terminal cells of a printable character: 2 for wide East Asian ones and emoji, 0 for combining marks.</summary>
    public static int Cells(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark => 0,
        _ => IsWide(rune.Value) ? 2 : 1,
    };

    private static bool IsUnprintable(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    // Unicode Standard Annex 11, the blocks that are wide throughout.
    private static bool IsWide(int value) => value
        is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0x303E) or (>= 0x3041 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6)
        or (>= 0x1F300 and <= 0x1F64F) or (>= 0x1F900 and <= 0x1F9FF) or (>= 0x20000 and <= 0x3FFFD);
}
