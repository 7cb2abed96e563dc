using Antlr4.Runtime;
using TpCompiler.Diagnostics;
using TpCompiler.Language.Generated;

namespace TpCompiler.Language.Syntax;

/// <summary>
/// Pairs brackets in one walk over the tokens, before anything recurses. Every bracket without a partner is told; with those of lines mended (a line's brackets closed at its end, a stray one left out), the
/// parser can tell what else is wrong. Where braces don't pair, it isn't known what belongs to what, and nothing more is read.
/// </summary>
internal sealed class Brackets
{
    private readonly Offsets offsets;
    private readonly List<IToken> mended = [];
    private readonly List<IToken> open = [];
    private readonly HashSet<int> lines = [];
    private readonly List<(DiagnosticDescriptor Code, IToken Token)> faults = [];
    private bool bracesPair = true;

    private Brackets(Offsets offsets) => this.offsets = offsets;

    /// <summary>The tokens with brackets in pairs, null when they are not worth parsing; the lines that were mended are <paramref name="lines"/>.</summary>
    public static List<IToken>? Mend(IList<IToken> tokens, Offsets offsets, DiagnosticBag diagnostics, out IReadOnlySet<int> lines)
    {
        var brackets = new Brackets(offsets);
        lines = brackets.lines;
        return brackets.Walk(tokens, diagnostics) ? brackets.mended : null;
    }

    private bool Walk(IList<IToken> tokens, DiagnosticBag diagnostics)
    {
        foreach (var token in tokens)
        {
            switch (token.Text)
            {
                case "(" or "[" or "{":
                    open.Add(token);
                    if (open.Count > Parser.MaximumDepth)
                    {
                        diagnostics.Add(Codes.NestingTooDeep, offsets.Of(token), Parser.MaximumDepth);
                        return false;
                    }

                    break;
                case ")" or "]" or "}":
                    if (!Close(token))
                    {
                        continue;
                    }

                    break;
                case var _ when token.Type == TokenConstants.EOF:
                    CloseDownTo(0);
                    break;
            }

            mended.Add(token);
        }

        foreach (var (code, token) in faults)
        {
            diagnostics.Add(code, offsets.Of(token), token.Text);
        }

        return bracesPair;
    }

    /// <summary>Pairs a closing bracket with the nearest of its kind; round and square ones don't reach out of their braces. False for one that closes nothing.</summary>
    private bool Close(IToken token)
    {
        var opener = open.FindLastIndex(bracket => Closes(bracket.Text, token.Text) || bracket.Text == "{");
        if (opener < 0 || !Closes(open[opener].Text, token.Text))
        {
            faults.Add((Codes.StrayBracket, token));
            lines.Add(token.Line);
            bracesPair &= token.Text != "}";
            return false;
        }

        CloseDownTo(opener + 1);
        open.RemoveAt(opener);
        return true;
    }

    /// <summary>Gives the innermost brackets their partners, until only some are left open.</summary>
    private void CloseDownTo(int count)
    {
        for (; open.Count > count; open.RemoveAt(open.Count - 1))
        {
            var bracket = open[^1];
            faults.Add((Codes.UnclosedBracket, bracket));
            lines.Add(bracket.Line);
            bracesPair &= bracket.Text != "{";
            if (bracket.Text == "{")
            {
                continue;
            }

            // At the end of its line, but within what a brace opens there.
            var end = mended.FindLastIndex(token => token.Line == bracket.Line);
            var place = mended[end].Text == "{" && mended[end] != bracket ? end : end + 1;
            mended.Insert(place, Partner(bracket, mended[end]));
        }
    }

    /// <summary>A closing bracket that isn't in the text, where another token stands.</summary>
    private static CommonToken Partner(IToken bracket, IToken at)
    {
        var text = bracket.Text == "(" ? ")" : "]";
        var vocabulary = TensorProgramLexer.DefaultVocabulary;
        return new CommonToken(at) { Type = Enumerable.Range(1, TensorProgramLexer.OTHER).First(type => vocabulary.GetLiteralName(type) == $"'{text}'"), Text = text };
    }

    private static bool Closes(string open, string close) => (open, close) is ("(", ")") or ("[", "]") or ("{", "}");
}
