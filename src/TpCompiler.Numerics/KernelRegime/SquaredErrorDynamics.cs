using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Kernel gradient descent on all samples for the loss ½(f − y)² (a mean over N samples), at any step at once: with K = V Λ Vᵀ,
/// f_t = y + V (1 − ηΛ/N)^t Vᵀ (f₀ − y).
/// </summary>
public sealed class SquaredErrorDynamics
{
    private readonly Matrix<double> vectors;
    private readonly Matrix<double> testTimesVectors;
    private readonly double rate;

    /// <param name="onTraining">K between training samples, N × N, symmetric.</param>
    /// <param name="onTest">K of test samples with training samples, M × N.</param>
    /// <param name="learningRate">η of the mean loss.</param>
    public SquaredErrorDynamics(Matrix<double> onTraining, Matrix<double> onTest, double learningRate)
    {
        var decomposition = (0.5 * (onTraining + onTraining.Transpose())).Evd(Symmetricity.Symmetric);
        vectors = decomposition.EigenVectors;
        Eigenvalues = decomposition.EigenValues.Real();
        testTimesVectors = onTest * vectors;
        rate = learningRate / onTraining.RowCount;
    }

    /// <summary>The eigenvalues of K, smallest first, as computed: rounding may leave some below 0.</summary>
    public Vector<double> Eigenvalues { get; }

    /// <summary>The largest η for which f_t doesn't oscillate without end: 2N / the largest eigenvalue.</summary>
    public double LargestStableRate => 2.0 * Eigenvalues.Count / Eigenvalues.Maximum();

    /// <summary>A(t) of f_t(ξ) = f₀(ξ) + A(t) (y − f₀) on the test samples, M × N.</summary>
    public Matrix<double> Response(double step) => testTimesVectors * Matrix<double>.Build.DiagonalOfDiagonalVector(Eigenvalues.Map(value => Accumulated(value, step))) * vectors.Transpose();

    /// <summary>f_t on the training samples; t = ∞ gives the limit.</summary>
    public Matrix<double> Training(double step, Matrix<double> initial, Matrix<double> targets)
    {
        var projected = vectors.Transpose() * (initial - targets);
        return targets + (vectors * Matrix<double>.Build.DiagonalOfDiagonalVector(Eigenvalues.Map(value => Decayed(value, step))) * projected);
    }

    /// <summary>f_t on the test samples.</summary>
    public Matrix<double> Test(double step, Matrix<double> initialTest, Matrix<double> initialTraining, Matrix<double> targets) =>
        initialTest + (Response(step) * (targets - initialTraining));

    /// <summary>(1 − ηλ/N)^t.</summary>
    private double Decayed(double value, double step)
    {
        var x = rate * value;
        return step == 0 ? 1 : x is > -0.5 and < 0.5 ? Math.Exp(step * SpecialFunctions.LogOnePlus(-x)) : Math.Pow(1 - x, step);
    }

    /// <summary>(1 − (1 − ηλ/N)^t)/λ, also as λ → 0.</summary>
    private double Accumulated(double value, double step)
    {
        var x = rate * value;
        if (step == 0)
        {
            return 0;
        }

        if (Math.Abs(x) < 1e-300)
        {
            return rate * step;
        }

        return x is > -0.5 and < 0.5
            ? -SpecialFunctions.ExpMinusOne(step * SpecialFunctions.LogOnePlus(-x)) / value
            : (1 - Math.Pow(1 - x, step)) / value;
    }
}
