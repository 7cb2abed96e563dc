using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>The kernels of a network between two sets of inputs.</summary>
/// <param name="Covariance">E f₀ f̄₀, when f₀ is a Gaussian process, N × M; 0 when f₀ → 0.</param>
/// <param name="Tangent">K of f_{t+1} = f_t − η K ∂L/∂f_t, N × M.</param>
/// <param name="CovarianceErrors">What their errors are, N × M; null when all numbers are right to rounding.</param>
/// <param name="TangentErrors">Likewise.</param>
/// <param name="Kind">What the errors mean.</param>
/// <param name="Tier">How the numbers were computed.</param>
/// <param name="Points">Points of each scrambling; 0 when there are none.</param>
public sealed record KernelMatrices(
    Matrix<double> Covariance,
    Matrix<double> Tangent,
    Matrix<double>? CovarianceErrors,
    Matrix<double>? TangentErrors,
    ErrorKind Kind,
    string Tier,
    int Points = 0)
{
    /// <summary>What rounding leaves of a number of this size, or of 1.</summary>
    private const double Rounding = 1e-13;

    /// <summary>The largest error of an entry; 0 when all numbers are right to rounding.</summary>
    public double Error => new[] { CovarianceErrors, TangentErrors }.Select(errors => errors is null || errors.RowCount * errors.ColumnCount == 0 ? 0 : errors.Enumerate().Max()).Max();

    public Estimate CovarianceAt(int i, int j) => At(Covariance, CovarianceErrors, i, j);

    public Estimate TangentAt(int i, int j) => At(Tangent, TangentErrors, i, j);

    /// <summary>The kernels of some rows with some columns.</summary>
    public KernelMatrices Part(int row, int rows, int column, int columns) => this with
    {
        Covariance = Covariance.SubMatrix(row, rows, column, columns),
        Tangent = Tangent.SubMatrix(row, rows, column, columns),
        CovarianceErrors = CovarianceErrors?.SubMatrix(row, rows, column, columns),
        TangentErrors = TangentErrors?.SubMatrix(row, rows, column, columns),
    };

    /// <summary>The error of every entry, of rounding too.</summary>
    public static Matrix<double> Errors(Matrix<double> values, Matrix<double>? errors) => Matrix<double>.Build.Dense(values.RowCount, values.ColumnCount, (i, j) => ErrorOf(values[i, j], errors is null ? 0 : errors[i, j]));

    /// <summary>Whether errors are no more than what rounding leaves of numbers.</summary>
    public static bool AreOfRounding(Matrix<double> values, Matrix<double> errors) => values.EnumerateIndexed().All(entry => errors[entry.Item1, entry.Item2] <= ErrorOf(entry.Item3, 0));

    private Estimate At(Matrix<double> values, Matrix<double>? errors, int i, int j) => new(values[i, j], ErrorOf(values[i, j], errors is null ? 0 : errors[i, j]), Kind, Points);

    private static double ErrorOf(double value, double error) => Math.Max(error, Rounding * Math.Max(1, Math.Abs(value)));
}
