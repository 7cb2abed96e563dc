using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Cli.Results;

/// <summary>The program that runs in the limit.</summary>
internal static class LimitOf
{
    /// <summary>The limit program; null, with an error that says why, where there is none.</summary>
    public static Program? Program(RunnableProgram program, DiagnosticBag diagnostics)
    {
        Verdict? verdict = program.Verdict;
        if (verdict?.Regime == Regime.Unstable)
        {
            Diagnostic diagnostic = Diagnostic.Create(Codes.NoLimit, null, program.Program.Name, "the parametrization is unstable").WithNote(verdict.Text);
            diagnostics.Add(verdict.Repair is { } repair ? diagnostic.WithHelp(repair.Text) : diagnostic);
            return null;
        }

        if (verdict?.Regime == Regime.Trivial)
        {
            Diagnostic diagnostic = Diagnostic.Create(Codes.NoLimit, null, program.Program.Name, "training does nothing in the limit").WithNote(verdict.Text);
            diagnostics.Add(verdict.Repair is { } repair ? diagnostic.WithHelp(repair.Text) : diagnostic);
            return null;
        }

        LimitProgramResult limit = LimitProgram.Of(program.Program);
        if (limit.Program is null)
        {
            Location? place = limit.Obstacle?.Origin is { } origin ? new Location(program.Source, origin.Span) : null;
            diagnostics.Add(Codes.NoLimit, place, limit.Obstacle?.Result.Name ?? program.Program.Name, limit.Reason ?? "it is not a Tensor Program");
        }

        foreach (Instruction.Gaussian number in (limit.Program?.Body.Instructions() ?? []).OfType<Instruction.Gaussian>().Where(gaussian => gaussian.Result.Kind == ValueKind.Scalar))
        {
            Location? place = number.Origin is { } origin ? new Location(program.Source, origin.Span) : null;
            string name = program.Program.Parameters.FirstOrDefault(parameter => parameter.Initial == number.Result.Name)?.Name ?? number.Result.Name;
            diagnostics.Add(Diagnostic.Create(Codes.StaysRandom, place, $"`{name}`", number.Variance).WithHelp("`--seed` chooses another draw"));
        }

        return Verified.Holds(limit.Program, "limit", program.Source, diagnostics) ? limit.Program : null;
    }
}
