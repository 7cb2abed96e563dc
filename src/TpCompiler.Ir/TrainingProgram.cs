using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>
/// The program that trains a network: initialisation, and a loop over t with the weights and the optimizer's slots as its state. An iteration reads a batch, runs forward, loss, backward, and updates.
/// The loop has T + 1 iterations for T steps, so its outputs are f_0 … f_T, each from before the update of its iteration; nothing reads the last update, and an executor may leave it out.
/// </summary>
public static class TrainingProgram
{
    /// <summary>The counter of the training loop: learning-rate schedules may use it.</summary>
    public const string Step = "t";

    /// <summary>Makes the program. What can't be said in the IR goes to <paramref name="diagnostics"/>, and the weights concerned stay as they are.</summary>
    /// <exception cref="ArgumentException">There is something to say, and no <paramref name="diagnostics"/> were given.</exception>
    public static Program Of(Network network, TrainingPlan plan, DiagnosticBag? diagnostics = null)
    {
        var bag = diagnostics ?? [];
        var program = DeadCode.Remove(Make(network, plan, bag));
        return diagnostics is not null || bag.Count == 0 ? program : throw new ArgumentException(string.Join('\n', bag));
    }

    /// <summary>
    /// The training with <see cref="TrainingPlan.Test"/> behind its loop, where the weights have their final values: what runs. Data outside the loop is the test's. The test moves nothing,
    /// so scales and equations are those of <see cref="Of"/>.
    /// </summary>
    public static Program WithTest(Network network, TrainingPlan plan, DiagnosticBag diagnostics)
    {
        var program = Make(network, plan, diagnostics);
        if (plan.Test is not { } test)
        {
            return DeadCode.Remove(program);
        }

        var names = new NameSupply(program.Body.Definitions().Select(definition => definition.Name)
            .Concat(network.Parameters.SelectMany(parameter => new[] { parameter.Name, parameter.Initial }))
            .Concat(test.Names));
        var lowering = new StepLowering(network, test, names, [.. network.Parameters.Select(parameter => parameter.Type)], diagnostics);
        return DeadCode.Remove(program with
        {
            // T iterations here, each with its update: the weights behind the loop are those after T steps.
            Body = [.. program.Body.Select(statement => statement is Loop loop ? loop with { Count = plan.Steps } : statement), .. lowering.Statements()],
            Outputs = [.. program.Outputs, .. test.Outputs],
            Adapted = [.. program.Adapted, .. lowering.Adapted],
        });
    }

    private static Program Make(Network network, TrainingPlan plan, DiagnosticBag diagnostics)
    {
        if (plan.Written is { } step)
        {
            return Written(network, plan, step, diagnostics);
        }

        var evaluation = EvaluationStatements.Of(network, plan.Evaluation);
        var trained = network.Parameters.Where(parameter => parameter.Trained).ToList();
        List<Statement> before = [.. ForwardProgram.InitialisationByName(network, parameter => !parameter.Trained), .. evaluation.Inputs];
        List<Statement> body = [.. network.Inputs, .. plan.Targets, .. network.Forward, .. plan.Loss, .. evaluation.Forward];
        var names = new NameSupply(before.Concat(body).Definitions().Select(definition => definition.Name)
            .Concat(network.Parameters.SelectMany(parameter => new[] { parameter.Name, parameter.Initial })));

        List<Definition> given = [.. network.Parameters.Select(parameter => parameter.Type), .. before.Definitions()];
        var gradients = Backpropagation.Gradient(given, body, plan.LossValue, [.. trained.Select(parameter => parameter.Name)], names, [Step], diagnostics);
        var carried = new List<Carried>();
        if (gradients.Names.Count == trained.Count)
        {
            body.AddRange(gradients.Statements);
            var update = new Update(network, plan, names, ValueTable.Of(body, given), diagnostics);
            body.AddRange(update.Statements(trained.Zip(gradients.Names)));
            before.AddRange(update.Initialisation);
            carried.AddRange(update.Carried);
        }

        var loop = new Loop(Step, plan.Steps + 1, carried.ToValueList(), body.ToValueList());
        var program = new Program(
            network.Name,
            network.Widths,
            plan.Evaluation is { } test ? network.Axes.Add(test.Axis) : network.Axes,
            network.Parameters.Select(parameter => parameter.Trained ? parameter : parameter with { Initial = parameter.Name }).ToValueList(),
            [.. before, loop],
            [.. network.Outputs, plan.LossValue, .. evaluation.Outputs]);
        return StoppedGradients.In(network.Forward) ? StoppedGradients.Resolve(program) : program;
    }

    private static Program Written(Network network, TrainingPlan plan, StepRule step, DiagnosticBag diagnostics)
    {
        List<Statement> before = [.. ForwardProgram.InitialisationByName(network, parameter => !parameter.Trained)];
        var names = new NameSupply(before.Definitions().Select(definition => definition.Name)
            .Concat(network.Parameters.SelectMany(parameter => new[] { parameter.Name, parameter.Initial }))
            .Concat(step.Names));
        var lowering = new StepLowering(network, step, names, [.. network.Parameters.Select(parameter => parameter.Type), .. before.Definitions()], diagnostics);
        var body = lowering.Statements();
        before.AddRange(lowering.Initialisation);
        var loop = new Loop(Step, plan.Steps + 1, lowering.Carried().ToValueList(), body.ToValueList());
        return new Program(
            network.Name,
            network.Widths,
            network.Axes,
            network.Parameters.Select(parameter => parameter.Trained ? parameter : parameter with { Initial = parameter.Name }).ToValueList(),
            [.. before, loop],
            step.Outputs)
        { Adapted = lowering.Adapted.ToValueList() };
    }
}
