using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Language.Syntax;

namespace TpCompiler.Cli.Data;

/// <summary>A program with another named parametrization in the place of its own, entries for single weights as they are: what somebody says of the nets.</summary>
internal static class ClaimedParametrization
{
    /// <summary>Null, with an error in the bag, where the program names no parametrization or the other one isn't known.</summary>
    /// <param name="own">The program.</param>
    /// <param name="name">The other parametrization: of the prelude, or defined in the file.</param>
    /// <param name="diagnostics">Gets what is wrong.</param>
    public static RunnableProgram? In(RunnableProgram own, string name, DiagnosticBag diagnostics)
    {
        NameSyntax? used = own.Compilation.SyntaxTree.Declarations.OfType<DeclarationSyntax.Parametrization>().FirstOrDefault(declaration => !declaration.ByRole)?.Name;
        if (used is null)
        {
            diagnostics.Add(Diagnostic.Create(Codes.NothingToRun, null, own.Source.Name, "`parametrization NAME`").WithHelp("`--claim` takes the place of the parametrization that the program names"));
            return null;
        }

        SourceText changed = own.Source.With(used.Span, name);
        Compilation compilation = Compilation.Compile(changed);
        diagnostics.AddRange(compilation.Diagnostics);
        return compilation is { Network: { } network, TrainingPlan: not null, Diagnostics.HasErrors: false }
            ? new RunnableProgram(changed, compilation, TrainingProgram.Of(network, own.Plan!), own.AxisSizes, own.Samples) { Plan = own.Plan }
            : null;
    }
}
