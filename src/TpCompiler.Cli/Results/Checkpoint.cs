using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using TpCompiler.Cli.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli.Results;

/// <summary>A training's state in a file: a zip archive with an .npy file for each state, of now and of the best weights, and <c>training.json</c> with the epochs so far.</summary>
/// <param name="path">The file. It is replaced in one move, so that a kill at any moment leaves a whole one.</param>
/// <param name="run">Everything that the numbers depend on; a file of another run isn't read.</param>
internal sealed class Checkpoint(string path, string run)
{
    private const string Description = "training.json";
    private const string NoCheckpoint = "it is no checkpoint of a training, or only a part of one";

    /// <summary>The error of a mean of one number is NaN.</summary>
    private static readonly JsonSerializerOptions Numbers = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>Whether the file was written, or that was tried.</summary>
    public bool IsWritten { get; private set; }

    private readonly string fingerprint = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(run)));

    /// <summary>What the file holds; null when there is none.</summary>
    /// <exception cref="InvalidDataException">It is of another run, or no checkpoint.</exception>
    public CheckpointContent? Load()
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using ZipArchive zip = Open();
        Header header = HeaderOf(zip);
        return header.Run != fingerprint
            ? throw new InvalidDataException("it is of another program, other settings or other data")
            : new CheckpointContent(State(zip, "state/", header.Step)!, header.BestStep is { } best ? State(zip, "best/", best) : null, header.Epochs);
    }

    private ZipArchive Open()
    {
        try
        {
            return ZipFile.OpenRead(path);
        }
        catch (InvalidDataException)
        {
            throw new InvalidDataException(NoCheckpoint);
        }
    }

    private static Header HeaderOf(ZipArchive zip)
    {
        using Stream stream = (zip.GetEntry(Description) ?? throw new InvalidDataException(NoCheckpoint)).Open();
        try
        {
            return JsonSerializer.Deserialize<Header>(stream, Numbers) is { Run: not null, Epochs: not null } header ? header : throw new InvalidDataException(NoCheckpoint);
        }
        catch (JsonException)
        {
            throw new InvalidDataException(NoCheckpoint);
        }
    }

    public void Save(CheckpointContent content)
    {
        IsWritten = true;
        string temporary = path + ".tmp";
        using (FileStream stream = File.Create(temporary))
        {
            using NumPyArchive arrays = new(stream);
            Add(arrays, "state/", content.State);
            if (content.Best is { } best)
            {
                Add(arrays, "best/", best);
            }

            arrays.AddText(Description, JsonSerializer.Serialize(new Header(fingerprint, content.State.Step, content.Best?.Step, [.. content.Epochs]), Numbers));
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static void Add(NumPyArchive arrays, string folder, TrainingState state)
    {
        foreach ((string name, ValueList<double[]> numbers) in state.Values)
        {
            for (int i = 0; i < numbers.Count; i++)
            {
                arrays.Add($"{folder}{name}/{i}", [numbers[i].Length], numbers[i]);
            }
        }
    }

    private static TrainingState? State(ZipArchive zip, string folder, int step) => new(
        step,
        zip.Entries.Where(entry => entry.FullName.StartsWith(folder, StringComparison.Ordinal))
            .GroupBy(entry => entry.FullName.Split('/')[1])
            .ToDictionary(
                state => state.Key,
                state => state.OrderBy(entry => int.Parse(Path.GetFileNameWithoutExtension(entry.Name), System.Globalization.CultureInfo.InvariantCulture)).Select(NumPyArchive.Read).ToValueList()));

    private sealed record Header(string Run, int Step, int? BestStep, EpochResult[] Epochs);
}

/// <summary>What a checkpoint holds.</summary>
/// <param name="State">Now.</param>
/// <param name="Best">The weights that are kept; null for none.</param>
/// <param name="Epochs">What each epoch gave.</param>
internal sealed record CheckpointContent(TrainingState State, TrainingState? Best, IReadOnlyList<EpochResult> Epochs);
