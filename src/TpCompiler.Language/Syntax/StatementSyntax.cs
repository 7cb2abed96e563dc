using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Syntax;

/// <summary>A line of a program or network.</summary>
public abstract record StatementSyntax(Span Span) : SyntaxNode(Span)
{
    /// <summary><c>width n</c>, <c>width m = 2 * n</c>.</summary>
    public sealed record Width(Span Span, NameSyntax Name, ExpressionSyntax? Ratio) : StatementSyntax(Span);

    /// <summary><c>axis d = 784</c>.</summary>
    public sealed record Axis(Span Span, NameSyntax Name, ExpressionSyntax? Size) : StatementSyntax(Span);

    /// <summary><c>matrix A : [n, n] ~ normal(0, 1/n)</c>.</summary>
    public sealed record Random(Span Span, string Kind, TargetSyntax Target, ValueList<ExpressionSyntax> Shape, ExpressionSyntax Law) : StatementSyntax(Span);

    /// <summary><c>weight W1 : [n, d]</c>.</summary>
    public sealed record Weight(Span Span, TargetSyntax Target, ValueList<ExpressionSyntax> Shape) : StatementSyntax(Span);

    /// <summary><c>x1 = tanh(W1 * x)</c>.</summary>
    public sealed record Assignment(Span Span, TargetSyntax Target, ExpressionSyntax Value) : StatementSyntax(Span)
    {
        /// <summary>What stands on the left beside <see cref="Target"/>: <c>f, g = both(x)</c>, in steps only.</summary>
        public ValueList<TargetSyntax> Others { get; init; } = [];
    }

    /// <summary><c>for l in 2..50 { … }</c>, both ends included.</summary>
    public sealed record Loop(Span Span, NameSyntax Counter, ExpressionSyntax First, ExpressionSyntax Last, ValueList<StatementSyntax> Body) : StatementSyntax(Span);

    /// <summary><c>return f</c>.</summary>
    public sealed record Return(Span Span, ValueList<ExpressionSyntax> Values) : StatementSyntax(Span);
}
