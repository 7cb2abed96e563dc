using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Limits;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Simulation;
using Program = TpCompiler.Ir.Program;

namespace TpCompiler.Cli.Results;

/// <summary>Runs trainings with validations, finite nets or the limit, showing how far they are and how long they will take.</summary>
internal static class TrainingRunner
{
    /// <summary>Nets of several seeds one after the other, with the same data.</summary>
    public static TrainingReport? Finite(RunnableProgram program, FiniteSettings settings, string? checkpoint, Reporter reporter, DiagnosticBag diagnostics)
    {
        MeasuredTraining training = program.Measured!;
        ExecutionSettings execution = new() { AxisSizes = program.AxisSizes };
        List<TrainingSession> sessions = [];
        for (int i = 0; i < settings.Seeds && !diagnostics.HasErrors; i++)
        {
            ulong seed = settings.Seed + (ulong)i;
            string how = string.Create(CultureInfo.InvariantCulture, $"width {settings.Width} seed {seed} {settings.Precision.Name()}");
            string? file = settings.Seeds == 1 || checkpoint is null ? checkpoint : string.Create(CultureInfo.InvariantCulture, $"{checkpoint}.{seed}");
            if (Run(program, training.Program, file, how, reporter, diagnostics, (observer, steps, cancel) => settings.Precision == Precision.Single
                ? new Simulator<float>(training.Program, settings.Width, seed, execution).Train(program.Feed, observer(), steps, cancel)
                : new Simulator<double>(training.Program, settings.Width, seed, execution).Train(program.Feed, observer(), steps, cancel)) is { } session)
            {
                sessions.Add(session);
            }
        }

        string seeds = settings.Seeds == 1
            ? string.Create(CultureInfo.InvariantCulture, $"seed {settings.Seed}")
            : string.Create(CultureInfo.InvariantCulture, $"seeds {settings.Seed} to {settings.Seed + (ulong)settings.Seeds - 1}, mean ± standard deviation of a net");
        return sessions.Count == 0 ? null : new TrainingReport(
            string.Create(CultureInfo.InvariantCulture, $"{program.Program.Name} at width {settings.Width} ({seeds}, {settings.Precision.Name()})"),
            json =>
            {
                json.WriteString("program", program.Program.Name);
                json.WriteString("kind", "finite");
                json.WriteNumber("width", settings.Width);
                json.WriteNumber("seed", settings.Seed);
                json.WriteString("precision", settings.Precision.Name());
            },
            sessions);
    }

    /// <summary>The limit: on coefficients where the program is affine, else at the points of one scrambling.</summary>
    public static TrainingReport? Limit(RunnableProgram program, LimitSettings settings, string? checkpoint, Reporter reporter, DiagnosticBag diagnostics)
    {
        MeasuredTraining training = program.Measured!;
        if (LimitProgram.Of(training.Program) is not { Program: { } limit })
        {
            diagnostics.Add(Codes.NoLimit, null, training.Test, "its test has none");
            return null;
        }

        if (LimitEvaluator.CoefficientsOf(limit, settings) is { } coefficients)
        {
            FiniteSettings numbers = new(coefficients, settings.Seed, settings.SinglePrecision ? Precision.Single : Precision.Double);
            if (!ProgramRunner.FitsInMemory(limit, program.AxisSizes, numbers, diagnostics, string.Create(CultureInfo.InvariantCulture, $"a limit with {coefficients} coefficients in each vector")))
            {
                return null;
            }
        }

        (string tier, int points) = ("", 0);
        string how = string.Create(CultureInfo.InvariantCulture, $"limit seed {settings.Seed} points {settings.Points}{(settings.SinglePrecision ? " fp32" : "")}");
        TrainingSession? session = Run(program, limit, checkpoint, how, reporter, diagnostics, (observer, steps, cancel) =>
        {
            (ExecutionResult result, tier, points) = LimitEvaluator.Train(limit, program.Feed, settings, observer, steps, cancel);
            return result;
        });
        return session is null ? null : new TrainingReport(
            string.Create(CultureInfo.InvariantCulture, $"{program.Program.Name} in the limit of infinite width ({(points == 0 ? tier : $"{points} {tier}, one scrambling")})"),
            json =>
            {
                json.WriteString("program", program.Program.Name);
                json.WriteString("kind", "limit");
                json.WriteString("carrier", tier);
                json.WriteNumber("points", points);
            },
            [session]);
    }

    /// <summary>A written step in the kernel regime, on the distinct samples that it meets.</summary>
    public static TrainingReport? Kernel<T>(RunnableProgram program, string? checkpoint, Reporter reporter, DiagnosticBag diagnostics)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (KernelRun.Descent<T>(program, diagnostics) is not { } descent)
        {
            return null;
        }

        string precision = typeof(T) == typeof(float) ? ", inner products in fp32" : "";
        TrainingSession? session = Run(program, program.Measured!.Program, checkpoint, $"kernel{precision}", reporter, diagnostics, (observer, _, cancel) =>
            descent.Train(program.Feed, program.Plan!.Steps, observer(), cancel));
        string tier = LayeredKernel.TierOf(descent.IsClosedForm);
        return session is null ? null : new TrainingReport(
            string.Create(CultureInfo.InvariantCulture, $"{program.Program.Name} in the limit of infinite width (kernel regime, {tier}{precision}; {descent.Samples} distinct samples; f starts at 0)"),
            json =>
            {
                json.WriteString("program", program.Program.Name);
                json.WriteString("kind", "kernel");
                json.WriteString("carrier", tier);
                json.WriteNumber("samples", descent.Samples);
            },
            [session]);
    }

    private static TrainingSession? Run(
        RunnableProgram program,
        Program executed,
        string? checkpoint,
        string how,
        Reporter reporter,
        DiagnosticBag diagnostics,
        Func<Func<ITrainingObserver>, IProgress<ExecutionProgress>?, CancellationToken, ExecutionResult> train)
    {
        using CancellationTokenSource interrupt = new();
        reporter.Terminal.OnInterrupt(interrupt);
        using ProgressLine line = new(reporter);
        long start = Stopwatch.GetTimestamp();
        (int steps, int told) = (0, 0);
        Checkpoint? file = checkpoint is null ? null : new Checkpoint(checkpoint, $"{Ir.ProgramPrinter.Print(executed)}\n{program.Plan!.Source}\n{program.Plan.Text}{string.Join(' ', program.AxisSizes.OrderBy(size => size.Key, StringComparer.Ordinal))}\n{how}{(program.DataSeed == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" data {program.DataSeed}"))}");
        TrainingSession? session = null;
        try
        {
            ExecutionResult result = train(() => session = new TrainingSession(program.Measured!, file, Show), null, interrupt.Token);
            if (result.Failure is { } failure)
            {
                diagnostics.Add(RunReport.Of(failure, program.Source));
            }

            if (result.IsCancelled)
            {
                diagnostics.Add(Codes.Interrupted, null, steps, program.Plan!.Steps);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            diagnostics.Add(file is { IsWritten: true } ? Codes.FileNotWritable : Codes.FileUnreadable, null, checkpoint!, e.Message);
            return null;
        }

        return session;

        void Show(TrainingSession training, int done, int total)
        {
            steps = done;
            bool isNews = reporter.Verbose && !reporter.Terminal.ErrorIsTerminal && training.Epochs.Count > told;
            if (!isNews && !line.IsDue)
            {
                return;
            }

            string left = done == training.ResumedAt ? "" : string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start) / (done - training.ResumedAt) * (total - done):h\\:mm\\:ss} left, ");
            string sofar = training.Epochs is [.., { Validation: [{ } measure, ..] }] ? string.Create(CultureInfo.InvariantCulture, $"{measure.Name} {measure.Mean:F4}, ") : "";
            string text = string.Create(CultureInfo.InvariantCulture, $"{sofar}{left}step");
            line.Show(text, done, total);
            if (isNews)
            {
                told = training.Epochs.Count;
                reporter.Remark(string.Create(CultureInfo.InvariantCulture, $"{text} {done} of {total}"));
            }
        }
    }
}
