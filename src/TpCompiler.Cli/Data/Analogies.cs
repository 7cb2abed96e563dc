using TpCompiler.Cli.Results;
using TpCompiler.Diagnostics;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Cli.Data;

/// <summary>
/// Questions "a is to b as c is to what?", answered with the embedding whose unit row has the largest inner product with M_b − M_a + M_c, M the unit rows, a, b and c themselves left out (arXiv 1301.3781). A question
/// with a word that the vocabulary lacks is left out; the share of the others is the coverage.
/// </summary>
internal sealed class Analogies : IHeldOut
{
    /// <summary>Words of unit length at once in the product of all with those asked about: bounds the memory.</summary>
    private const int Together = 1 << 12;

    private readonly string embedding;
    private readonly int vocabulary;
    private readonly int[] asked;
    private readonly Question[] questions;
    private readonly int all;

    private Analogies(string embedding, int vocabulary, Question[] questions, int all)
    {
        (this.embedding, this.vocabulary, this.all) = (embedding, vocabulary, all);
        asked = [.. questions.SelectMany(question => new[] { question.A, question.B, question.C }).Distinct().Order()];
        this.questions = [.. questions.Select(question => question with { RowA = Array.IndexOf(asked, question.A), RowB = Array.IndexOf(asked, question.B), RowC = Array.IndexOf(asked, question.C) })];
    }

    /// <summary>Reads questions, four words a line below lines <c>: section</c>; sections whose name begins with <c>gram</c> are syntactic. Null with an error in the bag.</summary>
    /// <param name="path">The file, as Google's <c>questions-words.txt</c>.</param>
    /// <param name="words">The vocabulary.</param>
    /// <param name="embedding">The weight with a row for each word.</param>
    /// <param name="diagnostics">Where errors go.</param>
    public static Analogies? Read(string path, string[] words, string embedding, DiagnosticBag diagnostics)
    {
        Dictionary<string, int> numbers = words.Select((word, number) => (word, number)).ToDictionary(pair => pair.word, pair => pair.number, StringComparer.Ordinal);
        List<Question> questions = [];
        (string section, int all, int lines) = ("", 0, 0);
        using StreamReader reader = Corpus.OpenText(path);
        while (reader.ReadLine() is { } line)
        {
            lines++;
            string[] parts = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (parts is [":", .. var name])
            {
                section = string.Join(' ', name);
            }
            else if (parts.Length == 4)
            {
                all++;
                int[] found = [.. parts.Select(part => numbers.GetValueOrDefault(part.ToLowerInvariant(), -1))];
                if (!found.Contains(-1))
                {
                    questions.Add(new Question(section, found[0], found[1], found[2], found[3]));
                }
            }
            else if (parts.Length > 0)
            {
                diagnostics.Add(Diagnostic.Create(Codes.FileUnreadable, null, path, $"line {lines} has {parts.Length} words").WithHelp("a question is four words, a section `: name`"));
                return null;
            }
        }

        if (questions.Count == 0)
        {
            diagnostics.Add(Codes.DataShapeMismatch, null, $"`{path}`", $"{all} questions, none of them with words of the text alone", "at least one");
            return null;
        }

        return new Analogies(embedding, words.Length, [.. questions], all);
    }

    /// <summary>The share of right answers, of all questions first, then of the semantic and the syntactic ones, each with its standard error as a share of independent answers; with detail also by section, and the coverage.</summary>
    public IReadOnlyList<Measure> Of(ITrainingRun run, bool isFinal)
    {
        bool[] right = Answers(run.Save().Values[embedding][0]);
        List<Measure> measures = [];
        Add("analogies", _ => true);
        Add("semantic", question => !question.IsSyntactic);
        Add("syntactic", question => question.IsSyntactic);
        if (isFinal)
        {
            measures.Add(new Measure("coverage", (double)questions.Length / all, double.NaN));
            foreach (string section in questions.Select(question => question.Section).Distinct())
            {
                Add(section, question => question.Section == section);
            }
        }

        return measures;

        void Add(string name, Func<Question, bool> belongs)
        {
            bool[] own = [.. right.Where((_, i) => belongs(questions[i]))];
            if (own.Length > 0)
            {
                double share = (double)own.Count(answer => answer) / own.Length;
                measures.Add(new Measure(name, share, Math.Sqrt(share * (1 - share) / own.Length)));
            }
        }
    }

    /// <param name="rows">The embedding, row after row.</param>
    private bool[] Answers(double[] rows)
    {
        int columns = rows.Length / vocabulary;
        float[] unit = new float[rows.Length];
        for (int word = 0; word < vocabulary; word++)
        {
            ReadOnlySpan<double> row = rows.AsSpan(word * columns, columns);
            double norm = Math.Sqrt(LinearCombination.Dot(row, row));
            for (int i = 0; norm > 0 && i < columns; i++)
            {
                unit[(word * columns) + i] = (float)(row[i] / norm);
            }
        }

        float[] these = new float[asked.Length * columns];
        for (int i = 0; i < asked.Length; i++)
        {
            unit.AsSpan(asked[i] * columns, columns).CopyTo(these.AsSpan(i * columns));
        }

        float[] products = new float[asked.Length * Together];
        (int[] best, float[] largest) = (new int[questions.Length], new float[questions.Length]);
        Array.Fill(best, -1);
        for (int start = 0; start < vocabulary; start += Together)
        {
            int first = start, count = Math.Min(Together, vocabulary - start);
            Gemm.Multiply(false, true, asked.Length, count, columns, 1f, these, columns, unit.AsSpan(start * columns, count * columns), columns, 0f, products, count);
            Parallel.For(0, questions.Length, i =>
            {
                Question question = questions[i];
                for (int w = 0; w < count; w++)
                {
                    int word = first + w;
                    float product = products[(question.RowB * count) + w] - products[(question.RowA * count) + w] + products[(question.RowC * count) + w];
                    if ((best[i] < 0 || product > largest[i]) && word != question.A && word != question.B && word != question.C)
                    {
                        (best[i], largest[i]) = (word, product);
                    }
                }
            });
        }

        return [.. questions.Select((question, i) => best[i] == question.Answer)];
    }

    private sealed record Question(string Section, int A, int B, int C, int Answer)
    {
        public int RowA { get; init; }

        public int RowB { get; init; }

        public int RowC { get; init; }

        public bool IsSyntactic => Section.StartsWith("gram", StringComparison.Ordinal);
    }
}
