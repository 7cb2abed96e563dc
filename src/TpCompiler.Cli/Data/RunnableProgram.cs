using TpCompiler.Cli.Results;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;

namespace TpCompiler.Cli.Data;

/// <summary>A program with the data that it reads.</summary>
/// <param name="Source">Its text.</param>
/// <param name="Compilation">What the text says.</param>
/// <param name="Program">The level-1 program, or the training of the network.</param>
/// <param name="AxisSizes">The sizes that the data decides.</param>
/// <param name="Samples">Its data, all samples of each field; empty for a level-1 program.</param>
internal sealed record RunnableProgram(
    SourceText Source,
    Compilation Compilation,
    Program Program,
    IReadOnlyDictionary<string, int> AxisSizes,
    IReadOnlyDictionary<string, SampleField> Samples)
{
    /// <summary>The class of the parametrization; null for a level-1 program.</summary>
    public Verdict? Verdict { get; } = LimitOf.Verdict(Compilation, Program);

    /// <summary>How the network is trained here; null for a level-1 program.</summary>
    public TrainingPlan? Plan { get; init; }

    /// <summary>Its data, batch by batch.</summary>
    public IDataFeed Feed => Drawn ?? FeedOf(Samples);

    /// <summary>Whether its data is drawn anew for each step.</summary>
    public bool IsEndless => Drawn is not null;

    /// <summary>Its data, when this is tasks or a text, samples of which have no end.</summary>
    private IDataFeed? Drawn { get; init; }

    /// <summary>Selects what the training draws of its data: tasks; which words are kept, windows and negative samples. What it is measured on doesn't depend on it.</summary>
    public ulong DataSeed { get; private init; }

    /// <summary>What is measured besides; null when the file has no test.</summary>
    public MeasuredTraining? Measured { get; private init; }

    /// <summary>Other samples in place of its own, batch by batch.</summary>
    public static IDataFeed FeedOf(IReadOnlyDictionary<string, SampleField> samples) => samples.Count == 0 ? NoData.Instance : new BatchFeed(samples);

    /// <summary>Reads program and data; null with errors in the bag.</summary>
    /// <param name="path">The program.</param>
    /// <param name="dataPath">Data in place of what the program names.</param>
    /// <param name="steps">Steps of training in place of those of the program.</param>
    /// <param name="reporter">For standard input.</param>
    /// <param name="diagnostics">Everything there is to say, warnings too.</param>
    /// <param name="optimizer">An optimizer in place of that of the program (<see cref="OtherOptimizer"/>).</param>
    /// <param name="dataSeed">Selects what a training draws of its data.</param>
    public static RunnableProgram? Read(string path, string? dataPath, int? steps, Reporter reporter, DiagnosticBag diagnostics, string? optimizer = null, ulong dataSeed = 0)
    {
        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not { } source)
        {
            return null;
        }

        Compilation compilation = Compilation.Compile(source);
        diagnostics.AddRange(compilation.Diagnostics);
        if (diagnostics.HasErrors)
        {
            return null;
        }

        if (optimizer is not null)
        {
            if (OtherOptimizer.In(source, compilation, optimizer, diagnostics) is not { } other)
            {
                return null;
            }

            (source, compilation) = other;
        }

        if (!Verified.Holds(compilation.Program ?? compilation.TrainingProgram, "lowering", source, diagnostics))
        {
            return null;
        }

        if (compilation.Program is { } program)
        {
            if (steps is not null)
            {
                diagnostics.Add(Diagnostic.Create(Codes.NothingToRun, null, path, "`train` block").WithHelp("`--steps` counts steps of training: leave it out"));
                return null;
            }

            return new(source, compilation, program, new Dictionary<string, int>(), new Dictionary<string, SampleField>());
        }

        if (compilation is not { Network: { } network, TrainingPlan: { } plan, TrainingProgram: { } training })
        {
            diagnostics.Add(Codes.NothingToRun, null, path, "`train` block");
            return null;
        }

        if (steps is { } others)
        {
            plan = plan with { Steps = others };
            training = TrainingProgram.Of(network, plan);
        }

        Network fed = plan.Fed(network);
        if (plan is { Source.Kind: "tasks" or "rotated_tasks" or "text", BatchSize: null })
        {
            diagnostics.Add(Diagnostic.Create(Codes.NothingToRun, null, path, "`batch`").WithHelp($"{(plan.Text is null ? "tasks have no end: `batch 32`" : "`batch 1`")} says how many a step takes"));
            return null;
        }

        TextFeed? text = null;
        if (plan is { Source: { Kind: "text" } corpus, Text: { } how })
        {
            if ((text = DataReader.Text(corpus, path, dataPath, how, fed.Inputs, network, dataSeed, diagnostics)) is null)
            {
                return null;
            }

            if (how.Epochs is { } epochs && steps is null)
            {
                plan = plan with { Steps = (int)Math.Clamp(text.SamplesOf(epochs) / plan.BatchSize!.Value, 1, TrainingPlan.MostSteps) };
                plan = plan with { Epoch = plan.Epoch ?? ((plan.Steps + epochs - 1) / epochs) };
                training = TrainingProgram.Of(network, plan);
            }

            text.Samples = Math.Max(1, (long)plan.Steps * plan.BatchSize!.Value);
        }

        MeasuredTraining? measured = null;
        if ((plan.Test is not null || (plan.Validation ?? plan.TestData) is not null) && (measured = MeasuredTraining.Read(network, plan, text?.Words, source, path, dataPath, diagnostics)) is null)
        {
            return null;
        }

        network = fed;
        if (text is not null)
        {
            Dictionary<string, int> sizes = network.Axes.Where(axis => axis.Size is null && axis.Name != network.BatchAxis).ToDictionary(axis => axis.Name, _ => text.Words.Length);
            return new(source, compilation, training, sizes, new Dictionary<string, SampleField>()) { Plan = plan, Drawn = text, Measured = measured, DataSeed = dataSeed };
        }

        if (plan.Source is { Kind: "tasks" or "rotated_tasks" } tasks)
        {
            return DataReader.Tasks(tasks, path, dataPath, network.Inputs, network, MeasuredTraining.Streams * dataSeed, diagnostics) is { } stream
                ? new(source, compilation, training, new Dictionary<string, int>(), new Dictionary<string, SampleField>()) { Plan = plan, Drawn = stream, Measured = measured, DataSeed = dataSeed }
                : null;
        }

        if (dataSeed != 0)
        {
            diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, plan.Source?.Origin, "--data-seed").WithNote("it is for data that a training draws from, tasks and texts; samples are read in their order"));
            return null;
        }

        if (Bind(network, plan, path, dataPath, diagnostics) is not { } data)
        {
            return null;
        }

        Dictionary<string, SampleField> samples = SamplesOf(data, network, plan);
        if (plan.BatchSize is { } batch && samples.Count > 0 && samples.Values.Min(field => field.Samples) is var count && count < batch)
        {
            diagnostics.Add(Diagnostic.Create(Codes.BatchTooLarge, dataPath is null ? plan.Source!.Origin : null, batch, count).WithHelp($"`batch {count}`, or no `batch`, reads each once"));
        }

        return new(source, compilation, training, data.AxisSizes, samples) { Plan = plan, Measured = measured };
    }

    /// <summary>The same program on the samples of its first step, where samples have no end and are drawn; itself where they are given.</summary>
    public RunnableProgram OfFirstBatch()
    {
        if (Drawn is not { } drawn)
        {
            return this;
        }

        Dictionary<string, SampleField> fields = new(StringComparer.Ordinal);
        foreach (Instruction.Data data in Program.Body.Instructions().OfType<Instruction.Data>())
        {
            int[] sizes = [.. data.Result.Indices.Select(index => AxisSizes.TryGetValue(index.Axis, out int size) ? size : Program.Axes.First(axis => axis.Name == index.Axis).Size!.Value)];
            Tensor<double> numbers = new(sizes, 1);
            drawn.Read(data.Field, [0], numbers);
            int samples = data.Result.Indices.FirstOrDefault()?.Axis == Compilation.Network?.BatchAxis ? sizes[0] : 1;
            fields[data.Field] = new SampleField(numbers.Span.ToArray(), samples);
        }

        return this with { Drawn = null, Samples = fields };
    }

    private static DataBinding? Bind(Network network, TrainingPlan plan, string path, string? dataPath, DiagnosticBag diagnostics)
    {
        DataSource? named = plan.Source;
        if (named is null && dataPath is null)
        {
            diagnostics.Add(Diagnostic.Create(Codes.NothingToRun, null, path, "`data`").WithHelp("name a file in the `train` block, or give one with `--data`"));
            return null;
        }

        // A folder or an archive holds drawings, whatever the program expects.
        bool images = dataPath is null
            ? named!.Kind == "images"
            : Directory.Exists(dataPath) || dataPath.Contains(".zip", StringComparison.OrdinalIgnoreCase);
        DataSource source = new(images ? "images" : "csv", dataPath is null ? named!.Path : Path.GetFullPath(dataPath), dataPath is null ? named!.Origin : null);
        bool labels = images || (plan.HasClasses && plan.Targets is [{ Result.Indices.Count: 2 }]);
        Needs needs = DataBinding.NeedsOf(network, plan, labels);
        return DataReader.Read(source, path, needs, diagnostics) is { } samples
            ? DataBinding.Bind(network, plan, samples, labels && samples.TargetSize == 1, diagnostics)
            : null;
    }

    public static Dictionary<string, SampleField> SamplesOf(DataBinding data, Network network, TrainingPlan plan)
    {
        Dictionary<string, SampleField> fields = [];
        foreach (Instruction.Data field in network.Inputs.Concat(plan.Targets))
        {
            int size = field.Result.Indices.Where(index => index.Axis != network.BatchAxis).Aggregate(1, (product, index) => product * data.AxisSizes[index.Axis]);
            double[] numbers = data.Fields[field.Field];
            fields[field.Field] = new SampleField(numbers, numbers.Length / size);
        }

        return fields;
    }
}
