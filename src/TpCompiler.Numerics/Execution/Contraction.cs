using System.Numerics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.Execution;

/// <summary>Σ_i s[o,i] · x[i], o and i each any number of indices: a matrix of scalars times the rows of a vector.</summary>
internal sealed class Contraction
{
    /// <summary>Fewer rows or terms than this are summed row by row.</summary>
    private const int LeastRows = 4;

    /// <summary>Which scalar stands at each place of the matrix; null where they are in this order already.</summary>
    private readonly int[]? scalarAt;
    private readonly int terms;
    private Array? matrix;
    private object? sparse;

    private Contraction(Node.Sum sum, Node.Reference body)
    {
        (Sum, Body) = (sum, body);
        terms = body.Space.Count;
        var (toScalar, toTerm, toRow) = (sum.Inner.MapTo(sum.Scalar!.Space), sum.Inner.MapTo(body.Space), sum.Inner.MapTo(sum.Space));
        var at = new int[sum.Space.Count * terms];
        for (var i = 0; i < at.Length; i++)
        {
            at[((toRow is null ? i : toRow[i]) * terms) + (toTerm is null ? i : toTerm[i])] = toScalar is null ? i : toScalar[i];
        }

        scalarAt = at.Select((scalar, place) => scalar == place).All(same => same) ? null : at;
    }

    public Node.Sum Sum { get; }

    public Node.Reference Body { get; }

    /// <summary>How many rows it makes.</summary>
    public int Rows => Sum.Space.Count;

    /// <summary>The product that a sum is, or null.</summary>
    public static Contraction? Of(Node.Sum sum) =>
        sum is { Scalar: not null, Body: Node.Reference body } && body.Space.SameAs(IndexSpace.Sorted(sum.Over))
            && sum.Space.Count >= LeastRows && body.Space.Count >= LeastRows
            ? new Contraction(sum, body)
            : null;

    /// <summary>Writes the rows.</summary>
    public void Run<T>(ScalarEvaluation scalars, PreparedRows<T> x, int coordinates, T[] result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var factors = Matrix<T>(scalars[Sum.Scalar!]);
        var rows = Block(x, coordinates);
        var target = result.AsSpan(0, Rows * coordinates);
        if (SparseProduct<T>.Suits(Rows, terms, coordinates))
        {
            var product = (SparseProduct<T>)(sparse ??= new SparseProduct<T>(Rows, terms));
            if (product.TryRead(factors))
            {
                product.Multiply(rows, coordinates, target);
                return;
            }
        }

        Multiply<T>(factors, rows, target, coordinates);
    }

    /// <summary>The scalars, row after row.</summary>
    private T[] Matrix<T>(double[] numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (scalarAt is null && numbers is T[] same)
        {
            return same;
        }

        var (ordered, places) = (matrix as T[] ?? new T[Rows * terms], scalarAt);
        matrix = ordered;
        for (var i = 0; i < ordered.Length; i++)
        {
            ordered[i] = T.CreateTruncating(numbers[places is null ? i : places[i]]);
        }

        return ordered;
    }

    /// <summary>The portable product, whatever library is there: the same bits on every machine, and no second team of threads beside the kernels'.</summary>
    private unsafe void Multiply<T>(ReadOnlySpan<T> matrix, ReadOnlySpan<T> rows, Span<T> result, int coordinates)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        fixed (T* a = matrix, b = rows, c = result)
        {
            GemmKernels<T>.Widest.Multiply(new Product<T>
            {
                M = Rows,
                N = coordinates,
                K = terms,
                Alpha = T.One,
                Beta = T.Zero,
                A = a,
                RowOfA = terms,
                ColumnOfA = 1,
                B = b,
                RowOfB = coordinates,
                ColumnOfB = 1,
                C = c,
                RowOfC = coordinates,
            });
        }
    }

    private ReadOnlySpan<T> Block<T>(PreparedRows<T> x, int coordinates)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (x.Table is null || RowGroups.IsRun(x.Table))
        {
            return x.Data.AsSpan((x.Table?[0] ?? 0) * coordinates, terms * coordinates);
        }

        return RowGroups.Gather(new Tensor<T>([x.Data.Length / coordinates], coordinates, x.Data), x.Table, new BufferPool<T>(), out _).Span;
    }
}

/// <summary>Rows that are there before the first chunk: a value's, or those of a <see cref="Contraction"/>.</summary>
/// <param name="Data">The numbers, coordinates contiguous; null for a node that is computed chunk by chunk.</param>
/// <param name="Table">Which row stands at each position; null for position i in row i.</param>
internal readonly record struct PreparedRows<T>(T[] Data, int[]? Table);
