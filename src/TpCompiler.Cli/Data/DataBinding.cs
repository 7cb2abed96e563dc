using TpCompiler.Diagnostics;
using TpCompiler.Ir;

namespace TpCompiler.Cli.Data;

/// <summary>Samples as the fields that a network and its training read, and the sizes that the data decides.</summary>
/// <param name="Fields">For each field its numbers, sample by sample.</param>
/// <param name="AxisSizes">Every axis of inputs and targets, the batch included.</param>
internal sealed record DataBinding(IReadOnlyDictionary<string, double[]> Fields, IReadOnlyDictionary<string, int> AxisSizes)
{
    /// <summary>What the network asks of its data.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its training.</param>
    /// <param name="labels">Whether the data gives the number of a class where the target has a number for each class.</param>
    public static Needs NeedsOf(Network network, TrainingPlan plan, bool labels)
    {
        Dictionary<string, int?> sizes = network.Axes.ToDictionary(axis => axis.Name, axis => axis.Size);
        int targets = plan.Targets.Sum(target => SizeOf(target, network.BatchAxis, sizes) ?? 1);
        int? inputs = network.Inputs.Select(input => SizeOf(input, network.BatchAxis, sizes)).Aggregate((int?)0, (sum, size) => sum + size);
        return labels ? new Needs(inputs, 1, targets) : new Needs(inputs, targets, null);
    }

    /// <summary>Shares the columns of samples out to the fields in their order; null with an error in the bag when they don't fit.</summary>
    public static DataBinding? Bind(Network network, TrainingPlan plan, Samples samples, bool labels, DiagnosticBag diagnostics)
    {
        Dictionary<string, int?> sizes = network.Axes.ToDictionary(axis => axis.Name, axis => axis.Size);
        string[] open = [.. network.Inputs.SelectMany(input => AxesOf(input, network.BatchAxis)).Where(axis => sizes[axis] is null).Distinct()];
        if (open.Length > 1)
        {
            diagnostics.Add(Codes.UndeterminedDimension, null, open[1]);
            return null;
        }

        if (open is [string only])
        {
            // Targets of an open size, as those of an autoencoder, share the columns with the inputs.
            bool withTargets = !labels && plan.Targets.Any(target => AxesOf(target, network.BatchAxis).Contains(only));
            Instruction.Data[] shared = withTargets ? [.. network.Inputs, .. plan.Targets] : [.. network.Inputs];
            int columns = withTargets ? samples.InputSize + samples.TargetSize : samples.InputSize;
            if (!Solve(shared, network.BatchAxis, columns, sizes, only))
            {
                diagnostics.Add(Codes.DataShapeMismatch, plan.Source?.Origin, "the data", $"{columns} numbers {(withTargets ? "of input and target" : "of input")} a sample", $"a number that `{only}` divides");
                return null;
            }

            samples = withTargets ? samples.WithInputs(network.Inputs.Sum(input => SizeOf(input, network.BatchAxis, sizes)!.Value)) : samples;
        }

        sizes[network.BatchAxis] ??= Math.Min(plan.BatchSize ?? samples.Count, samples.Count);
        Dictionary<string, double[]> fields = [];
        Share(network.Inputs, samples.Inputs, samples.InputSize);
        if (labels)
        {
            Instruction.Data target = plan.Targets[0];
            fields[target.Field] = OneHot(samples.Targets, SizeOf(target, network.BatchAxis, sizes)!.Value);
        }
        else
        {
            Share(plan.Targets, samples.Targets, samples.TargetSize);
        }

        return new DataBinding(fields, sizes.Where(size => size.Value is not null).ToDictionary(size => size.Key, size => size.Value!.Value));

        void Share(IEnumerable<Instruction.Data> data, double[] rows, int columns)
        {
            int column = 0;
            foreach (Instruction.Data field in data)
            {
                int size = SizeOf(field, network.BatchAxis, sizes)!.Value;
                fields[field.Field] = Columns(rows, columns, column, size);
                column += size;
            }
        }
    }

    /// <summary>The size of the one open axis, from what the other fields leave of a sample.</summary>
    private static bool Solve(Instruction.Data[] fields, string batchAxis, int columns, Dictionary<string, int?> sizes, string open)
    {
        for (int size = 1; size <= columns; size++)
        {
            sizes[open] = size;
            if (fields.Sum(field => SizeOf(field, batchAxis, sizes)!.Value) == columns)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Numbers of a field in a sample; null when an axis is open.</summary>
    private static int? SizeOf(Instruction.Data data, string batchAxis, Dictionary<string, int?> sizes) =>
        AxesOf(data, batchAxis).Select(axis => sizes[axis]).Aggregate((int?)1, (product, size) => product * size);

    private static IEnumerable<string> AxesOf(Instruction.Data data, string batchAxis) =>
        data.Result.Indices.Select(index => index.Axis).Where(axis => axis != batchAxis);

    private static double[] Columns(double[] rows, int columns, int from, int count) =>
        [.. rows.Chunk(columns).SelectMany(row => row.AsSpan(from, count).ToArray())];

    /// <summary>The number of a class as a 1 among zeros; with one number a sample, the number itself.</summary>
    private static double[] OneHot(double[] labels, int classes) => classes == 1
        ? labels
        : [.. labels.SelectMany(label => Enumerable.Range(0, classes).Select(k => k == (int)label ? 1.0 : 0.0))];
}
