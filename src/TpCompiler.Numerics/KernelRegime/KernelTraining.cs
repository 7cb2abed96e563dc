using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Training in the kernel regime as a run of the program would show it: at each step the outputs and the loss on the batch of that step, before the update. It starts at f₀ = 0, the
/// mean of f₀ where that is a Gaussian process; under a squared error the result is the mean of f_t. The optimizer is any that <see cref="KernelRule"/> reads.
/// </summary>
/// <param name="Outputs">The outputs.</param>
/// <param name="Kernel">K between all samples.</param>
/// <param name="Loss">The loss of all of them.</param>
/// <param name="LossName">What it is called.</param>
/// <param name="Rule">The optimizer.</param>
/// <param name="LearningRate">η, which may hold the step.</param>
/// <param name="Targets">All samples of each field of targets.</param>
/// <param name="Samples">How many of the kernel's samples are learned from, the first ones.</param>
public sealed record KernelTraining(
    ValueList<KernelOutput> Outputs,
    NetworkKernel Kernel,
    LossProgram Loss,
    string LossName,
    KernelRule Rule,
    Expr LearningRate,
    IReadOnlyDictionary<string, SampleField> Targets,
    int Samples)
{
    private static readonly Expr.Reference Norm = new(KernelRule.Norm, []);

    private double KernelError { get; init; } = Kernel.TangentError;

    /// <summary>Errors of the kernel no larger than rounding leaves them.</summary>
    private const double Rounding = 1e-11;

    /// <summary>Whether the kernel is known to rounding, which has no pattern: then a descent of another kernel tells how it spreads. A larger error may have the worst pattern, and has bounds of single steps, which may add up to far more.</summary>
    private bool IsKnownToRounding => KernelError is > 0 and <= Rounding;

    /// <summary>The same with a kernel that is off by a known amount.</summary>
    private KernelTraining Disturbed => this with { Kernel = Kernel.Disturbed(Disturbance.Size), KernelError = 0 };

    /// <summary>f on all samples after so many steps of <paramref name="batch"/> samples, taken in turn; <see cref="Samples"/> may leave out samples that are only predicted.</summary>
    /// <returns>For each output the numbers of each sample, in its layout, and a bound on their error.</returns>
    public (IReadOnlyList<double[]> Outputs, double Error) After(int batch, int steps)
    {
        var run = new State(this);
        for (var t = 0; t < steps; t++)
        {
            run.Advance(t, batch, out _, out _);
        }

        var outputs = Outputs.Select(output => run.Numbers(output, Enumerable.Range(0, run.Rows))).ToList();
        var error = run.Error;
        if (IsKnownToRounding)
        {
            var moved = Disturbed.After(batch, steps).Outputs;
            error = Math.Min(error, outputs.Zip(moved).SelectMany(pair => pair.First.Zip(pair.Second)).Max(pair => Disturbance.Bound(pair.First, pair.Second, KernelError)));
        }

        return (outputs, error);
    }

    /// <param name="batch">Samples a step, taken in turn.</param>
    /// <param name="steps">Updates; there is one record more of each output.</param>
    public IReadOnlyList<LimitRecord> Run(int batch, int steps)
    {
        var run = new State(this);
        var records = new List<LimitRecord>();
        for (var t = 0; t <= steps; t++)
        {
            var error = run.Error;
            run.Advance(t, batch, out var numbers, out var loss);
            records.AddRange(Outputs.Select(output => new LimitRecord(output.Name, [t], [batch, .. output.Shape], [.. numbers[output.Name].Select(value => EstimateOf(value, error))])));

            records.Add(new(LossName, [t], [], [EstimateOf(loss.Value, loss.Error)]));
        }

        return IsKnownToRounding ? [.. records.Zip(Disturbed.Run(batch, steps), Beside)] : records;

        LimitRecord Beside(LimitRecord record, LimitRecord moved) => record with
        {
            Values = record.Values.Zip(moved.Values, (estimate, other) => EstimateOf(estimate.Value, Math.Min(estimate.Error, Disturbance.Bound(estimate.Value, other.Value, KernelError)))).ToValueList(),
        };
    }

    /// <summary>What multiplies each term of the rule at a step, where no norm does.</summary>
    internal double[][] Factors(int t) => [.. Rule.Assignments.Select(assignment => assignment.Terms.Select(term => Factor(term, t, 0)).ToArray())];

    /// <summary>Where coefficient · η^degree lies at a step, while the norm lies between two numbers.</summary>
    private Interval Range(KernelTerm term, int t, Interval norm) =>
        Enclosure.Of(At(term.Coefficient, t) * Expr.Pow(At(LearningRate, t), term.Degree), _ => norm);

    /// <summary>coefficient · η^degree at a step.</summary>
    private double Factor(KernelTerm term, int t, double norm)
    {
        var coefficient = At(term.Coefficient, t);
        var number = coefficient.References().Any() ? Evaluation.Compile(coefficient, Norm)(norm) : coefficient.ToDouble();
        return number * Math.Pow(At(LearningRate, t).ToDouble(), term.Degree);
    }

    private Estimate EstimateOf(double value, double bound) => new(value, Math.Max(bound, 1e-13 * Math.Max(1, Math.Abs(value))), Kernel.Kind, Kernel.Points);

    private static Expr At(Expr expr, int t) => expr is Expr.IndexValue { Index: TrainingProgram.Step } ? t : expr.MapChildren(child => At(child, t));

    /// <summary>f and the optimizer's slots, as functions of the samples.</summary>
    private sealed class State
    {
        private readonly KernelTraining training;
        private readonly Dictionary<string, Matrix<double>>[] states;
        private readonly Dictionary<string, double> bounds;

        public State(KernelTraining training)
        {
            this.training = training;
            Rows = training.Kernel.Blocks.Values.First().Tangent.RowCount;
            var names = training.Rule.States.Append(KernelRule.Weight).ToList();
            states = [.. training.Kernel.Heads.Select((_, head) => names.ToDictionary(name => name, _ => Matrix<double>.Build.Dense(Rows, CopiesOf(head)), StringComparer.Ordinal))];
            bounds = names.ToDictionary(name => name, _ => 0.0, StringComparer.Ordinal);
        }

        /// <summary>All samples, those that are only predicted too.</summary>
        public int Rows { get; }

        public double Error => bounds[KernelRule.Weight];

        private int CopiesOf(int head) => training.Outputs.SelectMany(output => output.Places).Count(place => place.Head == head);

        public double[] Numbers(KernelOutput output, IEnumerable<int> rows) =>
            [.. rows.SelectMany(row => output.Places.Select(place => states[place.Head][KernelRule.Weight][row, place.Copy]))];

        /// <summary>One step; what stood before it is handed out.</summary>
        public void Advance(int t, int batch, out Dictionary<string, double[]> numbers, out (double Value, double Error) loss)
        {
            int[] rows = [.. Enumerable.Range(0, batch).Select(b => (int)((((long)t * batch) + b) % training.Samples))];
            numbers = training.Targets.ToDictionary(target => target.Key, target => Gather(target.Value.Numbers, target.Value.Size, rows), StringComparer.Ordinal);
            foreach (var output in training.Outputs)
            {
                numbers[output.Name] = Numbers(output, rows);
            }

            var (value, gradients) = training.Loss.Evaluate(numbers);
            var slopes = SlopesOf(rows, gradients);
            loss = (value, 0);
            Matrix<double>[]? slopeErrors = null;
            if (training.KernelError > 0)
            {
                var (range, ranges) = training.Loss.Enclose(numbers, Error);
                loss = (value, range.From(value));
                slopeErrors = SlopesOf(rows, gradients.ToDictionary(gradient => gradient.Key, gradient => gradient.Value.Zip(ranges[gradient.Key], (slope, between) => between.From(slope)).ToArray(), StringComparer.Ordinal));
            }

            var moved = MovedBy(rows, slopes);

            // Rounding may take a norm of 0 below it.
            var squaredNorm = Math.Max(0, moved.Zip(slopes).Sum(pair => Enumerable.Range(0, rows.Length).Sum(b => pair.Second.Row(b) * pair.First.Row(rows[b]))));
            if (slopeErrors is not null)
            {
                Spread(t, rows, slopes, slopeErrors, moved, squaredNorm);
            }

            foreach (var (state, part) in states.Zip(moved))
            {
                Apply(training.Rule, state, part, term => training.Factor(term, t, Math.Sqrt(squaredNorm)));
            }
        }

        /// <summary>∂L/∂f, a row for each sample of the batch.</summary>
        private Matrix<double>[] SlopesOf(int[] rows, IReadOnlyDictionary<string, double[]> gradients)
        {
            Matrix<double>[] slopes = [.. states.Select(state => Matrix<double>.Build.Dense(rows.Length, state[KernelRule.Weight].ColumnCount))];
            foreach (var output in training.Outputs)
            {
                var gradient = gradients[output.Name];
                for (var i = 0; i < gradient.Length; i++)
                {
                    var place = output.Places[i % output.Places.Count];
                    slopes[place.Head][i / output.Places.Count, place.Copy] += gradient[i];
                }
            }

            return slopes;
        }

        /// <summary>Σ_b K(ξ, ξ_b) ∂L/∂f(ξ_b), which stands for the gradient in the rule.</summary>
        private Matrix<double>[] MovedBy(int[] rows, Matrix<double>[] slopes)
        {
            var moved = states.Select(state => Matrix<double>.Build.Dense(Rows, state[KernelRule.Weight].ColumnCount)).ToArray();
            foreach (var ((first, second), kernel) in training.Kernel.Blocks)
            {
                moved[first] += Matrix<double>.Build.DenseOfColumnVectors(rows.Select(kernel.Tangent.Column)) * slopes[second];
            }

            return moved;
        }

        /// <summary>
        /// The same for bounds on the error: |δG(ξ)| ≤ Σ_b |K(ξ, ξ_b)| |δ∂L/∂f(ξ_b)| + |δK| Σ_b (|∂L/∂f(ξ_b)| + |δ∂L/∂f(ξ_b)|); and |δ(κ G)| ≤ max|κ| |δG| + (max κ − min κ) max|G| for a
        /// coefficient κ of the norm, as clipping has, over the norms that these errors allow.
        /// </summary>
        private void Spread(int t, int[] rows, Matrix<double>[] slopes, Matrix<double>[] slopeErrors, Matrix<double>[] moved, double squaredNorm)
        {
            var sums = new double[states.Length];
            foreach (var ((first, second), kernel) in training.Kernel.Blocks)
            {
                var absolute = Matrix<double>.Build.DenseOfColumnVectors(rows.Select(kernel.Tangent.Column)).PointwiseAbs();
                sums[first] += Largest(absolute * slopeErrors[second]) + (training.KernelError * (slopes[second].PointwiseAbs() + slopeErrors[second]).ColumnSums().Maximum());
            }

            var error = sums.Max();

            // norm² = Σ_b ∂L/∂f(ξ_b) G(ξ_b).
            var off = Enumerable.Range(0, states.Length).Sum(head => Enumerable.Range(0, rows.Length).Sum(b =>
                (slopes[head].Row(b).L1Norm() * error) + (moved[head].Row(rows[b]).PointwiseAbs() + error).DotProduct(slopeErrors[head].Row(b))));
            Interval norm = new(Math.Sqrt(Math.Max(0, squaredNorm - off)), Math.Sqrt(squaredNorm + off));
            var before = bounds.ToDictionary(bound => bound.Key, bound => (Error: bound.Value, Size: states.Max(state => Largest(state[bound.Key]))), StringComparer.Ordinal);
            before[KernelRule.Gradient] = (error, moved.Max(Largest));
            foreach (var assignment in training.Rule.Assignments)
            {
                var terms = assignment.Terms.Select(term => (Range: training.Range(term, t, norm), Atom: before[term.Atom])).ToList();
                bounds[assignment.Target] = terms.Sum(term => Times(term.Range.Size, term.Atom.Error) + Times(term.Range.Width, term.Atom.Size));
                before[assignment.Target + "+"] = (bounds[assignment.Target], terms.Sum(term => Times(term.Range.Size, term.Atom.Size)));
            }
        }

        /// <summary>The rule, for one head.</summary>
        private static void Apply(KernelRule rule, Dictionary<string, Matrix<double>> state, Matrix<double> gradient, Func<KernelTerm, double> factor)
        {
            var before = new Dictionary<string, Matrix<double>>(state, StringComparer.Ordinal) { [KernelRule.Gradient] = gradient };
            foreach (var assignment in rule.Assignments)
            {
                var value = Matrix<double>.Build.Dense(gradient.RowCount, gradient.ColumnCount);
                foreach (var term in assignment.Terms)
                {
                    value += factor(term) * before[term.Atom];
                }

                state[assignment.Target] = value;
                before[assignment.Target + "+"] = value;
            }
        }

        private static double Largest(Matrix<double> numbers) => numbers.Enumerate().Select(Math.Abs).DefaultIfEmpty(0).Max();

        /// <summary>A product of bounds; what is exactly 0 stays so.</summary>
        private static double Times(double x, double y) => x == 0 || y == 0 ? 0 : x * y;

        private static double[] Gather(double[] numbers, int size, int[] rows) => [.. rows.SelectMany(row => numbers.AsSpan(row * size, size).ToArray())];
    }
}
