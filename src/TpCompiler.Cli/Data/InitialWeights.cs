using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Cli.Data;

/// <summary>What a finite net starts from, in a file that other programs read: its Gaussians, each under the name of its weight, and the samples of each field; of a limit the samples and the numbers that stay random.</summary>
internal static class InitialWeights
{
    public static void Save(string path, RunnableProgram program, int width, ulong seed, DiagnosticBag diagnostics) => Write(path, program, diagnostics, archive =>
    {
        Add(archive, program, program.Program, program.Program.Body.OfType<Instruction.Gaussian>(), width, seed);
        Add(archive, program.Samples);
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

            Add(archive, samples);
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

    private static void Add(NumPyArchive archive, IReadOnlyDictionary<string, SampleField> samples)
    {
        foreach (var (name, field) in samples)
        {
            archive.Add(name, [field.Samples, field.Size], field.Numbers);
        }
    }

    private static void Write(string path, RunnableProgram program, DiagnosticBag diagnostics, Action<NumPyArchive> content)
    {
        if (program.IsEndless)
        {
            diagnostics.Add(Codes.NotAvailable, null, "`--save` with tasks or a text, whose samples have no end,");
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
