using System.Numerics;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>The nodes of a body in order, with everything about them that is the same in every run and every chunk.</summary>
internal sealed class KernelPlan
{
    private const int WorkspaceNumbers = 8192;
    private const int RowChunk = 1024;

    private readonly Dictionary<int, object> functions = [];

    /// <param name="nodes">All nodes, operands first.</param>
    /// <param name="inPlace">The node that is computed where its result belongs, and needs no workspace.</param>
    /// <param name="rows">The space whose rows the kernel uses one by one, if it can.</param>
    public KernelPlan(IReadOnlyList<Node> nodes, Node? inPlace = null, IndexSpace? rows = null)
    {
        Nodes = nodes;
        InPlace = inPlace;
        WideNodes = [.. nodes.Where(node => node.Wide)];
        Scalars = new ScalarEvaluation(nodes);
        Maps = [.. nodes.Select(node => node.Wide ? MapsOf(node) : [])];
        Contractions = WideNodes.OfType<Node.Sum>().Select(Contraction.Of).OfType<Contraction>().ToDictionary(contraction => contraction.Sum.Id);
        Computed = [.. WideNodes.Where(node => node is not Node.Reference && !Contractions.ContainsKey(node.Id))];
        IsRowByRow = rows is not null && Computed.All(node => node is not Node.Sum && node.Space.SameAs(rows));
        var workspace = Computed.Where(node => node != inPlace).Sum(node => (long)node.Space.Count);
        Chunk = IsRowByRow ? RowChunk : (int)Math.Clamp(BitOperations.RoundUpToPowerOf2((ulong)(WorkspaceNumbers / Math.Max(workspace, 1))), 64, 256);
    }

    public IReadOnlyList<Node> Nodes { get; }

    public Node? InPlace { get; }

    public IReadOnlyList<Node> WideNodes { get; }

    /// <summary>The wide nodes that are computed chunk by chunk: all but values and <see cref="Contractions"/>.</summary>
    public IReadOnlyList<Node> Computed { get; }

    /// <summary>
    /// Whether a row of the result needs no other row of any computed node. Then all nodes of a row are computed before the next row, which keeps
    /// them in the nearest cache.
    /// </summary>
    public bool IsRowByRow { get; }

    public ScalarEvaluation Scalars { get; }

    /// <summary>The sums that are matrix products over all coordinates at once, by node.</summary>
    public IReadOnlyDictionary<int, Contraction> Contractions { get; }

    /// <summary>For each wide node, the maps from its positions to those of its operands.</summary>
    public int[]?[][] Maps { get; }

    /// <summary>How many coordinates are evaluated at a time: a function of the body alone, so that sums over chunks have one order.</summary>
    public int Chunk { get; }

    public SpanFunction<T> Function<T>(Node.Call call)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        lock (functions)
        {
            if (!functions.TryGetValue(call.Id, out var function))
            {
                functions[call.Id] = function = Find<T>(call.Function);
            }

            return (SpanFunction<T>)function;
        }
    }

    private static SpanFunction<T> Find<T>(Expr.Call call)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (ElementwiseTable.TryGet(call.Function, [.. call.Parameters.Select(parameter => parameter.ToDouble())], out var fast))
        {
            return typeof(T) == typeof(float) ? (SpanFunction<T>)(object)fast.Single : (SpanFunction<T>)(object)fast.Double;
        }

        var function = ScalarFunctions.Of(call);
        return (x, y) =>
        {
            for (var i = 0; i < x.Length; i++)
            {
                y[i] = T.CreateTruncating(function(double.CreateTruncating(x[i])));
            }
        };
    }

    private static int[]?[] MapsOf(Node node)
    {
        int[]? To(Node? operand) => operand is null ? null : node.Space.MapTo(operand.Space);
        return node switch
        {
            Node.Add add => [To(add.Addend), .. add.Terms.SelectMany(term => new[] { To(term.Scalar), To(term.Wide) })],
            Node.Multiply multiply => [To(multiply.Scalar), .. multiply.Factors.Select(To)],
            Node.Power => [],
            Node.Call call => [.. call.Arguments.Select(To)],
            Node.Sum sum => [sum.Scalar is null ? null : sum.Inner.MapTo(sum.Scalar.Space), sum.Inner.MapTo(sum.Body.Space), sum.Inner.MapTo(sum.Space)],
            _ => [],
        };
    }
}
