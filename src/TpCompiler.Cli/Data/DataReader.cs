using System.Security;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;

namespace TpCompiler.Cli.Data;

/// <summary>Reads what a <c>train</c> block names.</summary>
internal static class DataReader
{
    /// <summary>The samples, or null with an error in the bag.</summary>
    /// <param name="source">What the program names.</param>
    /// <param name="programPath">The program's own path: its folder is where relative paths start.</param>
    /// <param name="needs">What the network asks for.</param>
    /// <param name="diagnostics">Where errors go.</param>
    public static Samples? Read(DataSource source, string programPath, Needs needs, DiagnosticBag diagnostics)
    {
        string path = Path.Combine(Path.GetDirectoryName(programPath) ?? "", source.Path);
        return Guarded(path, source.Origin, diagnostics, () => source.Kind switch
        {
            "images" => ImageFolder.Read(path, needs, source.Origin, diagnostics),
            _ => NumberTable.Read(path, needs, source.Origin, diagnostics),
        });
    }

    /// <summary>Tasks, or null with an error in the bag.</summary>
    /// <param name="source">The split that the program names.</param>
    /// <param name="programPath">The program's own path.</param>
    /// <param name="dataPath">A folder in place of the one that the split lies in; null for none.</param>
    /// <param name="fields">What is read.</param>
    /// <param name="network">Says the sizes of the fields' axes.</param>
    /// <param name="stream">Selects the tasks.</param>
    /// <param name="diagnostics">Where errors go.</param>
    public static TaskFeed? Tasks(DataSource source, string programPath, string? dataPath, IReadOnlyList<Instruction.Data> fields, Network network, ulong stream, DiagnosticBag diagnostics)
    {
        string path = PathOf(source, programPath, dataPath);
        return Guarded(path, source.Origin, diagnostics, () => TaskFeed.Read(source with { Path = path }, fields, network, stream, diagnostics));
    }

    /// <summary>A text, or null with an error in the bag.</summary>
    /// <param name="source">The text that the program names.</param>
    /// <param name="programPath">The program's own path.</param>
    /// <param name="dataPath">Another text in its place, or the folder of one of the same name; null for none.</param>
    /// <param name="how">How it is read.</param>
    /// <param name="fields">What is read.</param>
    /// <param name="network">Says the sizes of the fields' axes.</param>
    /// <param name="seed">Selects what is drawn of it.</param>
    /// <param name="diagnostics">Where errors go.</param>
    public static TextFeed? Text(DataSource source, string programPath, string? dataPath, TextReading how, IReadOnlyList<Instruction.Data> fields, Network network, ulong seed, DiagnosticBag diagnostics)
    {
        string path = dataPath is null || Directory.Exists(dataPath) ? PathOf(source, programPath, dataPath) : dataPath;
        return Guarded(path, source.Origin, diagnostics, () => TextFeed.Read(path, how, fields, network, diagnostics, seed));
    }

    /// <summary>Analogies, or null with an error in the bag; a folder of data may hold others in place of those that the program names.</summary>
    public static Analogies? Analogies(DataSource source, string programPath, string? dataPath, string[] words, string embedding, DiagnosticBag diagnostics)
    {
        string path = PathOf(source, programPath, dataPath is not null && File.Exists(Path.Combine(dataPath, Path.GetFileName(source.Path))) ? dataPath : null);
        return Guarded(path, source.Origin, diagnostics, () => Data.Analogies.Read(path, words, embedding, diagnostics));
    }

    private static string PathOf(DataSource source, string programPath, string? dataPath) =>
        dataPath is null ? Path.Combine(Path.GetDirectoryName(programPath) ?? "", source.Path) : Path.Combine(dataPath, Path.GetFileName(source.Path));

    private static T? Guarded<T>(string path, Location? origin, DiagnosticBag diagnostics, Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            diagnostics.Add(Codes.DataNotFound, origin, path);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or SecurityException)
        {
            diagnostics.Add(Codes.FileUnreadable, origin, path, "permission denied");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or NotSupportedException)
        {
            diagnostics.Add(Codes.FileUnreadable, origin, path, e.Message);
        }

        return null;
    }
}
