using Antlr4.Runtime;
using Antlr4.Runtime.Atn;
using Antlr4.Runtime.Misc;
using TpCompiler.Diagnostics;
using TpCompiler.Language.Generated;

namespace TpCompiler.Language.Syntax;

/// <summary>Text to syntax tree.</summary>
public static class Parser
{
    /// <summary>The longest program, in UTF-16 units.</summary>
    public const int MaximumLength = 1 << 20;

    /// <summary>The deepest nesting of brackets: the parser and all stages after it recurse on it.</summary>
    public const int MaximumDepth = 100;

    /// <summary>The tree, without declarations when the text is not well formed; never throws.</summary>
    public static (FileSyntax Tree, DiagnosticBag Diagnostics) Parse(SourceText source)
    {
        var (tree, diagnostics, rest) = ParseWhatIsWhole(source);
        return rest is null ? (tree, diagnostics) : (tree with { Declarations = [] }, diagnostics);
    }

    /// <summary>The tree of what is well formed; with what can be said about it where the rest of the text isn't.</summary>
    internal static (FileSyntax Tree, DiagnosticBag Diagnostics, Undamaged? Whole) ParseWhatIsWhole(SourceText source)
    {
        var diagnostics = new DiagnosticBag(source);
        var empty = new FileSyntax(new Span(0, source.Text.Length), []);
        if (source.Text.Length > MaximumLength)
        {
            diagnostics.Add(Codes.FileTooLarge, null, source.Name, MaximumLength);
            return (empty, diagnostics, null);
        }

        var lexer = new TensorProgramLexer(new AntlrInputStream(source.Text));
        lexer.RemoveErrorListeners();
        var offsets = new Offsets(source.Text);
        var text = new CommonTokenStream(lexer);
        text.Fill();
        var holds = TokenChecks.Hold(text.GetTokens(), source, offsets, diagnostics);
        if (Brackets.Mend(text.GetTokens(), offsets, diagnostics, out var mendedLines) is not { } paired || !holds)
        {
            return (empty, diagnostics, null);
        }

        var tokens = new CommonTokenStream(new ListTokenSource(paired));
        tokens.Fill();
        var parser = new TensorProgramParser(tokens);
        parser.RemoveErrorListeners();
        parser.AddErrorListener(new SyntaxErrors(source, offsets, tokens, mendedLines, diagnostics));
        parser.Interpreter.PredictionMode = PredictionMode.SLL;
        try
        {
            var file = parser.file();
            var rest = diagnostics.HasErrors ? Undamaged.Prune(file, tokens.GetTokens(), mendedLines, offsets) : null;
            return (new TreeBuilder(offsets, diagnostics).File(file), diagnostics, rest);
        }
        catch (ParseCanceledException)
        {
            return (empty, diagnostics, null);
        }
    }
}
