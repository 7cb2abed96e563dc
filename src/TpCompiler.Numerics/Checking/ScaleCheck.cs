using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Checking;

/// <summary>Holds derived exponents and the limit against finite nets: widths × seeds of the simulator, a slope for each quantity.</summary>
public static class ScaleCheck
{
    /// <summary>
    /// What a fitted slope may differ from the exponent by beyond its confidence interval: finite-width corrections of higher order than the one in the fit.
    /// Exponents of different behaviour differ by ½ in practice, and by ¼ at least in the usual parametrizations.
    /// </summary>
    public const double Tolerance = 0.1;

    /// <summary>An interval wider than this (half its width) decides nothing: with the tolerance it would reach an exponent half way to one ½ away.</summary>
    public const double WidestInterval = 0.15;

    /// <summary>Nets in a block, of which the root mean square is one point of a fit.</summary>
    private const int Block = 4;

    /// <summary>No seeds are added beyond nets that hold so much, all together.</summary>
    private const double AffordableBytes = 4e9;

    /// <summary>A fluctuation falls by ½ more than what it hides: together they fall by less than that.</summary>
    private const double MostHidden = 0.4;

    /// <summary>What counts as 0 beside rounding of numbers of size 1.</summary>
    private const double RoundingOf = 1e-11;

    /// <summary>Distances this many times the limit's own error measure the nets, smaller ones the error.</summary>
    private const double ErrorsAway = 4;

    /// <summary>Runs the nets and compares.</summary>
    /// <param name="program">A program with a training loop, or without loops.</param>
    /// <param name="expected">What to compare sizes and changes with.</param>
    /// <param name="settings">Widths and seeds.</param>
    /// <param name="feed">The data; every step reads the first batch (<see cref="FirstBatch"/>), so that changes are changes of the net.</param>
    /// <param name="limit">The limit of outputs on the same data, to compare distances with n^{-1/2}; null for none. Outputs that stay random in the limit don't belong here.</param>
    /// <param name="decay">The training by weight decay alone (<see cref="Limits.Scaling.WeightDecay.Alone"/>), which a change is then measured from; null where no weight decays.</param>
    /// <param name="progress">Told after each net.</param>
    /// <param name="cancel">Ends it early.</param>
    public static CheckResult Run<T>(
        Program program,
        IReadOnlyList<ExpectedScale> expected,
        CheckSettings settings,
        IDataFeed feed,
        IReadOnlyList<LimitRecord>? limit = null,
        Program? decay = null,
        IProgress<ExecutionProgress>? progress = null,
        CancellationToken cancel = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var names = expected.Select(value => value.Name).ToHashSet(StringComparer.Ordinal);
        var shortened = Shorten(program, settings.Steps);
        var decaying = decay is null ? null : Shorten(decay, settings.Steps);
        var nets = new List<Net>();
        var seeds = 0;
        List<CheckLine> lines;
        do
        {
            var next = seeds == 0 ? settings.Seeds : 2 * seeds;
            var jobs = settings.Widths.SelectMany(width => Enumerable.Range(seeds, next - seeds).Select(seed => (Width: width, Seed: seed))).ToArray();
            nets.AddRange(RunNets<T>(shortened, decaying, jobs, names, settings, new FirstBatch(feed), limit, progress, cancel));
            seeds = next;
            lines =
            [
                .. expected.SelectMany(value => LinesOf(value, decay is not null, nets, settings.Widths)).Select(line => settings.LooksUpRows && line is { IsZero: true, Verdict: CheckVerdict.Differs } ? line with { Verdict = CheckVerdict.Undecided } : line),
                .. (limit ?? []).Select(record => record.Name).Distinct().Select(name => DistanceOf(name, nets, settings.Widths)),
            ];
        }
        while (2 * seeds <= MostSeeds(shortened, settings) && lines.Exists(IsOpen) && !cancel.IsCancellationRequested);

        return new(
            settings.Widths.ToValueList(),
            seeds,
            lines.ToValueList(),
            nets.Where(net => net.Failure is not null).Select(net => (net.Width, net.Failure!)).ToValueList(),
            cancel.IsCancellationRequested);
    }

    /// <summary>More nets decide what is undecided, and may show a leading part in what seems to fall somewhat too fast.</summary>
    private static bool IsOpen(CheckLine line) =>
        line.Verdict == CheckVerdict.Undecided || line is { Verdict: CheckVerdict.Differs, Measured: { } fit, Derived: { } derived } && fit.Slope < derived.ToDouble() && fit.Slope > derived.ToDouble() - MostHidden;

    /// <summary>Seeds as far as settings and work allow.</summary>
    private static double MostSeeds(Program program, CheckSettings settings) => Math.Min(
        settings.MaxSeeds,
        AffordableBytes / settings.Widths.Sum(width => MemoryNeed.Of(program, width, settings.Execution.AxisSizes, sizeof(double), out _)));

    /// <summary>The same program with so many steps of its training, as the nets of a check run it.</summary>
    public static Program Shorten(Program program, int steps) => program with
    {
        Body = program.Body.Select(statement => statement is Loop loop ? loop with { Count = Math.Min(loop.Count, steps + 1) } : statement).ToValueList(),
    };

    private static IEnumerable<Net> RunNets<T>(
        Program program,
        Program? decay,
        (int Width, int Seed)[] jobs,
        HashSet<string> names,
        CheckSettings settings,
        FirstBatch feed,
        IReadOnlyList<LimitRecord>? limit,
        IProgress<ExecutionProgress>? progress,
        CancellationToken cancel)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var nets = new Net?[jobs.Length];
        var done = 0;
        Parallel.For(0, jobs.Length, new ParallelOptions { MaxDegreeOfParallelism = settings.Execution.Threads }, i =>
        {
            if (cancel.IsCancellationRequested)
            {
                return;
            }

            // Largest first: the last job to end is then a short one.
            var at = jobs.Length - 1 - i;
            var decayed = decay is null ? null : ProbeOf(decay, null);
            decayed?.Run(feed, null, cancel);
            var probe = ProbeOf(program, decayed);
            var result = probe.Run(feed, null, cancel);
            if (!result.IsCancelled)
            {
                nets[at] = new(jobs[at].Width, probe.Initial, probe.Change, decayed?.Change ?? [], DistancesTo(limit ?? [], result.Records), result.Failure);
            }

            progress?.Report(new(Interlocked.Increment(ref done), jobs.Length));

            ScaleProbe<T> ProbeOf(Program run, ScaleProbe<T>? from) =>
                new(run, jobs[at].Width, (ulong)jobs[at].Seed, settings.Execution with { Threads = 1 }, names, settings.ScalarSeed, from);
        });
        return nets.OfType<Net>();
    }

    /// <summary>For each output the root mean square of its distance to the limit, over numbers and steps, and of the limit's error.</summary>
    private static Dictionary<string, (double Distance, double Error)> DistancesTo(IReadOnlyList<LimitRecord> limit, ValueList<ExecutionRecord> records)
    {
        var byKey = records.ToLookup(record => (record.Name, record.Iteration));
        return limit.GroupBy(record => record.Name).ToDictionary(group => group.Key, group =>
        {
            var pairs = group.SelectMany(record => byKey[(record.Name, record.Iteration)].SelectMany(net => net.Values.Zip(record.Values))).ToList();
            return pairs.Count == 0
                ? (double.NaN, double.NaN)
                : (Math.Sqrt(pairs.Average(pair => Square(pair.First - pair.Second.Value))), Math.Sqrt(pairs.Average(pair => Square(pair.Second.Error))));
        });

        static double Square(double x) => x * x;
    }

    private static IEnumerable<CheckLine> LinesOf(ExpectedScale value, bool decays, List<Net> nets, IReadOnlyList<int> widths)
    {
        yield return Compare(value.Name, CheckQuantity.Size, value.Initial, Sizes(net => net.Initial), widths);
        if (value.HasChange)
        {
            if (decays)
            {
                yield return Compare(value.Name, CheckQuantity.Decay, value.Decay, Sizes(net => net.Decay), widths);
            }

            yield return Compare(value.Name, CheckQuantity.Change, value.Change, Sizes(net => net.Change), widths);
        }

        List<(double, double)> Sizes(Func<Net, Dictionary<string, double>> which) =>
            [.. nets.Where(net => which(net).ContainsKey(value.Name)).Select(net => ((double)net.Width, which(net)[value.Name]))];
    }

    private static CheckLine DistanceOf(string name, List<Net> nets, IReadOnlyList<int> widths)
    {
        var known = nets.Where(net => net.Failure is null && net.Distances.ContainsKey(name)).ToList();
        var line = Compare(name, CheckQuantity.Distance, Rational.Half, [.. known.Select(net => ((double)net.Width, net.Distances[name].Distance))], widths);
        var error = known.Select(net => net.Distances[name].Error).DefaultIfEmpty(0).Max();

        // An exact agreement is as good as a slope; a limit that is known no better than the nets says nothing.
        return line switch
        {
            { IsZero: true } => line with { Verdict = CheckVerdict.Agrees },
            _ when line.Sizes.Any(size => size < ErrorsAway * error) => line with { Verdict = CheckVerdict.Undecided },
            _ => line,
        };
    }

    /// <summary>
    /// Root mean squares over blocks of nets of one width. The logarithm of a single random scalar is far noisier than that of the mean square of a few; blocks of all the nets would
    /// leave nothing to tell the noise from.
    /// </summary>
    private static List<(double Width, double Size)> Blocks(IReadOnlyList<(double Width, double Size)> nets) =>
    [
        .. nets.GroupBy(net => net.Width).SelectMany(group => group.Chunk(group.Count() >= 2 * Block ? Block : 1)
            .Select(block => (group.Key, Math.Sqrt(block.Average(net => net.Size * net.Size))))),
    ];

    private static CheckLine Compare(
        string name,
        CheckQuantity quantity,
        Rational? exponent,
        IReadOnlyList<(double Width, double Size)> nets,
        IReadOnlyList<int> widths)
    {
        var isZero = nets.Count > 0 && nets.All(net => net.Size <= RoundingOf);
        var positive = nets.Where(net => net.Size > 0 && double.IsFinite(net.Size)).ToList();
        var fit = isZero ? null : SlopeFit.Of(Blocks(positive));
        var verdict = (exponent, isZero, fit) switch
        {
            (null, true, _) => CheckVerdict.Agrees,
            (null, false, _) when nets.Count > 0 => CheckVerdict.Differs,
            // What vanishes in the limit may be exactly 0 in every net: the mean of a layer that is normalised later never moves.
            ({ Sign: > 0 }, true, _) => CheckVerdict.Agrees,
            (_, true, _) => CheckVerdict.Differs,
            (null, _, _) or (_, _, null) => CheckVerdict.Undecided,
            ({ } e, _, { } slope) => Decide(slope, e.ToDouble(), positive, quantity),
        };
        var sizes = widths.Select(width =>
        {
            var logs = positive.Where(net => net.Width == width).Select(net => Math.Log(net.Size)).ToList();
            return logs.Count == 0 ? 0 : Math.Exp(logs.Average());
        });
        return new(name, quantity, exponent is { } derived ? -derived : null, fit, isZero, sizes.ToValueList(), verdict);
    }

    private static CheckVerdict Decide(SlopeFit fit, double exponent, List<(double Width, double Size)> points, CheckQuantity quantity)
    {
        var difference = fit.Slope + exponent;
        var margin = fit.DecidingHalfWidth + Tolerance;
        return difference switch
        {
            _ when difference > margin => CheckVerdict.Differs,
            // Nets that approach their limit faster than in general do approach it.
            _ when difference < -margin && quantity == CheckQuantity.Distance => CheckVerdict.Agrees,
            // It falls faster: unless a part of the derived size is seen below a larger one that vanishes.
            _ when difference < -margin => LeadingPart.IsPositive(points, exponent) switch { true => CheckVerdict.Agrees, false => CheckVerdict.Differs, null => CheckVerdict.Undecided },
            _ when fit.HalfWidth > WidestInterval => CheckVerdict.Undecided,
            _ => CheckVerdict.Agrees,
        };
    }

    private sealed record Net(
        int Width,
        Dictionary<string, double> Initial,
        Dictionary<string, double> Change,
        Dictionary<string, double> Decay,
        Dictionary<string, (double Distance, double Error)> Distances,
        NotFiniteValue? Failure);
}
