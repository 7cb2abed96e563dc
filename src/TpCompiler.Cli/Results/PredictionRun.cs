using System.Globalization;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli.Results;

/// <summary>
/// What a network in the kernel regime says of samples that it isn't trained on. By squared error on all samples at once, with an optimizer without clipping, f is a Gaussian process at any time: mean and covariance after the
/// program's steps, at the end of training, and of f₀ given the targets (the posterior). Otherwise the f that starts at its mean, 0, step by step.
/// </summary>
internal sealed class PredictionRun
{
    private readonly RunnableProgram program;
    private readonly Network network;
    private readonly TrainingPlan plan;
    private readonly NetworkKernel kernel;
    private readonly KernelTraining training;
    private readonly int samples;
    private readonly int others;
    private readonly DiagnosticBag diagnostics;

    private PredictionRun(RunnableProgram program, NetworkKernel kernel, int others, DiagnosticBag diagnostics)
    {
        (this.program, this.kernel, this.others, this.diagnostics) = (program, kernel, others, diagnostics);
        (network, plan, samples) = (program.Compilation.Network!, program.Plan!, program.Samples.Values.First().Samples);
        training = KernelRun.Training(program, kernel);
    }

    private bool StartsAtZero => program.Verdict!.InitialOutput != InitialOutput.GaussianProcess;

    /// <param name="program">The network and its training.</param>
    /// <param name="kernel">Its kernel among the program's samples and, behind them, others.</param>
    /// <param name="others">How many others.</param>
    /// <param name="diagnostics">Repairs and what is left out.</param>
    public static (RunReport Report, string Text) Of(RunnableProgram program, NetworkKernel kernel, int others, DiagnosticBag diagnostics) =>
        new PredictionRun(program, kernel, others, diagnostics).Run();

    private (RunReport Report, string Text) Run()
    {
        int batch = program.AxisSizes.TryGetValue(network.BatchAxis, out int size) ? size : network.Axes.First(axis => axis.Name == network.BatchAxis).Size!.Value;
        bool exact = plan.LossName == "mse" && batch == samples && !training.Rule.UsesNorm;
        List<LimitRecord> records = exact ? [.. SquaredError()] : [.. StepByStep(batch)];
        string heading = string.Create(
            CultureInfo.InvariantCulture,
            $"{network.Name}: {others} samples predicted from {samples} in the limit of infinite width (kernel regime, {RunReport.HowKnown(kernel)})");
        RunReport report = new(
            heading,
            json =>
            {
                json.WriteString("program", network.Name);
                json.WriteString("kind", "prediction");
                json.WriteString("carrier", kernel.Tier);
                json.WriteNumber("points", kernel.Points);
                json.WriteNumber("training_samples", samples);
                json.WriteNumber("steps", plan.Steps);
            },
            records,
            "errors",
            kernel.Tier);
        return (report, $"{heading}\n\n{Table(records)}");
    }

    private IEnumerable<LimitRecord> StepByStep(int batch)
    {
        var (outputs, error) = training.After(batch, plan.Steps);
        foreach (var (output, numbers) in training.Outputs.Zip(outputs))
        {
            yield return Record(output.Name, [plan.Steps], [others, .. output.Shape], numbers.Skip(samples * output.Places.Count).Select(value => (value, error)));
        }
    }

    private IEnumerable<LimitRecord> SquaredError()
    {
        // ∂L/∂f at f = 0 is −y/N.
        Dictionary<string, double[]> numbers = plan.Targets.ToDictionary(target => target.Field, target => program.Samples[target.Field].Numbers);
        foreach (KernelOutput output in training.Outputs)
        {
            numbers[output.Name] = new double[samples * output.Places.Count];
        }

        IReadOnlyDictionary<string, double[]> slopes = training.Loss.Evaluate(numbers).Gradients;
        List<LimitRecord> records = [];
        foreach (int[] members in Groups())
        {
            KernelMatrices own = Joined(members, 0, samples, 0, samples), cross = Joined(members, samples, others, 0, samples), test = Joined(members, samples, others, samples, others);
            List<KernelOutput> outputs = [.. training.Outputs.Where(output => output.Places.Any(place => members.Contains(place.Head)))];
            Matrix<double> targets = Matrix<double>.Build.Dense(members.Length * samples, outputs.Max(output => output.Places.Max(place => place.Copy)) + 1);
            foreach (KernelOutput output in outputs)
            {
                double[] slope = slopes[output.Name];
                for (int i = 0; i < slope.Length; i++)
                {
                    var (head, copy) = output.Places[i % output.Places.Count];
                    targets[(Array.IndexOf(members, head) * samples) + (i / output.Places.Count), copy] = -samples * slope[i];
                }
            }

            // The loss is a mean over samples, not over the numbers that are made of them.
            KernelPrediction tangent = new(own, cross, test, false, members.Length * RateAtStart());
            bool plain = IsPlain();
            Func<double, double> learned = plain ? value => tangent.Dynamics.Accumulated(value, plan.Steps) : ModeDynamics.Learned(training, samples, plan.Steps);
            Add(outputs, members, "", tangent.At(learned, targets), records);
            bool diverges = plain && RateAtStart() > tangent.Dynamics.LargestStableRate / members.Length;
            if (diverges)
            {
                diagnostics.Add(Diagnostic.Create(Codes.RateTooLarge, null, NumberText.Of(RateAtStart()), NumberText.Of(tangent.Dynamics.LargestStableRate / members.Length)));
            }

            Add(outputs, members, "_end", tangent.At(value => tangent.Dynamics.Accumulated(value, double.PositiveInfinity), targets), records);
            if (!StartsAtZero)
            {
                KernelPrediction posterior = new(own, cross, test, true, 1);
                Add(outputs, members, "_posterior", posterior.At(value => posterior.Dynamics.Accumulated(value, double.PositiveInfinity), targets), records);
            }
        }

        return records;
    }

    private double RateAtStart() => RateAt(plan.LearningRate).ToDouble();

    private static Expr RateAt(Expr expr) => expr is Expr.IndexValue ? Expr.Zero : expr.MapChildren(RateAt);

    /// <summary>Gradient descent at a fixed rate: any number of steps at once.</summary>
    private bool IsPlain() => training.Rule is { States.Count: 0, Assignments: [{ Terms.Count: 2 } only] } && !plan.LearningRate.DescendantsAndSelf().Any(expr => expr is Expr.IndexValue)
        && only.Terms.Any(term => term is { Atom: KernelRule.Gradient, Degree: 1, Coefficient: Expr.Constant { Value: { } value } } && value == -1);

    /// <summary>Numbers of a sample that have kernels with one another.</summary>
    private List<int[]> Groups()
    {
        List<List<int>> groups = [];
        for (int head = 0; head < kernel.Heads.Count; head++)
        {
            int at = head;
            List<List<int>> joined = [.. groups.Where(members => members.Any(other => kernel.Blocks.ContainsKey((at, other)) || kernel.Blocks.ContainsKey((other, at))))];
            groups.RemoveAll(joined.Contains);
            groups.Add([.. joined.SelectMany(members => members), head]);
        }

        return [.. groups.Select(members => members.Order().ToArray()).OrderBy(members => members[0])];
    }

    private KernelMatrices Joined(int[] members, int row, int rows, int column, int columns)
    {
        if (members is [var only])
        {
            return kernel.Blocks[(only, only)].Part(row, rows, column, columns);
        }

        Dictionary<(int, int), KernelMatrices> parts = kernel.Blocks.Where(block => members.Contains(block.Key.First) && members.Contains(block.Key.Second))
            .ToDictionary(block => (Array.IndexOf(members, block.Key.First), Array.IndexOf(members, block.Key.Second)), block => block.Value.Part(row, rows, column, columns));
        return new KernelMatrices(
            Blocks(part => part.Covariance),
            Blocks(part => part.Tangent),
            Blocks(part => KernelMatrices.Errors(part.Covariance, part.CovarianceErrors)),
            Blocks(part => KernelMatrices.Errors(part.Tangent, part.TangentErrors)),
            kernel.Kind,
            kernel.Tier,
            kernel.Points);

        Matrix<double> Blocks(Func<KernelMatrices, Matrix<double>> which)
        {
            Matrix<double> joined = Matrix<double>.Build.Dense(members.Length * rows, members.Length * columns);
            foreach (var ((i, j), part) in parts)
            {
                joined.SetSubMatrix(i * rows, j * columns, which(part));
            }

            return joined;
        }
    }

    private void Add(List<KernelOutput> outputs, int[] members, string when, Prediction prediction, List<LimitRecord> records)
    {
        ValueList<int> iteration = when.Length == 0 ? [plan.Steps] : [];
        if (prediction.Repair.Count > 0)
        {
            diagnostics.Add(Diagnostic.Create(Codes.KernelNotPositive, null, prediction.Repair.Count, members.Length * samples, Short(prediction.Repair.Floor), Short(prediction.Repair.Negative))
                .WithNote(when == "_posterior" ? "in the covariance that the posterior goes by" : "in the tangent kernel"));
        }

        foreach (KernelOutput output in outputs)
        {
            records.Add(Record(output.Name + when, iteration, [others, .. output.Shape], Enumerable.Range(0, others).SelectMany(sample => output.Places.Select(place => MeanOf(sample, place)))));
            if (!StartsAtZero)
            {
                int[] heads = [.. output.Places.Select(place => place.Head).Distinct()];
                int[] rows = [.. from head in heads from sample in Enumerable.Range(0, others) select sample + (Array.IndexOf(members, head) * others)];
                ValueList<int> shape = heads.Length == 1 ? [others, others] : [heads.Length, others, heads.Length, others];
                records.Add(Record($"{output.Name}{when}_covariance", iteration, shape, from i in rows from j in rows select (prediction.Covariance[i, j], prediction.CovarianceErrors[i, j])));
            }
        }

        (double Value, double Error) MeanOf(int sample, (int Head, int Copy) place)
        {
            int row = sample + (Array.IndexOf(members, place.Head) * others);
            return (prediction.Mean[row, place.Copy], prediction.MeanErrors[row, place.Copy]);
        }
    }

    private LimitRecord Record(string name, ValueList<int> iteration, ValueList<int> shape, IEnumerable<(double Value, double Error)> numbers) => new(
        name,
        iteration,
        shape,
        [.. numbers.Select(number => new Estimate(number.Value, Math.Max(number.Error, 1e-13 * Math.Max(1, Math.Abs(number.Value))), kernel.Kind == ErrorKind.Exact ? ErrorKind.Bound : kernel.Kind, kernel.Points))]);

    /// <summary>A row for each sample: mean and standard deviation of each number that is predicted of it.</summary>
    private string Table(List<LimitRecord> records)
    {
        List<(string Title, string[] Cells)> columns = [("sample", [.. Enumerable.Range(0, others).Select(Number)])];
        foreach (LimitRecord record in records.Where(record => !record.Name.EndsWith("_covariance", StringComparison.Ordinal)))
        {
            int size = record.Values.Count / others;
            string when = record.Name.EndsWith("_end", StringComparison.Ordinal) ? "t → ∞" : record.Name.EndsWith("_posterior", StringComparison.Ordinal) ? "posterior" : $"t = {Number(plan.Steps)}";
            string output = record.Name.Split("_end")[0].Split("_posterior")[0];
            for (int q = 0; q < Math.Min(size, 4); q++)
            {
                int at = q;
                columns.Add(($"{output}{(size == 1 ? "" : $"[{Number(q)}]")}, {when}", [.. Enumerable.Range(0, others).Select(sample => NumberText.Of(record.Values[(sample * size) + at]))]));
            }

            if (records.Find(other => other.Name == record.Name + "_covariance") is { Shape.Count: 2 } covariance)
            {
                columns.Add(("sd", [.. Enumerable.Range(0, others).Select(sample => NumberText.Of(Math.Sqrt(Math.Max(0, covariance.Values[(sample * others) + sample].Value))))]));
            }
        }

        int[] widths = [.. columns.Select(column => column.Cells.Append(column.Title).Max(cell => cell.Length))];
        IEnumerable<IEnumerable<string>> rows = Enumerable.Range(0, others).Select(sample => columns.Select(column => column.Cells[sample])).Prepend(columns.Select(column => column.Title));
        return string.Concat(rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadLeft(widths[column]))).TrimEnd() + "\n"));
    }

    private static string Short(double number) => number.ToString("0.#e+00", CultureInfo.InvariantCulture);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
