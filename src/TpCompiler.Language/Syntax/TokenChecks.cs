using Antlr4.Runtime;
using TpCompiler.Diagnostics;
using TpCompiler.Language.Generated;

namespace TpCompiler.Language.Syntax;

/// <summary>One walk over the tokens before anything recurses: characters without a meaning, open texts, and brackets, whose depth bounds all recursion.</summary>
internal static class TokenChecks
{
    public static bool Hold(IList<IToken> tokens, Offsets offsets, DiagnosticBag diagnostics)
    {
        var open = new Stack<IToken>();
        foreach (var token in tokens)
        {
            switch (token.Type)
            {
                case TensorProgramLexer.OTHER:
                    diagnostics.Add(Codes.InvalidCharacter, offsets.Of(token), Shown(token.Text));
                    break;
                case TensorProgramLexer.UNTERMINATED:
                    diagnostics.Add(Codes.UnterminatedString, offsets.Of(token));
                    break;
            }

            switch (token.Text)
            {
                case "(" or "[" or "{":
                    open.Push(token);
                    if (open.Count > Parser.MaximumDepth)
                    {
                        diagnostics.Add(Codes.NestingTooDeep, offsets.Of(token), Parser.MaximumDepth);
                        return false;
                    }

                    break;
                case ")" or "]" or "}" when open.TryPeek(out var opener) && Closes(opener.Text, token.Text):
                    open.Pop();
                    break;
                case "]" or ")" or "}" when open.Count > 0:
                    var mismatched = open.Pop();
                    diagnostics.Add(Codes.UnclosedBracket, offsets.Of(mismatched), mismatched.Text);
                    return false;
            }
        }

        if (!diagnostics.HasErrors && open.TryPop(out var unclosed))
        {
            diagnostics.Add(Codes.UnclosedBracket, offsets.Of(unclosed), unclosed.Text);
        }

        return !diagnostics.HasErrors;
    }

    private static bool Closes(string open, string close) => (open, close) is ("(", ")") or ("[", "]") or ("{", "}");

    private static string Shown(string text) => text.Length == 1 && (char.IsControl(text[0]) || char.IsSurrogate(text[0])) ? $"U+{(int)text[0]:X4}" : $"`{text}`";
}
