using System.Globalization;
using System.IO.Compression;
using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Cli.Data;

/// <summary>Texts as samples, and what a training makes of them.</summary>
public sealed class TextFeedTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("tpc-text").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void The_vocabulary_is_ordered_by_count_and_leaves_out_what_is_seldom()
    {
        var corpus = Corpus.Read(Write("the cat saw the dog and\nthe  dog saw the cat run"), 2, new())!;
        Assert.Equal(["the", "cat", "dog", "saw"], corpus.Words);
        Assert.Equal([4L, 2, 2, 2], corpus.Counts);
        Assert.Equal([0, 1, 3, 0, 2, 0, 2, 3, 0, 1], corpus.Tokens);
    }

    [Fact]
    public void A_text_of_seldom_words_is_refused()
    {
        DiagnosticBag diagnostics = new();
        Assert.Null(Corpus.Read(Write("one two three"), 2, diagnostics));
        Assert.Equal(Codes.DataShapeMismatch.Code, Assert.Single(diagnostics).Descriptor.Code);
    }

    [Fact]
    public void A_packed_text_without_its_end_is_refused()
    {
        string path = Path.Combine(directory, "text.gz");
        using (StreamWriter text = new(new GZipStream(File.Create(path), CompressionLevel.Optimal)))
        {
            text.Write(string.Join(' ', Enumerable.Range(0, 20000).Select(i => $"w{i * i % 977}")));
        }

        byte[] packed = File.ReadAllBytes(path);
        Assert.Equal(20000, Corpus.Read(path, 2, new())!.Tokens.Length);

        File.WriteAllBytes(path, packed[..^(packed.Length / 3)]);
        Assert.Contains("no end", Assert.Throws<InvalidDataException>(() => Corpus.Read(path, 2, new())).Message, StringComparison.Ordinal);
        File.WriteAllText(path, "one two one two one two");
        Assert.Contains("no .gz file", Assert.Throws<InvalidDataException>(() => Corpus.Read(path, 2, new())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Contexts_are_neighbours_and_draws_follow_the_counts_to_three_quarters()
    {
        // Nothing is left out: each word is rarer than the threshold.
        string[] words = [.. Enumerable.Range(0, 4000).Select(i => i % 7 == 0 ? "a" : i % 3 == 0 ? "b" : i % 2 == 0 ? "c" : "d")];
        var feed = Feed(string.Join(' ', words), new Rational(10, 1));
        Assert.Equal(4000, feed.SamplesOf(1));
        Assert.Equal(8000, feed.SamplesOf(2));
        var counts = words.GroupBy(word => word).ToDictionary(group => Array.IndexOf(feed.Words, group.Key), group => group.Count());
        double total = counts.Values.Sum(count => Math.Pow(count, 0.75));
        int[] drawn = new int[4];
        int[] windows = new int[3];
        for (int step = 1000; step < 3000; step++)
        {
            var (context, share, target, label, isDrawn) = (Read(feed, "context", step, 4), Read(feed, "share", step, 4), Read(feed, "target", step, 6), Read(feed, "label", step, 6), Read(feed, "drawn", step, 6));
            int size = share.Count(s => s > 0);
            windows[size / 2]++;
            Assert.Equal(1, share.Sum(), 1e-15);
            int[] places = size == 2 ? [step - 1, step + 1] : [step - 2, step - 1, step + 1, step + 2];
            Assert.Equal(places.Select(place => words[place]), context.Take(size).Select(word => feed.Words[(int)word]));
            Assert.Equal(words[step], feed.Words[(int)target[0]]);
            Assert.Equal([1, -1, -1, -1, -1, -1], label);
            Assert.Equal(target.Select((word, k) => k > 0 && word == target[0] ? 0.0 : 1), isDrawn);
            foreach (double word in target.Skip(1))
            {
                drawn[(int)word]++;
            }
        }

        Assert.InRange(windows[1], 900, 1100);
        for (int word = 0; word < 4; word++)
        {
            double expected = Math.Pow(counts[word], 0.75) / total;
            Assert.InRange(drawn[word] / 10000.0, expected - 0.02, expected + 0.02);
        }
    }

    [Fact]
    public void A_share_of_the_frequent_words_is_kept()
    {
        // f = 0.9 and t = 0.09: √(t/f) + t/f = 0.416…
        var feed = Feed(string.Join(' ', Enumerable.Range(0, 20000).Select(i => i % 10 == 0 ? "rare" : "often")), new Rational(9, 100));
        Assert.InRange(feed.SamplesOf(1), 2000 * 0.9 + (18000 * 0.40), 2000 + (18000 * 0.43));
    }

    [Fact]
    public void Samples_are_the_same_in_any_order()
    {
        string text = string.Join(' ', Enumerable.Range(0, 500).Select(i => ((i * i) % 17).ToString(CultureInfo.InvariantCulture)));
        var (forward, backward) = (Feed(text, new Rational(1, 100)), Feed(text, new Rational(1, 100)));
        string[] fields = ["context", "share", "target", "drawn"];
        int last = (int)forward.SamplesOf(3) - 1;
        var one = Enumerable.Range(0, last).Select(step => fields.Select(field => Read(forward, field, step, field is "context" or "share" ? 4 : 6)).ToList()).ToList();
        for (int step = last - 1; step >= 0; step--)
        {
            Assert.Equal(one[step], fields.Select(field => Read(backward, field, step, field is "context" or "share" ? 4 : 6)));
        }
    }

    /// <summary>The algorithm as it is usually written, a loop over draws that changes arrays in place.</summary>
    [Theory]
    [InlineData("logistic", 1, 0)]
    [InlineData("logistic_table", 0.984, 0.192)]
    public void The_example_is_word2vec(string loss, double slope, double shift)
    {
        const int Width = 12;
        const int Steps = 400;
        string text = File.ReadAllText(Path.Combine(Checkout.Root, "examples", "word2vec.tp")).Replace("logistic(f", loss + "(f", StringComparison.Ordinal);
        var compilation = Compilation.Compile(new SourceText("word2vec.tp", text));
        Assert.Empty(compilation.Diagnostics);
        var (network, plan) = (compilation.Network!, compilation.TrainingPlan! with { Steps = Steps });
        TextFeed FeedOf() => TextFeed.Read(Write(string.Join(' ', Enumerable.Range(0, 3000).Select(i => ((i * i) + (i / 7)) % 23))), plan.Text!, plan.Fed(network).Inputs, network, new())!;
        var feed = FeedOf();
        feed.Samples = Steps;
        int vocabulary = feed.Words.Length;
        ExecutionSettings settings = new() { AxisSizes = new Dictionary<string, int> { ["words"] = vocabulary }, AlsoRecord = ["U_0"] };
        var run = new Simulator<double>(TrainingProgram.Of(network, plan), Width, 1, settings).Run(feed);
        Assert.True(run.IsComplete);
        var losses = run.Records.Where(record => record.Name == "loss").Select(record => record.Values[0]).ToList();

        // The program keeps rows of length 1; here they have entries of size 1.
        double[][] u = [.. run.Records.Single(record => record.Name == "U_0").Values.Chunk(Width).Select(row => row.Select(x => x * Math.Sqrt(Width)).ToArray())];
        double[][] w = [.. Enumerable.Range(0, vocabulary).Select(_ => new double[Width])];
        for (int step = 0; step < Steps; step++)
        {
            double[] context = Read(feed, "context", step, 16), share = Read(feed, "share", step, 16), target = Read(feed, "target", step, 26), drawn = Read(feed, "drawn", step, 26);
            int k = share.Count(s => s > 0);
            double rate = 0.05 * Math.Max(1 - ((double)step / Steps), 1e-4), total = 0;
            double[] h = [.. Enumerable.Range(0, Width).Select(i => Enumerable.Range(0, k).Sum(c => u[(int)context[c]][i]) / k)], e = new double[Width];
            for (int j = 0; j < 26; j++)
            {
                if (drawn[j] == 0)
                {
                    continue;
                }

                double[] row = w[(int)target[j]];
                double f = h.Zip(row, (x, y) => x * y).Sum() / Width, x = (slope * f) - shift, label = j == 0 ? 1 : 0;
                total += (Math.Log(1 + Math.Exp(x)) / slope) - (label * f);
                double g = rate * (label - (1 / (1 + Math.Exp(-x))));
                for (int i = 0; i < Width; i++)
                {
                    e[i] += g * row[i];
                    row[i] = ((1 - (rate * 0.001)) * row[i]) + (g * h[i]);
                }
            }

            // The decay of a word that stands there twice is that of both places at once.
            foreach (var word in context.Take(k).GroupBy(word => (int)word))
            {
                for (int i = 0; i < Width; i++)
                {
                    u[word.Key][i] = ((1 - (word.Count() * rate * 0.001)) * u[word.Key][i]) + (word.Count() * e[i] / k);
                }
            }

            Assert.Equal(total, losses[step], 1e-9);
        }
    }

    [Fact]
    public void Analogies_are_answered_by_the_nearest_row_that_is_not_asked_about()
    {
        string[] words = ["man", "woman", "king", "queen", "apple"];
        double[] rows = [1, 0, 0, 0, 2, 0, 3, 0, 3, 0, 1, 1, -1, -1, 0];
        string questions = Write(": family\nMan woman king queen\nking queen man woman\n: gram1-plural\nman apple woman king\nman boy woman girl\n");
        var measures = Analogies.Read(questions, words, "U", new())!.Of(new Saved(rows), isFinal: true).ToDictionary(measure => measure.Name, measure => measure.Mean);

        // By hand: unit rows, b − a + c, and the largest inner product with what is not asked about.
        int[][] asked = [[0, 1, 2, 3], [2, 3, 0, 1], [0, 4, 1, 2]];
        double[][] unit = [.. rows.Chunk(3).Select(row => row.Select(x => x / Math.Sqrt(row.Sum(y => y * y))).ToArray())];
        double[] right = [.. asked.Select(q => Enumerable.Range(0, 5).Except(q.Take(3)).MaxBy(d => Enumerable.Range(0, 3).Sum(i => unit[d][i] * (unit[q[1]][i] - unit[q[0]][i] + unit[q[2]][i]))) == q[3] ? 1.0 : 0)];
        Assert.Equal(right.Average(), measures["analogies"], 1e-15);
        Assert.Equal((right[0] + right[1]) / 2, measures["semantic"], 1e-15);
        Assert.Equal(right[2], measures["syntactic"]);
        Assert.Equal(right[2], measures["gram1-plural"]);
        Assert.Equal(0.75, measures["coverage"]);
        Assert.Contains(1.0, right);
        Assert.Contains(0.0, right);
    }

    [Theory]
    [InlineData("one two three\n", "TP0002")]
    [InlineData("dog cat cow calf\n", "TP0603")]
    public void Questions_that_are_none_are_refused(string questions, string code)
    {
        DiagnosticBag diagnostics = new();
        Assert.Null(Analogies.Read(Write(questions), ["man", "woman"], "U", diagnostics));
        Assert.Equal(code, Assert.Single(diagnostics).Descriptor.Code);
    }

    [Theory]
    [InlineData("--width", "8", "--precision", "fp64")]
    [InlineData("--width", "8")]
    [InlineData("--limit")]
    [InlineData("--limit", "--precision", "fp32")]
    public void A_training_on_a_text_that_is_stopped_goes_on_as_if_nothing_had_happened(params string[] how)
    {
        string text = File.ReadAllText(Path.Combine(Checkout.Root, "examples", "word2vec.tp")).Replace("epochs     20", "epoch 100 steps 200", StringComparison.Ordinal)
            .Replace("min_count  10", "min_count 40", StringComparison.Ordinal).Replace("words/", Path.Combine(Checkout.Root, "examples", "words") + "/", StringComparison.Ordinal);
        string program = Path.Combine(directory, "w.tp"), checkpoint = Path.Combine(directory, "state");
        File.WriteAllText(program, text);
        var whole = TpcRun.Of(["run", program, "--format", "json", "--checkpoint", checkpoint, .. how]);
        Assert.Equal(0, whole.ExitCode);
        var again = TpcRun.Of(["run", program, "--format", "json", "--checkpoint", checkpoint, .. how]);
        Assert.Equal(whole.Output, again.Output);
        Assert.Contains("\"analogies\"", whole.Output, StringComparison.Ordinal);
        Assert.Contains("\"coverage\"", whole.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data       text", "data texts", "TP0902", "did you mean `text`?")]
    [InlineData("embedding  U", "", "TP0308", "`embedding U`")]
    [InlineData("embedding  U", "embedding h", "TP0309", "`embedding` must be a weight `[n, words]` of the network, not `h`")]
    [InlineData("min_count  10", "min_count 0", "TP0309", "between 1 and")]
    [InlineData("min_count  10", "min_count 5000", "TP0603", "5000 times or more")]
    [InlineData("min_count  10", "subsample -1", "TP0309", "a number above 0, not `-1`")]
    [InlineData("epochs     20", "epochs 2 steps 10", "TP0307", "either `steps`")]
    [InlineData("batch      1", "", "TP0611", "`batch 1`")]
    [InlineData("place = 16", "place = 5", "TP0603", "an even number of places")]
    [InlineData("label : [draw]", "labels : [draw]", "TP0603", "`label`")]
    public void Bad_settings_of_a_text_are_answered(string old, string given, string code, string words)
    {
        string program = Path.Combine(directory, "w.tp");
        string text = File.ReadAllText(Path.Combine(Checkout.Root, "examples", "word2vec.tp")).Replace(old, given, StringComparison.Ordinal)
            .Replace("words/", Path.Combine(Checkout.Root, "examples", "words") + "/", StringComparison.Ordinal);
        File.WriteAllText(program, given.StartsWith("labels", StringComparison.Ordinal) ? text.Replace("label[j]", "labels[j]", StringComparison.Ordinal) : text);
        var run = TpcRun.Of("run", program, "--width", "4");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains($"error[{code}]", run.Error, StringComparison.Ordinal);
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
    }

    private TextFeed Feed(string text, Rational subsample)
    {
        var compilation = Compilation.Compile(new SourceText("bag.tp", """
            network bag(context : [place], share : [place], word) {
              width n
              axis place = 4
              axis words
              weight U : [n, words]
              weight W : [n, words]
              return Moment(W[word] * sum(place, share[place] * U[context[place]]))
            }
            parametrization mup
            step s(context : [place], share : [place], target : [draw], label : [draw], drawn : [draw]) {
              axis draw = 6
              loss = sum(batch, logistic(bag(context, share, target[0]), label[0]))
              params = params - grad(loss, params)
            }
            train { data text "x" epochs 1 batch 1 }
            """));
        Assert.Empty(compilation.Diagnostics);
        return TextFeed.Read(Write(text), compilation.TrainingPlan!.Text! with { MinCount = 1, Subsample = subsample }, compilation.TrainingPlan.Fed(compilation.Network!).Inputs, compilation.Network!, new())!;
    }

    private static double[] Read(TextFeed feed, string field, int step, int count)
    {
        Tensor<double> numbers = new([count], 1);
        feed.Read(field, [step], numbers);
        return numbers.Data;
    }

    private string Write(string text)
    {
        string path = Path.Combine(directory, Path.GetRandomFileName());
        File.WriteAllText(path, text);
        return path;
    }

    private sealed class Saved(double[] rows) : ITrainingRun
    {
        public int Step => 0;

        public int Steps => 0;

        public bool CanSave => true;

        public IReadOnlyList<ExecutionRecord> TakeRecords() => [];

        public IReadOnlyList<ExecutionRecord> Measure(TpCompiler.Numerics.Data.IDataFeed feed) => [];

        public TrainingState Save() => new(0, new Dictionary<string, ValueList<double[]>> { ["U"] = [rows] });

        public void Restore(TrainingState state)
        {
        }

        public void End()
        {
        }
    }
}
