using System.Text;
using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Syntax;

/// <summary>A part of the text, with its place. Chains of + and * are flat: only brackets make a tree deep.</summary>
public abstract record SyntaxNode(Span Span);

/// <summary>An expression as it is written.</summary>
public abstract record ExpressionSyntax(Span Span) : SyntaxNode(Span)
{
    /// <summary><c>0.5</c>, exactly.</summary>
    public sealed record Number(Span Span, Rational Value) : ExpressionSyntax(Span);

    /// <summary><c>x</c>, or <c>x[l - 1]</c>.</summary>
    public sealed record Name(Span Span, string Text, ValueList<ExpressionSyntax> Indices) : ExpressionSyntax(Span);

    /// <summary><c>tanh(h)</c>, <c>sgd(lr: 0.5)</c>.</summary>
    public sealed record Call(Span Span, NameSyntax Function, ValueList<ArgumentSyntax> Arguments) : ExpressionSyntax(Span)
    {
        /// <summary>The weights of <c>net(x; fast)</c>; null without.</summary>
        public ExpressionSyntax? Weights { get; init; }

        /// <summary>Weights only where there are some.</summary>
        protected override bool PrintMembers(StringBuilder builder)
        {
            base.PrintMembers(builder);
            builder.Append(", Function = ").Append(Function).Append(", Arguments = ").Append(Arguments);
            if (Weights is not null)
            {
                builder.Append(", Weights = ").Append(Weights);
            }

            return true;
        }
    }

    /// <summary><c>-x</c>.</summary>
    public sealed record Negate(Span Span, ExpressionSyntax Operand) : ExpressionSyntax(Span);

    /// <summary><c>x + y - z</c>.</summary>
    public sealed record Sum(Span Span, ValueList<(bool Minus, ExpressionSyntax Term)> Terms) : ExpressionSyntax(Span);

    /// <summary><c>x * y / z</c>.</summary>
    public sealed record Product(Span Span, ValueList<(bool Divide, ExpressionSyntax Factor)> Factors) : ExpressionSyntax(Span);

    /// <summary><c>x^k</c>.</summary>
    public sealed record Power(Span Span, ExpressionSyntax Base, ExpressionSyntax Exponent) : ExpressionSyntax(Span);

    /// <summary><c>A'</c>; of an axis, another index over it.</summary>
    public sealed record Transpose(Span Span, ExpressionSyntax Operand) : ExpressionSyntax(Span);

    /// <summary><c>s' &lt;= s</c>: only as an argument.</summary>
    public sealed record Comparison(Span Span, string Relation, ExpressionSyntax Left, ExpressionSyntax Right) : ExpressionSyntax(Span);

    /// <summary><c>k in 0..2</c>, both ends included: only as an argument.</summary>
    public sealed record Range(Span Span, NameSyntax Counter, ExpressionSyntax First, ExpressionSyntax Last) : ExpressionSyntax(Span);
}

/// <summary>A name where it is written.</summary>
public sealed record NameSyntax(Span Span, string Text) : SyntaxNode(Span);

/// <summary><c>lr: 0.5</c>, or without a name.</summary>
public sealed record ArgumentSyntax(Span Span, NameSyntax? Name, ExpressionSyntax Value) : SyntaxNode(Span);

/// <summary>What is defined: <c>x</c>, or the member <c>x[l]</c> of a family.</summary>
public sealed record TargetSyntax(Span Span, NameSyntax Name, ValueList<ExpressionSyntax> Indices) : SyntaxNode(Span);
