using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Checking;

/// <summary>What a value's size is derived to be: its coordinates are Θ(n^{-e}).</summary>
/// <param name="Name">The value in the program.</param>
/// <param name="Initial">e at initialisation; null for identically 0.</param>
/// <param name="Change">e of what training adds; null for nothing.</param>
/// <param name="HasChange">Whether the value is computed in training, so that its change can be measured.</param>
public sealed record ExpectedScale(string Name, Rational? Initial, Rational? Change, bool HasChange = true);

/// <summary>The nets to run.</summary>
public sealed record CheckSettings
{
    public IReadOnlyList<int> Widths { get; init; } = [64, 128, 256, 512, 1024];

    public int Seeds { get; init; } = 8;

    /// <summary>After how many steps the change is measured.</summary>
    public int Steps { get; init; } = 3;

    public ExecutionSettings Execution { get; init; } = new();
}

/// <summary>What became of a line of the check.</summary>
public enum CheckVerdict
{
    /// <summary>The measured exponent is the derived one, within error.</summary>
    Agrees,

    /// <summary>It is not.</summary>
    Differs,

    /// <summary>The error is too large to tell it from its neighbours.</summary>
    Undecided,
}

/// <summary>One line of the check: a value at initialisation, or its change.</summary>
/// <param name="Name">The value.</param>
/// <param name="IsChange">Its change in training, or its size at initialisation.</param>
/// <param name="Derived">The derived slope −e; null for a quantity that is derived to be 0.</param>
/// <param name="Measured">The fitted slope; null when the quantity is 0 in every net, or nothing could be fitted.</param>
/// <param name="IsZero">Whether it is 0 (to rounding) in every net.</param>
/// <param name="Sizes">The geometric mean over seeds at each width, as root mean square over coordinates.</param>
/// <param name="Verdict">Agreement.</param>
public sealed record CheckLine(
    string Name, bool IsChange, Rational? Derived, SlopeFit? Measured, bool IsZero, ValueList<double> Sizes, CheckVerdict Verdict);

/// <summary>The outcome of a check.</summary>
/// <param name="Widths">The widths that were run.</param>
/// <param name="Lines">A line for each quantity.</param>
/// <param name="Failures">Nets that ended early, with their width.</param>
/// <param name="IsCancelled">Whether it was cancelled; then the lines stand on the nets that were done.</param>
public sealed record CheckResult(ValueList<int> Widths, ValueList<CheckLine> Lines, ValueList<(int Width, NotFiniteValue Failure)> Failures, bool IsCancelled);

/// <summary>Holds derived exponents against finite nets: widths × seeds of the simulator, a slope for each quantity.</summary>
public static class ScaleCheck
{
    /// <summary>
    /// What a fitted slope may differ from the exponent by beyond its confidence interval: finite-width corrections of higher order than the one in the fit.
    /// Exponents of different behaviour differ by ½ in practice, and by ¼ at least in the usual parametrizations.
    /// </summary>
    public const double Tolerance = 0.1;

    /// <summary>An interval wider than this decides nothing: with the tolerance it would reach half way to an exponent ½ away.</summary>
    public const double WidestInterval = 0.3;

    /// <summary>What counts as 0 beside rounding of numbers of size 1.</summary>
    private const double RoundingOf = 1e-11;

    /// <summary>Runs the nets and compares.</summary>
    /// <param name="program">A program with a training loop, or without loops.</param>
    /// <param name="expected">What to compare with.</param>
    /// <param name="settings">Widths and seeds.</param>
    /// <param name="feed">The data; every step reads the first batch, so that changes are changes of the net.</param>
    /// <param name="progress">Told after each net.</param>
    /// <param name="cancel">Ends it early.</param>
    public static CheckResult Run<T>(
        Program program,
        IReadOnlyList<ExpectedScale> expected,
        CheckSettings settings,
        IDataFeed feed,
        IProgress<ExecutionProgress>? progress = null,
        CancellationToken cancel = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var names = expected.Select(value => value.Name).ToHashSet(StringComparer.Ordinal);
        var shortened = Shorten(program, settings.Steps);
        var jobs = settings.Widths.SelectMany(width => Enumerable.Range(0, settings.Seeds).Select(seed => (Width: width, Seed: seed))).ToArray();
        var nets = new Net?[jobs.Length];
        var done = 0;
        Parallel.For(0, jobs.Length, new ParallelOptions { MaxDegreeOfParallelism = settings.Execution.Threads }, i =>
        {
            if (cancel.IsCancellationRequested)
            {
                return;
            }

            // Largest first: the last job to end is then a short one.
            var job = jobs[jobs.Length - 1 - i];
            var probe = new ScaleProbe<T>(shortened, job.Width, (ulong)job.Seed, settings.Execution with { Threads = 1 }, names);
            var result = probe.Run(new FirstBatch(feed), null, cancel);
            nets[jobs.Length - 1 - i] = new(job.Width, probe.Initial, probe.Change, result.Failure);
            progress?.Report(new(Interlocked.Increment(ref done), jobs.Length));
        });

        var complete = nets.OfType<Net>().ToList();
        return new(
            settings.Widths.ToValueList(),
            expected.SelectMany(value => Lines(value, complete, settings.Widths)).ToValueList(),
            complete.Where(net => net.Failure is not null).Select(net => (net.Width, net.Failure!)).ToValueList(),
            cancel.IsCancellationRequested);
    }

    /// <summary>The distance of each net's outputs to the limit's, root mean square over outputs and steps, against n^{-1/2}.</summary>
    public static CheckLine DistanceToLimit(string name, IReadOnlyList<(int Width, double Distance)> nets) =>
        Compare(name, isChange: false, Rational.Half, [.. nets.Select(net => ((double)net.Width, net.Distance))], [.. nets.Select(net => net.Width).Distinct().Order()]);

    private static Program Shorten(Program program, int steps) => program with
    {
        Body = program.Body.Select(statement => statement is Loop loop ? loop with { Count = Math.Min(loop.Count, steps + 1) } : statement).ToValueList(),
    };

    private static IEnumerable<CheckLine> Lines(ExpectedScale value, List<Net> nets, IReadOnlyList<int> widths)
    {
        yield return Compare(value.Name, false, value.Initial, Sizes(net => net.Initial), widths);
        if (value.HasChange)
        {
            yield return Compare(value.Name, true, value.Change, Sizes(net => net.Change), widths);
        }

        List<(double, double)> Sizes(Func<Net, Dictionary<string, double>> which) =>
            [.. nets.Where(net => which(net).ContainsKey(value.Name)).Select(net => ((double)net.Width, which(net)[value.Name]))];
    }

    private static CheckLine Compare(string name, bool isChange, Rational? exponent, IReadOnlyList<(double Width, double Size)> nets, IReadOnlyList<int> widths)
    {
        var isZero = nets.Count > 0 && nets.All(net => net.Size <= RoundingOf);
        var positive = nets.Where(net => net.Size > 0).ToList();
        var fit = isZero ? null : SlopeFit.Of(positive);
        var verdict = (exponent, isZero, fit) switch
        {
            (null, true, _) => CheckVerdict.Agrees,
            (null, false, _) or (_, true, _) => CheckVerdict.Differs,
            (_, _, null) => CheckVerdict.Undecided,
            ({ } e, _, { } slope) when Math.Abs(slope.Slope + e.ToDouble()) > slope.HalfWidth + Tolerance => CheckVerdict.Differs,
            (_, _, { HalfWidth: > WidestInterval }) => CheckVerdict.Undecided,
            _ => CheckVerdict.Agrees,
        };
        var sizes = widths.Select(width =>
        {
            var logs = positive.Where(net => net.Width == width).Select(net => Math.Log(net.Size)).ToList();
            return logs.Count == 0 ? 0 : Math.Exp(logs.Average());
        });
        return new(name, isChange, exponent is { } derived ? -derived : null, fit, isZero, sizes.ToValueList(), verdict);
    }

    private sealed record Net(int Width, Dictionary<string, double> Initial, Dictionary<string, double> Change, NotFiniteValue? Failure);

    private sealed class FirstBatch(IDataFeed feed) : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) => feed.Read(field, [], destination);
    }
}
