using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit.Grids;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// How terms of Moments grow beyond all points. The program by itself gives a degree (<see cref="TermDegrees"/>), but not how small the coefficient of the highest power is; so its vectors are looked at there: the points of one scrambling,
/// moved outwards along their rays, at which each vector is the same function of its Gaussians as at the points where they were (<see cref="ExpectationTape"/>).
/// </summary>
internal sealed class TermGrowth
{
    private const int MostPoints = 1 << 12;

    /// <summary>Which of the largest terms of the stretched points stands for those at its distance: where the outermost point is, is too uncertain.</summary>
    private const int Rank = 8;

    private const int Distances = 9;

    /// <summary>How much farther than where |z|^d times the normal density has its peak.</summary>
    private const double BehindPeak = 3;

    /// <summary>Between two distances.</summary>
    private const int Nodes = 64;

    private readonly double[] radii;
    private readonly Dictionary<(string Moment, ValueList<int> Iteration), double[][]> largest;

    private TermGrowth(double[] radii, Dictionary<(string Moment, ValueList<int> Iteration), double[][]> largest) => (this.radii, this.largest) = (radii, largest);

    /// <summary>Looks beyond the points; null where no terms have so high a degree that their mean may come from there, and where pairs of points are summed, which no tape holds.</summary>
    /// <param name="limit">The program.</param>
    /// <param name="tails">Its Moments.</param>
    /// <param name="feed">Its data.</param>
    /// <param name="execution">Sizes of axes.</param>
    /// <param name="points">Points of each scrambling.</param>
    /// <param name="runs">How many scramblings there are.</param>
    /// <param name="seed">Of the program's Gaussian scalars, and of one scrambling.</param>
    /// <param name="cancel">Ends the run; null then, too.</param>
    public static TermGrowth? Of(Program limit, TailWatch tails, IDataFeed feed, ExecutionSettings execution, int points, int runs, (ulong Scalars, ulong Scrambling) seed, CancellationToken cancel)
    {
        var all = (double)points * runs;
        if (points < 4 * Rank || !BeyondPoints.IsBeyond(tails.Degrees.Highest, all) || limit.Body.Instructions().Any(instruction => instruction is Instruction.OuterNonlin))
        {
            return null;
        }

        var fewer = Math.Min(points, MostPoints);
        var (first, last) = (BeyondPoints.Reach(fewer / (double)Rank), Math.Sqrt(tails.Degrees.Highest) + BehindPeak);
        double[] radii = [.. Enumerable.Range(0, Distances).Select(i => first * Math.Pow(last / first, i / (Distances - 1.0)))];
        var tape = new ExpectationTape();
        var ends = radii.Select((radius, i) =>
        {
            var carrier = new QuasiRandomCarrier(fewer, seed.Scrambling) { Tape = i == 0 ? tape : tape.Replay(), Stretch = radius / first };
            var interpreter = new LimitInterpreter(limit, execution, carrier, seed.Scalars, tails: tails);
            interpreter.Run(feed, null, cancel);
            return interpreter.Tails;
        }).ToList();
        var known = ends[0].Keys.Where(key => ends.All(end => end.ContainsKey(key)));
        return cancel.IsCancellationRequested ? null
            : new(radii, known.ToDictionary(key => key, key => Enumerable.Range(0, ends[0][key].Length).Select(number => ends.Select(end => end[key][number].SizeOf(Rank)).ToArray()).ToArray()));
    }

    /// <summary>
    /// What terms have beyond all points, more than if they were no larger there: E[t(|z|) − t(r); |z| > r], t how large terms are at a distance, r the reach of all points; null where terms are not known, or 0, or too large for numbers.
    /// </summary>
    /// <param name="moment">The Moment.</param>
    /// <param name="iteration">The counters of the loops around it.</param>
    /// <param name="number">Which of its numbers.</param>
    /// <param name="points">How many points there are in all.</param>
    public double? Unseen(string moment, ValueList<int> iteration, int number, double points)
    {
        if (!largest.TryGetValue((moment, iteration), out var numbers) || !numbers[number].All(size => size > 0 && double.IsFinite(size)))
        {
            return null;
        }

        var reach = BeyondPoints.Reach(points);
        var logarithms = numbers[number].Select(size => Math.Log(size)).ToArray();
        var atReach = LogarithmAt(reach, logarithms);
        var sum = 0.0;
        for (var panel = 0; panel + 1 < radii.Length; panel++)
        {
            var (from, to) = (Math.Max(reach, radii[panel]), radii[panel + 1]);
            for (var i = 0; i < Nodes && to > from; i++)
            {
                var radius = from + ((i + 0.5) / Nodes * (to - from));
                var logDensity = -0.5 * ((radius * radius) + Math.Log(Math.PI / 2));
                sum += (to - from) / Nodes * Math.Max(0, Math.Exp(LogarithmAt(radius, logarithms) + logDensity) - Math.Exp(atReach + logDensity));
            }
        }

        return sum;
    }

    /// <summary>log t between two distances, where it goes like a power.</summary>
    private double LogarithmAt(double radius, double[] logarithms)
    {
        var panel = Math.Clamp(Array.FindLastIndex(radii, other => other <= radius), 0, radii.Length - 2);
        var part = Math.Log(radius / radii[panel]) / Math.Log(radii[panel + 1] / radii[panel]);
        return logarithms[panel] + (part * (logarithms[panel + 1] - logarithms[panel]));
    }
}
