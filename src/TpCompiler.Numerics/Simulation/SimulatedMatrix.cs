using System.Numerics;
using System.Numerics.Tensors;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.Simulation;

/// <summary>A matrix of a finite net: n × m numbers, or factors Σ_k c_k u_k v_kᵀ that were not worth writing out, or both.</summary>
/// <param name="dense">The numbers; null for none.</param>
/// <param name="factors">The factors.</param>
public sealed class SimulatedMatrix<T>(PanelMatrix<T>? dense, IReadOnlyList<OuterFactors<T>> factors)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public PanelMatrix<T>? Dense => dense;

    public IReadOnlyList<OuterFactors<T>> Factors => factors;

    /// <summary>The numbers with the factors written out, row after row.</summary>
    public double[] Entries()
    {
        var (rows, columns) = (factors[0].Left.Length / factors[0].Coefficients.Length, factors[0].Right.Length / factors[0].Coefficients.Length);
        var numbers = new T[rows * columns];
        dense?.CopyTo(numbers);
        foreach (var factor in factors)
        {
            for (var k = 0; k < factor.Coefficients.Length; k++)
            {
                var u = factor.Left.Span.Slice(k * rows, rows);
                var v = factor.Right.Span.Slice(k * columns, columns);
                for (var i = 0; i < rows; i++)
                {
                    var row = numbers.AsSpan(i * columns, columns);
                    TensorPrimitives.MultiplyAdd(v, T.CreateTruncating(factor.Coefficients[k]) * u[i], row, row);
                }
            }
        }

        return Array.ConvertAll(numbers, double.CreateTruncating);
    }

    /// <summary>y_b = M x_b, or Mᵀ x_b.</summary>
    public void Multiply(bool transposed, ReadOnlySpan<T> x, Span<T> y, int count)
    {
        switch (dense, transposed)
        {
            case (null, _):
                y.Clear();
                break;
            case (_, false):
                dense.Forward(x, y, count);
                break;
            default:
                dense.Transposed(x, y, count);
                break;
        }

        foreach (var factor in factors)
        {
            AddFactors(factor, transposed, x, y, count);
        }
    }

    /// <summary>y_b += Σ_k c_k u_k (v_k · x_b), u and v exchanged for the transpose.</summary>
    private static void AddFactors(OuterFactors<T> factor, bool transposed, ReadOnlySpan<T> x, Span<T> y, int count)
    {
        var from = transposed ? factor.Left.Span : factor.Right.Span;
        var to = transposed ? factor.Right.Span : factor.Left.Span;
        var (inner, outer) = (x.Length / count, y.Length / count);
        for (var b = 0; b < count; b++)
        {
            var row = y.Slice(b * outer, outer);
            for (var k = 0; k < factor.Coefficients.Length; k++)
            {
                var c = factor.Coefficients[k] * DoubleSums.Dot(from.Slice(k * inner, inner), x.Slice(b * inner, inner));
                TensorPrimitives.FusedMultiplyAdd(to.Slice(k * outer, outer), T.CreateTruncating(c), row, row);
            }
        }
    }
}
