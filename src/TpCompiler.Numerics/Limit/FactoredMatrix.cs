using System.Numerics.Tensors;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// A matrix of a limit program: Σ c_W W + Σ_k c_k u_k v_kᵀ/n, Gaussian matrices and low-rank factors, each with a coefficient. Matrices made of one another
/// (a weight, its momentum) share the factors and differ in the coefficients.
/// </summary>
/// <param name="Gaussians">The Gaussian matrices with their coefficients.</param>
/// <param name="Factors">The blocks of factors with theirs.</param>
public sealed record FactoredMatrix(
    IReadOnlyList<(ConditionedMatrix Matrix, double Coefficient)> Gaussians,
    IReadOnlyList<(FactorBlock Block, double Coefficient)> Factors)
{
    public static readonly FactoredMatrix Zero = new([], []);

    /// <summary>The outer nonlinearities with their coefficients.</summary>
    public IReadOnlyList<(PairBlock Block, double Coefficient)> Pairs { get; init; } = [];

    /// <summary>n times the entry at each pair of points, row after row, of a matrix without Gaussian part; none for the zero matrix.</summary>
    public double[] Entries(int length)
    {
        if (Gaussians.Count > 0)
        {
            throw new InvalidOperationException("A Gaussian matrix has no entries in the limit.");
        }

        if (Factors.Count + Pairs.Count == 0)
        {
            return [];
        }

        var entries = new double[length * length];
        foreach (var (block, coefficient) in Factors)
        {
            for (var k = 0; k < block.Coefficients.Count; k++)
            {
                var u = block.Left.Span.Slice(k * length, length);
                var v = block.Right.Span.Slice(k * length, length);
                for (var i = 0; i < length; i++)
                {
                    var row = entries.AsSpan(i * length, length);
                    TensorPrimitives.MultiplyAdd(v, coefficient * block.Coefficients[k] * u[i], row, row);
                }
            }
        }

        foreach (var (block, coefficient) in Pairs)
        {
            TensorPrimitives.MultiplyAdd(block.Entries, coefficient, entries, entries);
        }

        return entries;
    }

    /// <summary>this + coefficient · other; parts whose coefficient becomes 0 are dropped.</summary>
    public FactoredMatrix Add(double coefficient, FactoredMatrix other) =>
        new(Merge(Gaussians, coefficient, other.Gaussians), Merge(Factors, coefficient, other.Factors)) { Pairs = Merge(Pairs, coefficient, other.Pairs) };

    public FactoredMatrix Add(FactorBlock block) => this with { Factors = [.. Factors, (block, 1)] };

    /// <summary>y_b += M x_b or Mᵀ x_b for a batch of vectors one after the other.</summary>
    public void MultiplyAdd(Carrier carrier, bool transposed, ReadOnlySpan<double> x, Span<double> y)
    {
        foreach (var (matrix, coefficient) in Gaussians)
        {
            matrix.MultiplyAdd(transposed, coefficient, x, y);
        }

        foreach (var (block, coefficient) in Factors)
        {
            block.MultiplyAdd(carrier, transposed, coefficient, x, y);
        }

        foreach (var (block, coefficient) in Pairs)
        {
            block.MultiplyAdd(carrier, transposed, coefficient, x, y);
        }
    }

    private static List<(T, double)> Merge<T>(IReadOnlyList<(T Part, double Coefficient)> mine, double scale, IReadOnlyList<(T Part, double Coefficient)> theirs)
        where T : class
    {
        // Both lists are in order of creation; almost always one is a prefix of the other.
        var merged = mine.ToList();
        var positions = new Dictionary<T, int>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < merged.Count; i++)
        {
            positions[merged[i].Part] = i;
        }

        foreach (var (part, coefficient) in theirs)
        {
            if (positions.TryGetValue(part, out var position))
            {
                merged[position] = (part, merged[position].Coefficient + (scale * coefficient));
            }
            else
            {
                positions[part] = merged.Count;
                merged.Add((part, scale * coefficient));
            }
        }

        merged.RemoveAll(pair => pair.Coefficient == 0);
        return merged;
    }
}

/// <summary>A side of a matrix: its width divided by the reference width (Σ_α over it is ratio · n · E), and the coordinate space that vectors along it live in.</summary>
public readonly record struct MatrixSide(double Ratio, int Space);

/// <summary>Σ_k c_k u_k v_kᵀ/n for the factors that one Outer term made in one iteration.</summary>
/// <param name="Left">u_k, one after the other.</param>
/// <param name="Right">v_k, one after the other.</param>
/// <param name="Coefficients">c_k.</param>
/// <param name="Rows">The side of the rows.</param>
/// <param name="Columns">The side of the columns.</param>
public sealed record FactorBlock(
    ReadOnlyMemory<double> Left,
    ReadOnlyMemory<double> Right,
    IReadOnlyList<double> Coefficients,
    MatrixSide Rows,
    MatrixSide Columns)
{
    /// <summary>y_b += coefficient · Σ_k c_k u_k · columns · E[v_k x_b], or the transpose's.</summary>
    public void MultiplyAdd(Carrier carrier, bool transposed, double coefficient, ReadOnlySpan<double> x, Span<double> y)
    {
        var (contracted, produced, side) = transposed ? (Left, Right, Rows) : (Right, Left, Columns);
        var (length, count) = (carrier.Length, Coefficients.Count);
        var batch = x.Length / length;
        var products = new double[count * batch];
        Block.Dots(contracted.Span, length, count, carrier.Weighted(side.Space, x), length, batch, length, products);
        carrier.ToExpectations(products);
        for (var k = 0; k < count; k++)
        {
            var row = products.AsSpan(k * batch, batch);
            TensorPrimitives.Multiply(row, coefficient * Coefficients[k] * side.Ratio, row);
        }

        Block.Accumulate(produced.Span, length, count, products, y, length, batch, length);
    }
}
