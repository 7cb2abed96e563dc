using System.Numerics.Tensors;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// A matrix ψ(u_α; v_β)/n, an outer nonlinearity (arXiv 2308.01814): (ψ x)_α = E ψ(u_α; v) x, the expectation over a copy of the columns' coordinate space that is independent
/// of α. At points it is a sum over all pairs of one of the rows and one of the columns: memory and time grow like the square of the points.
/// </summary>
/// <param name="Entries">ψ at each pair, the points of the columns one after the other.</param>
/// <param name="Rows">The side of the rows.</param>
/// <param name="Columns">The side of the columns.</param>
public sealed record PairBlock(double[] Entries, MatrixSide Rows, MatrixSide Columns)
{
    /// <summary>y_b += coefficient · columns · E[ψ(u_α; v) x_b], or the transpose's.</summary>
    public void MultiplyAdd(Carrier carrier, bool transposed, double coefficient, ReadOnlySpan<double> x, Span<double> y)
    {
        var length = carrier.Length;
        var side = transposed ? Rows : Columns;
        var scale = coefficient * carrier.ProductScale * side.Ratio;
        var weighted = carrier.Weighted(side.Space, x);
        for (var start = 0; start < x.Length; start += length)
        {
            var from = weighted.Slice(start, length);
            var to = y.Slice(start, length);
            for (var i = 0; i < length; i++)
            {
                var row = Entries.AsSpan(i * length, length);
                if (transposed)
                {
                    TensorPrimitives.MultiplyAdd(row, scale * from[i], to, to);
                }
                else
                {
                    to[i] += scale * TensorPrimitives.Dot(row, from);
                }
            }
        }
    }
}
