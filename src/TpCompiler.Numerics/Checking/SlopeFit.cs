using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Numerics.Checking;

/// <summary>A fitted slope of log size against log width, with the half-width of its 95 % interval (Student's t).</summary>
/// <param name="Slope">s, where size ∝ n^s.</param>
/// <param name="HalfWidth">The interval is Slope ± HalfWidth.</param>
public sealed record SlopeFit(double Slope, double HalfWidth)
{
    /// <summary>How large the correction n^{-1/2} of a size is expected to be, as a standard deviation.</summary>
    public const double RootCorrection = 0.5;

    /// <summary>The same of the corrections n^{-k}: this to the power k.</summary>
    public const double CorrectionScale = 8;

    private const int CorrectionPowers = 3;

    private const double Confidence = 0.95;

    private const double DecidingConfidence = 0.999;

    /// <summary>A rest as large as this share of all that chance leaves says that narrow nets have other corrections.</summary>
    private const double Misfit = 0.99;

    private const int FewestWidths = 4;

    /// <summary>No logarithm is known better than this, however little nets differ.</summary>
    private const double LeastError = 1e-7;

    /// <summary>Half the width of the interval at 99.9 %: what decides in a table of many lines, of which one in twenty would leave its 95 % interval by chance.</summary>
    public double DecidingHalfWidth { get; init; } = 2 * HalfWidth;

    /// <summary>
    /// Generalised least squares of log size = α + s log n + γ n^{-1/2} + Σ_k β_k n^{-k} over the widths. Sizes of finite nets are those of the limit times such corrections, of which only the order of magnitude is
    /// known beforehand: γ and β_k are normal with standard deviations <see cref="RootCorrection"/> and <see cref="CorrectionScale"/>^k. So the interval has room for a bend that the noise would hide, and
    /// none for one that the sizes rule out. Where the rest is larger than all this allows, the narrowest width is left out,
    /// as long as four others are there; then the interval grows with the rest. Null with fewer than two widths, or where no width has two nets.
    /// </summary>
    public static SlopeFit? Of(IReadOnlyList<LogSize> sizes)
    {
        var degrees = sizes.Sum(size => size.Nets - 1);
        if (sizes.Count < 2 || degrees < 1)
        {
            return null;
        }

        // Few nets don't know their own variance: it is no less than the average one.
        var average = sizes.Sum(size => (size.Nets - 1) * size.Variance) / degrees;
        var noise = Matrix<double>.Build.DenseOfDiagonalArray([.. sizes.Select(size => Math.Max(LeastError * LeastError, Math.Max(size.Variance, average) / size.Nets))]);
        var covariance = noise + Matrix<double>.Build.Dense(sizes.Count, sizes.Count, (i, j) => Corrections(sizes[i].Width * sizes[j].Width));
        var design = Matrix<double>.Build.Dense(sizes.Count, 2, (row, column) => column == 0 ? 1 : Math.Log(sizes[row].Width));
        var values = Vector<double>.Build.Dense(sizes.Count, row => sizes[row].Value);
        var precision = covariance.Inverse();
        var error = (design.Transpose() * precision * design).Inverse();
        var coefficients = error * (design.Transpose() * precision * values);
        var rest = values - (design * coefficients);
        var misfit = rest * (precision * rest);
        if (sizes.Count > FewestWidths && misfit > ChiSquared.InvCDF(sizes.Count - 2, Misfit))
        {
            return Of([.. sizes.OrderBy(size => size.Width).Skip(1)]);
        }

        var excess = sizes.Count == 2 ? 1 : Math.Max(1, misfit / (sizes.Count - 2));
        var deviation = Math.Sqrt(error[1, 1] * excess);
        return new(coefficients[1], deviation * Quantile(Confidence)) { DecidingHalfWidth = deviation * Quantile(DecidingConfidence) };

        double Quantile(double confidence) => StudentT.InvCDF(0, 1, degrees, (1 + confidence) / 2);
    }

    /// <summary>The covariance of the relative corrections at two widths whose product this is.</summary>
    internal static double Corrections(double product) =>
        (RootCorrection * RootCorrection / Math.Sqrt(product)) + Enumerable.Range(1, CorrectionPowers).Sum(k => Math.Pow(CorrectionScale * CorrectionScale / product, k));
}
