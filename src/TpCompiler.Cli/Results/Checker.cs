using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Checking;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli.Results;

/// <summary>Runs a check with its progress, the limit first where a program has one.</summary>
internal static class Checker
{
    /// <param name="program">The program whose nets run.</param>
    /// <param name="claimed">The program whose derived exponents and limit they are held against; the same one, or under another parametrization.</param>
    /// <param name="settings">Widths and seeds.</param>
    /// <param name="reporter">Shows how far it is.</param>
    /// <param name="diagnostics">Gets what went wrong in a net.</param>
    public static CheckReport Run(RunnableProgram program, RunnableProgram claimed, CheckSettings settings, Reporter reporter, DiagnosticBag diagnostics)
    {
        using CancellationTokenSource interrupt = new();
        reporter.Terminal.OnInterrupt(interrupt);
        using ProgressLine progress = new(reporter);
        UpdateKind kind = program.Compilation.TrainingPlan?.Rule.Kind ?? UpdateKind.Gradient;
        ScalingResult scaling = ScalingAnalysis.Analyze(kind == UpdateKind.Gradient ? claimed.Program : claimed.Compilation.GradientProgram!, repair: false, kind, claimed.Program);
        settings = settings with { Steps = settings.Steps ?? (scaling.Verdict?.Regime == Regime.Unstable ? CheckSettings.UnstableSteps : CheckSettings.UsualSteps) };
        IReadOnlyList<ExpectedScale> expected = ExpectedScale.Of(claimed.Program, scaling, claimed.Compilation.Network, claimed.Compilation.TrainingPlan);
        IDataFeed feed = WithGenericTargets(program, program.Feed);
        IReadOnlyList<LimitRecord>? limit = Limit(claimed, scaling, settings, interrupt.Token);
        ValueList<string> drawn = limit is null ? [] : [.. DrawnNumbers(program.Program)];
        if (drawn.Count > 0)
        {
            settings = settings with { ScalarSeed = new LimitSettings().Seed };
        }

        CheckResult result = ScaleCheck.Run<double>(
            program.Program, expected, settings, feed, limit, WeightDecay.Of(program.Program).Alone, new NetProgress(progress), interrupt.Token);
        CheckReport report = new(program.Program.Name, result)
        {
            SharedDraws = drawn,
            Essential = [.. program.Program.Parameters.Select(parameter => parameter.Name), .. program.Compilation.Network?.Outputs ?? []],
            NoDistance = result.Lines.Any(line => line.Quantity == CheckQuantity.Distance) ? null : scaling.Verdict switch
            {
                { Regime: Regime.Unstable } => "there is none",
                { Regime: Regime.Trivial } verdict => verdict.WithoutLearning,
                { Regime: Regime.KernelRegime, InitialOutput: InitialOutput.GaussianProcess } => "f is random from net to net at any width, a Gaussian process at initialisation",
                { Regime: Regime.KernelRegime } => "it is measured under feature learning; `tpc run --limit` beside `tpc run --width N --seeds K` compares them here",
                _ => "no output converges to a number that is known, or too few nets ran",
            },
        };
        report.AddTo(diagnostics, program.Source);
        return report;
    }

    /// <summary>The limit of the outputs over the steps of the check; null where outputs stay random, blow up, or have no limit program.</summary>
    private static IReadOnlyList<LimitRecord>? Limit(RunnableProgram program, ScalingResult scaling, CheckSettings settings, CancellationToken cancel)
    {
        if (scaling.Verdict is { Regime: not Regime.FeatureLearning } || LimitProgram.Of(ScaleCheck.Shorten(program.Program, settings.Steps!.Value)).Program is not { } limit)
        {
            return null;
        }

        // Nets are a few hundredths away; a limit to a few thousandths measures that, and is far cheaper than one to the last digit. Pairs of points cost their square.
        InputRotation rotation = InputRotation.Of(limit, program.Samples, program.AxisSizes);
        FirstBatch feed = new(WithGenericTargets(program, RunnableProgram.FeedOf(rotation.Samples)));
        bool ofPairs = limit.Body.Instructions().Any(instruction => instruction is Instruction.OuterNonlin);
        LimitSettings limitSettings = new() { AxisSizes = rotation.AxisSizes, Threads = Environment.ProcessorCount, Tolerance = ofPairs ? 8e-3 : 1e-3, MaxPoints = ofPairs ? 1 << 10 : 1 << 13 };
        LimitResult result = LimitEvaluator.Evaluate(rotation.Program, feed, limitSettings, null, cancel);
        return [.. result.Records.Where(record => scaling.ScaleOf(record.Name)?.Exponent is { IsZero: true })];
    }

    /// <summary>Weights without a wide side, and other Gaussian numbers: they stay random at any width, and the limit is that of one draw.</summary>
    private static IEnumerable<string> DrawnNumbers(Program program) => program.Body.Instructions().OfType<Instruction.Gaussian>()
        .Where(gaussian => gaussian.Result.Kind == ValueKind.Scalar)
        .Select(gaussian => program.Parameters.FirstOrDefault(parameter => parameter.Initial == gaussian.Result.Name)?.Name ?? gaussian.Result.Name);

    private static IDataFeed WithGenericTargets(RunnableProgram program, IDataFeed feed) =>
        program.Compilation.TrainingPlan is { } plan ? new GenericTargets(feed, plan.Targets.Select(target => target.Field)) : feed;

    private sealed class NetProgress(ProgressLine line) : IProgress<ExecutionProgress>
    {
        public void Report(ExecutionProgress value) => line.Show("net", value.Done, value.Total);
    }
}
