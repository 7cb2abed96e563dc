using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Code;

/// <summary>A statement of tensor code. Shapes are the axes of a value, then its widths.</summary>
public abstract record TensorStatement
{
    /// <summary>Fresh i.i.d. N(0, variance) entries.</summary>
    public sealed record Normal(string Name, ValueList<string> Shape, Expr Variance) : TensorStatement;

    /// <summary>Zeros.</summary>
    public sealed record Zeros(string Name, ValueList<string> Shape) : TensorStatement;

    /// <summary>The samples of a field that the step reads.</summary>
    public sealed record Read(string Name, string Field, ValueList<string> Shape) : TensorStatement
    {
        /// <summary>Whether the samples are whole numbers that choose rows.</summary>
        public bool IsWhole { get; init; }
    }

    /// <summary>name = value, whose dimensions are in the order of the name's shape.</summary>
    /// <param name="Name">The array.</param>
    /// <param name="Value">The expression.</param>
    /// <param name="Equation">What it says, in the program's own notation.</param>
    public sealed record Assign(string Name, TensorExpr Value, string Equation) : TensorStatement;

    public sealed record Repeat(string Counter, int Count, ValueList<TensorStatement> Body) : TensorStatement;

    /// <summary>Looks at the terms of the mean over points before it, which outputs are made of.</summary>
    /// <param name="Name">The mean.</param>
    /// <param name="Terms">Its terms, with the dimension of points last.</param>
    /// <param name="Factors">The vectors of which the terms are the product; none where they are more than that.</param>
    public sealed record Watch(string Name, TensorExpr Terms, ValueList<TensorExpr> Factors) : TensorStatement;

    /// <summary>Keeps a value of this moment as the next of the series that the program reports.</summary>
    public sealed record Report(string Name) : TensorStatement;
}

/// <summary>A program in tensor code.</summary>
/// <param name="Name">The program's name.</param>
/// <param name="Widths">Infinite dimensions; the first is n.</param>
/// <param name="Axes">Finite dimensions; one without a size has it from data.</param>
/// <param name="Body">The statements.</param>
/// <param name="Outputs">What it reports.</param>
public sealed record TensorCode(string Name, ValueList<Width> Widths, ValueList<Axis> Axes, ValueList<TensorStatement> Body, ValueList<string> Outputs);

/// <summary>Why a program can't be written in a target: the instruction, and what of it.</summary>
public sealed record Refusal(string Instruction, string Reason);
