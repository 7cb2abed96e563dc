using System.Numerics;
using TpCompiler.Ir;

namespace TpCompiler.Numerics.Execution;

/// <summary>A Nonlin: y_α = body at each position of the result's axes, or a scalar function of scalars.</summary>
internal sealed class NonlinKernel<T> : CoordinateKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Node root;
    private readonly int[]? map;
    private readonly bool inPlace;
    private readonly int rows;

    private NonlinKernel(KernelPlan plan, Node root, IndexSpace space)
        : base(plan, space.Count)
    {
        this.root = root;
        map = space.MapTo(root.Space);
        inPlace = plan.InPlace is not null;
        rows = space.Count;
    }

    public static NonlinKernel<T> Of(Instruction.Nonlin nonlin, ValueTable values, Func<string, double> widthValue)
    {
        var builder = new NodeBuilder(values, widthValue);
        var scope = ScopeOf(nonlin.Result, builder, out var space);
        var root = builder.Build(nonlin.Body, scope);
        return root.Wide && root is not Node.Reference && root.Space.SameAs(space)
            ? new(new KernelPlan(builder.Nodes, root, space), root, space)
            : new(new KernelPlan(builder.Nodes), root, space);
    }

    /// <summary>Writes the vector.</summary>
    public void Run(IFrame<T> frame, Tensor<T> result, int threads)
    {
        if (!root.Wide)
        {
            Run(frame, result.Coordinates, threads, null, (_, _, _) => { });
            for (var i = 0; i < rows; i++)
            {
                result.Row(i).Fill(T.CreateTruncating(Scalars[root][map is null ? i : map[i]]));
            }

            return;
        }

        Run(frame, result.Coordinates, threads, result.Data, (evaluation, prepared, chunk) =>
        {
            evaluation.Run(prepared, result.Coordinates, chunk.Start, chunk.Length, new(result.Data, null, result.Coordinates, chunk.Start));
            for (var i = chunk.FirstRow; i < chunk.EndRow && IsRowByRow; i++)
            {
                evaluation.ComputeRow(i, chunk.Length);
            }

            for (var i = 0; i < rows && !inPlace; i++)
            {
                evaluation.Row(root, map is null ? i : map[i], chunk.Length).CopyTo(result.Row(i).Slice(chunk.Start, chunk.Length));
            }
        });
    }

    /// <summary>Writes the scalar.</summary>
    public void Run(IFrame<T> frame, Tensor<double> result)
    {
        Run(frame, 1, 1, null, (_, _, _) => { });
        for (var i = 0; i < rows; i++)
        {
            result.Data[i] = Scalars[root][map is null ? i : map[i]];
        }
    }
}
