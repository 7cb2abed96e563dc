using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Language.Syntax;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Cli.Data;

/// <summary>A program with another optimizer in the place of its own, at rates that make its updates as large as those of its own (<see cref="MatchedRates"/>).</summary>
internal static class OtherOptimizer
{
    private const string UsualSettings = "(lr: 1/10)";

    /// <summary>Null, with an error in the bag, where the program names no optimizer or the other one can't be read.</summary>
    /// <param name="source">The program's text.</param>
    /// <param name="own">What it says.</param>
    /// <param name="optimizer">As a file has it behind <c>optimizer</c>: <c>adam(lr: 0.01)</c>, or a name alone.</param>
    /// <param name="diagnostics">Gets what is wrong.</param>
    public static (SourceText Source, Compilation Compilation)? In(SourceText source, Compilation own, string optimizer, DiagnosticBag diagnostics)
    {
        SettingSyntax? setting = own.SyntaxTree.Declarations.OfType<DeclarationSyntax.Train>().SelectMany(train => train.Settings).FirstOrDefault(setting => setting.Name.Text == "optimizer");
        if (setting?.Value is not { } written || own is not { Network: { } network, TrainingPlan: { } plan, GradientProgram: { } training })
        {
            diagnostics.Add(Diagnostic.Create(Codes.NothingToRun, null, source.Name, "`optimizer`").WithHelp("`--optimizer` takes the place of the optimizer that the program names"));
            return null;
        }

        string text = optimizer.Contains('(', StringComparison.Ordinal) ? optimizer : optimizer + UsualSettings;
        SourceText changed = source.With(written.Span, text);
        Compilation compilation = Compilation.Compile(changed);
        diagnostics.AddRange(compilation.Diagnostics);
        if (compilation.Diagnostics.HasErrors)
        {
            return null;
        }

        ScalingResult scales = ScalingAnalysis.Analyze(training, repair: false, plan.Rule.Kind);
        return (changed, compilation.WithRates(MatchedRates.Of(scales, plan.Rule.Kind, compilation.TrainingPlan!.Rule.Kind)));
    }
}
