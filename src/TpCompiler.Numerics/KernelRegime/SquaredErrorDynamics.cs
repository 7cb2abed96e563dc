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
    private readonly int equal;

    /// <param name="onTraining">K between training samples, N × N, symmetric.</param>
    /// <param name="onTest">K of test samples with training samples, M × N.</param>
    /// <param name="learningRate">η of the mean loss.</param>
    public SquaredErrorDynamics(Matrix<double> onTraining, Matrix<double> onTest, double learningRate)
        : this(onTraining, onTest, learningRate, 0)
    {
    }

    /// <param name="onTraining">K between training samples, N × N, symmetric.</param>
    /// <param name="onTest">K of test samples with training samples, M × N.</param>
    /// <param name="learningRate">η of the mean loss.</param>
    /// <param name="errorOfKernel">What an entry of K may be off by: eigenvalues that are 0 within this and rounding count as 0, negative ones too, and nothing is learned along their vectors.</param>
    public SquaredErrorDynamics(Matrix<double> onTraining, Matrix<double> onTest, double learningRate, double errorOfKernel)
    {
        var decomposition = (0.5 * (onTraining + onTraining.Transpose())).Evd(Symmetricity.Symmetric);
        vectors = decomposition.EigenVectors;
        var found = decomposition.EigenValues.Real();
        if (errorOfKernel > 0)
        {
            var floor = found.Count * Math.Max(errorOfKernel, Rounding * found.AbsoluteMaximum());
            Repair = new SpectrumRepair(found.Count(value => value < floor), Math.Max(0, -found.Minimum()), floor);
            found = found.Map(value => value < floor ? 0 : value);
        }

        Eigenvalues = found;
        equal = EqualSamples(onTraining, onTest);
        testTimesVectors = onTest * vectors;
        rate = learningRate / onTraining.RowCount;
    }

    private const double Rounding = 1e-15;

    /// <summary>How many samples are the same as one before, for all that K says: so many eigenvalues are exactly 0, and what is predicted has no part along their vectors.</summary>
    private static int EqualSamples(Matrix<double> onTraining, Matrix<double> onTest)
    {
        // Only columns of one sum are compared number by number: that samples are normalised makes many diagonals equal.
        var sums = onTraining.ColumnSums();
        var known = new Dictionary<(double, double), List<int>>();
        var count = 0;
        for (var i = 0; i < onTraining.RowCount; i++)
        {
            var key = (onTraining[i, i], sums[i]);
            var alike = known.TryGetValue(key, out var list) ? list : known[key] = [];
            if (alike.Exists(j => onTraining.Column(i).Equals(onTraining.Column(j)) && onTest.Column(i).Equals(onTest.Column(j))))
            {
                count++;
            }
            else
            {
                alike.Add(i);
            }
        }

        return count;
    }

    /// <summary>The eigenvalues of K, smallest first; as computed, where no error of K was given: rounding may leave some below 0.</summary>
    public Vector<double> Eigenvalues { get; }

    /// <summary>What was done to the eigenvalues.</summary>
    public SpectrumRepair Repair { get; } = new(0, 0, 0);

    /// <summary>The largest η for which f_t doesn't oscillate without end: 2N / the largest eigenvalue.</summary>
    public double LargestStableRate => 2.0 * Eigenvalues.Count / Eigenvalues.Maximum();

    /// <summary>A(t) of f_t(ξ) = f₀(ξ) + A(t) (y − f₀) on the test samples, M × N; t = ∞ gives kernel regression, whatever the rate.</summary>
    public Matrix<double> Response(double step) => Response(value => Accumulated(value, step));

    /// <summary>The same for another way from eigenvalues to what has been learned along their vectors: (1 − f_t's distance from y as a part of the initial one)/λ.</summary>
    public Matrix<double> Response(Func<double, double> learned) => testTimesVectors * Matrix<double>.Build.DiagonalOfDiagonalVector(Eigenvalues.Map(learned)) * vectors.Transpose();

    /// <summary>
    /// max |ψ| and max |(ψ(λ) − ψ(μ))/(λ − μ)| for ψ = <see cref="Response(Func{double, double})"/>'s and eigenvalues that are off by no more than <paramref name="error"/>: an error E of K moves ψ(K) by at most the latter
    /// times ‖E‖ (Frobenius). Infinite where an eigenvalue may be 0 and ψ has no bound there, as 1/λ has none, unless it is 0 because samples are equal.
    /// </summary>
    public (double Largest, double Steepest) Sensitivity(Func<double, double> learned, double error)
    {
        var smallest = Eigenvalues.Where(value => value > 0).DefaultIfEmpty(double.PositiveInfinity).Min() - error;
        if (Repair.Count > equal || smallest <= 0)
        {
            // An eigenvalue may lie anywhere between 0 and the floor.
            var tiny = 1e-6 * Math.Max(Repair.Floor, error);
            if (Math.Abs(learned(tiny)) > 1.5 * Math.Abs(learned(2 * tiny)))
            {
                return (double.PositiveInfinity, double.PositiveInfinity);
            }
        }

        double[] below = [.. Eigenvalues.Select(value => Math.Max(0, value - error)).Distinct()];
        double[] values = [.. below.Select(learned)];
        var steepest = 0.0;
        for (var i = 0; i < values.Length; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var (first, second) = (below[i], below[j]);
                var far = Math.Abs(first - second) > 1e-6 * Math.Max(first, second);
                var step = Math.Max(0.0001 * first, 0.0001 * Repair.Floor);
                var (from, to, distance) = far ? (values[i], values[j], Math.Abs(first - second)) : (learned(first + step), learned(first), step);
                var known = first > 0 && second > 0;
                steepest = distance == 0 || (!known && Repair.Count <= equal) ? steepest : Math.Max(steepest, Math.Abs(from - to) / distance);
            }
        }

        return (values.Select(Math.Abs).DefaultIfEmpty(0).Max(), steepest);
    }

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
    public double Accumulated(double value, double step)
    {
        var x = rate * value;
        if (step == 0 || (double.IsPositiveInfinity(step) && value == 0))
        {
            return 0;
        }

        if (double.IsPositiveInfinity(step))
        {
            return 1 / value;
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

/// <summary>Eigenvalues of a kernel matrix that were taken for 0.</summary>
/// <param name="Count">How many.</param>
/// <param name="Negative">How far the smallest lay below 0; 0 when none did.</param>
/// <param name="Floor">What counted as 0.</param>
public sealed record SpectrumRepair(int Count, double Negative, double Floor);
