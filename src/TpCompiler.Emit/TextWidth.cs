using System.Globalization;

namespace TpCompiler.Emit;

/// <summary>How many columns a text takes: combining marks take none.</summary>
internal static class TextWidth
{
    public static int Of(string text) => text.EnumerateRunes().Count(rune =>
        CharUnicodeInfo.GetUnicodeCategory(rune.Value) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark));
}
