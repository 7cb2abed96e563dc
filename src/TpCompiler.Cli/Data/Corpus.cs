using TpCompiler.Diagnostics;

namespace TpCompiler.Cli.Data;

/// <summary>A text as numbers of words. Words stand between white space, as they are written; those that the text has seldom are left out. Word 0 is the most frequent one.</summary>
/// <param name="Words">The vocabulary, by falling count, then in ordinal order.</param>
/// <param name="Counts">How often the text has each.</param>
/// <param name="Tokens">The text.</param>
internal sealed record Corpus(string[] Words, long[] Counts, int[] Tokens)
{
    /// <summary>Reads a text, also from a <c>.gz</c> file; null with an error in the bag when no word is frequent enough.</summary>
    public static Corpus? Read(string path, int minCount, DiagnosticBag diagnostics)
    {
        Dictionary<string, int> seen = new(StringComparer.Ordinal);
        List<string> words = [];
        List<long> counts = [];
        List<int> tokens = [];
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = seen.GetAlternateLookup<ReadOnlySpan<char>>();
        using (StreamReader reader = OpenText(path))
        {
            char[] buffer = new char[1 << 16];
            int held = 0;
            while (true)
            {
                int read = reader.Read(buffer, held, buffer.Length - held);
                int end = held + read, start = 0;
                for (int i = 0; i < end; i++)
                {
                    if (char.IsWhiteSpace(buffer[i]))
                    {
                        Add(buffer.AsSpan(start, i - start));
                        start = i + 1;
                    }
                }

                if (read == 0)
                {
                    Add(buffer.AsSpan(start, end - start));
                    break;
                }

                held = end - start;
                buffer.AsSpan(start, held).CopyTo(buffer);
                if (held == buffer.Length)
                {
                    Array.Resize(ref buffer, 2 * buffer.Length);
                }
            }
        }

        int[] order = [.. Enumerable.Range(0, words.Count).Where(word => counts[word] >= minCount).OrderByDescending(word => counts[word]).ThenBy(word => words[word], StringComparer.Ordinal)];
        if (order.Length < 2)
        {
            diagnostics.Add(Codes.DataShapeMismatch, null, $"`{path}`", $"{order.Length} words that it has {minCount} times or more", "two");
            return null;
        }

        int[] numbers = new int[words.Count];
        Array.Fill(numbers, -1);
        for (int i = 0; i < order.Length; i++)
        {
            numbers[order[i]] = i;
        }

        return new Corpus([.. order.Select(word => words[word])], [.. order.Select(word => counts[word])], [.. tokens.Select(token => numbers[token]).Where(number => number >= 0)]);

        void Add(ReadOnlySpan<char> word)
        {
            if (word.IsEmpty)
            {
                return;
            }

            if (!lookup.TryGetValue(word, out int number))
            {
                number = words.Count;
                words.Add(word.ToString());
                counts.Add(0);
                seen.Add(words[number], number);
            }

            counts[number]++;
            tokens.Add(number);
        }
    }

    /// <summary>A text file, unpacked when its name ends in <c>.gz</c>.</summary>
    public static StreamReader OpenText(string path) => new(path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new WholeGZip(path) : File.OpenRead(path));
}
