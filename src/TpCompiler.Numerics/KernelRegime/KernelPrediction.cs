using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>f on samples that nothing is learned from: a Gaussian process, its copies independent with this one covariance.</summary>
/// <param name="Mean">M × copies.</param>
/// <param name="MeanErrors">Bounds, M × copies; infinite where an eigenvalue that counts as 0 decides the mean.</param>
/// <param name="Covariance">M × M; 0 where f₀ → 0.</param>
/// <param name="CovarianceErrors">M × M; of a posterior never more than between 0 and what it was before.</param>
/// <param name="Repair">What was done to the kernel's eigenvalues.</param>
public sealed record Prediction(Matrix<double> Mean, Matrix<double> MeanErrors, Matrix<double> Covariance, Matrix<double> CovarianceErrors, SpectrumRepair Repair);

/// <summary>
/// f(ξ) = f₀(ξ) + A (y − f₀(X)) with A = K(ξ, X) ψ(K(X, X)): training along the tangent kernel by squared error (arXiv 1902.06720), its end, kernel regression, or, with the covariance in its place, the posterior given y
/// without noise.
/// </summary>
public sealed class KernelPrediction
{
    private readonly KernelMatrices training;
    private readonly KernelMatrices cross;
    private readonly KernelMatrices test;
    private readonly SquaredErrorDynamics dynamics;
    private readonly Vector<double> crossNorms;
    private readonly Vector<double> crossErrors;
    private readonly double trainingError;
    private readonly double repairError;
    private readonly bool byCovariance;

    /// <param name="training">Among training samples, N × N.</param>
    /// <param name="cross">Of test with training samples, M × N.</param>
    /// <param name="test">Among test samples, M × M.</param>
    /// <param name="byCovariance">Whether the covariance learns, and not the tangent kernel.</param>
    /// <param name="learningRate">η of the mean loss.</param>
    public KernelPrediction(KernelMatrices training, KernelMatrices cross, KernelMatrices test, bool byCovariance, double learningRate)
    {
        (this.training, this.cross, this.test, this.byCovariance) = (training, cross, test, byCovariance);
        var (own, other) = byCovariance ? (training.Covariance, cross.Covariance) : (training.Tangent, cross.Tangent);
        var ownErrors = KernelMatrices.Errors(own, byCovariance ? training.CovarianceErrors : training.TangentErrors);
        var otherErrors = KernelMatrices.Errors(other, byCovariance ? cross.CovarianceErrors : cross.TangentErrors);
        var exact = (byCovariance ? training.CovarianceErrors : training.TangentErrors) is null;
        dynamics = new SquaredErrorDynamics(own, other, learningRate, exact ? 1e-16 : ownErrors.Enumerate().Max());
        trainingError = ownErrors.FrobeniusNorm();
        repairError = dynamics.Repair.Count > 0 ? dynamics.Repair.Floor * Math.Sqrt(dynamics.Repair.Count) : 0;
        crossNorms = other.RowNorms(2);
        crossErrors = otherErrors.RowNorms(2);
    }

    public SquaredErrorDynamics Dynamics => dynamics;

    /// <param name="learned">ψ.</param>
    /// <param name="targets">y, N × copies.</param>
    public Prediction At(Func<double, double> learned, Matrix<double> targets)
    {
        var response = dynamics.Response(learned);
        var (largest, steepest) = dynamics.Sensitivity(learned, trainingError);

        // What the rows of A may be off by.
        var isKnown = double.IsFinite(largest);
        var moved = isKnown ? (largest * crossErrors) + (steepest * (trainingError + repairError) * crossNorms) : crossNorms.Map(_ => double.PositiveInfinity, Zeros.Include);
        var size = response.RowNorms(2);
        var mean = response * targets;
        var norms = targets.ColumnNorms(2);
        var mixed = response * cross.Covariance.Transpose();
        var covariance = test.Covariance - mixed - mixed.Transpose() + (response * training.Covariance * response.Transpose());
        var (prior, error) = (training.Covariance.L2Norm(), KernelMatrices.Errors(training.Covariance, training.CovarianceErrors).FrobeniusNorm());
        var (row, rowError) = (cross.Covariance.RowNorms(2), KernelMatrices.Errors(cross.Covariance, cross.CovarianceErrors).RowNorms(2));
        var own = KernelMatrices.Errors(test.Covariance, test.CovarianceErrors);
        return new Prediction(
            mean,
            Matrix<double>.Build.Dense(mean.RowCount, mean.ColumnCount, (m, c) => norms[c] == 0 ? 0 : moved[m] * norms[c]),
            covariance,
            Matrix<double>.Build.Dense(covariance.RowCount, covariance.ColumnCount, (m, k) => !isKnown ? Unknown(m, k) : own[m, k] + Half(m, k) + Half(k, m) + (size[m] * size[k] * error) + (prior * ((moved[m] * size[k]) + (size[m] * moved[k])))),
            dynamics.Repair);

        // What is known of a Gaussian makes no variance larger; what is trained along another kernel may be anything.
        double Unknown(int m, int k) => training.Covariance.Enumerate().All(value => value == 0) ? own[m, k] : byCovariance ? Math.Abs(covariance[m, k]) + Math.Sqrt(Prior(m) * Prior(k)) : double.PositiveInfinity;

        double Prior(int m) => Math.Max(0, test.Covariance[m, m]) + own[m, m];

        double Half(int m, int k) => (moved[m] * row[k]) + (size[m] * rowError[k]);
    }
}
