using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>What a kernel needs to know of two sets of inputs.</summary>
/// <param name="Cross">Inner products of the rows of the first with the rows of the second, N × M.</param>
/// <param name="Left">Squared norms of the first, N.</param>
/// <param name="Right">Squared norms of the second, M.</param>
/// <param name="Same">Whether both sets are one and the same: then the matrix is symmetric and half of it is computed.</param>
public sealed record InnerProducts(Matrix<double> Cross, Vector<double> Left, Vector<double> Right, bool Same)
{
    /// <summary>x·x̄ times <paramref name="scale"/>, often 1/d. Samples are rows.</summary>
    public static InnerProducts Of(Matrix<double> x, Matrix<double> y, double scale) =>
        new((double)x.RowCount * y.RowCount * x.ColumnCount < Large ? scale * (x * y.Transpose()) : Products(x, y, scale), SquaredNorms(x, scale), SquaredNorms(y, scale), ReferenceEquals(x, y));

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
