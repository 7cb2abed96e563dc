using System.Collections.Concurrent;
using System.Text.Json;
using TpCompiler.Diagnostics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Cli.Data;

/// <summary>
/// Classification tasks made of drawings, as in few-shot learning on Omniglot: a task is some characters in random order and, of each, some drawings to learn from and some to be asked about.
/// A split file says which characters there are: <c>{ "background": { "Greek": ["character01", …] }, "evaluation": { … } }</c> for those in <c>images_background</c> and
/// <c>images_evaluation</c>, folders or zip files beside it. Task number i is the same for any order of reading and any number of threads.
/// </summary>
internal sealed class DrawingTasks
{
    /// <summary>Tasks are drawn with this, whatever the seed of the weights: nets of all seeds see the same tasks.</summary>
    private const ulong Seed = 0x6f6d_6e69_676c_6f74;

    private readonly float[][][] characters;
    private readonly int side;
    private readonly int[][] turns;
    private readonly ulong stream;

    /// <param name="characters">For each character its drawings, each the ink of <paramref name="side"/>² pixels.</param>
    /// <param name="side">Pixels a side.</param>
    /// <param name="rotated">Whether a character turned by 90, 180 and 270 degrees is three more classes.</param>
    /// <param name="stream">Selects the tasks.</param>
    public DrawingTasks(float[][][] characters, int side, bool rotated, ulong stream)
    {
        (this.characters, this.side, this.stream) = (characters, side, stream);
        turns = [.. Enumerable.Range(0, rotated ? 4 : 1).Select(turn => Turned(side, turn))];
    }

    /// <summary>Numbers of a drawing.</summary>
    public int Pixels => side * side;

    /// <summary>How many classes a task may be made of.</summary>
    public int Classes => characters.Length * turns.Length;

    /// <summary>How many drawings each class has at least.</summary>
    public int DrawingsOfAClass => characters.Min(drawings => drawings.Length);

    /// <summary>The drawings of a split; null with an error in the bag.</summary>
    public static float[][][]? Read(string path, int side, Location? origin, DiagnosticBag diagnostics)
    {
        Dictionary<string, Dictionary<string, string[]>>? split;
        try
        {
            split = JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, string[]>>>(File.ReadAllBytes(path));
        }
        catch (JsonException e)
        {
            diagnostics.Add(Diagnostic.Create(Codes.FileUnreadable, origin, path, e.Message).WithHelp("a split is { \"background\": { \"Greek\": [\"character01\"] } }"));
            return null;
        }

        List<float[][]> characters = [];
        foreach ((string part, Dictionary<string, string[]> alphabets) in split ?? [])
        {
            if (alphabets.Count == 0)
            {
                continue;
            }

            string folder = Path.Combine(Path.GetDirectoryName(path) ?? "", "images_" + part);
            string archive = File.Exists(folder + ".zip") && !Directory.Exists(folder) ? folder + ".zip" : folder;
            HashSet<string> wanted = [.. alphabets.SelectMany(alphabet => alphabet.Value.Select(character => $"{alphabet.Key}/{character}"))];
            List<(string Name, byte[] Bytes)> files = [.. Drawings.FilesOf(archive).Where(file => wanted.Contains(CharacterOf(file.Name))).OrderBy(file => file.Name, StringComparer.Ordinal)];
            if (wanted.Except(files.Select(file => CharacterOf(file.Name))).Order(StringComparer.Ordinal).FirstOrDefault() is { } missing)
            {
                diagnostics.Add(Diagnostic.Create(Codes.DataNotFound, origin, $"{archive}: {missing}").WithNote($"`{path}` names this character"));
                return null;
            }

            float[]?[] inks = new float[files.Count][];
            ConcurrentBag<(string Name, string Problem)> broken = [];
            Parallel.For(0, files.Count, i =>
            {
                if (Drawings.Ink(files[i].Bytes, side, out string problem) is { } ink)
                {
                    inks[i] = Array.ConvertAll(ink, pixel => (float)pixel);
                }
                else
                {
                    broken.Add((files[i].Name, problem));
                }
            });
            foreach ((string name, string problem) in broken.OrderBy(file => file.Name, StringComparer.Ordinal))
            {
                diagnostics.Add(Codes.BadImage, origin, name, problem);
            }

            characters.AddRange(files.Zip(inks).Where(file => file.Second is not null).GroupBy(file => CharacterOf(file.First.Name)).Select(character => character.Select(file => file.Second!).ToArray()));
        }

        if (characters.Count == 0 && !diagnostics.HasErrors)
        {
            diagnostics.Add(Codes.EmptyData, origin, path);
        }

        return diagnostics.HasErrors ? null : [.. characters];
    }

    /// <summary>The drawings of a task: first those to learn from, then those to be asked about; example e of either is of class e modulo <paramref name="ways"/>.</summary>
    /// <param name="task">The number of the task.</param>
    /// <param name="ways">Classes of a task.</param>
    /// <param name="learned">Examples to learn from, a multiple of <paramref name="ways"/>.</param>
    /// <param name="asked">Examples to be asked about, likewise.</param>
    /// <param name="toLearn">Learned × pixels numbers, or empty when nobody wants them.</param>
    /// <param name="toAsk">Asked × pixels numbers, or empty.</param>
    public void Draw(long task, int ways, int learned, int asked, Span<double> toLearn, Span<double> toAsk)
    {
        int shots = (learned + asked) / ways;
        Span<double> uniform = new double[ways + learned + asked];
        new Philox(Seed, stream).Uniform(uniform, task * uniform.Length);
        int[] classes = Choose(uniform[..ways], Classes);
        for (int way = 0; way < ways; way++)
        {
            float[][] drawings = characters[classes[way] / turns.Length];
            int[] chosen = Choose(uniform.Slice(ways + (way * shots), shots), drawings.Length);
            for (int shot = 0; shot < shots; shot++)
            {
                int example = (shot * ways) + way;
                Span<double> all = example < learned ? toLearn : toAsk;
                if (!all.IsEmpty)
                {
                    float[] ink = drawings[chosen[shot]];
                    int[] from = turns[classes[way] % turns.Length];
                    Span<double> place = all.Slice((example < learned ? example : example - learned) * Pixels, Pixels);
                    for (int pixel = 0; pixel < place.Length; pixel++)
                    {
                        place[pixel] = ink[from[pixel]];
                    }
                }
            }
        }
    }

    /// <summary>As many different numbers below <paramref name="count"/> as there are uniform ones, in random order (the first steps of a Fisher–Yates shuffle).</summary>
    private static int[] Choose(ReadOnlySpan<double> uniform, int count)
    {
        Dictionary<int, int> moved = [];
        int[] chosen = new int[uniform.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            int place = i + (int)(uniform[i] * (count - i));
            chosen[i] = moved.GetValueOrDefault(place, place);
            moved[place] = moved.GetValueOrDefault(i, i);
        }

        return chosen;
    }

    /// <summary>For a turn by so many quarters of a circle, counterclockwise, where each pixel comes from.</summary>
    private static int[] Turned(int side, int turn) =>
    [
        .. Enumerable.Range(0, side * side).Select(pixel => (Row: pixel / side, Column: pixel % side)).Select(place => turn switch
        {
            0 => (place.Row, place.Column),
            1 => (Row: place.Column, Column: side - 1 - place.Row),
            2 => (Row: side - 1 - place.Row, Column: side - 1 - place.Column),
            _ => (Row: side - 1 - place.Column, Column: place.Row),
        }).Select(from => (from.Row * side) + from.Column),
    ];

    private static string CharacterOf(string name)
    {
        string[] parts = name.Split('/');
        return parts.Length < 3 ? "" : $"{parts[^3]}/{parts[^2]}";
    }
}
