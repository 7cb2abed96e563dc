using System.Numerics;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>The nodes of a body in order, with everything about them that is the same in every run and every chunk.</summary>
internal sealed class KernelPlan
{
    private const int WorkspaceNumbers = 32768;

    private readonly Dictionary<int, object> functions = [];

    /// <param name="nodes">All nodes, operands first.</param>
    /// <param name="inPlace">The node that is computed where its result belongs, and needs no workspace.</param>
    public KernelPlan(IReadOnlyList<Node> nodes, Node? inPlace = null)
    {
        Nodes = nodes;
        InPlace = inPlace;
        WideNodes = [.. nodes.Where(node => node.Wide)];
        Scalars = new ScalarEvaluation(nodes);
        Maps = [.. nodes.Select(node => node.Wide ? MapsOf(node) : [])];
        Contractions = WideNodes.OfType<Node.Sum>().Select(Contraction.Of).OfType<Contraction>().ToDictionary(contraction => contraction.Sum.Id);
        var rows = WideNodes.Where(node => node is not Node.Reference && !Contractions.ContainsKey(node.Id) && node != inPlace).Sum(node => (long)node.Space.Count);
        Chunk = (int)Math.Clamp(BitOperations.RoundUpToPowerOf2((ulong)(WorkspaceNumbers / Math.Max(rows, 1))), 64, 1024);
    }

    public IReadOnlyList<Node> Nodes { get; }

    public Node? InPlace { get; }

    public IReadOnlyList<Node> WideNodes { get; }

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
        if (call.Parameters.Count == 0 && ElementwiseTable.TryGet(call.Function, out var fast))
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
