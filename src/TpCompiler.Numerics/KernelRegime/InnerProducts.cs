using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>What a kernel needs to know of two sets of inputs.</summary>
/// <param name="Cross">Inner products of the rows of the first with the rows of the second, N × M.</param>
/// <param name="Left">Squared norms of the first, N.</param>
/// <param name="Right">Squared norms of the second, M.</param>
/// <param name="Rows">The first set, a sample a row: of nearly parallel samples inner products have lost the angle.</param>
/// <param name="Columns">The second.</param>
/// <param name="Scale">What inner products are multiplied by, often 1/d.</param>
public sealed record InnerProducts(Matrix<double> Cross, Vector<double> Left, Vector<double> Right, Matrix<double> Rows, Matrix<double> Columns, double Scale)
{
    /// <summary>Whether both sets are one and the same: then the matrix is symmetric and half of it is computed.</summary>
    public bool Same => ReferenceEquals(Rows, Columns);

    /// <summary>x·x̄ times <paramref name="scale"/>. Samples are rows.</summary>
    public static InnerProducts Of(Matrix<double> x, Matrix<double> y, double scale) =>
        new((double)x.RowCount * y.RowCount * x.ColumnCount < Large ? scale * (x * y.Transpose()) : Products(x, y, scale), SquaredNorms(x, scale), SquaredNorms(y, scale), x, y, scale);

    /// <summary>The covariance of a layer W x + b of two samples.</summary>
    /// <param name="i">Of the first set.</param>
    /// <param name="j">Of the second.</param>
    /// <param name="weightVariance">Of W.</param>
    /// <param name="biasVariance">Of b.</param>
    public CovariancePair Covariance(int i, int j, double weightVariance, double biasVariance)
    {
        // In units of the weights, so that samples stay as they are.
        var weight = weightVariance * Scale;
        var angle = weight == 0 ? default : biasVariance == 0
            ? CovariancePair.Of(Rows.Row(i).AsArray() ?? Rows.Row(i).ToArray(), Columns.Row(j).AsArray() ?? Columns.Row(j).ToArray())
            : CovariancePair.Of([.. Rows.Row(i), Math.Sqrt(biasVariance / weight)], [.. Columns.Row(j), Math.Sqrt(biasVariance / weight)]);
        return angle with
        {
            P = (weightVariance * Left[i]) + biasVariance,
            Q = (weightVariance * Right[j]) + biasVariance,
            R = (weightVariance * Cross[i, j]) + biasVariance,
        };
    }

    /// <summary>From this number of multiplications on, products are computed by <see cref="Gemm"/>.</summary>
    private const double Large = 1e6;

    private static Matrix<double> Products(Matrix<double> x, Matrix<double> y, double scale)
    {
        // Column by column, x yᵀ is y xᵀ row by row.
        var (n, m, d) = (x.RowCount, y.RowCount, x.ColumnCount);
        var products = new double[(long)n * m];
        Gemm.Multiply<double>(true, false, m, n, d, scale, y.AsColumnMajorArray() ?? y.ToColumnMajorArray(), m, x.AsColumnMajorArray() ?? x.ToColumnMajorArray(), n, 0, products, n);
        return Matrix<double>.Build.Dense(n, m, products);
    }

    private static Vector<double> SquaredNorms(Matrix<double> x, double scale) =>
        Vector<double>.Build.Dense(x.RowCount, i => scale * x.Row(i).DotProduct(x.Row(i)));
}
