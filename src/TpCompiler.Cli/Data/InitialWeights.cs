using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Cli.Data;

/// <summary>What a finite net starts from, in a file that other programs read: its Gaussians, each under the name of its weight, and the samples of each field; of a limit the samples and the numbers that stay random.</summary>
internal static class InitialWeights
{
    /// <summary>Of a field: a gibibyte.</summary>
    private const double MostNumbers = 1 << 27;

    public static void Save(string path, RunnableProgram program, int width, ulong seed, DiagnosticBag diagnostics) => Write(path, program, diagnostics, archive =>
    {
        Add(archive, program, program.Program, program.Program.Body.OfType<Instruction.Gaussian>(), width, seed);
        AddSamples(archive, program, program.Samples);
    });

    /// <summary>What a limit reads: samples that may have been turned into their span, and the numbers that stay random in it.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="program">The program.</param>
    /// <param name="limit">Its limit; null in the kernel regime, where no number stays random.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="seed">The seed of the random numbers.</param>
    /// <param name="diagnostics">Says when the file can't be written.</param>
    public static void SaveLimit(string path, RunnableProgram program, Program? limit, IReadOnlyDictionary<string, SampleField> samples, ulong seed, DiagnosticBag diagnostics) =>
        Write(path, program, diagnostics, archive =>
        {
            if (limit is not null)
            {
                Add(archive, program, limit, limit.Body.OfType<Instruction.Gaussian>().Where(gaussian => gaussian.Result.Kind == ValueKind.Scalar), 1, seed);
            }

            AddSamples(archive, program, samples);
        });

    private static void Add(NumPyArchive archive, RunnableProgram program, Program drawn, IEnumerable<Instruction.Gaussian> gaussians, int width, ulong seed)
    {
        foreach (Instruction.Gaussian gaussian in gaussians)
        {
            string name = drawn.Parameters.FirstOrDefault(parameter => parameter.Initial == gaussian.Result.Name)?.Name ?? gaussian.Result.Name;
            var (shape, numbers) = GaussianNumbers.Of(drawn, gaussian, width, seed, program.AxisSizes);
            archive.Add(name, shape, numbers);
        }
    }

    private static void AddSamples(NumPyArchive archive, RunnableProgram program, IReadOnlyDictionary<string, SampleField> samples)
    {
        foreach (var (name, field) in program.IsEndless ? SamplesOfSteps(program) : samples)
        {
            archive.Add(name, [field.Samples, field.Size], field.Numbers);
        }

        // Sizes that no array of samples has: a vocabulary.
        HashSet<string> shown = [.. program.Program.Body.Instructions().OfType<Instruction.Data>().SelectMany(data => data.Result.Indices).Select(binder => binder.Axis)];
        foreach (Axis axis in program.Program.Axes.Where(axis => axis.Size is null && !shown.Contains(axis.Name)))
        {
            if (program.AxisSizes.TryGetValue(axis.Name, out int size))
            {
                archive.Add(axis.Name, [], [size]);
            }
        }
    }

    /// <summary>Of tasks or a text, whose samples have no end: those that the steps read, one batch behind the other.</summary>
    private static Dictionary<string, SampleField> SamplesOfSteps(RunnableProgram program)
    {
        Dictionary<string, SampleField> fields = new(StringComparer.Ordinal);
        Dictionary<string, int> axes = program.Program.Axes.ToDictionary(axis => axis.Name, axis => axis.Size ?? program.AxisSizes.GetValueOrDefault(axis.Name), StringComparer.Ordinal);
        foreach (Loop loop in program.Program.Body.OfType<Loop>())
        {
            List<Instruction.Data> reads = [.. loop.Body.OfType<Instruction.Data>()];
            List<Tensor<double>> batches = [.. reads.Select(data => new Tensor<double>([.. data.Result.Indices.Select(binder => axes[binder.Axis])], 1))];
            List<double>[] numbers = [.. reads.Select(_ => new List<double>())];
            for (int t = 0; t < loop.Count; t++)
            {
                for (int field = 0; field < reads.Count; field++)
                {
                    program.Feed.Read(reads[field].Field, [t], batches[field]);
                    numbers[field].AddRange(batches[field].Span);
                }
            }

            for (int field = 0; field < reads.Count; field++)
            {
                int samples = loop.Count * (batches[field].Shape.Count > 0 ? batches[field].Shape[0] : 1);
                fields[reads[field].Field] = new SampleField([.. numbers[field]], samples);
            }
        }

        return fields;
    }

    /// <summary>The numbers of all steps; more than an array holds can't be written.</summary>
    private static double NumbersOfSteps(RunnableProgram program) => program.Program.Body.OfType<Loop>().Sum(loop => loop.Body.OfType<Instruction.Data>()
        .Max(data => data.Result.Indices.Aggregate((double)loop.Count, (product, binder) => product * (program.Program.Axes.First(axis => axis.Name == binder.Axis).Size ?? program.AxisSizes.GetValueOrDefault(binder.Axis)))));

    private static void Write(string path, RunnableProgram program, DiagnosticBag diagnostics, Action<NumPyArchive> content)
    {
        if (program.IsEndless && NumbersOfSteps(program) > MostNumbers)
        {
            diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, null, "a file of all samples that so many steps read").WithHelp("`--steps` asks for fewer steps"));
            return;
        }

        try
        {
            using NumPyArchive archive = new(File.Create(path));
            content(archive);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            diagnostics.Add(Codes.FileNotWritable, null, path, failure.Message);
        }
    }
}
