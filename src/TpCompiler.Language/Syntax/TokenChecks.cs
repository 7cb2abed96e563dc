using Antlr4.Runtime;
using TpCompiler.Diagnostics;
using TpCompiler.Language.Generated;

namespace TpCompiler.Language.Syntax;

/// <summary>Characters without a meaning, and texts that are never closed.</summary>
internal static class TokenChecks
{
    /// <summary>The words that a path follows.</summary>
    private static readonly string[] BeforePaths = ["data", "validation", "test", "csv", "images", "tasks", "rotated_tasks", "text", "analogies"];

    public static bool Hold(IList<IToken> tokens, SourceText source, Offsets offsets, DiagnosticBag diagnostics)
    {
        var toldUpTo = -1;
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            switch (token.Type)
            {
                case TensorProgramLexer.OTHER when i > toldUpTo:
                    var diagnostic = Diagnostic.Create(Codes.InvalidCharacter, new Location(source, offsets.Of(token)), Shown(token.Text));
                    var help = PathAt(tokens, i, out toldUpTo) is { } path ? $"paths stand in double quotes: `\"{path}\"`" : NumberAt(tokens, i) is { } number ? $"write `{number}`" : null;
                    diagnostics.Add(help is null ? diagnostic : diagnostic.WithHelp(help));
                    break;
                case TensorProgramLexer.UNTERMINATED:
                    diagnostics.Add(Codes.UnterminatedString, offsets.Of(token));
                    break;
            }
        }

        return !diagnostics.HasErrors;
    }

    /// <summary>The path without quotes, or in others, that a character stands in, with the last of its tokens; null where it is none.</summary>
    private static string? PathAt(IList<IToken> tokens, int at, out int last)
    {
        var first = last = at;
        while (first > 0 && Touch(tokens, first - 1))
        {
            first--;
        }

        if (first == 0 || tokens[first - 1].Line != tokens[first].Line || !BeforePaths.Contains(tokens[first - 1].Text))
        {
            return null;
        }

        while (Touch(tokens, last))
        {
            last++;
        }

        var path = string.Concat(tokens.Skip(first).Take(last - first + 1).Select(token => token.Text)).Trim('\'', '`', '‘', '’', '“', '”', '«', '»');
        return path.Length > 0 ? path : null;
    }

    /// <summary>What <c>.5</c> or <c>5.</c> is written as.</summary>
    private static string? NumberAt(IList<IToken> tokens, int at)
    {
        if (tokens[at].Text != ".")
        {
            return null;
        }

        var whole = at > 0 && Touch(tokens, at - 1) && tokens[at - 1].Type == TensorProgramLexer.NUMBER ? tokens[at - 1].Text : null;
        var fraction = Touch(tokens, at) && tokens[at + 1].Type == TensorProgramLexer.NUMBER ? tokens[at + 1].Text : null;
        return whole is null && fraction is null ? null : fraction is null ? whole : $"{whole ?? "0"}.{fraction}";
    }

    /// <summary>Whether nothing stands between a token and the next one.</summary>
    private static bool Touch(IList<IToken> tokens, int at) =>
        at + 1 < tokens.Count && tokens[at + 1].Type != TokenConstants.EOF && tokens[at].StopIndex + 1 == tokens[at + 1].StartIndex;

    private static string Shown(string text) => text.Length == 1 && (char.IsControl(text[0]) || char.IsSurrogate(text[0])) ? $"U+{(int)text[0]:X4}" : $"`{text}`";
}
