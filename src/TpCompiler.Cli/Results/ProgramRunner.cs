using System.Globalization;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Cli.Results;

/// <summary>Runs a program, shows how far it is, and says in diagnostics how it fell short; what was computed until then is in the report.</summary>
internal static class ProgramRunner
{
    /// <summary>Whether memory can hold the net; an error when it can't.</summary>
    public static bool FitsInMemory(Program program, IReadOnlyDictionary<string, int> axisSizes, FiniteSettings settings, DiagnosticBag diagnostics, string? what = null)
    {
        double needed = MemoryNeed.Of(program, settings.Width, axisSizes, settings.Precision == Precision.Single ? sizeof(float) : sizeof(double), out double largest);
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed <= available && largest <= MemoryNeed.LargestArray)
        {
            return true;
        }

        string net = what ?? string.Create(CultureInfo.InvariantCulture, $"a net of width {settings.Width}");
        Diagnostic diagnostic = Diagnostic.Create(Codes.NeedsTooMuchMemory, null, net, Gibibytes(needed), Gibibytes(available));
        diagnostics.Add(largest <= MemoryNeed.LargestArray
            ? diagnostic
            : diagnostic.WithNote(string.Create(CultureInfo.InvariantCulture, $"one of its arrays has {largest:#,0} numbers, and the most that an array can have is {MemoryNeed.LargestArray:#,0}")));
        return false;
    }

    /// <summary>One net after the other; when one doesn't come to its end, those after it aren't run.</summary>
    public static RunReport Finite(
        Program program,
        SourceText source,
        IDataFeed feed,
        IReadOnlyDictionary<string, int> axisSizes,
        FiniteSettings settings,
        Reporter reporter,
        DiagnosticBag diagnostics)
    {
        ExecutionSettings execution = new() { AxisSizes = axisSizes };
        using CancellationTokenSource interrupt = new();
        reporter.Terminal.OnInterrupt(interrupt);
        using ProgressLine progress = new(reporter);
        StepProgress steps = new(progress, settings.Seeds);
        List<ExecutionResult> results = [];
        while (results.Count < settings.Seeds && results.All(result => result.IsComplete))
        {
            ulong seed = settings.Seed + (ulong)results.Count;
            results.Add(settings.Precision == Precision.Single
                ? new Simulator<float>(program, settings.Width, seed, execution).Run(feed, steps, interrupt.Token)
                : new Simulator<double>(program, settings.Width, seed, execution).Run(feed, steps, interrupt.Token));
            if (results[^1].Failure is { } failure)
            {
                Diagnostic diagnostic = RunReport.Of(failure, source);
                diagnostics.Add(settings.Seeds == 1 ? diagnostic : diagnostic.WithNote(string.Create(CultureInfo.InvariantCulture, $"in the net of seed {seed}")));
            }

            if (results[^1].IsCancelled)
            {
                diagnostics.Add(Codes.Interrupted, null, steps.Last.Done, steps.Last.Total);
            }

            steps.NextNet();
        }

        // Of several nets the one that ended early counts for nothing, unless it is the only one.
        List<ExecutionResult> complete = [.. results.Where(result => result.IsComplete)];
        return RunReport.OfFiniteNets(program, settings, complete.Count > 0 ? complete : results);
    }

    public static RunReport Limit(
        Program limit, SourceText source, IDataFeed feed, LimitSettings settings, Reporter reporter, DiagnosticBag diagnostics) =>
        RunReport.OfLimit(limit, Evaluate(limit, source, feed, settings, reporter, diagnostics));

    /// <summary>The limit's numbers; how they fell short of what was asked is in the bag.</summary>
    public static LimitResult Evaluate(
        Program limit, SourceText source, IDataFeed feed, LimitSettings settings, Reporter reporter, DiagnosticBag diagnostics)
    {
        using CancellationTokenSource interrupt = new();
        reporter.Terminal.OnInterrupt(interrupt);
        using ProgressLine progress = new(reporter);
        ScramblingProgress scramblings = new(progress);
        LimitResult result = LimitEvaluator.Evaluate(limit, feed, settings, scramblings, interrupt.Token);
        switch (result.Shortfall)
        {
            case LimitShortfall.NotFinite when result.Failure is { } failure:
                diagnostics.Add(RunReport.Of(failure, source));
                break;
            case LimitShortfall.Cancelled:
                diagnostics.Add(Codes.Interrupted, null, result.Points, settings.MaxPoints);
                break;
            case LimitShortfall.Memory when result.MemoryNeeded > 0:
                diagnostics.Add(Diagnostic.Create(
                        Codes.NeedsTooMuchMemory,
                        null,
                        string.Create(CultureInfo.InvariantCulture, $"the history of {result.Points} points in {settings.Threads} scramblings at a time"),
                        Gibibytes(result.MemoryNeeded),
                        Gibibytes(settings.MaxMemory))
                    .WithHelp("`--points` asks for fewer, `--steps` for a shorter history"));
                break;
            case LimitShortfall.Tolerance or LimitShortfall.Memory:
                diagnostics.Add(Shortfall(result, settings));
                break;
        }

        return result;
    }

    private static Diagnostic Shortfall(LimitResult result, LimitSettings settings)
    {
        var (worst, error) = result.Records.Where(record => !settings.IsReachedBy(record))
            .Select(record => (record.Name, Error: LimitResult.LargestErrorOf([record])))
            .OrderByDescending(record => record.Error)
            .FirstOrDefault(("the result", result.LargestError));
        Diagnostic diagnostic = Diagnostic.Create(Codes.ToleranceNotReached, null, worst, Short(error), result.Points, Short(settings.Tolerance));
        return result.Shortfall == LimitShortfall.Memory
            ? diagnostic.WithNote("more points don't fit into memory")
            : diagnostic.WithHelp(result.Tier == LimitEvaluator.Quadrature ? "`--tolerance` asks for less; a finer grid, or more quasi-random points, would take too long" : "`--points` allows more of them, `--tolerance` asks for less");
    }

    private static string Gibibytes(double bytes) => (bytes / (1L << 30)).ToString("#,0.#", CultureInfo.InvariantCulture);

    private static string Short(double number) => number.ToString("0.#e+00", CultureInfo.InvariantCulture);

    private sealed class StepProgress(ProgressLine line, int nets) : IProgress<ExecutionProgress>
    {
        private int net;

        public ExecutionProgress Last { get; private set; }

        public void NextNet() => net++;

        public void Report(ExecutionProgress value)
        {
            Last = value;
            line.Show(nets == 1 ? "step" : string.Create(CultureInfo.InvariantCulture, $"net {net + 1} of {nets}, step"), value.Done, value.Total);
        }
    }

    private sealed class ScramblingProgress(ProgressLine line) : IProgress<LimitProgress>
    {
        public void Report(LimitProgress value) =>
            line.Show(string.Create(CultureInfo.InvariantCulture, $"{value.Points} points, scrambling"), value.ScramblingsDone, value.Scramblings);
    }
}
