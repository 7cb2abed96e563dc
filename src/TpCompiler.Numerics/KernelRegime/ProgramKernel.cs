using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Ir;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>Kernels of any architecture: the limit of its <see cref="KernelProgram"/>, on the carriers of every limit.</summary>
public static class ProgramKernel
{
    /// <summary>The kernels that an evaluation of the program's limit found; null where it has no numbers.</summary>
    /// <param name="kernel">The program.</param>
    /// <param name="result">What its limit program gave.</param>
    /// <param name="startsAtZero">Whether f₀ → 0, and so its covariance.</param>
    public static NetworkKernel? Of(KernelProgram kernel, LimitResult result, bool startsAtZero)
    {
        var records = result.Records.ToDictionary(record => record.Name, StringComparer.Ordinal);
        if (!kernel.Pairs.All(pair => records.ContainsKey(pair.Tangent)))
        {
            return null;
        }

        var blocks = new Dictionary<(int, int), KernelMatrices>();
        foreach (var pair in kernel.Pairs)
        {
            var (tangent, tangentErrors) = MatrixOf(records[pair.Tangent]);
            var zero = Matrix<double>.Build.Dense(tangent.RowCount, tangent.ColumnCount);
            var (covariance, covarianceErrors) = startsAtZero || pair.Covariance is null ? (zero, zero) : MatrixOf(records[pair.Covariance]);
            var tier = records[pair.Tangent].Tier ?? result.Tier;
            var kind = records[pair.Tangent].Values.Concat(pair.Covariance is { } name && records.TryGetValue(name, out var values) ? values.Values : []).Max(estimate => estimate.Kind);
            blocks[(pair.First, pair.Second)] = new KernelMatrices(covariance, tangent, covarianceErrors, tangentErrors, kind, tier, records[pair.Tangent].Values.Max(estimate => estimate.Points));
        }

        return new NetworkKernel(kernel.Heads, blocks);
    }

    private static (Matrix<double> Values, Matrix<double> Errors) MatrixOf(LimitRecord record)
    {
        var (rows, columns) = (record.Shape[0], record.Shape[1]);
        return (
            Matrix<double>.Build.Dense(rows, columns, (i, j) => record.Values[(i * columns) + j].Value),
            Matrix<double>.Build.Dense(rows, columns, (i, j) => record.Values[(i * columns) + j].Error));
    }
}
