using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>
/// A subexpression of a body, bound: it stands for one number at each position of its <see cref="Space"/> (a scalar node), or for one row of coordinates (a wide node).
/// Equal subexpressions are one node, and a node over few indices is computed once for all positions of the others.
/// </summary>
internal abstract class Node(IndexSpace space, bool wide)
{
    public IndexSpace Space { get; } = space;

    public bool Wide { get; } = wide;

    /// <summary>The place of its numbers in the evaluation, given when the plan is made.</summary>
    public int Id { get; set; }

    public sealed class Constant(double value) : Node(IndexSpace.Point, wide: false)
    {
        public double Value { get; } = value;
    }

    /// <summary>The value of an index variable.</summary>
    public sealed class Position(Variable variable) : Node(new([variable]), wide: false);

    /// <summary>The value of a loop's counter.</summary>
    public sealed class Counter(string name) : Node(IndexSpace.Point, wide: false)
    {
        public string Name { get; } = name;
    }

    /// <summary>1 where a variable is below another (or below a counter), else 0.</summary>
    public sealed class Below(Variable variable, Variable? bound, string counter)
        : Node(IndexSpace.Sorted(bound is null ? [variable] : [variable, bound]), wide: false)
    {
        public Variable Variable { get; } = variable;

        public Variable? Bound { get; } = bound;

        public string BoundCounter { get; } = counter;
    }

    /// <summary>A value of the program.</summary>
    public sealed class Reference(int slot, RowTable rows, bool wide) : Node(rows.Space, wide)
    {
        public int Slot { get; } = slot;

        public RowTable Rows { get; } = rows;
    }

    /// <summary>Σ of terms: scalar · wide each, plus a scalar. A scalar node has only scalars, in <see cref="Terms"/>' first halves.</summary>
    public sealed class Add(IndexSpace space, bool wide, Node? constant, IReadOnlyList<(Node? Scalar, Node? Wide)> terms) : Node(space, wide)
    {
        public Node? Addend { get; } = constant;

        public IReadOnlyList<(Node? Scalar, Node? Wide)> Terms { get; } = terms;

        /// <summary>A wide term without a scalar, where the sum can start; −1 when there is none.</summary>
        public int FirstPlainTerm { get; } = terms.ToList().FindIndex(term => term is { Scalar: null, Wide: not null });
    }

    /// <summary>A scalar times wide factors; for a scalar node, <see cref="Factors"/> are scalars and there is no <see cref="Scalar"/>.</summary>
    public sealed class Multiply(IndexSpace space, bool wide, Node? scalar, IReadOnlyList<Node> factors) : Node(space, wide)
    {
        public Node? Scalar { get; } = scalar;

        public IReadOnlyList<Node> Factors { get; } = factors;
    }

    public sealed class Power(Node operand, Rational exponent) : Node(operand.Space, operand.Wide)
    {
        public Node Operand { get; } = operand;

        public Rational Exponent { get; } = exponent;
    }

    public sealed class Call(IndexSpace space, bool wide, Expr.Call function, IReadOnlyList<Node> arguments) : Node(space, wide)
    {
        public Expr.Call Function { get; } = function;

        public IReadOnlyList<Node> Arguments { get; } = arguments;
    }

    /// <summary>Σ over variables of scalar · body; the body is wide exactly when the node is.</summary>
    public sealed class Sum(IReadOnlyList<Variable> over, IndexSpace inner, Node? scalar, Node body) : Node(inner.Without([.. over]), body.Wide)
    {
        public IReadOnlyList<Variable> Over { get; } = over;

        /// <summary>The space of the terms.</summary>
        public IndexSpace Inner { get; } = inner;

        public Node? Scalar { get; } = scalar;

        public Node Body { get; } = body;
    }
}
