using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Derivation;

/// <summary>The loss of a training plan as a function of outputs and targets alone, with its gradient by the outputs: whatever the loss is, and however it couples outputs.</summary>
/// <param name="Outputs">The outputs that it reads, scalars over the batch and axes of their own.</param>
/// <param name="Statements">From outputs and targets to the loss and its gradients.</param>
/// <param name="Gradients">By the name of each output ∂loss/∂output, over the same axes.</param>
public sealed record LossGradient(ValueList<Definition> Outputs, ValueList<Statement> Statements, IReadOnlyDictionary<string, Definition> Gradients)
{
    /// <summary>The gradient of the plan's loss; null where it reads more than outputs and targets.</summary>
    public static LossGradient? Of(Network network, TrainingPlan plan)
    {
        ValueList<Definition> given = [.. network.Forward.Definitions().Where(definition => network.Outputs.Contains(definition.Name))];
        var known = given.Concat(plan.Targets.Select(target => target.Result)).Concat(plan.Loss.Definitions()).Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);
        if (given.Any(definition => definition.Kind != ValueKind.Scalar) || plan.Loss.SelectMany(statement => statement.Reads()).Any(name => !known.Contains(name)))
        {
            return null;
        }

        var diagnostics = new DiagnosticBag();
        List<Statement> reads = [.. given.Select(definition => new Instruction.Data(definition, definition.Name)), .. plan.Targets, .. plan.Loss];
        var made = Backpropagation.Gradient(given, reads, plan.LossValue, network.Outputs, new NameSupply(known), [TrainingProgram.Step], diagnostics);
        if (diagnostics.Count > 0)
        {
            return null;
        }

        var definitions = made.Statements.Definitions().ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        return new LossGradient(given, [.. plan.Loss, .. made.Statements], network.Outputs.Zip(made.Names).ToDictionary(pair => pair.First, pair => definitions[pair.Second], StringComparer.Ordinal));
    }
}
