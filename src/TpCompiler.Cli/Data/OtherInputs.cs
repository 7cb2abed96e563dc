using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;

namespace TpCompiler.Cli.Data;

/// <summary>Inputs beside those that a program is trained on, whose outputs are asked for.</summary>
internal static class OtherInputs
{
    /// <summary>The fields of the inputs; null with an error in the bag. A table has the inputs' columns, alone or with targets behind them, which are not read; a folder has images.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">How many samples are taken; null for all.</param>
    /// <param name="program">The program.</param>
    /// <param name="diagnostics">Gets the error.</param>
    public static IReadOnlyDictionary<string, SampleField>? Read(string path, int? most, RunnableProgram program, DiagnosticBag diagnostics)
    {
        Network network = program.Compilation.Network!;
        int columns = network.Inputs.Sum(input => program.Samples[input.Field].Size);
        bool images = Directory.Exists(path) || path.Contains(".zip", StringComparison.OrdinalIgnoreCase);
        int others = images ? 1 : Math.Max(0, ColumnsOf(path) - columns);
        if (DataReader.Read(new DataSource(images ? "images" : "csv", Path.GetFullPath(path)), path, new Needs(columns, others, images ? int.MaxValue : null), diagnostics) is not { } samples)
        {
            return null;
        }

        Dictionary<string, SampleField> fields = [];
        int from = 0;
        foreach (Instruction.Data input in network.Inputs)
        {
            int size = program.Samples[input.Field].Size;
            int start = from;
            int count = Math.Min(most ?? samples.Count, samples.Count);
            fields[input.Field] = new SampleField([.. samples.Inputs.Chunk(columns).Take(count).SelectMany(row => row.AsSpan(start, size).ToArray())], count);
            from += size;
        }

        return fields;
    }

    /// <summary>Samples of both, the first ones first.</summary>
    public static IReadOnlyDictionary<string, SampleField> Join(IReadOnlyDictionary<string, SampleField> first, IReadOnlyDictionary<string, SampleField> second) =>
        second.ToDictionary(pair => pair.Key, pair => new SampleField([.. first[pair.Key].Numbers, .. pair.Value.Numbers], first[pair.Key].Samples + pair.Value.Samples));

    private static int ColumnsOf(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadLines(path).FirstOrDefault("").Split(',').Length : 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Reading the table itself says what is wrong.
            return 0;
        }
    }
}
