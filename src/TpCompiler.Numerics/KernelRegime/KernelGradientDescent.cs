using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// f_{t+1}(ξ) = f_t(ξ) − η Σ_i K(ξ, ξ_i) ∂L/∂f_t(ξ_i), L the mean of a loss over the samples of the step. Rows are samples, columns outputs; all outputs share K.
/// </summary>
public sealed class KernelGradientDescent
{
    private readonly Matrix<double> onTraining;
    private readonly Matrix<double> onTest;
    private readonly PointwiseLoss loss;
    private readonly Matrix<double> targets;

    /// <param name="onTraining">K between training samples, N × N.</param>
    /// <param name="onTest">K of test samples with training samples, M × N; M may be 0.</param>
    /// <param name="loss">The loss of a sample.</param>
    /// <param name="targets">Targets of the training samples, N × outputs.</param>
    /// <param name="training">f₀ on the training samples, N × outputs.</param>
    /// <param name="test">f₀ on the test samples, M × outputs.</param>
    public KernelGradientDescent(Matrix<double> onTraining, Matrix<double> onTest, PointwiseLoss loss, Matrix<double> targets, Matrix<double> training, Matrix<double> test)
    {
        (this.onTraining, this.onTest, this.loss, this.targets) = (onTraining, onTest, loss, targets);
        (Training, Test) = (training, test);
    }

    /// <summary>f_t on the training samples.</summary>
    public Matrix<double> Training { get; private set; }

    /// <summary>f_t on the test samples.</summary>
    public Matrix<double> Test { get; private set; }

    public int Step { get; private set; }

    /// <summary>The loss before the next step, a mean over all training samples.</summary>
    public double Loss => loss.Value(Training, targets);

    /// <summary>One step on a batch; null for all samples.</summary>
    public void Advance(double rate, IReadOnlyList<int>? batch = null)
    {
        var gradient = loss.Gradient(Training, targets);
        if (batch is not null)
        {
            // A sample that the batch holds twice counts twice.
            var counts = batch.CountBy(i => i).ToDictionary();
            gradient = Matrix<double>.Build.Dense(gradient.RowCount, gradient.ColumnCount, (i, o) => counts.GetValueOrDefault(i) * gradient[i, o]);
        }

        gradient *= rate / (batch?.Count ?? gradient.RowCount);
        Training -= onTraining * gradient;
        Test -= onTest * gradient;
        Step++;
    }
}
