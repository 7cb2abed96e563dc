using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Derivation;

/// <summary>A training by an optimizer as a written step: forward, loss, gradient, and the rule as sums of sets. What is measured beside written steps in the kernel regime is measured beside optimizers so.</summary>
public static class KernelStep
{
    /// <summary>The step, reporting outputs and loss; null where f doesn't follow from its kernel alone (<see cref="KernelDescentProgram.Obstacle"/>).</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its training.</param>
    public static StepRule? Of(Network network, TrainingPlan plan)
    {
        if (KernelDescentProgram.Obstacle(network, plan) is not null || plan.Loss.Any(statement => statement is not Instruction))
        {
            return null;
        }

        var rule = KernelRule.Of(plan.Rule)!;
        var origin = new Origin(default, "update");
        var known = network.Forward.Definitions().Where(definition => network.Outputs.Contains(definition.Name)).ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        var batch = known[network.Outputs[0]].Indices.First(binder => binder.Axis == network.BatchAxis);
        NameSupply names = new(network.Inputs.Concat(plan.Targets).Select(data => data.Result.Name).Concat(plan.Loss.Definitions().Select(definition => definition.Name))
            .Concat(network.Outputs).Concat(network.Parameters.Select(parameter => parameter.Name)).Append(StepRule.Parameters));
        var (gradient, norm) = (names.Fresh(KernelRule.Gradient), names.Fresh(KernelRule.Norm));
        var sets = rule.States.ToDictionary(state => state, state => names.Fresh(state), StringComparer.Ordinal);
        var slots = rule.States.Select(state => sets[state]).ToValueList();
        sets[KernelRule.Gradient] = gradient;
        sets[KernelRule.Weight] = StepRule.Parameters;
        List<StepStatement> statements =
        [
            new StepStatement.Forward(origin, network.Outputs, [.. network.Inputs.Select(input => input.Result)], [batch], batch, null),
            .. plan.Loss.Cast<Instruction>().Select(instruction => new StepStatement.Compute(origin, instruction)),
            new StepStatement.Gradient(origin, gradient, plan.LossValue, [], StepRule.Parameters, StepRule.Parameters),
        ];
        if (rule.UsesNorm)
        {
            statements.Add(new StepStatement.Norm(origin, norm, gradient));
        }

        // Slots are kept, and weights assigned, behind all sums: these read what was before the step.
        var kept = new List<StepStatement>();
        foreach (var assignment in rule.Assignments)
        {
            var sum = Expr.SumOf(assignment.Terms.Select(term => term.Coefficient.SubstituteReferences(_ => new Expr.Reference(norm, [])) * Expr.Pow(plan.LearningRate, term.Degree) * new Expr.Reference(sets[term.Atom], [])));
            var result = names.Fresh(assignment.Target + "_next");
            statements.Add(new StepStatement.Combine(origin, result, sum, [], IsNamed: false));
            sets[assignment.Target + "+"] = result;
            if (assignment.Target == KernelRule.Weight)
            {
                kept.Add(new StepStatement.Assign(origin, result, network.Parameters.Where(parameter => parameter.Trained).Select(parameter => parameter.Name).ToValueList()));
            }
            else if (rule.States.Contains(assignment.Target))
            {
                kept.Add(new StepStatement.Keep(origin, sets[assignment.Target], result));
            }
        }

        return new StepRule(network.Name, [.. network.Inputs, .. plan.Targets], slots, [.. statements, .. kept], [.. network.Outputs, plan.LossValue]);
    }
}
