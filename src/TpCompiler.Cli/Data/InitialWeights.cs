using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Cli.Data;

/// <summary>What a finite net starts from, in a file that other programs read: its Gaussians, each under the name of its weight, and the samples of each field; of a limit the samples alone.</summary>
internal static class InitialWeights
{
    public static void Save(string path, RunnableProgram program, int width, ulong seed, DiagnosticBag diagnostics) => Write(path, program, diagnostics, archive =>
    {
        foreach (Instruction.Gaussian gaussian in program.Program.Body.OfType<Instruction.Gaussian>())
        {
            string name = program.Program.Parameters.FirstOrDefault(parameter => parameter.Initial == gaussian.Result.Name)?.Name ?? gaussian.Result.Name;
            var (shape, numbers) = GaussianNumbers.Of(program.Program, gaussian, width, seed, program.AxisSizes);
            archive.Add(name, shape, numbers);
        }

        Add(archive, program.Samples);
    });

    /// <summary>What a limit reads: samples that may have been turned into their span.</summary>
    public static void SaveSamples(string path, RunnableProgram program, IReadOnlyDictionary<string, SampleField> samples, DiagnosticBag diagnostics) =>
        Write(path, program, diagnostics, archive => Add(archive, samples));

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
