using System.Collections.Concurrent;
using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Checking;

/// <summary>What one net of a check says.</summary>
/// <param name="Width">n.</param>
/// <param name="Initial">Sizes at initialisation, by name.</param>
/// <param name="Change">Sizes of changes in training.</param>
/// <param name="Decay">Sizes of what weight decay alone changes; empty where none decays.</param>
/// <param name="Distances">For each output its distance to the limit, and the limit's own error.</param>
/// <param name="Failure">Where it ended early.</param>
internal sealed record FiniteNet(
    int Width,
    Dictionary<string, NetSize> Initial,
    Dictionary<string, NetSize> Change,
    Dictionary<string, NetSize> Decay,
    Dictionary<string, (double Distance, double Error)> Distances,
    NotFiniteValue? Failure);

/// <summary>The nets of a check, each by itself on one thread. Nets of one width and thread share what running them takes: plans and memory.</summary>
/// <param name="program">The training.</param>
/// <param name="decay">Its weight decay alone; null where no weight decays.</param>
/// <param name="names">What to measure.</param>
/// <param name="settings">Threads, and the seed of scalars.</param>
/// <param name="feed">The data.</param>
/// <param name="limit">What to measure distances to.</param>
internal sealed class FiniteNets<T>(
    Program program, Program? decay, IReadOnlySet<string> names, CheckSettings settings, IDataFeed feed, IReadOnlyList<LimitRecord> limit)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Nets with seeds from one number to before another, those of one width after those of a wider one.</summary>
    /// <param name="seeds">For each width, the seeds.</param>
    /// <param name="progress">Told after each net.</param>
    /// <param name="cancel">Ends it early; nets that are done are there.</param>
    public IReadOnlyList<FiniteNet> Run(IReadOnlyList<(int Width, int From, int To)> seeds, IProgress<ExecutionProgress>? progress, CancellationToken cancel)
    {
        var (done, total) = (0, seeds.Sum(part => part.To - part.From));
        var nets = new List<FiniteNet>();
        foreach (var (width, from, to) in seeds.OrderByDescending(part => part.Width))
        {
            var atWidth = new FiniteNet?[to - from];
            var probes = new ConcurrentBag<(ScaleProbe<T> Probe, ScaleProbe<T>? Decaying)>();
            Parallel.For(from, to, new ParallelOptions { MaxDegreeOfParallelism = settings.Execution.Threads }, seed =>
            {
                if (cancel.IsCancellationRequested)
                {
                    return;
                }

                if (!probes.TryTake(out var probe))
                {
                    var decaying = decay is null ? null : ProbeOf(decay, width, null);
                    probe = (ProbeOf(program, width, decaying), decaying);
                }

                atWidth[seed - from] = Run(probe, width, (ulong)seed, cancel);
                probes.Add(probe);
                progress?.Report(new(Interlocked.Increment(ref done), total));
            });
            nets.AddRange(atWidth.OfType<FiniteNet>());
        }

        return nets;
    }

    private FiniteNet? Run((ScaleProbe<T> Probe, ScaleProbe<T>? Decaying) net, int width, ulong seed, CancellationToken cancel)
    {
        net.Decaying?.Run(seed, feed, cancel);
        var result = net.Probe.Run(seed, feed, cancel);
        return result.IsCancelled ? null : new(width, net.Probe.Initial, net.Probe.Change, net.Decaying?.Change ?? [], DistancesTo(limit, result.Records), result.Failure);
    }

    private ScaleProbe<T> ProbeOf(Program run, int width, ScaleProbe<T>? from) => new(run, width, settings.Execution with { Threads = 1 }, names, settings.ScalarSeed, from);

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
}
