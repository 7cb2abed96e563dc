using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>Means and covariances on test samples; rows of the mean are samples, columns outputs, which are independent with this one covariance.</summary>
/// <param name="Mean">M × outputs.</param>
/// <param name="Covariance">M × M.</param>
/// <param name="Jitter">What was added to the diagonal of the training covariance to make it positive definite; 0 mostly. To be told to the user when it isn't.</param>
public sealed record Posterior(Matrix<double> Mean, Matrix<double> Covariance, double Jitter);

/// <summary>f₀ as a Gaussian process with the covariance of a network at initialisation.</summary>
/// <param name="Training">E f₀ f̄₀ among training samples, N × N.</param>
/// <param name="Cross">Of test with training samples, M × N.</param>
/// <param name="Test">Among test samples, M × M.</param>
public sealed record GaussianProcess(Matrix<double> Training, Matrix<double> Cross, Matrix<double> Test)
{
    /// <summary>f₀ given that it takes the targets up to noise of this variance.</summary>
    public Posterior Condition(Matrix<double> targets, double noiseVariance = 0)
    {
        var scale = Training.Diagonal().AbsoluteMaximum();
        for (var jitter = 0.0; ; jitter = jitter == 0 ? 1e-14 * scale : 10 * jitter)
        {
            var shifted = Training + ((noiseVariance + jitter) * Matrix<double>.Build.DenseIdentity(Training.RowCount));
            try
            {
                var factor = shifted.Cholesky();
                return new Posterior(Cross * factor.Solve(targets), Test - (Cross * factor.Solve(Cross.Transpose())), jitter);
            }
            catch (ArgumentException) when (jitter < scale)
            {
                // Not positive definite in floating point: duplicates among the samples.
            }
        }
    }

    /// <summary>
    /// f_t on the test samples after gradient descent on ½(f − y)² from this f₀, which is Gaussian: f_t(ξ) = f₀(ξ) + A(t) (y − f₀), A(t) from the tangent kernel
    /// (Lee et al., arXiv 1902.06720).
    /// </summary>
    public Posterior AfterTraining(SquaredErrorDynamics dynamics, double step, Matrix<double> targets)
    {
        var response = dynamics.Response(step);
        var mixed = response * Cross.Transpose();
        return new Posterior(response * targets, Test - mixed - mixed.Transpose() + (response * Training * response.Transpose()), 0);
    }
}
