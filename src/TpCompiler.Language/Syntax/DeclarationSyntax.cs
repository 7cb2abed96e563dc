using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Syntax;

/// <summary>A file.</summary>
public sealed record FileSyntax(Span Span, ValueList<DeclarationSyntax> Declarations) : SyntaxNode(Span);

/// <summary>What stands at the top level of a file.</summary>
public abstract record DeclarationSyntax(Span Span) : SyntaxNode(Span)
{
    public sealed record Program(Span Span, NameSyntax Name, ValueList<StatementSyntax> Body) : DeclarationSyntax(Span);

    public sealed record Network(Span Span, NameSyntax Name, ValueList<InputSyntax> Inputs, ValueList<StatementSyntax> Body) : DeclarationSyntax(Span);

    /// <summary><c>function swish(u) = u * sigmoid(u)</c>, or a block of values with names of their own and a <c>return</c>.</summary>
    public sealed record Function(Span Span, NameSyntax Name, ValueList<NameSyntax> Parameters, ValueList<StatementSyntax.Assignment> Locals, ExpressionSyntax Body) : DeclarationSyntax(Span);

    /// <summary>A use (<c>parametrization mup</c>, with or without entries of its own) or, with <paramref name="ByRole"/>, a definition.</summary>
    public sealed record Parametrization(Span Span, NameSyntax? Name, bool ByRole, ValueList<EntrySyntax> Entries) : DeclarationSyntax(Span);

    public sealed record Optimizer(
        Span Span,
        NameSyntax Name,
        ValueList<ParameterSyntax> Parameters,
        ValueList<NameSyntax> Slots,
        ValueList<StatementSyntax.Assignment> Assignments) : DeclarationSyntax(Span);

    public sealed record Train(Span Span, ValueList<SettingSyntax> Settings) : DeclarationSyntax(Span);

    /// <summary>A training step in the language itself: <c>step plain(x : [d], y) { … }</c>.</summary>
    public sealed record Step(Span Span, NameSyntax Name, ValueList<InputSyntax> Inputs, ValueList<NameSyntax> Slots, ValueList<StatementSyntax> Body) : DeclarationSyntax(Span)
    {
        /// <summary>Whether it says what is measured with the weights, on other data: <c>test NAME(…) { … }</c>.</summary>
        public bool IsTest { get; init; }
    }
}

/// <summary><c>x : [d]</c>; without a shape one number.</summary>
public sealed record InputSyntax(Span Span, NameSyntax Name, ValueList<ExpressionSyntax> Shape) : SyntaxNode(Span);

/// <summary><c>W1: (a: -1/2, b: 1/2, c: 0)</c>.</summary>
public sealed record EntrySyntax(Span Span, TargetSyntax Target, ValueList<ArgumentSyntax> Values) : SyntaxNode(Span);

/// <summary><c>momentum = 0</c>.</summary>
public sealed record ParameterSyntax(Span Span, NameSyntax Name, ExpressionSyntax? Default) : SyntaxNode(Span);

/// <summary><c>loss mse</c>; <c>data images "faces/"</c>.</summary>
/// <param name="Span">The whole setting.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">The word before a text.</param>
/// <param name="Text">The text, without quotes.</param>
/// <param name="Value">The expression, when it is no text.</param>
public sealed record SettingSyntax(Span Span, NameSyntax Name, NameSyntax? Kind, string? Text, ExpressionSyntax? Value) : SyntaxNode(Span)
{
    /// <summary>The number behind a text: <c>test "new.csv" 100</c>.</summary>
    public ExpressionSyntax? Count { get; init; }
}
