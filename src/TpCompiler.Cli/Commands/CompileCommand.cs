using System.CommandLine;
using TpCompiler.Cli.Results;
using TpCompiler.Diagnostics;
using TpCompiler.Emit;
using TpCompiler.Emit.Code;
using TpCompiler.Emit.Targets;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc compile FILE [--emit STAGE] [-o OUT]</c>.</summary>
internal sealed class CompileCommand : Command
{
    private const string Simulator = "simulator";

    private const string Evaluator = "evaluator";

    /// <summary>The stages that are programs of their own, in the language of a target.</summary>
    private static readonly string[] Programs = [Simulator, Evaluator];

    private readonly Argument<string> file = ProgramArgument.Create();

    private readonly Option<string?> emit = new("--emit")
    {
        Description = "What to print: " + string.Join(", ", Emitters.All.Select(emitter => emitter.Name)) + ", " + string.Join(", ", Programs),
        HelpName = "STAGE",
    };

    private readonly Option<string?> output = new("--output", "-o") { Description = "Write to this file in place of standard output", HelpName = "OUT" };

    private readonly Option<string?> target = new Option<string?>("--target")
    {
        Description = "Of simulator and evaluator: the language of the program that is written",
        HelpName = string.Join("|", TargetTable.All.Select(row => row.Name)),
    }.AcceptOnlyFromAmong([.. TargetTable.All.Select(row => row.Name)]);

    public CompileCommand(CommonOptions common)
        : base("compile", "Read a program: verdict, derived scales and the equations of its limit")
    {
        Arguments.Add(file);
        Options.Add(emit);
        Options.Add(target);
        Options.Add(output);
        SetAction(parsed => Execute(parsed, common.Reporter(parsed)));
    }

    private int Execute(ParseResult parsed, Reporter reporter)
    {
        (string path, string? stage, string? output) = (parsed.GetValue(file)!, parsed.GetValue(emit), parsed.GetValue(this.output));
        if (Programs.Contains(stage) != (parsed.GetValue(target) is not null))
        {
            return reporter.Usage(Name, $"`--emit {(stage == Evaluator ? Evaluator : Simulator)}` and `--target` go together");
        }

        DiagnosticBag diagnostics = new();
        if (Programs.Contains(stage))
        {
            return WriteProgram(path, stage!, TargetTable.Find(parsed.GetValue(target)!)!, output, reporter, diagnostics);
        }

        Emitter? emitter = Emitters.Find(stage ?? (reporter.Format == OutputFormat.Json ? "json" : "report"));
        if (emitter is null)
        {
            string[] stages = [.. Emitters.All.Select(row => row.Name), .. Programs];
            diagnostics.Add(Diagnostic.Create(Codes.UnknownStage, null, stage!).WithSpelling(stage!, stages).WithNote($"there are {string.Join(", ", stages.Select(name => $"`{name}`"))}"));
            reporter.Report(diagnostics);
            return ExitCode.Usage;
        }

        if (reporter.Format == OutputFormat.Json && emitter.Name != "json")
        {
            return reporter.Usage(Name, $"`--emit {emitter.Name}` is text: `--emit json`, or `--format json` alone, is the whole derivation as JSON, its scales, verdict and equations among it");
        }

        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not { } source)
        {
            return reporter.Report(diagnostics);
        }

        Compilation compilation = Compilation.Compile(source);
        Derivation? derivation = DerivationPipeline.Of(compilation, source);
        if (derivation is not null)
        {
            Emit(derivation, emitter, output, reporter, compilation.Diagnostics);
        }

        return reporter.Report(compilation.Diagnostics);
    }

    private static int WriteProgram(string path, string stage, Target target, string? output, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not { } source)
        {
            return reporter.Report(diagnostics);
        }

        Compilation compilation = Compilation.Compile(source);
        DiagnosticBag all = compilation.Diagnostics;
        if (!all.HasErrors && compilation.Whole is { } program && Written(stage, target, program, compilation, source) is var (text, refusal))
        {
            if (text is not null)
            {
                Print(text, output, reporter, all);
            }
            else
            {
                Location? location = program.Body.Instructions().FirstOrDefault(instruction => instruction.Result.Name == refusal!.Instruction)?.Origin is { } origin
                    ? new Location(source, origin.Span)
                    : null;
                all.Add(Codes.NotInTarget, location, refusal!.Instruction, target.Name, refusal.Reason);
            }
        }

        return reporter.Report(all);
    }

    /// <summary>The text, or why there is none; null, with an error, where the program has no limit to evaluate.</summary>
    private static (string? Text, Refusal? Refusal)? Written(string stage, Target target, Program program, Compilation compilation, SourceText source)
    {
        if (stage == Simulator)
        {
            return target.Simulator(program, compilation.Network, compilation.TrainingPlan);
        }

        Verdict? verdict = LimitOf.Verdict(compilation, program);
        return verdict?.Regime == Regime.KernelRegime ? WrittenKernel(target, program, compilation, verdict)
            : target.Evaluator is not { } evaluator ? (null, new Refusal(program.Name, "this target has no evaluator of such a limit"))
            : LimitOf.Program(program, verdict, source, compilation.Diagnostics) is { } limit ? evaluator(limit, LimitEvaluator.MayIntegrate(limit))
            : null;
    }

    private static (string? Text, Refusal? Refusal) WrittenKernel(Target target, Program program, Compilation compilation, Verdict verdict)
    {
        (KernelDescentProgram? kernel, string? reason) = KernelDescentProgram.Of(compilation.Network!, verdict.Kernel, verdict.InitialOutput, compilation.TrainingPlan!);
        reason ??= target.KernelEvaluator is null ? "this target has no kernel gradient descent" : null;
        return reason is null ? target.KernelEvaluator!(kernel!) : (null, new Refusal(program.Name, $"it is in the kernel regime, and {reason}; `tpc run --limit` has its numbers where there are any"));
    }

    private static void Emit(Derivation derivation, Emitter emitter, string? output, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (emitter.Write(derivation) is not { } text)
        {
            diagnostics.Add(Codes.NoLimit, null, $"`{derivation.Source.Name}`", derivation.NoEquations ?? "the program has no such stage");
        }
        else
        {
            Print(text, output, reporter, diagnostics);
        }
    }

    private static void Print(string text, string? output, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (output is null)
        {
            reporter.Result(text);
        }
        else
        {
            try
            {
                File.WriteAllText(output, text);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                diagnostics.Add(Codes.FileNotWritable, null, output, failure.Message);
            }
        }
    }
}
