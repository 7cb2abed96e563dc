using Antlr4.Runtime;
using Antlr4.Runtime.Misc;
using TpCompiler.Diagnostics;
using TpCompiler.Language.Generated;

namespace TpCompiler.Language.Syntax;

/// <summary>The parser's complaints as diagnostics. After <see cref="Most"/> the rest of the text is not read: it says nothing new.</summary>
internal sealed class SyntaxErrors(Offsets offsets, DiagnosticBag diagnostics) : BaseErrorListener
{
    private const int Most = 20;

    public override void SyntaxError(TextWriter output, IRecognizer recognizer, IToken offendingSymbol, int line, int charPositionInLine, string msg, RecognitionException e)
    {
        var expected = Expected((Antlr4.Runtime.Parser)recognizer, e);
        var span = offsets.Of(offendingSymbol);
        if (offendingSymbol.Type == TokenConstants.EOF)
        {
            diagnostics.Add(Codes.UnexpectedEnd, span, expected);
        }
        else if (expected == "a name" && char.IsLetter(offendingSymbol.Text[0]))
        {
            diagnostics.Add(Codes.ReservedWord, span, offendingSymbol.Text);
        }
        else
        {
            diagnostics.Add(Codes.UnexpectedToken, span, expected, $"`{offendingSymbol.Text}`");
        }

        if (diagnostics.Count >= Most)
        {
            throw new ParseCanceledException();
        }
    }

    private static string Expected(Antlr4.Runtime.Parser parser, RecognitionException? e)
    {
        IntervalSet set = e is InputMismatchException mismatch ? mismatch.GetExpectedTokens() : parser.GetExpectedTokens();
        var types = set.ToList();
        var words = types
            .Where(type => !types.Contains(TensorProgramLexer.NAME) || parser.Vocabulary.GetLiteralName(type) is not { } literal || !char.IsLetter(literal[1]))
            .Select(type => type switch
            {
                TokenConstants.EOF => "the end of the file",
                TensorProgramLexer.NAME => "a name",
                TensorProgramLexer.NUMBER => "a number",
                TensorProgramLexer.STRING => "a text in quotes",
                _ => $"`{parser.Vocabulary.GetLiteralName(type)?.Trim('\'')}`".Replace("\\", "", StringComparison.Ordinal),
            })
            .ToList();
        return words.Count switch
        {
            0 => "something else",
            1 => words[0],
            > 8 => $"{string.Join(", ", words.Take(8))}, …",
            _ => $"{string.Join(", ", words.SkipLast(1))} or {words[^1]}",
        };
    }
}
