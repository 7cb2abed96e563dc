using TpCompiler.Ir;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Checking;

/// <summary>What a value's size is derived to be: its coordinates are Θ(n^{-e}).</summary>
/// <param name="Name">The value in the program.</param>
/// <param name="Initial">e at initialisation; null for identically 0.</param>
/// <param name="Change">e of what training adds, beyond what weight decay does; null for nothing.</param>
/// <param name="HasChange">Whether the value is computed in training, so that its change can be measured.</param>
public sealed record ExpectedScale(string Name, Rational? Initial, Rational? Change, bool HasChange = true)
{
    /// <summary>e of what weight decay alone changes; null for nothing.</summary>
    public Rational? Decay { get; init; }

    /// <summary>
    /// The derived sizes of what a net can be asked for: the values that a level-1 program computes; the weights of a network, its forward pass and its loss. (Values that only serve
    /// training, such as gradients and norms, show in the weights.) Where training is unstable a change is asked of the weights and of what the verdict says blows up, first of all: what is made
    /// of that has its size only at widths far beyond a computer, and where it saturates a function it may be smaller than derived.
    /// </summary>
    /// <param name="program">What runs.</param>
    /// <param name="scaling">Its derived sizes.</param>
    /// <param name="network">The network that it trains; null for a level-1 program.</param>
    /// <param name="plan">Its training.</param>
    public static IReadOnlyList<ExpectedScale> Of(Program program, ScalingResult scaling, Network? network = null, TrainingPlan? plan = null)
    {
        var weights = program.Parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        var asked = network is null
            ? program.Body.OfType<Instruction>().Where(IsAsked).Select(instruction => instruction.Result.Name)
            : network.Forward.OfType<Instruction>().Where(IsAsked).Select(instruction => instruction.Result.Name)
                .Concat(weights).Concat(plan is null ? [] : [plan.LossValue]);
        var names = asked.ToHashSet(StringComparer.Ordinal);
        var moving = scaling.Verdict is { Regime: Regime.Unstable } verdict
            ? First(verdict.Reasons.Where(reason => reason is { Phase: Phase.Training, Exponent.Sign: < 0 }).Select(reason => reason.Instruction).ToHashSet(StringComparer.Ordinal), program).Concat(weights).ToHashSet(StringComparer.Ordinal)
            : names;
        var trains = program.Body.Any(statement => statement is Loop);
        return [.. scaling.Values.Where(value => names.Contains(value.Name))
            .Select(value => new ExpectedScale(value.Name, value.Scale.Initial, value.Scale.Change, trains && moving.Contains(value.Name)) { Decay = value.Scale.Decay })];

        static IEnumerable<string> First(HashSet<string> names, Program program)
        {
            var behind = new HashSet<string>(StringComparer.Ordinal);
            foreach (var instruction in program.Body.Instructions())
            {
                var isBehind = instruction.Reads().Any(read => names.Contains(read) || behind.Contains(read));
                if (isBehind)
                {
                    behind.Add(instruction.Result.Name);
                }
                else if (names.Contains(instruction.Result.Name))
                {
                    yield return instruction.Result.Name;
                }
            }
        }

        static bool IsAsked(Instruction instruction) => instruction is not Instruction.Data && instruction.Result.Kind != ValueKind.Matrix;
    }
}
