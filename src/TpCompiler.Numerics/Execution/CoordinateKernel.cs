using System.Collections.Concurrent;
using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>
/// The body of a Nonlin or Moment, ready to run over coordinates: subexpressions without coordinates are computed once, the others chunk by chunk, chunks in parallel.
/// Results don't depend on the number of threads. Not to be run by two callers at once.
/// </summary>
internal abstract class CoordinateKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Below this many numbers threads cost more than they save: another core has to fetch what this one has in its cache.</summary>
    private const long ParallelNumbers = 1 << 18;

    /// <summary>Pieces of work that keep a few threads busy.</summary>
    private const int LeastPieces = 16;

    private readonly KernelPlan plan;
    private readonly int rowCount;
    private readonly ConcurrentBag<ChunkEvaluation<T>> evaluations = [];
    private readonly PreparedRows<T>[] prepared;
    private readonly Dictionary<Contraction, T[]> products = [];
    private readonly long wideRows;

    /// <param name="plan">What to compute.</param>
    /// <param name="rowCount">The rows of the space that the plan goes through row by row, if it does.</param>
    protected CoordinateKernel(KernelPlan plan, int rowCount)
    {
        this.plan = plan;
        this.rowCount = rowCount;
        prepared = new PreparedRows<T>[plan.Nodes.Count];
        wideRows = plan.WideNodes.Where(node => !plan.Contractions.ContainsKey(node.Id)).Sum(node => (long)(node is Node.Sum sum ? sum.Inner.Count : node.Space.Count));
    }

    protected ScalarEvaluation Scalars => plan.Scalars;

    protected bool IsRowByRow => plan.IsRowByRow;

    /// <summary>Runs the body.</summary>
    /// <param name="frame">The values that it reads.</param>
    /// <param name="coordinates">n.</param>
    /// <param name="threads">1 for this thread alone; otherwise as many as the kernels share their work among.</param>
    /// <param name="target">Numbers for the plan's in-place node.</param>
    /// <param name="onChunk">What to do with each chunk.</param>
    protected void Run(
        IFrame<T> frame, int coordinates, int threads, T[]? target, Action<ChunkEvaluation<T>, PreparedRows<T>[], Chunk> onChunk)
    {
        plan.Scalars.Run(frame);
        if (plan.WideNodes.Count == 0)
        {
            return;
        }

        foreach (var node in plan.WideNodes)
        {
            if (node is Node.Reference reference)
            {
                prepared[node.Id] = new(frame.Vector(reference.Slot).Data, reference.Rows.IsIdentity ? null : reference.Rows.Rows(frame));
            }
            else if (plan.Contractions.TryGetValue(node.Id, out var contraction))
            {
                var product = node == plan.InPlace ? target! : Product(contraction, coordinates);
                contraction.Run(plan.Scalars, prepared[contraction.Body.Id], coordinates, product);
                prepared[node.Id] = new(product, null);
            }
        }

        // A row by row plan's rows are shared out as well, when there are few chunks.
        var chunks = Chunks(coordinates);
        var groups = plan.IsRowByRow ? Math.Clamp(LeastPieces / chunks, 1, rowCount) : 1;
        if (threads == 1 || chunks * groups == 1 || wideRows * coordinates < ParallelNumbers)
        {
            var evaluation = Rent();
            for (var c = 0; c < chunks; c++)
            {
                onChunk(evaluation, prepared, ChunkAt(c, coordinates, 0, rowCount));
            }

            evaluations.Add(evaluation);
            return;
        }

        WorkSharing.Run(chunks * groups, piece =>
        {
            var (c, group) = (piece / groups, piece % groups);
            var evaluation = Rent();
            onChunk(evaluation, prepared, ChunkAt(c, coordinates, rowCount * group / groups, rowCount * (group + 1) / groups));
            evaluations.Add(evaluation);
        });
    }

    private T[] Product(Contraction contraction, int coordinates)
    {
        var length = contraction.Rows * coordinates;
        return products.TryGetValue(contraction, out var product) && product.Length == length ? product : products[contraction] = new T[length];
    }

    protected int Chunks(int coordinates) => (coordinates + plan.Chunk - 1) / plan.Chunk;

    private Chunk ChunkAt(int number, int coordinates, int firstRow, int endRow) =>
        new(number, number * plan.Chunk, Math.Min(plan.Chunk, coordinates - (number * plan.Chunk)), firstRow, endRow);

    private ChunkEvaluation<T> Rent() => evaluations.TryTake(out var evaluation) ? evaluation : new ChunkEvaluation<T>(plan);

    /// <summary>Coordinates Start … Start + Length − 1, of the rows from FirstRow to before EndRow when the plan goes row by row.</summary>
    protected readonly record struct Chunk(int Number, int Start, int Length, int FirstRow, int EndRow);

    private protected static Scope ScopeOf(Definition result, NodeBuilder builder, out IndexSpace space)
    {
        var variables = result.Indices.Select(binder => (binder.Name, builder.Bind(binder))).ToList();
        space = IndexSpace.Sorted(variables.Select(pair => pair.Item2));
        return Scope.Of(variables);
    }
}
