using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>An output in the kernel regime. All numbers along its axes share K, and no K couples it with another output: their last weights are independent.</summary>
/// <param name="Name">The output.</param>
/// <param name="Kernel">K between all samples.</param>
/// <param name="Shape">The sizes of its axes besides the batch.</param>
public sealed record KernelOutput(string Name, KernelMatrices Kernel, ValueList<int> Shape)
{
    /// <summary>Numbers a sample.</summary>
    public int Size => Shape.Aggregate(1, (product, size) => product * size);
}

/// <summary>
/// Training in the kernel regime as a run of the program would show it: at each step the outputs and the loss on the batch of that step, before the update. It starts at f₀ = 0, the
/// mean of f₀ where that is a Gaussian process; under a squared error the result is the mean of f_t. The optimizer is any that <see cref="KernelRule"/> reads.
/// </summary>
/// <param name="Outputs">The outputs.</param>
/// <param name="Loss">The loss of all of them.</param>
/// <param name="LossName">What it is called.</param>
/// <param name="Rule">The optimizer.</param>
/// <param name="LearningRate">η, which may hold the step.</param>
/// <param name="Targets">All samples of each field of targets.</param>
/// <param name="Samples">How many there are.</param>
/// <param name="Curvature">A bound on the curvature of the loss of a sample, from which errors of K spread; null when there is none.</param>
public sealed record KernelTraining(
    ValueList<KernelOutput> Outputs,
    LossProgram Loss,
    string LossName,
    KernelRule Rule,
    Expr LearningRate,
    IReadOnlyDictionary<string, SampleField> Targets,
    int Samples,
    double? Curvature)
{
    private static readonly Expr.Reference Norm = new(KernelRule.Norm, []);

    private double KernelError => Outputs.Max(output => output.Kernel.Error);

    /// <param name="batch">Samples a step, taken in turn.</param>
    /// <param name="steps">Updates; there is one record more of each output.</param>
    public IReadOnlyList<LimitRecord> Run(int batch, int steps)
    {
        var states = Outputs.ToDictionary(output => output.Name, NewState, StringComparer.Ordinal);
        var bounds = NewBounds();
        var records = new List<LimitRecord>();
        for (var t = 0; t <= steps; t++)
        {
            int[] rows = [.. Enumerable.Range(0, batch).Select(b => (int)((((long)t * batch) + b) % Samples))];
            var numbers = Targets.ToDictionary(target => target.Key, target => Gather(target.Value.Numbers, target.Value.Size, rows), StringComparer.Ordinal);
            foreach (var output in Outputs)
            {
                numbers[output.Name] = [.. rows.SelectMany(row => states[output.Name][KernelRule.Weight].Row(row))];
            }

            var (loss, gradients) = Loss.Evaluate(numbers);
            var slope = Outputs.Max(output => Columns(gradients[output.Name], output.Size).Max(column => column.Sum(Math.Abs)));
            var error = bounds[KernelRule.Weight];
            records.AddRange(Outputs.Select(output => new LimitRecord(output.Name, [t], [batch, .. output.Shape], [.. numbers[output.Name].Select(value => EstimateOf(value, error))])));
            records.Add(new(LossName, [t], [], [EstimateOf(loss, error * gradients.Values.Sum(numbers => numbers.Sum(Math.Abs)))]));
            Advance(t, rows, gradients, states);
            Spread(t, rows, slope, bounds);
        }

        return records;
    }

    private Dictionary<string, Matrix<double>> NewState(KernelOutput output) =>
        Rule.States.Append(KernelRule.Weight).ToDictionary(name => name, _ => Matrix<double>.Build.Dense(Samples, output.Size), StringComparer.Ordinal);

    private Dictionary<string, double> NewBounds() => Rule.States.Append(KernelRule.Weight).ToDictionary(name => name, _ => 0.0, StringComparer.Ordinal);

    /// <summary>The rule with Σ_b K(ξ, ξ_b) ∂L/∂f(ξ_b) for the gradient.</summary>
    private void Advance(int t, int[] rows, IReadOnlyDictionary<string, double[]> gradients, Dictionary<string, Dictionary<string, Matrix<double>>> states)
    {
        var moved = new Dictionary<string, Matrix<double>>(StringComparer.Ordinal);
        var norm = 0.0;
        foreach (var output in Outputs)
        {
            var slope = Matrix<double>.Build.DenseOfRowMajor(rows.Length, output.Size, gradients[output.Name]);
            moved[output.Name] = Matrix<double>.Build.DenseOfColumnVectors(rows.Select(output.Kernel.Tangent.Column)) * slope;
            norm += Enumerable.Range(0, rows.Length).Sum(b => slope.Row(b) * moved[output.Name].Row(rows[b]));
        }

        // Rounding may take a norm of 0 below it.
        norm = Math.Sqrt(Math.Max(0, norm));
        foreach (var (output, state) in states)
        {
            Apply(state, moved[output], (sum, factor, part) => sum + (factor * part), Matrix<double>.Build.Dense(Samples, moved[output].ColumnCount), term => Factor(term, t, norm));
        }
    }

    /// <summary>
    /// The same for bounds on the error: |δG| ≤ max_ξ Σ_b |K(ξ, ξ_b)| sup|L″| |δf| + |δK| Σ_b |∂L/∂f(ξ_b)|, with the loss a mean over the batch. A coefficient that depends on G has no bound here.
    /// </summary>
    private void Spread(int t, int[] rows, double slope, Dictionary<string, double> bounds)
    {
        if (KernelError == 0)
        {
            return;
        }

        var rowSum = Outputs.Max(output => Enumerable.Range(0, Samples).Max(i => rows.Sum(b => Math.Abs(output.Kernel.Tangent[i, b])))) / rows.Length;
        var moved = Rule.UsesNorm || Curvature is null ? double.PositiveInfinity : (rowSum * Curvature.Value * bounds[KernelRule.Weight]) + (KernelError * slope);
        Apply(bounds, moved, (sum, factor, part) => sum + (Math.Abs(factor) * part), 0.0, term => Factor(term, t, 0));
    }

    private void Apply<TNumber>(Dictionary<string, TNumber> state, TNumber gradient, Func<TNumber, double, TNumber, TNumber> add, TNumber zero, Func<KernelTerm, double> factor)
    {
        var before = new Dictionary<string, TNumber>(state, StringComparer.Ordinal) { [KernelRule.Gradient] = gradient };
        foreach (var assignment in Rule.Assignments)
        {
            var value = assignment.Terms.Aggregate(zero, (sum, term) => add(sum, factor(term), before[term.Atom]));
            state[assignment.Target] = value;
            before[assignment.Target + "+"] = value;
        }
    }

    /// <summary>coefficient · η^degree at a step.</summary>
    private double Factor(KernelTerm term, int t, double norm)
    {
        var coefficient = At(term.Coefficient, t);
        var number = coefficient.References().Any() ? Evaluation.Compile(coefficient, Norm)(norm) : coefficient.ToDouble();
        return number * Math.Pow(At(LearningRate, t).ToDouble(), term.Degree);
    }

    private static Expr At(Expr expr, int t) => expr is Expr.IndexValue { Index: TrainingProgram.Step } ? t : expr.MapChildren(child => At(child, t));

    private static double[] Gather(double[] numbers, int size, int[] rows) => [.. rows.SelectMany(row => numbers.AsSpan(row * size, size).ToArray())];

    private static IEnumerable<IEnumerable<double>> Columns(double[] numbers, int size) =>
        Enumerable.Range(0, size).Select(column => Enumerable.Range(0, numbers.Length / size).Select(row => numbers[(row * size) + column]));

    private Estimate EstimateOf(double value, double bound) =>
        new(value, Math.Max(bound, 1e-13 * Math.Max(1, Math.Abs(value))), KernelError > 0 ? ErrorKind.Bound : ErrorKind.Exact, 0);
}
