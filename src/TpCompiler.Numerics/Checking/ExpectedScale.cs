using TpCompiler.Ir;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Checking;

/// <summary>What a value's size is derived to be: its coordinates are Θ(n^{-e}).</summary>
/// <param name="Name">The value in the program.</param>
/// <param name="Initial">e at initialisation; null for identically 0.</param>
/// <param name="Change">e of what training adds; null for nothing.</param>
/// <param name="HasChange">Whether the value is computed in training, so that its change can be measured.</param>
public sealed record ExpectedScale(string Name, Rational? Initial, Rational? Change, bool HasChange = true)
{
    /// <summary>
    /// The derived sizes of the values that a net can be asked for: what the loop computes, and the weights. Data, a weight's initial value and its next value
    /// say nothing more.
    /// </summary>
    public static IReadOnlyList<ExpectedScale> Of(Program program, ScalingResult scaling)
    {
        var loops = program.Body.OfType<Loop>().ToList();
        var inLoop = loops.SelectMany(loop => loop.Body).OfType<Instruction>().Concat(loops.Count == 0 ? program.Body.OfType<Instruction>() : [])
            .Where(instruction => instruction is not Instruction.Data && instruction.Result.Kind != ValueKind.Matrix)
            .Select(instruction => instruction.Result.Name);
        var carried = loops.SelectMany(loop => loop.Carried).ToList();
        var names = inLoop.Except(carried.Select(state => state.Next)).Concat(carried.Select(state => state.State.Name)).ToHashSet(StringComparer.Ordinal);
        return [.. scaling.Values.Where(value => names.Contains(value.Name))
            .Select(value => new ExpectedScale(value.Name, value.Scale.Initial, value.Scale.Change, loops.Count > 0))];
    }
}
