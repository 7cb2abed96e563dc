using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Cli.Data;

/// <summary>
/// A text word by word, as continuous bag of words with negative sampling (arXiv 1301.3781, 1310.4546): a sample is a centre word of the subsampled text. Fields, by name: <c>context</c>, the words at most
/// w before and after it, w drawn anew from 1 to half the size of the axis; <c>share</c>, one over their number, 0 at places without a word; <c>target</c>, first the centre word, then words drawn with
/// probabilities like count^¾; <c>label</c>, 1 for the centre word and −1 for the others; <c>drawn</c>, 0 where a drawn word is the centre word itself, else 1; <c>done</c>, the share of the training that lies behind.
/// Sample i is the same for any order of reading, and for nets of all seeds.
/// </summary>
internal sealed class TextFeed : IDataFeed
{
    private const ulong Seed = 0x776f_7264_3276_6563;
    private const int Piece = 1 << 12;

    /// <summary>Streams of random numbers of a pass: what is kept, windows, draws.</summary>
    private const ulong StreamsOfAPass = 3;

    private static readonly string[] Known = ["context", "share", "target", "label", "drawn", "done"];

    private readonly Corpus corpus;
    private readonly int places;
    private readonly int draws;
    private readonly double[] keep;
    private readonly double[] threshold;
    private readonly int[] alias;
    private readonly List<long> starts = [0];
    private readonly double[] uniform;
    private readonly int[] targets;
    private int pass = -1;
    private int[] kept = [];
    private double[] windows = [];
    private long drawnSample = -1;

    private readonly ulong seed;

    private TextFeed(Corpus corpus, int places, int draws, double subsample, ulong seed)
    {
        (this.corpus, this.places, this.draws, this.seed) = (corpus, places, draws, Seed ^ seed);
        uniform = new double[Math.Max(0, draws - 1)];
        targets = new int[draws];
        long all = corpus.Counts.Sum();
        keep = [.. corpus.Counts.Select(count => Math.Sqrt(subsample * all / count) + (subsample * all / count))];
        (threshold, alias) = AliasTable([.. corpus.Counts.Select(count => Math.Pow(count, 0.75))]);
    }

    /// <summary>The vocabulary.</summary>
    public string[] Words => corpus.Words;

    /// <summary>Samples of the whole training, which <c>done</c> is a share of.</summary>
    public long Samples { get; set; } = long.MaxValue;

    /// <summary>Reads a text for these fields; null with an error in the bag.</summary>
    /// <param name="path">The text.</param>
    /// <param name="how">How it is read.</param>
    /// <param name="data">The fields.</param>
    /// <param name="network">Says the sizes of their axes.</param>
    /// <param name="diagnostics">Where errors go.</param>
    /// <param name="seed">Selects what is drawn: which words are kept, windows, negative samples.</param>
    public static TextFeed? Read(string path, TextReading how, IReadOnlyList<Instruction.Data> data, Network network, DiagnosticBag diagnostics, ulong seed = 0)
    {
        int?[] places = SizesOf("context", "share"), draws = SizesOf("target", "label", "drawn");
        bool numbersFit = data.All(field => field.Result.Indices.Count == (field.Field == "done" ? 1 : 2));
        if (data.FirstOrDefault(field => !Known.Contains(field.Field)) is { } unknown)
        {
            diagnostics.Add(Diagnostic.Create(Codes.DataShapeMismatch, null, "a text", "the fields " + string.Join(", ", Known.Select(name => $"`{name}`")), $"`{unknown.Field}`").WithSpelling(unknown.Field, Known));
            return null;
        }

        if (!numbersFit || places.Length > 1 || draws.Length > 1 || places is [null or < 2] || places is [{ } odd] && odd % 2 == 1 || draws is [null])
        {
            diagnostics.Add(Diagnostic.Create(Codes.DataShapeMismatch, null, "a text", "words around a centre word, and draws beside it", "fields of other shapes")
                .WithHelp("`step name(context : [place], share : [place], target : [draw], label : [draw], drawn : [draw], done)`: an even number of places, half of them before the word; 26 draws are the word and 25 others"));
            return null;
        }

        return Corpus.Read(path, how.MinCount, diagnostics) is { } corpus ? new TextFeed(corpus, places is [{ } place] ? place : 2, draws is [{ } draw] ? draw : 1, how.Subsample.ToDouble(), seed) : null;

        int?[] SizesOf(params string[] names) => [.. data.Where(field => names.Contains(field.Field)).Select(field => field.Result.Indices.ElementAtOrDefault(1)?.Axis).Distinct().Select(name => network.Axes.FirstOrDefault(axis => axis.Name == name)?.Size).Distinct()];
    }

    /// <summary>How many samples so many passes over the text have.</summary>
    public long SamplesOf(int passes)
    {
        while (starts.Count <= passes)
        {
            Go(starts.Count - 1);
        }

        return starts[passes];
    }

    public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
    {
        Span<double> numbers = destination.Span;
        int size = field switch
        {
            "context" or "share" => places,
            "done" => 1,
            _ => draws,
        };
        int batch = numbers.Length / size;
        long first = iteration.IsEmpty ? 0 : (long)iteration[0] * batch;
        for (int b = 0; b < batch; b++)
        {
            Read(field, first + b, numbers.Slice(b * size, size));
        }
    }

    private void Read(string field, long sample, Span<double> numbers)
    {
        if (field == "done")
        {
            numbers[0] = (double)sample / Samples;
            return;
        }

        int at = Find(sample);
        if (field is "context" or "share")
        {
            int window = 1 + (int)(windows[at] * (places / 2));
            int from = Math.Max(0, at - window), to = Math.Min(kept.Length - 1, at + window), count = to - from;
            numbers.Clear();
            for (int i = 0; i < count; i++)
            {
                numbers[i] = field == "share" ? 1.0 / count : kept[from + i < at ? from + i : from + i + 1];
            }

            return;
        }

        Draw(sample, at);
        for (int k = 0; k < draws; k++)
        {
            numbers[k] = field switch
            {
                "target" => targets[k],
                "label" => k == 0 ? 1 : -1,
                _ => k > 0 && targets[k] == targets[0] ? 0 : 1,
            };
        }
    }

    /// <summary>Goes to the pass of a sample; its place there.</summary>
    private int Find(long sample)
    {
        if (pass < 0 || sample < starts[pass] || sample >= starts[pass + 1])
        {
            int wanted = 0;
            while (SamplesOf(wanted + 1) <= sample)
            {
                wanted++;
            }

            if (wanted != pass)
            {
                Go(wanted);
            }
        }

        return (int)(sample - starts[pass]);
    }

    /// <summary>Subsamples the text for a pass.</summary>
    private void Go(int number)
    {
        Philox chance = new(seed, (ulong)number * StreamsOfAPass);
        List<int> words = [];
        double[] some = new double[Piece];
        for (int start = 0; start < corpus.Tokens.Length; start += Piece)
        {
            int count = Math.Min(Piece, corpus.Tokens.Length - start);
            chance.Uniform(some.AsSpan(0, count), start);
            for (int i = 0; i < count; i++)
            {
                int word = corpus.Tokens[start + i];
                if (some[i] < keep[word])
                {
                    words.Add(word);
                }
            }
        }

        if (words.Count == 0)
        {
            // Every pass has a sample, so that looking for one comes to an end.
            words.Add(corpus.Tokens[0]);
        }

        (pass, kept, windows, drawnSample) = (number, [.. words], new double[words.Count], -1);
        new Philox(seed, ((ulong)number * StreamsOfAPass) + 1).Uniform(windows);
        if (starts.Count == number + 1)
        {
            starts.Add(starts[number] + kept.Length);
        }
    }

    private void Draw(long sample, int at)
    {
        if (drawnSample == sample)
        {
            return;
        }

        drawnSample = sample;
        targets[0] = kept[at];
        new Philox(seed, ((ulong)pass * StreamsOfAPass) + 2).Uniform(uniform, (long)at * uniform.Length);
        for (int k = 1; k < draws; k++)
        {
            double scaled = uniform[k - 1] * alias.Length;
            int word = (int)scaled;
            targets[k] = scaled - word < threshold[word] ? word : alias[word];
        }
    }

    /// <summary>A number below the count drawn uniformly, and what remains of it against the threshold, is a draw with these weights (Walker's alias method, in Vose's form).</summary>
    private static (double[] Threshold, int[] Alias) AliasTable(double[] weights)
    {
        double mean = weights.Average();
        double[] threshold = [.. weights.Select(weight => weight / mean)];
        int[] alias = [.. Enumerable.Range(0, weights.Length)];
        Stack<int> small = new(Enumerable.Range(0, weights.Length).Where(i => threshold[i] < 1)), large = new(Enumerable.Range(0, weights.Length).Where(i => threshold[i] >= 1));
        while (small.TryPop(out int less) && large.TryPeek(out int more))
        {
            alias[less] = more;
            threshold[more] -= 1 - threshold[less];
            if (threshold[more] < 1)
            {
                small.Push(large.Pop());
            }
        }

        foreach (int rest in small.Concat(large))
        {
            threshold[rest] = 1;
        }

        return (threshold, alias);
    }
}
