using TpCompiler.Ir;

namespace TpCompiler.Emit;

/// <summary>A stage or target of <c>tpc compile --emit</c>.</summary>
/// <param name="Name">How it is asked for.</param>
/// <param name="Description">What it is, in a line.</param>
/// <param name="Write">The text; null when this derivation has no such stage.</param>
public sealed record Emitter(string Name, string Description, Func<Derivation, string?> Write);

/// <summary>The table of emitters: one row and one file a target.</summary>
public static class Emitters
{
    public static readonly IReadOnlyList<Emitter> All =
    [
        new("report", "parameters, verdict and limit equations (the default)", ReportText.Write),
        new("ast", "the syntax tree", derivation => derivation.Syntax()),
        new("ir", "the Tensor Program at finite width", derivation => ProgramPrinter.Print(derivation.Source)),
        new("scales", "the exponent of every weight and value", derivation =>
            string.Join("\n", new[] { ScalesText.Parameters(derivation.Scaling), ScalesText.Verdict(derivation.Scaling), ScalesText.Values(derivation.Scaling) }.Where(part => part.Length > 0))),
        new("limit", "the Tensor Program of the limit", derivation => derivation.Limit is { } limit ? ProgramPrinter.Print(limit) : null),
        new("equations", "the limit equations as text", derivation => derivation.Equations is { } equations ? EquationsText.Write(equations) : null),
        new("latex", "the limit equations in LaTeX", derivation => derivation.Equations is { } equations ? EquationsLatex.Write(equations) : null),
        new("json", "all of it for machines", DerivationJson.Write),
    ];

    public static Emitter? Find(string name) => All.FirstOrDefault(emitter => emitter.Name == name);
}
