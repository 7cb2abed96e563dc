using Antlr4.Runtime;
using Antlr4.Runtime.Misc;
using TpCompiler.Diagnostics;
using TpCompiler.Language.Generated;

namespace TpCompiler.Language.Syntax;

/// <summary>
/// The parser's complaints as diagnostics, one a line: what follows on a line that could not be read says nothing new. After <see cref="Most"/>, or when it stumbles over a line whose brackets were mended for it,
/// the rest of the text is not read.
/// </summary>
internal sealed class SyntaxErrors(SourceText source, Offsets offsets, CommonTokenStream tokens, IReadOnlySet<int> mendedLines, DiagnosticBag diagnostics) : BaseErrorListener
{
    private const int Most = 20;

    /// <summary>Words that a line begins with.</summary>
    private static readonly string[] Openings =
        ["axis", "for", "function", "matrix", "network", "optimizer", "parametrization", "program", "return", "scalar", "slot", "step", "test", "train", "vector", "weight", "width"];

    private readonly HashSet<int> told = [];

    public override void SyntaxError(TextWriter output, IRecognizer recognizer, IToken offendingSymbol, int line, int charPositionInLine, string msg, RecognitionException e)
    {
        if (mendedLines.Contains(line))
        {
            throw new ParseCanceledException();
        }

        if (!told.Add(line))
        {
            return;
        }

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
            var diagnostic = Diagnostic.Create(Codes.UnexpectedToken, new Location(source, span), expected, $"`{offendingSymbol.Text}`");
            diagnostics.Add(Opening(offendingSymbol) is { } word ? diagnostic.WithHelp($"did you mean `{word}`?") : diagnostic);
        }

        if (diagnostics.Count >= Most)
        {
            throw new ParseCanceledException();
        }
    }

    /// <summary>The word of the language that the first word of a line was meant to be, when the second can't be read.</summary>
    private string? Opening(IToken second)
    {
        var first = second.TokenIndex > 0 ? tokens.Get(second.TokenIndex - 1) : null;
        var startsLine = first?.Line == second.Line && (first.TokenIndex == 0 || tokens.Get(first.TokenIndex - 1).Line < first.Line);
        return startsLine && first!.Type == TensorProgramLexer.NAME ? Spelling.Suggest(first.Text, Openings) : null;
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
