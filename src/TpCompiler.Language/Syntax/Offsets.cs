using Antlr4.Runtime;
using TpCompiler.Diagnostics;

namespace TpCompiler.Language.Syntax;

/// <summary>Places of tokens in UTF-16 units. ANTLR's stream over a string counts in them already; the end of the file has no length.</summary>
internal sealed class Offsets(string text)
{
    public string Text { get; } = text;

    public Span Of(IToken token) => token.Type == TokenConstants.EOF
        ? new Span(Text.Length, 0)
        : Span.Between(token.StartIndex, token.StopIndex + 1);

    public Span Of(ParserRuleContext context) => context.Stop is null || context.Stop.StopIndex < context.Start.StartIndex
        ? new Span(Math.Min(context.Start.StartIndex, Text.Length), 0)
        : Span.Between(context.Start.StartIndex, context.Stop.StopIndex + 1);
}
