using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>
/// A Moment: θ = (1/n) Σ_α body. A body Σ s · x · y is computed as dot products of x with y at the pairs of rows that occur, without rows of products; sums are
/// in double precision whatever the vectors are in.
/// </summary>
internal sealed class MomentKernel<T> : CoordinateKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Node? scalar;
    private readonly Node? left;
    private readonly Node? right;
    private readonly IndexSpace dots;
    private readonly int[]? toLeft;
    private readonly int[]? toRight;
    private readonly int[]? termToDot;
    private readonly int[]? termToScalar;
    private readonly int[]? termToResult;
    private readonly int terms;
    private double[] parts = [];

    private MomentKernel(KernelPlan plan, Node? scalar, Node? left, Node? right, IndexSpace dots, IndexSpace result, IEnumerable<Variable> over)
        : base(plan, dots.Count)
    {
        (this.scalar, this.left, this.right, this.dots) = (scalar, left, right, dots);
        var space = IndexSpace.Union([result, IndexSpace.Sorted(over)]);
        toLeft = left is null ? null : dots.MapTo(left.Space);
        toRight = right is null ? null : dots.MapTo(right.Space);
        termToDot = space.MapTo(dots);
        termToScalar = scalar is null ? null : space.MapTo(scalar.Space);
        termToResult = space.MapTo(result);
        terms = space.Count;
    }

    public static MomentKernel<T> Of(Instruction.Moment moment, ValueTable values, Func<string, double> widthValue)
    {
        var builder = new NodeBuilder(values, widthValue);
        var scope = ScopeOf(moment.Result, builder, out var space);
        var over = new List<Variable>();
        var body = moment.Body;
        while (body is Expr.Sum { Index.Below: null, Body: not Expr.Add } sum)
        {
            var variable = builder.Bind(sum.Index);
            over.Add(variable);
            scope = scope.With(sum.Index.Name, variable);
            body = sum.Body;
        }

        var (scalar, wide) = builder.Split(body, scope);
        var (left, right) = wide.Count switch
        {
            0 => (null, null),
            1 => (wide[0], null),
            2 => (wide[0], wide[1]),
            _ => (builder.Product(null, wide[..^1]), wide[^1]),
        };
        var dots = IndexSpace.Union(new[] { left, right }.OfType<Node>().Select(node => node.Space));
        return new(new KernelPlan(builder.Nodes, rows: dots), scalar, left, right, dots, space, over);
    }

    /// <summary>Writes θ; <paramref name="coordinates"/> is n. Where there are <paramref name="weights"/>, 1 on average, each coordinate counts by its own.</summary>
    public void Run(IFrame<T> frame, int coordinates, Tensor<double> result, int threads, T[]? weights = null)
    {
        var chunks = Chunks(coordinates);
        var length = dots.Count;
        if (left is not null && parts.Length < chunks * length)
        {
            parts = new double[chunks * length];
        }

        Run(frame, coordinates, threads, null, (evaluation, prepared, chunk) =>
        {
            evaluation.Run(prepared, coordinates, chunk.Start, chunk.Length, default);
            var part = parts.AsSpan(chunk.Number * length, length);
            for (var i = chunk.FirstRow; i < chunk.EndRow; i++)
            {
                if (IsRowByRow)
                {
                    evaluation.ComputeRow(i, chunk.Length);
                }

                var x = evaluation.Row(left!, toLeft is null ? i : toLeft[i], chunk.Length);
                var y = right is null ? default : evaluation.Row(right, toRight is null ? i : toRight[i], chunk.Length);
                var weight = weights.AsSpan(weights is null ? 0 : chunk.Start, weights is null ? 0 : chunk.Length);
                part[i] = (right, weights) switch
                {
                    (null, null) => DoubleSums.Sum(x),
                    (null, _) => DoubleSums.Dot(x, weight),
                    (_, null) => DoubleSums.Dot(x, y),
                    _ => DoubleSums.Dot(evaluation.Product(x, y), weight),
                };
            }
        });

        if (left is not null)
        {
            DoubleSums.Tree(parts, chunks, length);
        }

        result.Span.Clear();
        for (var i = 0; i < terms; i++)
        {
            var mean = left is null ? 1 : parts[termToDot is null ? i : termToDot[i]] / coordinates;
            var factor = scalar is null ? 1 : Scalars[scalar][termToScalar is null ? i : termToScalar[i]];
            result.Data[termToResult is null ? i : termToResult[i]] += factor * mean;
        }
    }
}
