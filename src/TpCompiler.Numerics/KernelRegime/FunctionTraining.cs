using System.Numerics;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Runs a written step in the kernel regime: a functional descent over the distinct samples that it meets. It starts at f₀ = 0, the mean of f₀ where that is a Gaussian process.
/// </summary>
/// <typeparam name="T">The precision of inner products of samples; all else is double.</typeparam>
public sealed class FunctionTraining<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly FunctionStep training;
    private readonly FunctionStep? test;
    private readonly Simulator<double> trainingNumbers;
    private readonly Simulator<double>? testNumbers;
    private readonly Func<string, int> sizeOfAxis;
    private readonly string[] states;
    private readonly ValueList<string> outputs;
    private readonly SampleFunctions<T>[] functions;
    private readonly Dictionary<(int Kernel, int Output), (int Input, int Family)> families = [];
    private readonly List<TangentRows> integrals = [];
    private int known;

    private FunctionTraining(
        Network network, FunctionStep training, FunctionStep? test, IEnumerable<string> states, IReadOnlyList<ValueList<OutputLayers>> layers, ExecutionSettings settings, double disturbance)
    {
        (this.training, this.test, this.states, outputs) = (training, test, [.. states], network.Outputs);
        sizeOfAxis = settings.SizeOfAxisIn(training.Program);
        trainingNumbers = new(training.Program, 1, 0, settings);
        testNumbers = test is null ? null : new(test.Program, 1, 0, settings);
        var made = new List<SampleFunctions<T>>();
        var closed = true;
        foreach (var (input, number) in network.Inputs.Select((data, number) => (data, number)))
        {
            var kernels = new List<(TangentRows, int)>();
            for (var kernel = 0; kernel < layers.Count; kernel++)
            {
                foreach (var (output, place) in layers[kernel].Select((output, place) => (output, place)).Where(pair => pair.output.Input == input.Field))
                {
                    TangentRows rows = new(output.Layers, disturbance);
                    integrals.Add(rows);
                    closed &= rows.IsClosedForm;
                    families[(kernel, place)] = (number, kernels.Count);
                    kernels.Add((rows, output.Axes.Aggregate(1, (product, axis) => product * sizeOfAxis(axis))));
                }
            }

            made.Add(new(input.Result.Indices.Where(binder => binder.Axis != network.BatchAxis).Aggregate(1, (product, binder) => product * sizeOfAxis(binder.Axis)), kernels, this.states.Length));
        }

        functions = [.. made];
        IsClosedForm = closed;
    }

    /// <summary>Whether the kernels have closed forms; else they are integrated, entry by entry.</summary>
    public bool IsClosedForm { get; }

    /// <summary>A bound on the error of each integral so far, in units of its disturbance.</summary>
    public double LargestError => integrals.Max(rows => rows.LargestError);

    /// <summary>How many distinct samples the functions are made of.</summary>
    public int Samples => functions.Sum(space => space.Count);

    /// <summary>Makes the training; null with an error in the bag, or where the network's kernel isn't known.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its training, with a written step.</param>
    /// <param name="contributing">The weights whose updates move f by Θ(1).</param>
    /// <param name="startsAtZero">Whether f₀ → 0.</param>
    /// <param name="settings">Sizes of axes.</param>
    /// <param name="diagnostics">Gets what isn't available.</param>
    /// <param name="disturbance">How far each integral without a closed form is off, to see how errors spread.</param>
    public static FunctionTraining<T>? Of(
        Network network, TrainingPlan plan, ValueList<string> contributing, bool startsAtZero, ExecutionSettings settings, DiagnosticBag diagnostics, double disturbance = 0)
    {
        var step = plan.Written!;
        var groups = Groups(step, plan.Test, contributing);
        var layers = new List<ValueList<OutputLayers>>();
        foreach (var group in groups)
        {
            if (LayeredReading.OfOutputs(network, group, startsAtZero) is not { } outputs)
            {
                return null;
            }

            layers.Add(outputs);
        }

        var training = new FunctionLowering(network, step, groups, diagnostics).Lower();
        var test = plan.Test is null ? null : new FunctionLowering(network, plan.Test, groups, diagnostics).Lower();
        return training is null || (plan.Test is not null && test is null) ? null : new(network, training, test, step.Slots.Prepend(StepRule.Parameters), layers, settings, disturbance);
    }

    /// <summary>The contributing weights, those apart that are named by themselves.</summary>
    private static ValueList<ValueList<string>> Groups(StepRule step, StepRule? test, ValueList<string> contributing)
    {
        var named = step.Statements.Concat(test?.Statements ?? []).SelectMany(statement => statement switch
        {
            StepStatement.Gradient gradient => [gradient.Set],
            StepStatement.Combine combine => combine.Value.References().Select(reference => reference.Name),
            StepStatement.Total total => [total.Set],
            _ => (IEnumerable<string>)[],
        }).ToHashSet(StringComparer.Ordinal);
        ValueList<string> rest = [.. contributing.Where(name => !named.Contains(name))];
        return [.. contributing.Where(named.Contains).Select(name => (ValueList<string>)[name]), .. rest.Count > 0 ? [rest] : (ValueList<ValueList<string>>)[]];
    }

    /// <summary>
    /// Trains and lets somebody look between steps; without an observer, T + 1 iterations are recorded for T steps.
    /// </summary>
    public ExecutionResult Train(IDataFeed feed, int steps, ITrainingObserver? observer, CancellationToken cancel = default)
    {
        TrainingRun run = new(this, feed, steps);
        for (; ; run.Step++)
        {
            observer?.AtStep(run);
            var isOver = run.IsOver || (run.Step == steps && observer is not null);
            if (cancel.IsCancellationRequested || isOver)
            {
                return new ExecutionResult(run.TakeRecords().ToValueList(), null, !isOver);
            }

            var result = Evaluate(training, trainingNumbers, feed, run.Step);
            if (result.Failure is not null)
            {
                return result with { Records = run.TakeRecords().ToValueList() };
            }

            var records = result.Records.ToDictionary(record => record.Name, StringComparer.Ordinal);
            run.Add(training.Outputs.Distinct().Select(output => records[output] with { Iteration = [run.Step] }));
            if (run.Step == steps)
            {
                return new ExecutionResult(run.TakeRecords().ToValueList(), null, false);
            }

            Move(records, feed, run.Step);
        }
    }

    private ExecutionResult Evaluate(FunctionStep step, Simulator<double> simulator, IDataFeed feed, int iteration)
    {
        var data = DataOf(step.Fields.SelectMany(field => field is FunctionField.Gram gram ? [gram.At.Data, gram.Of.Data] : new[] { field.At.Data }), feed, iteration);
        var numbers = new Dictionary<string, double[]>(StringComparer.Ordinal) { [TrainingProgram.Step] = [iteration] };
        foreach (var space in step.Fields.OfType<FunctionField.Value>().GroupBy(field => field.At.Input))
        {
            var read = space.Select(field => field.At.Data).Distinct().ToList();
            var values = functions[space.Key].At([.. read.SelectMany(points => data[points.Field])]);
            foreach (var field in space)
            {
                var family = families[(field.Kernel, field.Output)].Family;
                var own = values[family][Array.IndexOf(states, field.State)];
                var size = own.Length / read.Sum(points => Rows(points, field.At.Input, data));
                var first = read.TakeWhile(points => points != field.At.Data).Sum(points => Rows(points, field.At.Input, data));
                numbers[field.Name] = [.. Positions(field.At).SelectMany(row => own.AsSpan((first + row) * size, size).ToArray())];
            }
        }

        foreach (var gram in step.Fields.OfType<FunctionField.Gram>())
        {
            numbers[gram.Name] = GramOf(gram, data);
        }

        return simulator.Run(new Numbers(numbers, feed, iteration));
    }

    private Dictionary<string, double[]> DataOf(IEnumerable<Instruction.Data> fields, IDataFeed feed, int iteration)
    {
        var data = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var field in fields.DistinctBy(field => field.Field))
        {
            Tensor<double> tensor = new([.. field.Result.Indices.Select(binder => sizeOfAxis(binder.Axis))], 1);
            feed.Read(field.Field, [iteration], tensor);
            data[field.Field] = tensor.Data;
        }

        return data;
    }

    private int Rows(Instruction.Data points, int input, Dictionary<string, double[]> data) => data[points.Field].Length / functions[input].Size;

    /// <summary>Which row of the data each position of the points reads; those alone where some axes stand still.</summary>
    private IEnumerable<int> Positions(SamplePoints points, IReadOnlyDictionary<IndexBinder, int>? still = null)
    {
        // Rows of the data count its own axes in their order; those of the input come behind.
        var stride = new Dictionary<string, int>(StringComparer.Ordinal);
        var rows = 1;
        var size = functions[points.Input].Size;
        foreach (var binder in points.Data.Result.Indices.Reverse())
        {
            if (size > 1)
            {
                size /= sizeOfAxis(binder.Axis);
                continue;
            }

            stride[binder.Name] = rows;
            rows *= sizeOfAxis(binder.Axis);
        }

        return points.Axes.Aggregate((IEnumerable<int>)[0], (starts, binder) => still is not null && still.TryGetValue(binder, out var position)
            ? starts.Select(start => start + (position * stride.GetValueOrDefault(binder.Name)))
            : starts.SelectMany(start => Enumerable.Range(0, sizeOfAxis(binder.Axis)).Select(at => start + (at * stride.GetValueOrDefault(binder.Name)))));
    }

    private double[] GramOf(FunctionField.Gram gram, Dictionary<string, double[]> data)
    {
        var (input, family) = families[(gram.Kernel, gram.Output)];
        var space = functions[input];
        int[] sizes = [.. gram.At.Axes.Select(binder => sizeOfAxis(binder.Axis))];
        var rest = gram.Of.Axes.Where(binder => !gram.Shared.Contains(binder)).Aggregate(1, (product, binder) => product * sizeOfAxis(binder.Axis));
        var numbers = new double[sizes.Aggregate(rest, (product, size) => product * size)];
        var shared = gram.Shared.Aggregate((IEnumerable<Dictionary<IndexBinder, int>>)[[]], (starts, binder) =>
            starts.SelectMany(start => Enumerable.Range(0, sizeOfAxis(binder.Axis)).Select(at => new Dictionary<IndexBinder, int>(start) { [binder] = at })));
        foreach (var still in shared)
        {
            var block = space.Gram(family, Gather(gram.At, still), Gather(gram.Of, still));

            // Where these points stand among all of the first.
            var row = 0;
            foreach (var place in gram.At.Axes.Zip(sizes).Aggregate((IEnumerable<int>)[0], (starts, axis) => still.TryGetValue(axis.First, out var position)
                ? starts.Select(start => (start * axis.Second) + position)
                : starts.SelectMany(start => Enumerable.Range(0, axis.Second).Select(at => (start * axis.Second) + at))))
            {
                block.AsSpan(row++ * rest, rest).CopyTo(numbers.AsSpan(place * rest, rest));
            }
        }

        return numbers;

        double[] Gather(SamplePoints points, Dictionary<IndexBinder, int> still) =>
            [.. Positions(points, still).SelectMany(row => data[points.Data.Field].AsSpan(row * space.Size, space.Size).ToArray())];
    }

    private void Move(Dictionary<string, ExecutionRecord> records, IDataFeed feed, int iteration)
    {
        foreach (var ((kernel, _), (input, family)) in families)
        {
            functions[input].Combine(family, [.. training.Moves.Where(move => move.Kernel == kernel).Select(move => (
                Array.IndexOf(states, move.State),
                (IReadOnlyList<(int, double)>)[.. move.States.Select(term => (Array.IndexOf(states, term.State), records[term.Coefficient].Values[0]))]))]);
        }

        ForEachMoved(feed, iteration, (move, part, place, sample) =>
        {
            var (input, family) = families[(move.Kernel, part.Output)];
            var coefficients = records[part.Coefficients].Values;
            var size = coefficients.Count / Positions(part.Points).Count();
            functions[input].Move(family, Array.IndexOf(states, move.State), sample, [.. coefficients.Skip(place * size).Take(size)]);
        });
        known = Math.Max(known, iteration + 1);
    }

    private delegate void OnMoved(StateMove move, (int Output, SamplePoints Points, string Coefficients) part, int place, ReadOnlySpan<double> sample);

    private void ForEachMoved(IDataFeed feed, int iteration, OnMoved moved)
    {
        var data = DataOf(training.Moves.SelectMany(move => move.Parts).Select(part => part.Points.Data), feed, iteration);
        foreach (var move in training.Moves)
        {
            foreach (var part in move.Parts)
            {
                var size = functions[part.Points.Input].Size;
                var place = 0;
                foreach (var row in Positions(part.Points))
                {
                    moved(move, part, place++, data[part.Points.Data.Field].AsSpan(row * size, size));
                }
            }
        }
    }

    private string Key(string state, int kernel, int output) => $"{state}.{kernel}.{outputs[output]}";

    private TrainingState Save(int step) => new(step, families.SelectMany(pair => states.Select((state, number) => (
        Key(state, pair.Key.Kernel, pair.Key.Output),
        (ValueList<double[]>)[functions[pair.Value.Input].Save(pair.Value.Family, number)]))).ToDictionary(pair => pair.Item1, pair => pair.Item2, StringComparer.Ordinal));

    private void Restore(TrainingState state, IDataFeed feed)
    {
        // Samples are numbered as they are met, so those of an earlier run are found again in the data.
        for (; known < state.Step; known++)
        {
            ForEachMoved(feed, known, (move, part, _, sample) =>
            {
                var (input, family) = families[(move.Kernel, part.Output)];
                if (functions[input].KeepsSamples(family))
                {
                    functions[input].Know(sample);
                }
            });
        }

        foreach (var ((kernel, output), (input, family)) in families)
        {
            foreach (var (name, number) in states.Select((name, number) => (name, number)))
            {
                functions[input].Restore(family, number, state.Values[Key(name, kernel, output)][0]);
            }
        }
    }

    private sealed class Numbers(IReadOnlyDictionary<string, double[]> numbers, IDataFeed feed, int at) : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            if (numbers.TryGetValue(field, out var own))
            {
                own.CopyTo(destination.Span);
            }
            else
            {
                feed.Read(field, [at], destination);
            }
        }
    }

    private sealed class TrainingRun(FunctionTraining<T> training, IDataFeed feed, int steps) : ITrainingRun
    {
        private List<ExecutionRecord> records = [];

        public int Step { get; set; }

        public int Steps => steps;

        public bool IsOver { get; private set; }

        public bool CanSave => true;

        public void End() => IsOver = true;

        public void Add(IEnumerable<ExecutionRecord> made) => records.AddRange(made);

        public IReadOnlyList<ExecutionRecord> TakeRecords()
        {
            var taken = records;
            records = [];
            return taken;
        }

        public IReadOnlyList<ExecutionRecord> Measure(IDataFeed heldOut)
        {
            var measured = training.Evaluate(training.test!, training.testNumbers!, heldOut, Step).Records.ToDictionary(record => record.Name, StringComparer.Ordinal);
            return [.. training.test!.Outputs.Distinct().Where(measured.ContainsKey).Select(output => measured[output])];
        }

        public TrainingState Save() => training.Save(Step);

        public void Restore(TrainingState state)
        {
            training.Restore(state, feed);
            Step = state.Step;
        }
    }
}
