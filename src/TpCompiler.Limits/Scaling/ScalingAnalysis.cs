using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// How everything in a program scales with the width, by abstract interpretation: each instruction is run with exponents in place of numbers (the rules of <see cref="BodyScaling"/> and
/// <see cref="Interpretation"/>), the training loop until nothing changes. Nothing is looked up from a theorem about a kind of network.
/// </summary>
public static class ScalingAnalysis
{
    /// <summary>Analyses a training program, a forward program, or any other.</summary>
    /// <param name="program">The raw program, with its powers of n.</param>
    /// <param name="repair">Whether to look for a repair of what is unstable or trivial: it takes as long as some dozens of analyses.</param>
    public static ScalingResult Analyze(Program program, bool repair = true) => new Analysis(program).Result(repair);

    /// <summary>The bit of each Gaussian of a program, in program order.</summary>
    internal static Dictionary<string, int> Sources(Program program) => program.Body.Instructions().OfType<Instruction.Gaussian>()
        .Where(gaussian => gaussian.Result.Kind != ValueKind.Scalar)
        .Select((gaussian, i) => (gaussian.Result.Name, i))
        .ToDictionary(pair => pair.Name, pair => pair.i, StringComparer.Ordinal);
}
