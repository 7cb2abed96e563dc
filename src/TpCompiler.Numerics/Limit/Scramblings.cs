using TpCompiler.Limits;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// What R independent scramblings say together: the mean of a number over the runs, and one standard error of it, three of which hold as often as three standard deviations σ of a normal variable do.
/// From the runs alone that is Student's: s is the quantile of t with R − 1 degrees of freedom at which a normal variable has three standard deviations, over three, times the spread of the runs over √R. But where few points decide a mean
/// (x⁸, e^{2x}, rare events), runs that miss a term of size D lack D/N in the mean of N = R·M points and D²/N² in its variance: mean and spread are wrong together, in one direction. So the variance is taken as it would be
/// if the mean were right (Wilson's score, J. Amer. Statist. Assoc. 22, 209, 1927): the end of the interval solves (µ − m)² = 9 (s² + δ (µ − m)) with δ = D/N, D by <see cref="ExtremeTerms.UnseenTerm"/>, or what terms of so high a degree have beyond all points (<see cref="TermDegrees"/>) if that is more,
/// and 3 errors are 9δ/2 + √(9s² + 81δ²/4). For bounded smooth terms δ is far below s. Where D is infinite so is the error, and that of all numbers of later steps, which follow from this one.
/// </summary>
internal static class Scramblings
{
    /// <summary>The probability that a normal variable is below three standard deviations.</summary>
    private const double ThreeDeviations = 0.99865010196837;

    /// <summary>One run.</summary>
    /// <param name="Result">Its outputs.</param>
    /// <param name="Tails">The largest terms of the Moments behind them.</param>
    internal sealed record Run(ExecutionResult Result, IReadOnlyDictionary<(string Moment, ValueList<int> Iteration), ExtremeTerms[]> Tails);

    /// <summary>The terms of a Moment that an output is made of, of each of its numbers in all runs.</summary>
    private sealed record Seen(string Moment, ValueList<int> Iteration, ExtremeTerms[][] Numbers);

    /// <summary>The records that all runs reached.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="points">M, the points of each.</param>
    /// <param name="tails">Of which outputs the Moments are.</param>
    /// <param name="beyond">How terms grow beyond all points; null where they hardly do.</param>
    public static ValueList<LimitRecord> Combine(Run[] runs, int points, TailWatch tails, TermGrowth? beyond)
    {
        var first = runs[0].Result.Records;
        var factor = StudentFactor(runs.Length - 1);
        var count = runs.Min(run => run.Result.Records.Count);
        var all = (double)points * runs.Length;
        var (lost, at) = (false, -1);
        return Enumerable.Range(0, count).Select(i =>
        {
            var step = first[i].Iteration.DefaultIfEmpty(0).First();
            var isAfter = lost && step > at;
            var (name, iteration, shape) = (first[i].Name, first[i].Iteration, first[i].Shape);
            var behind = tails.MomentsOf(name).Select(moment => SeenOf(moment, iteration)).OfType<Seen>().ToList();
            var own = behind is [var only] && only.Moment == name ? only : null;
            var (growth, atLeast) = own is null ? OfMoments(behind) : (1, 0);
            var values = Enumerable.Range(0, first[i].Values.Count).Select(k =>
            {
                var (mean, spread) = Student(runs.Select(run => run.Result.Records[i].Values[k]), factor);
                var error = isAfter ? double.PositiveInfinity : own is not null ? Score(spread, Share(own, k)) : Math.Max(growth * spread, atLeast);
                if (double.IsPositiveInfinity(error) && !lost)
                {
                    (lost, at) = (true, step);
                }

                return new Estimate(mean, error, ErrorKind.StandardError, points);
            });
            return new LimitRecord(name, iteration, shape, values.ToValueList());
        }).ToValueList();

        // Of a Moment outside of the loops that an output stands in, or inside of fewer.
        Seen? SeenOf(string moment, ValueList<int> iteration)
        {
            for (var depth = iteration.Count; depth >= 0; depth--)
            {
                var outer = iteration.Take(depth).ToValueList();
                if (runs.All(run => run.Tails.ContainsKey((moment, outer))))
                {
                    return new(moment, outer, [.. Enumerable.Range(0, runs[0].Tails[(moment, outer)].Length).Select(k => runs.Select(run => run.Tails[(moment, outer)][k]).ToArray())]);
                }
            }

            return null;
        }

        double Share(Seen seen, int k)
        {
            var number = seen.Numbers[k];
            var degree = tails.Degrees.Of(seen.Moment, seen.Iteration.DefaultIfEmpty(0).First());
            var largest = number.Max(run => run.Size);
            var farther = BeyondPoints.IsBeyond(degree, all) ? beyond?.Unseen(seen.Moment, seen.Iteration, k, all) : null;
            return Math.Max(ExtremeTerms.UnseenTerm(number) / all, largest > 0 ? farther ?? (largest * BeyondPoints.ShareUnseen(degree, all, ExtremeTerms.DegreeAtTheEnds(number))) : 0);
        }

        // By as much as the error of a Moment grows, that of a function of it does; where it has no spread, its error is taken for that of the function.
        (double Growth, double AtLeast) OfMoments(List<Seen> moments)
        {
            var (most, least) = (1.0, 0.0);
            foreach (var seen in moments)
            {
                for (var k = 0; k < seen.Numbers.Length; k++)
                {
                    var (spread, share) = (Student(seen.Numbers[k].Select(run => run.Mean), factor).Error, Share(seen, k));
                    (most, least) = spread > 0 ? (Math.Max(most, Score(spread, share) / spread), least) : (most, Math.Max(least, Score(0, share)));
                }
            }

            return (most, least);
        }
    }

    private static (double Mean, double Error) Student(IEnumerable<double> values, double factor)
    {
        var sample = values.ToArray();
        var mean = sample.Average();
        var squares = sample.Sum(value => (value - mean) * (value - mean));
        return (mean, sample.Length > 1 ? factor * Math.Sqrt(squares / (sample.Length - 1) / sample.Length) : double.NaN);
    }

    /// <summary>One error, of a spread s and a share δ of one term.</summary>
    private static double Score(double spread, double share) => ((4.5 * share) + (3 * Math.Sqrt((spread * spread) + (2.25 * share * share)))) / 3;

    private static double StudentFactor(int degrees) => degrees < 1 ? double.NaN : MathNet.Numerics.Distributions.StudentT.InvCDF(0, 1, degrees, ThreeDeviations) / 3;
}
