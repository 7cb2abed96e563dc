using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Numerics.Checking;

/// <summary>
/// Whether numbers whose size falls with the width have a part of a given exponent below what fluctuates from net to net: their average over nets, signs and all, in which a fluctuation is smaller by the root of the
/// number of nets. The average is held to n^{-e} and to n^{-e - spacing}, the next exponent that it could have, each with finite-width corrections (<see cref="SlopeFit.Corrections"/>).
/// </summary>
internal static class LeadingAverage
{
    /// <summary>The likelihood ratio of the derived exponent to the next at which it is seen.</summary>
    private const double Decisive = 1000;

    /// <summary>The one from which more nets may show it.</summary>
    private const double Suspicion = 5;

    private const double Confidence = 0.999;

    /// <summary>True where the derived exponent is far likelier and fits, false where it isn't likelier; null in between.</summary>
    /// <param name="groups">For each width the numbers of each net.</param>
    /// <param name="exponent">e.</param>
    /// <param name="spacing">How far exponents are apart.</param>
    public static bool? IsSeen(IReadOnlyList<(double Width, IReadOnlyList<double[]> Nets)> groups, double exponent, double spacing)
    {
        if (groups.Count < 3 || groups.Any(group => group.Nets.Count < 4))
        {
            return false;
        }

        // Along the average of one half of the nets, the other half is one number for each net.
        (double Chi, double Log)[] derived = [Fit(0, 0), Fit(1, 0)];
        (double Chi, double Log)[] next = [Fit(0, -spacing), Fit(1, -spacing)];
        var gain = next.Sum(fit => fit.Log) - derived.Sum(fit => fit.Log);
        return gain switch
        {
            > 0 when derived.Sum(fit => fit.Chi) > ChiSquared.InvCDF(2 * (groups.Count - 1), Confidence) => false,
            var g when g > 2 * Math.Log(Decisive) => true,
            var g when g > 2 * Math.Log(Suspicion) => null,
            _ => false,
        };

        (double Chi, double Log) Fit(int half, double shift)
        {
            var direction = DirectionOf(1 - half);
            var points = groups.Select(group =>
            {
                var scale = Math.Pow(group.Width, exponent);
                double[] along = [.. group.Nets.Where((_, i) => i % 2 == half).Select(net => scale * net.Zip(direction, (x, d) => x * d).Sum())];
                var mean = along.Average();
                return (group.Width, Mean: mean, Variance: along.Sum(x => (x - mean) * (x - mean)) / Math.Max(1, along.Length - 1) / along.Length);
            }).ToList();
            return points.Exists(point => !(point.Variance > 0)) ? (0, 0) : Likelihood(points, shift);
        }

        double[] DirectionOf(int half)
        {
            var sum = new double[groups[0].Nets[0].Length];
            foreach (var (width, nets) in groups)
            {
                var scale = Math.Pow(width, exponent);
                foreach (var net in nets.Where((_, i) => i % 2 == half))
                {
                    for (var i = 0; i < sum.Length; i++)
                    {
                        sum[i] += scale * net[i];
                    }
                }
            }

            return sum;
        }
    }

    /// <summary>χ² and −2 log likelihood of A n^shift times corrections, at the best A; of the corrections' size, that without them.</summary>
    private static (double Chi, double Log) Likelihood(List<(double Width, double Mean, double Variance)> points, double shift)
    {
        var shape = Vector<double>.Build.Dense(points.Count, k => Math.Pow(points[k].Width, shift));
        var means = Vector<double>.Build.Dense(points.Count, k => points[k].Mean);
        var noise = Matrix<double>.Build.DenseOfDiagonalArray([.. points.Select(point => point.Variance)]);
        var first = Best(noise);
        var covariance = noise + Matrix<double>.Build.Dense(points.Count, points.Count, (i, j) => first * first * shape[i] * shape[j] * SlopeFit.Corrections(points[i].Width * points[j].Width));
        var rest = means - (Best(covariance) * shape);
        var chi = rest * covariance.Inverse() * rest;
        return (chi, chi + Math.Log(covariance.Determinant()));

        double Best(Matrix<double> of)
        {
            var weighted = of.Inverse() * shape;
            return weighted * means / (weighted * shape);
        }
    }
}
