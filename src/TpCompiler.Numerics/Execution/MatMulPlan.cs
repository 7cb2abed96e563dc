using TpCompiler.Ir;

namespace TpCompiler.Numerics.Execution;

/// <summary>A MatMul over axes as few products of one matrix with many vectors: positions that share a matrix are one group, equal vectors in it are multiplied once.</summary>
internal sealed class MatMulPlan
{
    private readonly RowTable matrices;
    private readonly RowTable vectors;
    private readonly int[]? toMatrix;
    private readonly int[]? toVector;
    private readonly int positions;
    private List<Group>? fixedGroups;

    public MatMulPlan(Instruction.MatMul product, ValueTable values, Func<string, double> widthValue)
    {
        var builder = new NodeBuilder(values, widthValue);
        var variables = product.Result.Indices.Select(binder => (binder.Name, builder.Bind(binder))).ToList();
        var scope = Scope.Of(variables);
        var space = IndexSpace.Sorted(variables.Select(pair => pair.Item2));
        MatrixSlot = values.Slot(product.Matrix.Name);
        VectorSlot = values.Slot(product.Vector.Name);
        matrices = builder.Rows(product.Matrix, scope);
        vectors = builder.Rows(product.Vector, scope);
        toMatrix = space.MapTo(matrices.Space);
        toVector = space.MapTo(vectors.Space);
        positions = space.Count;
    }

    public int MatrixSlot { get; }

    public int VectorSlot { get; }

    public IReadOnlyList<Group> Groups(IFrame frame) =>
        fixedGroups ?? (matrices.IsFixed && vectors.IsFixed ? fixedGroups = Make(frame) : Make(frame));

    private List<Group> Make(IFrame frame)
    {
        var matrixRows = matrices.Rows(frame);
        var vectorRows = vectors.Rows(frame);
        return
        [
            .. Enumerable.Range(0, positions)
                .GroupBy(position => matrixRows[toMatrix is null ? position : toMatrix[position]])
                .Select(group =>
                {
                    var distinct = group.GroupBy(position => vectorRows[toVector is null ? position : toVector[position]]).OrderBy(rows => rows.Key).ToList();
                    return new Group(group.Key, [.. distinct.Select(rows => rows.Key)], [.. distinct.Select(rows => rows.ToArray())]);
                }),
        ];
    }

    /// <param name="Matrix">Which of the matrices.</param>
    /// <param name="VectorRows">The distinct rows that it multiplies.</param>
    /// <param name="ResultRows">For each of them, the rows of the result.</param>
    public sealed record Group(int Matrix, int[] VectorRows, int[][] ResultRows)
    {
        /// <summary>Whether the results lie one after the other as the vectors do.</summary>
        public bool IsDirect { get; } = ResultRows.All(rows => rows.Length == 1) && RowGroups.IsRun([.. ResultRows.Select(rows => rows[0])]);
    }
}
