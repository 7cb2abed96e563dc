using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Numerics.Checking;

/// <summary>
/// Whether sizes that fall with the width contain a part of a given exponent: size² = n^{-2e} (A + Σ_k B_k n^{-k/2}), k from 1 to 4, A and B_k not negative, since squares of independent parts add up. At moderate
/// widths the fluctuation of a small but non-zero limit can hide the limit in the slope. With A = 0 a size falls at least like n^{-1/4} more than derived, everywhere.
/// The sum as a whole has finite-width corrections (<see cref="SlopeFit.Corrections"/>), which bend a curve as well.
/// </summary>
internal static class LeadingPart
{
    private const double Confidence = 0.999;

    private const int Powers = 4;

    /// <summary>No mean square is known better than this, as a share and squared.</summary>
    private const double LeastNoise = 1e-10;

    /// <summary>Where A = 0 is as unlikely as this, more nets may show that it is wrong.</summary>
    private const double Suspicion = 0.95;

    /// <summary>True where A = 0 is rejected at 99.9 %, false where it isn't at 95 %; null in between. The noise is taken to be proportional to the size.</summary>
    public static bool? IsPositive(IReadOnlyList<(double Width, double Size)> points, double exponent)
    {
        var groups = points.GroupBy(point => point.Width).OrderBy(group => group.Key)
            .Select(group => (Width: group.Key, Mean: group.Average(Scaled), Count: group.Count(), Values: group.Select(Scaled).ToArray())).ToArray();
        var degrees = points.Count - groups.Length;
        if (groups.Length < 3 || degrees < 2)
        {
            return null;
        }

        // Within a width only noise differs, as a share of the mean.
        var noise = groups.Sum(group => group.Values.Sum(value => Square((value / group.Mean) - 1))) / degrees;
        // Relative errors of mean squares, whose corrections are twice those of sizes.
        var covariance = Matrix<double>.Build.Dense(groups.Length, groups.Length, (i, j) => (4 * SlopeFit.Corrections(groups[i].Width * groups[j].Width)) + (i == j ? Math.Max(noise, LeastNoise) / groups[i].Count : 0));
        var whiten = covariance.Cholesky().Factor.Inverse();
        var gain = Misfit(0) - Math.Min(Misfit(1), Misfit(0));
        return gain > LevelOf(Confidence) ? true : gain > LevelOf(Suspicion) ? null : false;

        double LevelOf(double confidence) => Square(StudentT.InvCDF(0, 1, degrees, confidence));

        // The least weighted sum of squares with A (1) or without it (0), none negative: one of the few sets of powers whose least squares are all positive has it.
        double Misfit(int a)
        {
            var smallest = double.PositiveInfinity;
            var terms = Powers + a;
            for (var chosen = 0; chosen < 1 << terms; chosen++)
            {
                var powers = Enumerable.Range(0, terms).Where(k => (chosen >> k & 1) != 0).Select(k => k + 1 - a).ToArray();
                if (powers.Length > groups.Length)
                {
                    continue;
                }

                var values = whiten * Vector<double>.Build.Dense(groups.Length, 1);
                if (powers.Length == 0)
                {
                    smallest = Math.Min(smallest, values.DotProduct(values));
                    continue;
                }

                var design = whiten * Matrix<double>.Build.Dense(groups.Length, powers.Length, (row, column) => Math.Pow(groups[row].Width / groups[0].Width, -powers[column] / 2.0) * groups[0].Mean / groups[row].Mean);
                var coefficients = design.QR().Solve(values);
                if (coefficients.All(coefficient => coefficient >= 0))
                {
                    var rest = (design * coefficients) - values;
                    smallest = Math.Min(smallest, rest.DotProduct(rest));
                }
            }

            return smallest;
        }

        double Scaled((double Width, double Size) point) => Square(point.Size) * Math.Pow(point.Width, 2 * exponent);

        static double Square(double x) => x * x;
    }
}
