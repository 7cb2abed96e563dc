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
    /// <summary>Of each width at first, at least, and so many neurons in all nets of a width.</summary>
    private const int FewestNets = 4;

    private const int NeuronsOfWidth = 2048;

    /// <summary>No seeds are added beyond nets that hold so much, all together.</summary>
    private const double AffordableBytes = 16e9;

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
        var steps = settings.Steps ?? CheckSettings.UsualSteps;
        var shortened = Shorten(program, steps);
        var finite = new FiniteNets<T>(shortened, decay is null ? null : Shorten(decay, steps), names, settings, new FirstBatch(feed), limit ?? []);
        var spacing = ExponentSpacing.Of(expected);
        var nets = new List<FiniteNet>();
        var counts = new SortedDictionary<int, int>();
        var next = new SortedDictionary<int, int>(settings.Widths.ToDictionary(width => width, width => settings.Seeds ?? Math.Max(FewestNets, NeuronsOfWidth / width)));
        List<CheckLine> lines;
        do
        {
            nets.AddRange(finite.Run([.. next.Select(at => (at.Key, counts.GetValueOrDefault(at.Key), at.Value))], progress, cancel));
            counts = next;
            var decision = new LineDecision([.. counts.Keys], spacing);
            lines =
            [
                .. expected.SelectMany(value => LinesOf(value, decay is not null, nets, decision)).Select(line => settings.LooksUpRows && line is { IsZero: true, Verdict: CheckVerdict.Differs } ? line with { Verdict = CheckVerdict.Undecided } : line),
                .. (limit ?? []).Select(record => record.Name).Distinct().Select(name => decision.OfDistance(name, nets)),
            ];
            next = More(counts, lines, settings);
        }
        while (settings.Seeds is null && next.Values.Max() <= settings.MaxSeeds && IsAffordable(shortened, settings, next) && lines.Exists(LineDecision.IsOpen) && !cancel.IsCancellationRequested);

        return new(
            [.. counts.Keys],
            [.. counts.Values],
            lines.ToValueList(),
            nets.Where(net => net.Failure is not null).Select(net => (net.Width, net.Failure!)).ToValueList(),
            cancel.IsCancellationRequested);
    }

    /// <summary>The same program with so many steps of its training, as the nets of a check run it.</summary>
    public static Program Shorten(Program program, int steps) => program with
    {
        Body = program.Body.Select(statement => statement is Loop loop ? loop with { Count = Math.Min(loop.Count, steps + 1) } : statement).ToValueList(),
    };

    /// <summary>Twice as many nets of each width; or a few of twice the widest, where that may be wider and what is open looks bent: corrections go away with the width alone.</summary>
    private static SortedDictionary<int, int> More(SortedDictionary<int, int> counts, List<CheckLine> lines, CheckSettings settings)
    {
        var (widest, nets) = counts.Last();
        return 2 * widest <= settings.WidestWidth && lines.Exists(line => LineDecision.IsOpen(line) && LineDecision.IsBent(line))
            ? new(counts) { [2 * widest] = Math.Max(FewestNets, nets / 2) }
            : new(counts.ToDictionary(at => at.Key, at => 2 * at.Value));
    }

    private static bool IsAffordable(Program program, CheckSettings settings, SortedDictionary<int, int> nets) =>
        nets.Sum(at => at.Value * MemoryNeed.Of(program, at.Key, settings.Execution.AxisSizes, sizeof(double), out _)) <= AffordableBytes;

    private static IEnumerable<CheckLine> LinesOf(ExpectedScale value, bool decays, List<FiniteNet> nets, LineDecision decision)
    {
        yield return decision.Of(value.Name, CheckQuantity.Size, value.Initial, Sizes(net => net.Initial));
        if (value.HasChange)
        {
            if (decays)
            {
                yield return decision.Of(value.Name, CheckQuantity.Decay, value.Decay, Sizes(net => net.Decay));
            }

            yield return decision.Of(value.Name, CheckQuantity.Change, value.Change, Sizes(net => net.Change));
        }

        List<(int Width, NetSize Size)> Sizes(Func<FiniteNet, Dictionary<string, NetSize>> which) =>
            [.. nets.Where(net => which(net).ContainsKey(value.Name)).Select(net => (net.Width, which(net)[value.Name]))];
    }
}
