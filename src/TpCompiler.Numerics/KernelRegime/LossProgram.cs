using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;
using Program = TpCompiler.Ir.Program;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>The loss of a training plan as a function of outputs and targets alone, with its gradient: whatever the loss is, and however it couples outputs.</summary>
public sealed class LossProgram
{
    private readonly Program program;
    private readonly Func<string, int> sizeOfAxis;
    private readonly Simulator<double> simulator;
    private readonly string loss;
    private readonly Dictionary<string, string> gradients;

    private LossProgram(Program program, string loss, Dictionary<string, string> gradients, IReadOnlyDictionary<string, int> axisSizes)
    {
        (this.program, this.loss, this.gradients) = (program, loss, gradients);
        var settings = new ExecutionSettings { AxisSizes = axisSizes, Threads = 1 };
        sizeOfAxis = settings.SizeOfAxisIn(program);
        simulator = new Simulator<double>(program, 1, 0, settings);
    }

    /// <summary>The program of the loss; null where it reads more than outputs and targets.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its training.</param>
    /// <param name="axisSizes">Sizes of axes that the network leaves open, the batch among them.</param>
    public static LossProgram? Of(Network network, TrainingPlan plan, IReadOnlyDictionary<string, int> axisSizes)
    {
        if (LossGradient.Of(network, plan) is not { } gradient)
        {
            return null;
        }

        var names = gradient.Gradients.ToDictionary(pair => pair.Key, pair => pair.Value.Name, StringComparer.Ordinal);
        List<Statement> body = [.. gradient.Outputs.Select(output => new Instruction.Data(output, output.Name)), .. plan.Targets, .. gradient.Statements];
        var program = new Program(network.Name, network.Widths, network.Axes, [], [.. body], [plan.LossValue, .. network.Outputs.Select(output => names[output])]);
        return new LossProgram(program, plan.LossValue, names, axisSizes);
    }

    /// <summary>The loss on a batch, and ∂loss/∂output for each output, in the output's own layout.</summary>
    /// <param name="numbers">Outputs and fields of targets by name, each over the batch first.</param>
    public (double Loss, IReadOnlyDictionary<string, double[]> Gradients) Evaluate(IReadOnlyDictionary<string, double[]> numbers)
    {
        var records = simulator.Run(new Numbers(numbers)).Records.ToDictionary(record => record.Name, record => record.Values, StringComparer.Ordinal);
        return records.TryGetValue(loss, out var value) && gradients.Values.All(records.ContainsKey)
            ? (value[0], gradients.ToDictionary(pair => pair.Key, pair => records[pair.Value].ToArray(), StringComparer.Ordinal))
            : (double.NaN, gradients.ToDictionary(pair => pair.Key, pair => Array.ConvertAll(numbers[pair.Key], _ => double.NaN), StringComparer.Ordinal));
    }

    /// <summary>Between which numbers these lie when each output may be off by as much as <paramref name="error"/>.</summary>
    /// <param name="numbers">As for <see cref="Evaluate"/>.</param>
    /// <param name="error">A bound on the error of every number of every output.</param>
    public (Interval Loss, IReadOnlyDictionary<string, Interval[]> Gradients) Enclose(IReadOnlyDictionary<string, double[]> numbers, double error)
    {
        var ranges = LossEnclosure.Of(program, sizeOfAxis, numbers, gradients.Keys.ToDictionary(output => output, _ => error, StringComparer.Ordinal));
        return (ranges[loss][0], gradients.ToDictionary(pair => pair.Key, pair => ranges[pair.Value], StringComparer.Ordinal));
    }

    private sealed class Numbers(IReadOnlyDictionary<string, double[]> numbers) : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) => numbers[field].CopyTo(destination.Span);
    }
}
