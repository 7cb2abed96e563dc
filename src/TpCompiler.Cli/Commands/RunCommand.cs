using System.CommandLine;
using TpCompiler.Cli.Data;
using TpCompiler.Cli.Results;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc run FILE --width N | --limit</c>: a finite net, or the limit with an error on every number.</summary>
internal sealed class RunCommand : Command
{
    private readonly Argument<string> file = ProgramArgument.Create();

    private readonly Option<int?> width = new("--width", "-n") { Description = "Run a finite net of this width", HelpName = "N" };

    private readonly Option<bool> limit = new("--limit") { Description = "Run the infinite-width limit" };

    private readonly Option<ulong> seed = new("--seed") { Description = "Selects the random numbers, of nets and of points", HelpName = "N" };

    private readonly Option<ulong> dataSeed = new("--data-seed")
    {
        Description = "Selects what a training draws of its data: tasks of drawings; of a text the words kept, windows and negative samples",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
    };

    private readonly Option<int> seeds = new("--seeds")
    {
        Description = "Run that many finite nets, and show mean and standard deviation",
        HelpName = "K",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<int?> steps = new("--steps") { Description = "Steps of training, in place of those of the program", HelpName = "N" };

    private readonly Option<string> precision = new Option<string>("--precision")
    {
        Description = "Numbers of a finite net's vectors and matrices; of a limit with a test, fp32 for coefficients of half the size",
        HelpName = "fp32|fp64",
        DefaultValueFactory = _ => "fp32",
    }.AcceptOnlyFromAmong("fp32", "fp64");

    private readonly Option<double> tolerance = new("--tolerance")
    {
        Description = "Of the limit: the standard error that every number shall have at most",
        HelpName = "ERROR",
        DefaultValueFactory = _ => new LimitSettings().Tolerance,
    };

    private readonly Option<int?> points = new("--points")
    {
        Description = "Of the limit: points of each scrambling, a power of two, in place of as many as the tolerance needs",
        HelpName = "N",
    };

    private readonly Option<string?> data = new("--data") { Description = "Data to use in place of what the program names", HelpName = "PATH" };

    private readonly Option<bool> kernel = new("--kernel") { Description = "Of the limit: the kernels at initialisation, covariance and tangent kernel, among the samples" };

    private readonly Option<string?> test = new("--test")
    {
        Description = "Of a limit in the kernel regime: predict these samples; with --kernel, their kernels too",
        HelpName = "PATH",
    };

    private readonly Option<string?> save = new("--save")
    {
        Description = "Write the initial weights of a finite net and the samples, or the samples as the limit reads them, to this .npz file; of kernels their matrices, .npz or .csv",
        HelpName = "FILE",
    };

    private readonly Option<string?> checkpoint = new("--checkpoint")
    {
        Description = "Of a training with a test: keep the state in this file after each epoch, and go on from it when it is there",
        HelpName = "FILE",
    };

    public RunCommand(CommonOptions common)
        : base("run", "Run a program: a finite net, or its infinite-width limit")
    {
        Arguments.Add(file);
        foreach (Option option in new Option[] { width, limit, seed, seeds, dataSeed, steps, precision, tolerance, points, data, kernel, test, save, checkpoint })
        {
            Options.Add(option);
        }

        SetAction(parsed => Execute(parsed, common.Reporter(parsed)));
    }

    /// <summary>What is wrong with options that are each right for themselves; null when nothing is.</summary>
    private string? Misuse(ParseResult parsed) => parsed switch
    {
        _ when parsed.GetResult(width) is null != parsed.GetValue(limit) => "say either --width N, for a finite net, or --limit",
        _ when parsed.GetValue(width) is < 1 => "--width must be at least 1",
        _ when parsed.GetValue(seeds) < 1 => "--seeds must be at least 1",
        _ when parsed.GetValue(seeds) > 1 && parsed.GetValue(limit) => "--seeds is for finite nets: the limit has no seeds, only scramblings, which it shows the error of",
        _ when parsed.GetValue(kernel) && !parsed.GetValue(limit) => "--kernel is for --limit: a finite net has a kernel of its own for every draw of its weights",
        _ when parsed.GetValue(test) is not null && !parsed.GetValue(limit) => "--test predicts samples from the limit: say --limit",
        _ when parsed.GetValue(save) is not null && parsed.GetValue(seeds) > 1 => "--save writes the weights of one finite net",
        _ when parsed.GetValue(steps) is < 0 or > TrainingPlan.MostSteps => $"--steps must be between 0 and {TrainingPlan.MostSteps}",
        _ when !(parsed.GetValue(tolerance) > 0) => "--tolerance must be positive",
        _ when parsed.GetValue(points) is { } count && (count < 2 || !int.IsPow2(count)) => "--points must be a power of two, 2 or more",
        _ when parsed.GetValue(points) is not null && !parsed.GetValue(limit) => "--points is for --limit: a finite net has coordinates, as many as its width, and no points",
        _ when parsed.GetResult(tolerance) is { Implicit: false } && !parsed.GetValue(limit) => "--tolerance is for --limit: the numbers of a finite net are exact but for rounding",
        _ => null,
    };

    private int Execute(ParseResult parsed, Reporter reporter)
    {
        if (Misuse(parsed) is { } misuse)
        {
            return reporter.Usage(Name, misuse);
        }

        DiagnosticBag diagnostics = new();
        if (RunnableProgram.Read(parsed.GetValue(file)!, parsed.GetValue(data), parsed.GetValue(steps), reporter, diagnostics, dataSeed: parsed.GetValue(dataSeed)) is { } program)
        {
            Run(program, parsed, reporter, diagnostics);
        }

        return reporter.Report(diagnostics);
    }

    private void Run(RunnableProgram program, ParseResult parsed, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (parsed.GetValue(kernel) || parsed.GetValue(test) is not null)
        {
            Kernels(program, parsed, reporter, diagnostics);
        }
        else if (program.Measured is not null)
        {
            if ((parsed.GetValue(width) is { } n ? MeasuredFinite(program, n, parsed, reporter, diagnostics) : MeasuredLimit(program, parsed, reporter, diagnostics)) is { } measured)
            {
                reporter.Result(measured.WriteJson, measured.Text);
            }
        }
        else if (parsed.GetValue(checkpoint) is not null)
        {
            diagnostics.Add(Diagnostic.Create(Codes.NothingToRun, null, parsed.GetValue(file)!, "`test`").WithHelp("`--checkpoint` is for trainings that are measured after each epoch, with a `test` block"));
        }
        else if ((parsed.GetValue(width) is { } n ? Finite(program, n, parsed, reporter, diagnostics) : Limit(program, parsed, reporter, diagnostics)) is { } report)
        {
            reporter.Result(report.WriteJson, report.Text);
        }
    }

    /// <summary>The kernels, or what follows from them for other samples.</summary>
    private void Kernels(RunnableProgram program, ParseResult parsed, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (program.Verdict is not { } verdict || program.IsEndless || program.Plan is not { Written: null })
        {
            diagnostics.Add(Diagnostic.Create(Codes.NothingToRun, null, parsed.GetValue(file)!, "network with samples and an optimizer").WithHelp("kernels are those of a network among the samples that it is trained on by an optimizer"));
            return;
        }

        string? obstacle = parsed.GetValue(kernel) ? null : verdict.Regime != Regime.KernelRegime ? verdict.Text : KernelDescentProgram.Obstacle(program.Compilation.Network!, program.Plan!);
        if (obstacle is not null)
        {
            diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, null, $"predicting samples from the limit of `{program.Compilation.Network!.Name}`")
                .WithNote(obstacle)
                .WithHelp(verdict.Regime == Regime.FeatureLearning ? "where features are learned, a `test` block is measured with the weights of the limit" : "kernel regression is for the kernel regime"));
            return;
        }

        // With --kernel the program's own test is as good as one that is named.
        string path = parsed.GetValue(file)!;
        (string Path, int? Samples)? tested = parsed.GetValue(test) is { } named ? (named, null)
            : parsed.GetValue(kernel) && program.Plan.TestData is { Source: { Kind: "csv" } source } held ? (Path.Combine(Path.GetDirectoryName(path) ?? "", source.Path), held.Samples)
            : null;
        IReadOnlyDictionary<string, SampleField>? others = tested is { } read ? OtherInputs.Read(read.Path, read.Samples, program, diagnostics) : null;
        if (tested is not null && others is null)
        {
            return;
        }

        IReadOnlyDictionary<string, SampleField> samples = others is null ? program.Samples : OtherInputs.Join(program.Samples, others);
        if (KernelOf.Network(program, samples, LimitSettingsOf(parsed), reporter, diagnostics) is not { } kernels)
        {
            return;
        }

        int count = others?.Values.First().Samples ?? 0;
        if (!parsed.GetValue(kernel))
        {
            var (report, text) = PredictionRun.Of(program, kernels, count, diagnostics);
            reporter.Result(report.WriteJson, () => text);
            return;
        }

        bool startsAtZero = verdict.InitialOutput != InitialOutput.GaussianProcess;
        string start = startsAtZero ? "f starts at 0" : "f starts as a Gaussian process";
        string moves = verdict.Regime switch
        {
            Regime.KernelRegime => "",
            Regime.FeatureLearning => "; features move, so that in training the kernel changes",
            Regime.Trivial => "; training does nothing in the limit",
            _ => "; training is unstable",
        };
        KernelReport matrices = new(
            $"{program.Compilation.Network!.Name} at initialisation in the limit of infinite width ({RunReport.HowKnown(kernels)}; {start}{moves})",
            program.Compilation.Network!.Name,
            kernels,
            !startsAtZero,
            program.Samples.Values.First().Samples,
            count);
        if (parsed.GetValue(save) is { } saved)
        {
            matrices.Save(saved, diagnostics);
        }

        reporter.Result(matrices.WriteJson, matrices.Text);
    }

    private TrainingReport? MeasuredFinite(RunnableProgram program, int n, ParseResult parsed, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (parsed.GetValue(save) is { } path)
        {
            InitialWeights.Save(path, program, n, parsed.GetValue(seed), diagnostics);
        }

        FiniteSettings settings = Settings(n, parsed);
        return ProgramRunner.FitsInMemory(program.Program, program.AxisSizes, settings, diagnostics)
            ? TrainingRunner.Finite(program, settings, parsed.GetValue(checkpoint), reporter, diagnostics)
            : null;
    }

    private TrainingReport? MeasuredLimit(RunnableProgram program, ParseResult parsed, Reporter reporter, DiagnosticBag diagnostics)
    {
        bool isSingle = parsed.GetResult(precision) is { Implicit: false } && parsed.GetValue(precision) == Precision.Single.Name();
        if (program.Verdict?.Regime == Regime.KernelRegime)
        {
            // The test of an optimizer's training is one of the same training written out.
            (Network network, TrainingPlan plan) = (program.Compilation.Network!, program.Plan!);
            if ((plan.Written ?? KernelStep.Of(network, plan)) is not { } step)
            {
                KernelRun.Refuse(program, KernelDescentProgram.Obstacle(network, plan) ?? "its loss is not a sequence of instructions", diagnostics);
                return null;
            }

            program = program with { Plan = plan with { Written = step } };
            return isSingle
                ? TrainingRunner.Kernel<float>(program, parsed.GetValue(checkpoint), reporter, diagnostics)
                : TrainingRunner.Kernel<double>(program, parsed.GetValue(checkpoint), reporter, diagnostics);
        }

        Save(program, null, program.Samples, parsed, diagnostics);
        return LimitOf.Program(program, diagnostics) is null ? null : TrainingRunner.Limit(
            program,
            new LimitSettings { Points = parsed.GetValue(points), Seed = parsed.GetValue(seed), AxisSizes = program.AxisSizes, Threads = Environment.ProcessorCount, SinglePrecision = isSingle },
            parsed.GetValue(checkpoint),
            reporter,
            diagnostics);
    }

    private FiniteSettings Settings(int n, ParseResult parsed) =>
        new(n, parsed.GetValue(seed), parsed.GetValue(precision) == Precision.Double.Name() ? Precision.Double : Precision.Single, parsed.GetValue(seeds));

    private LimitSettings LimitSettingsOf(ParseResult parsed) => new()
    {
        Tolerance = parsed.GetValue(tolerance),
        Points = parsed.GetValue(points),
        Seed = parsed.GetValue(seed),
        Threads = Environment.ProcessorCount,
        MaxMemory = Math.Min(new LimitSettings().MaxMemory, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
    };

    private RunReport? Finite(RunnableProgram program, int n, ParseResult parsed, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (parsed.GetValue(save) is { } path)
        {
            InitialWeights.Save(path, program, n, parsed.GetValue(seed), diagnostics);
        }

        FiniteSettings settings = Settings(n, parsed);
        return ProgramRunner.FitsInMemory(program.Program, program.AxisSizes, settings, diagnostics)
            ? ProgramRunner.Finite(program.Program, program.Source, program.Feed, program.AxisSizes, settings, reporter, diagnostics)
            : null;
    }

    private RunReport? Limit(RunnableProgram program, ParseResult parsed, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (program.Verdict?.Regime == Regime.KernelRegime)
        {
            Save(program, null, program.Samples, parsed, diagnostics);
            return KernelRun.Of(program, LimitSettingsOf(parsed), reporter, diagnostics);
        }

        if (LimitOf.Program(program, diagnostics) is not { } limitProgram)
        {
            return null;
        }

        InputRotation rotation = InputRotation.Of(limitProgram, program.Samples, program.AxisSizes);
        Save(program, rotation.Program, rotation.Samples, parsed, diagnostics);
        LimitSettings settings = LimitSettingsOf(parsed) with { AxisSizes = rotation.AxisSizes };
        IDataFeed feed = program.IsEndless ? program.Feed : RunnableProgram.FeedOf(rotation.Samples);
        return ProgramRunner.Limit(rotation.Program, program.Source, feed, settings, reporter, diagnostics);
    }

    private void Save(RunnableProgram program, Program? limit, IReadOnlyDictionary<string, SampleField> samples, ParseResult parsed, DiagnosticBag diagnostics)
    {
        if (parsed.GetValue(save) is { } path)
        {
            InitialWeights.SaveLimit(path, program, limit, samples, parsed.GetValue(seed), diagnostics);
        }
    }
}
