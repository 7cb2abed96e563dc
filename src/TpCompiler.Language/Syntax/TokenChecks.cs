using Antlr4.Runtime;
using TpCompiler.Diagnostics;
using TpCompiler.Language.Generated;

namespace TpCompiler.Language.Syntax;

/// <summary>Characters without a meaning, and texts that are never closed.</summary>
internal static class TokenChecks
{
    public static bool Hold(IList<IToken> tokens, Offsets offsets, DiagnosticBag diagnostics)
    {
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
        }

        return !diagnostics.HasErrors;
    }

    private static string Shown(string text) => text.Length == 1 && (char.IsControl(text[0]) || char.IsSurrogate(text[0])) ? $"U+{(int)text[0]:X4}" : $"`{text}`";
}
