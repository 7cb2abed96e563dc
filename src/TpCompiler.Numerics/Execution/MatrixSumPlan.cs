using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>The terms of a MatrixSum with their coefficients and rows at each position of the result's axes.</summary>
internal sealed class MatrixSumPlan
{
    private readonly ScalarEvaluation scalars;
    private readonly List<ScaledTerm> scaled = [];
    private readonly List<OuterTerm> outers = [];
    private readonly List<Action<IFrame>> bind = [];

    public MatrixSumPlan(Instruction.MatrixSum sum, ValueTable values, Func<string, double> widthValue)
    {
        var builder = new NodeBuilder(values, widthValue);
        var variables = sum.Result.Indices.Select(binder => (binder.Name, builder.Bind(binder))).ToList();
        var scope = Scope.Of(variables);
        var space = IndexSpace.Sorted(variables.Select(pair => pair.Item2));
        foreach (var term in sum.Terms)
        {
            switch (term)
            {
                case MatrixTerm.Scaled matrix:
                    scaled.Add(new(this, values.Slot(matrix.Matrix.Name), space, builder.Build(matrix.Coefficient, scope), builder.Rows(matrix.Matrix, scope)));
                    break;
                case MatrixTerm.Outer outer:
                    outers.Add(new(this, outer, space, scope, builder, values));
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        scalars = new ScalarEvaluation(builder.Nodes);
    }

    public IReadOnlyList<ScaledTerm> Scaled => scaled;

    public IReadOnlyList<OuterTerm> Outers => outers;

    public void Run(IFrame frame)
    {
        scalars.Run(frame);
        bind.ForEach(action => action(frame));
    }

    public sealed class ScaledTerm
    {
        private readonly MatrixSumPlan plan;
        private readonly Node coefficient;
        private readonly int[]? toCoefficient;
        private readonly int[]? toRow;
        private int[] rows = [];

        public ScaledTerm(MatrixSumPlan plan, int slot, IndexSpace space, Node coefficient, RowTable table)
        {
            (this.plan, Slot, this.coefficient) = (plan, slot, coefficient);
            toCoefficient = space.MapTo(coefficient.Space);
            toRow = space.MapTo(table.Space);
            plan.bind.Add(frame => rows = table.Rows(frame));
        }

        public int Slot { get; }

        public double Coefficient(int position) => plan.scalars[coefficient][toCoefficient is null ? position : toCoefficient[position]];

        public int Row(int position) => rows[toRow is null ? position : toRow[position]];
    }

    public sealed class OuterTerm
    {
        private readonly MatrixSumPlan plan;
        private readonly Node coefficient;
        private readonly int[]? toCoefficient;
        private readonly int rank;
        private int[] left = [];
        private int[] right = [];

        public OuterTerm(MatrixSumPlan plan, MatrixTerm.Outer outer, IndexSpace result, Scope scope, NodeBuilder builder, ValueTable values)
        {
            this.plan = plan;
            (LeftSlot, RightSlot) = (values.Slot(outer.Left.Name), values.Slot(outer.Right.Name));
            var over = new List<Variable>();
            var factors = new List<Node>();
            foreach (var binder in outer.Over)
            {
                over.Add(builder.Bind(binder));
                if (binder.Below is { } bound)
                {
                    factors.Add(builder.Below(over[^1], bound, scope));
                }

                scope = scope.With(binder.Name, over[^1]);
            }

            // The indices summed over are the fastest: the terms of one matrix are neighbours.
            var space = IndexSpace.Union([result, IndexSpace.Sorted(over)]);
            rank = IndexSpace.Sorted(over).Count;
            factors.Add(builder.Build(outer.Coefficient, scope));
            coefficient = builder.Product(null, factors);
            toCoefficient = space.MapTo(coefficient.Space);
            Bind(builder.Rows(outer.Left, scope), rows => left = rows);
            Bind(builder.Rows(outer.Right, scope), rows => right = rows);

            void Bind(RowTable table, Action<int[]> set)
            {
                var map = space.MapTo(table.Space);
                plan.bind.Add(frame =>
                {
                    var rows = table.Rows(frame);
                    set([.. Enumerable.Range(0, space.Count).Select(i => rows[map is null ? i : map[i]])]);
                });
            }
        }

        public int LeftSlot { get; }

        public int RightSlot { get; }

        public double[] Coefficients(int position) =>
            [.. Enumerable.Range(position * rank, rank).Select(i => plan.scalars[coefficient][toCoefficient is null ? i : toCoefficient[i]])];

        public ReadOnlySpan<int> LeftRows(int position) => left.AsSpan(position * rank, rank);

        public ReadOnlySpan<int> RightRows(int position) => right.AsSpan(position * rank, rank);
    }
}
