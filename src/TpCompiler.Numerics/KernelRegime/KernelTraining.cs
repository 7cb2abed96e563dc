using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Training in the kernel regime as a run of the program would show it: at each step f and the loss on the batch of that step, before the update. It starts at f₀ = 0, the
/// mean of f₀ where that is a Gaussian process; under a squared error the result is the mean of f_t.
/// </summary>
public static class KernelTraining
{
    /// <param name="kernel">K between all samples, with its error.</param>
    /// <param name="loss">The loss of a sample.</param>
    /// <param name="targets">Samples × outputs.</param>
    /// <param name="rate">η at each step.</param>
    /// <param name="batch">Samples a step, taken in turn.</param>
    /// <param name="steps">Updates; there is one record more.</param>
    /// <param name="names">The names of f and of the loss, and whether f has an axis of outputs.</param>
    public static IReadOnlyList<LimitRecord> Run(
        KernelMatrices kernel, PointwiseLoss loss, Matrix<double> targets, Func<int, double> rate, int batch, int steps, (string Output, string Loss, bool HasAxis) names)
    {
        var (samples, outputs) = (targets.RowCount, targets.ColumnCount);
        var zero = Matrix<double>.Build.Dense(samples, outputs);
        var descent = new KernelGradientDescent(kernel.Tangent, Matrix<double>.Build.Dense(0, samples), loss, targets, zero, Matrix<double>.Build.Dense(0, outputs));
        var kind = kernel.Error > 0 ? ErrorKind.Bound : ErrorKind.Exact;
        var rowSum = kernel.Tangent.InfinityNorm() / samples;
        var records = new List<LimitRecord>();
        var error = 0.0;
        for (var t = 0; t <= steps; t++)
        {
            int[] rows = [.. Enumerable.Range(0, batch).Select(b => (int)(((long)t * batch) + b) % samples)];
            var f = Matrix<double>.Build.DenseOfRows(rows.Select(row => descent.Training.Row(row)));
            var y = Matrix<double>.Build.DenseOfRows(rows.Select(row => targets.Row(row)));
            records.Add(new(names.Output, [t], names.HasAxis ? [batch, outputs] : [batch], f.EnumerateRows().SelectMany(row => row).Select(value => Estimate(value, error)).ToValueList()));
            var gradient = loss.Gradient(f, y);
            records.Add(new(names.Loss, [t], [], [Estimate(loss.Value(f, y), error * gradient.Enumerate().Sum(Math.Abs) / batch)]));

            // |δf_{t+1}| ≤ (1 + η ‖K‖ sup|L″|) |δf_t| + η |δK| mean|L′|, with sup|L″| ≤ 1 for the built-in losses.
            error = (error * (1 + (rate(t) * rowSum))) + (rate(t) * kernel.Error * gradient.Enumerate().Sum(Math.Abs) / batch);
            descent.Advance(rate(t), rows);
        }

        return records;

        Estimate Estimate(double value, double bound) => new(value, Math.Max(bound, 1e-13 * Math.Max(1, Math.Abs(value))), kind, 0);
    }
}
