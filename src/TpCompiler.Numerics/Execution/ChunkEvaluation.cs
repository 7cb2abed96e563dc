using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>
/// The wide nodes of a body over one chunk of coordinates: each node a few rows that stay in cache, every operation a vectorised pass over a row.
/// One for each thread.
/// </summary>
internal sealed class ChunkEvaluation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly KernelPlan plan;
    private readonly T[]?[] buffers;
    private readonly WideRows<T>[] rows;
    private readonly T[] zeros;
    private readonly T[] missing;
    private readonly T[] scratch;

    public ChunkEvaluation(KernelPlan plan)
    {
        this.plan = plan;
        buffers = new T[]?[plan.Nodes.Count];
        rows = new WideRows<T>[plan.Nodes.Count];
        zeros = new T[plan.Chunk];
        missing = new T[plan.Chunk];
        scratch = new T[plan.Chunk];
        missing.AsSpan().Fill(T.NaN);
        foreach (var node in plan.Computed)
        {
            if (node != plan.InPlace)
            {
                buffers[node.Id] = new T[(plan.IsRowByRow ? 1 : node.Space.Count) * plan.Chunk];
            }
        }
    }

    /// <summary>The row at a position of a node's space, in the chunk evaluated last.</summary>
    public ReadOnlySpan<T> Row(Node node, int position, int length)
    {
        var at = rows[node.Id];
        return at.RowNumber(position) switch
        {
            RowTable.Outside => zeros.AsSpan(0, length),
            RowTable.Missing => missing.AsSpan(0, length),
            _ => at.Row(position, length),
        };
    }

    /// <summary>
    /// Evaluates every wide node on coordinates start … start + length − 1; the plan's in-place node into <paramref name="target"/>. Of a plan that
    /// goes row by row, <see cref="ComputeRow"/> is still to be called.
    /// </summary>
    public void Run(PreparedRows<T>[] prepared, int coordinates, int start, int length, WideRows<T> target)
    {
        foreach (var node in plan.WideNodes)
        {
            if (prepared[node.Id] is { Data: { } data } whole)
            {
                rows[node.Id] = new(data, whole.Table, coordinates, start);
                continue;
            }

            rows[node.Id] = node == plan.InPlace ? target : new(buffers[node.Id]!, null, plan.IsRowByRow ? 0 : length, 0);
            for (var i = 0; i < node.Space.Count && !plan.IsRowByRow && node is not Node.Sum; i++)
            {
                Compute(node, i, length);
            }

            if (node is Node.Sum sum)
            {
                ComputeSum(sum, length);
            }
        }
    }

    /// <summary>Evaluates one row of every computed node; it replaces the row evaluated before.</summary>
    public void ComputeRow(int row, int length)
    {
        foreach (var node in plan.Computed)
        {
            Compute(node, row, length);
        }
    }

    /// <summary>x·y, number by number, until the next product.</summary>
    public ReadOnlySpan<T> Product(ReadOnlySpan<T> x, ReadOnlySpan<T> y)
    {
        var product = scratch.AsSpan(0, x.Length);
        TensorPrimitives.Multiply(x, y, product);
        return product;
    }

    private double Scalar(Node node, int[]? map, int position) => plan.Scalars[node][map is null ? position : map[position]];

    private void Compute(Node node, int row, int length)
    {
        var maps = plan.Maps[node.Id];
        switch (node)
        {
            case Node.Add add:
                ComputeAdd(add, maps, row, length);
                break;
            case Node.Multiply multiply:
                ComputeMultiply(multiply, maps, row, length);
                break;
            case Node.Power power:
                ComputePower(power.Exponent, Operand(power.Operand, null, row, length), rows[node.Id].Row(row, length));
                break;
            case Node.Call call:
                plan.Function<T>(call)(Operand(call.Arguments[0], maps[0], row, length), rows[node.Id].Row(row, length));
                break;
            default:
                throw new UnreachableException();
        }
    }

    private ReadOnlySpan<T> Operand(Node node, int[]? map, int position, int length) => Row(node, map is null ? position : map[position], length);

    private void ComputeAdd(Node.Add add, int[]?[] maps, int position, int length)
    {
        var result = rows[add.Id].Row(position, length);
        var first = add.Addend is null ? add.FirstPlainTerm : -1;
        ReadOnlySpan<T> sum = result;
        if (first >= 0)
        {
            sum = Operand(add.Terms[first].Wide!, maps[(2 * first) + 2], position, length);
        }
        else
        {
            result.Fill(add.Addend is null ? T.Zero : T.CreateTruncating(Scalar(add.Addend, maps[0], position)));
        }

        for (var t = 0; t < add.Terms.Count; t++)
        {
            if (t == first)
            {
                continue;
            }

            var (scalar, wide) = add.Terms[t];
            var row = Operand(wide!, maps[(2 * t) + 2], position, length);
            if (scalar is null)
            {
                TensorPrimitives.Add(row, sum, result);
            }
            else
            {
                TensorPrimitives.FusedMultiplyAdd(row, T.CreateTruncating(Scalar(scalar, maps[(2 * t) + 1], position)), sum, result);
            }

            sum = result;
        }

        if (add.Terms.Count == 1 && first == 0)
        {
            sum.CopyTo(result);
        }
    }

    private void ComputeMultiply(Node.Multiply product, int[]?[] maps, int position, int length)
    {
        var result = rows[product.Id].Row(position, length);
        var first = Operand(product.Factors[0], maps[1], position, length);
        if (product.Factors.Count == 1)
        {
            first.CopyTo(result);
        }
        else
        {
            TensorPrimitives.Multiply(first, Operand(product.Factors[1], maps[2], position, length), result);
        }

        for (var f = 2; f < product.Factors.Count; f++)
        {
            TensorPrimitives.Multiply(result, Operand(product.Factors[f], maps[f + 1], position, length), result);
        }

        if (product.Scalar is not null)
        {
            TensorPrimitives.Multiply(result, T.CreateTruncating(Scalar(product.Scalar, maps[0], position)), result);
        }
    }

    private void ComputePower(Rational exponent, ReadOnlySpan<T> x, Span<T> y)
    {
        if (exponent.Abs == Rational.Half)
        {
            TensorPrimitives.Sqrt(x, y);
        }
        else if (exponent.IsInteger && exponent.Abs <= 1024)
        {
            IntegerPower(x, (int)exponent.Abs.Numerator, y);
        }
        else
        {
            TensorPrimitives.Pow(x, T.CreateTruncating(exponent.Abs.ToDouble()), y);
        }

        if (exponent.Sign < 0)
        {
            TensorPrimitives.Divide(T.One, y, y);
        }
    }

    private void IntegerPower(ReadOnlySpan<T> x, int power, Span<T> y)
    {
        if (power == 2)
        {
            TensorPrimitives.Multiply(x, x, y);
            return;
        }

        var square = scratch.AsSpan(0, x.Length);
        x.CopyTo(square);
        y.Fill(T.One);
        for (; power > 0; power >>= 1)
        {
            if ((power & 1) != 0)
            {
                TensorPrimitives.Multiply(y, square, y);
            }

            if (power > 1)
            {
                TensorPrimitives.Multiply(square, square, square);
            }
        }
    }

    private void ComputeSum(Node.Sum sum, int length)
    {
        // maps: the scalar's, the body's, and that of the terms to the sums, all from the space of the terms.
        var maps = plan.Maps[sum.Id];
        for (var i = 0; i < sum.Space.Count; i++)
        {
            rows[sum.Id].Row(i, length).Clear();
        }

        for (var i = 0; i < sum.Inner.Count; i++)
        {
            var body = rows[sum.Body.Id].RowNumber(maps[1] is { } map ? map[i] : i) == RowTable.Outside ? default : Operand(sum.Body, maps[1], i, length);
            if (body.IsEmpty)
            {
                continue;
            }

            var result = rows[sum.Id].Row(maps[2] is { } target ? target[i] : i, length);
            if (sum.Scalar is null)
            {
                TensorPrimitives.Add(result, body, result);
            }
            else
            {
                TensorPrimitives.FusedMultiplyAdd(body, T.CreateTruncating(Scalar(sum.Scalar, maps[0], i)), result, result);
            }
        }
    }
}
