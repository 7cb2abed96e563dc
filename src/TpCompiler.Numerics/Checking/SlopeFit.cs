using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Numerics.Checking;

/// <summary>A fitted slope of log size against log width, with the half-width of its 95 % confidence interval (Student's t).</summary>
/// <param name="Slope">s, where size ∝ n^s.</param>
/// <param name="HalfWidth">The interval is Slope ± HalfWidth.</param>
/// <param name="IsCorrected">Whether the leading finite-width correction was significant and is in the model.</param>
public sealed record SlopeFit(double Slope, double HalfWidth, bool IsCorrected)
{
    /// <summary>Half the width of the interval at 99.9 %: what decides in a table of many lines, of which one in twenty would leave its 95 % interval by chance.</summary>
    public double DecidingHalfWidth { get; init; } = 2 * HalfWidth;

    private const double Confidence = 0.95;

    private const double DecidingConfidence = 0.999;

    /// <summary>The correction enters when its coefficient differs from 0 at this level.</summary>
    private const double CorrectionLevel = 0.001;

    /// <summary>
    /// Least squares of log size = α + s log n over all nets. Where it bends, with γ n^{-1/2} beside it: sizes at finite width are their limit times 1 + O(n^{-1/2}), and
    /// without the term a bend would count as slope. Null with fewer than three nets or two widths.
    /// </summary>
    public static SlopeFit? Of(IReadOnlyList<(double Width, double Size)> nets)
    {
        var widths = nets.Select(net => net.Width).Distinct().Count();
        if (nets.Count < 3 || widths < 2)
        {
            return null;
        }

        var straight = Fit(nets, corrected: false);
        if (widths < 3 || nets.Count < 5)
        {
            return Of(straight, isCorrected: false);
        }

        var bent = Fit(nets, corrected: true);
        var isBent = bent.Degrees > 0 && Math.Abs(bent.Correction) > bent.CorrectionError * StudentT.InvCDF(0, 1, bent.Degrees, 1 - (CorrectionLevel / 2));
        return isBent ? Of(bent, isCorrected: true) : Of(straight, isCorrected: false);
    }

    private static SlopeFit Of(Regression fit, bool isCorrected) =>
        new(fit.Slope, HalfWidthOf(fit, Confidence), isCorrected) { DecidingHalfWidth = HalfWidthOf(fit, DecidingConfidence) };

    private static double HalfWidthOf(Regression fit, double confidence) => fit.SlopeError * StudentT.InvCDF(0, 1, fit.Degrees, (1 + confidence) / 2);

    private static Regression Fit(IReadOnlyList<(double Width, double Size)> nets, bool corrected)
    {
        var design = Matrix<double>.Build.Dense(nets.Count, corrected ? 3 : 2, (row, column) => column switch
        {
            0 => 1,
            1 => Math.Log(nets[row].Width),
            _ => 1 / Math.Sqrt(nets[row].Width),
        });
        var sizes = Vector<double>.Build.Dense(nets.Count, row => Math.Log(nets[row].Size));
        var coefficients = design.QR().Solve(sizes);
        var degrees = nets.Count - design.ColumnCount;
        var residual = (design * coefficients) - sizes;
        var covariance = (design.Transpose() * design).Inverse() * (residual.DotProduct(residual) / Math.Max(degrees, 1));
        return new(
            coefficients[1],
            Math.Sqrt(covariance[1, 1]),
            corrected ? coefficients[2] : 0,
            corrected ? Math.Sqrt(covariance[2, 2]) : 0,
            degrees);
    }

    private sealed record Regression(double Slope, double SlopeError, double Correction, double CorrectionError, int Degrees);
}
