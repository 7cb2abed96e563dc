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

    /// <summary>The records that all runs reached.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="points">M, the points of each.</param>
    /// <param name="tails">Of which outputs the Moments are.</param>
    public static ValueList<LimitRecord> Combine(Run[] runs, int points, TailWatch tails)
    {
        var first = runs[0].Result.Records;
        var factor = StudentFactor(runs.Length - 1);
        var count = runs.Min(run => run.Result.Records.Count);
        var (lost, at) = (false, -1);
        return Enumerable.Range(0, count).Select(i =>
        {
            var step = first[i].Iteration.DefaultIfEmpty(0).First();
            var isAfter = lost && step > at;
            var (name, iteration, shape) = (first[i].Name, first[i].Iteration, first[i].Shape);
            var seen = tails.MomentsOf(name).Select(moment => (Moment: moment, IsOutput: moment == name, Numbers: TailsOf(moment, iteration))).Where(moment => moment.Numbers.Length > 0).ToList();
            var growth = seen.Where(moment => !moment.IsOutput).SelectMany(moment => moment.Numbers.Select(number => Growth(moment.Moment, step, number))).DefaultIfEmpty(1).Max();
            var values = Enumerable.Range(0, first[i].Values.Count).Select(k =>
            {
                var (mean, spread) = Student(runs.Select(run => run.Result.Records[i].Values[k]), factor);
                var error = isAfter ? double.PositiveInfinity : seen is [{ IsOutput: true, Numbers: var own }] ? Score(spread, Share(name, step, own[k])) : growth * spread;
                if (double.IsPositiveInfinity(error) && !lost)
                {
                    (lost, at) = (true, step);
                }

                return new Estimate(mean, error, ErrorKind.StandardError, points);
            });
            return new LimitRecord(name, iteration, shape, values.ToValueList());
        }).ToValueList();

        // Of a Moment outside of the loops that an output stands in, or inside of fewer.
        ExtremeTerms[][] TailsOf(string moment, ValueList<int> iteration)
        {
            for (var depth = iteration.Count; depth >= 0; depth--)
            {
                var key = (moment, iteration.Take(depth).ToValueList());
                if (runs.All(run => run.Tails.ContainsKey(key)))
                {
                    return [.. Enumerable.Range(0, runs[0].Tails[key].Length).Select(k => runs.Select(run => run.Tails[key][k]).ToArray())];
                }
            }

            return [];
        }

        double Share(string moment, int step, ExtremeTerms[] number)
        {
            var all = (double)points * runs.Length;
            var largest = number.Max(run => Math.Max(Math.Abs(run.Largest[0]), Math.Abs(run.Smallest[0])));
            return Math.Max(ExtremeTerms.UnseenTerm(number) / all, largest > 0 ? largest * tails.Degrees.ShareUnseen(moment, step, all, ExtremeTerms.DegreeAtTheEnds(number)) : 0);
        }

        // By as much as the error of a Moment grows, that of a function of it does.
        double Growth(string moment, int step, ExtremeTerms[] number) => Student(number.Select(run => run.Mean), factor).Error is > 0 and var spread ? Score(spread, Share(moment, step, number)) / spread : 1;
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
