using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Numerics.Checking;

/// <summary>
/// Whether sizes that fall with the width contain a part of a given exponent: size² = n^{-2e} (A + B/n + C/n²) with A &gt; 0. At moderate widths the fluctuation n^{-1/2} of a small but
/// non-zero limit can hide the limit in the slope.
/// </summary>
internal static class LeadingPart
{
    private const double Confidence = 0.999;

    /// <summary>Whether A is positive at 99.9 %. The noise is taken to be proportional to the size.</summary>
    public static bool IsPositive(IReadOnlyList<(double Width, double Size)> points, double exponent)
    {
        var widths = points.Select(point => point.Width).Distinct().Count();
        if (widths < 3 || points.Count < 5)
        {
            return false;
        }

        var means = points.GroupBy(point => point.Width).ToDictionary(group => group.Key, group => group.Average(Scaled));
        var design = Matrix<double>.Build.Dense(points.Count, 3, (row, column) => Math.Pow(points[row].Width, -column) / means[points[row].Width]);
        var values = Vector<double>.Build.Dense(points.Count, row => Scaled(points[row]) / means[points[row].Width]);
        var coefficients = design.QR().Solve(values);
        var degrees = points.Count - 3;
        var residual = (design * coefficients) - values;
        var variance = (design.Transpose() * design).Inverse()[0, 0] * residual.DotProduct(residual) / degrees;
        return coefficients[0] > Math.Sqrt(variance) * StudentT.InvCDF(0, 1, degrees, Confidence);

        double Scaled((double Width, double Size) point) => point.Size * point.Size * Math.Pow(point.Width, 2 * exponent);
    }
}
