using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Cli.Results;

/// <summary>The program that runs in the limit.</summary>
internal static class LimitOf
{
    /// <summary>The class of the parametrization; null for a level-1 program.</summary>
    public static Verdict? Verdict(Compilation compilation, Program program) =>
        ScalingAnalysis.Analyze(compilation.GradientProgram ?? program, kind: compilation.TrainingPlan?.Rule.Kind ?? UpdateKind.Gradient, written: program).Verdict;

    /// <summary>The limit program; null, with an error that says why, where there is none.</summary>
    public static Program? Program(RunnableProgram program, DiagnosticBag diagnostics) => Program(program.Program, program.Verdict, program.Source, diagnostics);

    /// <inheritdoc cref="Program(RunnableProgram, DiagnosticBag)"/>
    public static Program? Program(Program program, Verdict? verdict, SourceText source, DiagnosticBag diagnostics)
    {
        if (verdict?.Regime == Regime.Unstable)
        {
            Diagnostic diagnostic = Diagnostic.Create(Codes.NoLimit, null, program.Name, "the parametrization is unstable").WithNote(verdict.Text);
            diagnostics.Add(verdict.Repair is { } repair ? diagnostic.WithHelp(repair.Text) : diagnostic);
            return null;
        }

        if (verdict?.Regime == Regime.Trivial)
        {
            Diagnostic diagnostic = Diagnostic.Create(Codes.NoLimit, null, program.Name, verdict.WithoutLearning).WithNote(verdict.Text);
            diagnostics.Add(verdict.Repair is { } repair ? diagnostic.WithHelp(repair.Text) : diagnostic);
            return null;
        }

        LimitProgramResult limit = LimitProgram.Of(program);
        if (limit.Program is null)
        {
            Location? place = limit.Obstacle?.Origin is { } origin ? new Location(source, origin.Span) : null;
            diagnostics.Add(Codes.NoLimit, place, limit.Obstacle?.Result.Name ?? program.Name, limit.Reason ?? "it is not a Tensor Program");
        }

        foreach (Instruction.Gaussian number in (limit.Program?.Body.Instructions() ?? []).OfType<Instruction.Gaussian>().Where(gaussian => gaussian.Result.Kind == ValueKind.Scalar))
        {
            Location? place = number.Origin is { } origin ? new Location(source, origin.Span) : null;
            string name = program.Parameters.FirstOrDefault(parameter => parameter.Initial == number.Result.Name)?.Name ?? number.Result.Name;
            diagnostics.Add(Diagnostic.Create(Codes.StaysRandom, place, $"`{name}`", number.Variance).WithHelp("`--seed` chooses another draw"));
        }

        return Verified.Holds(limit.Program, "limit", source, diagnostics) ? limit.Program : null;
    }
}
