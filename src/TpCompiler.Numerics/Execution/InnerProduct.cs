using System.Numerics.Tensors;

namespace TpCompiler.Numerics.Execution;

/// <summary>
/// Σ_i x[…,i] y[…,i] of scalars, i the last index of both: dot products of contiguous numbers, without the array of all products. The Gram matrix of a batch of inputs is one.
/// </summary>
internal sealed class InnerProduct
{
    private readonly Node left;
    private readonly Node right;
    private readonly int[] starts;
    private readonly int[] otherStarts;
    private readonly int length;

    private InnerProduct(Node.Sum sum, Node.Multiply body, Variable over)
    {
        (Body, left, right, length) = (body, body.Factors[0], body.Factors[1], over.Size);
        starts = sum.Space.Linear(left.Space.Stride);
        otherStarts = sum.Space.Linear(right.Space.Stride);
    }

    /// <summary>The node of the products, which nobody computes.</summary>
    public Node Body { get; }

    /// <summary>The sums that are inner products, each at its node's number; null for the other nodes.</summary>
    public static InnerProduct?[] AllIn(IReadOnlyList<Node> all)
    {
        var uses = all.SelectMany(ScalarOperands).GroupBy(node => node).ToDictionary(group => group.Key, group => group.Count());
        var found = new InnerProduct?[all.Count];
        foreach (var sum in all.OfType<Node.Sum>().Where(sum => !sum.Wide))
        {
            if (sum is { Over: [var over], Body: Node.Multiply { Factors: [Node.Reference left, Node.Reference right] } body }
                && uses[body] == 1 && IsLast(over, left) && IsLast(over, right))
            {
                found[sum.Id] = new InnerProduct(sum, body, over);
            }
        }

        return found;
    }

    /// <summary>Writes the sums.</summary>
    public void Run(ScalarEvaluation scalars, double[] result)
    {
        var (x, y) = (scalars[left], scalars[right]);
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = TensorPrimitives.Dot<double>(x.AsSpan(starts[i], length), y.AsSpan(otherStarts[i], length));
        }
    }

    private static bool IsLast(Variable variable, Node node) => node.Space.Variables is [.., var last] && last == variable;

    private static IEnumerable<Node> ScalarOperands(Node node) => node switch
    {
        Node.Add add => add.Terms.SelectMany(term => new[] { term.Scalar, term.Wide }).Append(add.Addend).OfType<Node>(),
        Node.Multiply multiply => multiply.Factors.Append(multiply.Scalar).OfType<Node>(),
        Node.Power power => [power.Operand],
        Node.Call call => call.Arguments,
        Node.Sum sum => sum.Scalar is null ? [sum.Body] : [sum.Body, sum.Scalar],
        _ => [],
    };
}
