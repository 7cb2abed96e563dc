namespace TpCompiler.Diagnostics;

/// <summary>"Did you mean": the candidate with the fewest slips of the finger from a name.</summary>
public static class Spelling
{
    private const int LongestName = 64;

    /// <summary>
    /// The nearest candidate, the ordinally first among equals, or null when none is near: at most a third of the name's
    /// letters may be wrong, and at least one may. A difference in case alone always counts as near.
    /// </summary>
    public static string? Suggest(string name, IEnumerable<string> candidates)
    {
        if (name.Length > LongestName)
        {
            return null;
        }

        string? best = null;
        int bestDistance = Math.Max(1, name.Length / 3) + 1;
        foreach (string candidate in candidates.Order(StringComparer.Ordinal))
        {
            if (candidate == name || candidate.Length == 0 || candidate.Length > LongestName)
            {
                continue;
            }

            int distance = string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase) ? 0 : Distance(name, candidate);
            // Two names without a common letter are not misspellings of one another, however short they are.
            if (distance < bestDistance && distance < Math.Max(name.Length, candidate.Length))
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best;
    }

    /// <summary>
    /// Damerau–Levenshtein distance in its restricted form (optimal string alignment): insertions, deletions, substitutions and
    /// swaps of neighbours, no piece edited twice.
    /// </summary>
    public static int Distance(string first, string second)
    {
        int[,] distance = new int[first.Length + 1, second.Length + 1];
        for (int i = 0; i <= first.Length; i++)
        {
            for (int j = 0; j <= second.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distance[i, j] = i + j;
                    continue;
                }

                int substitution = distance[i - 1, j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1);
                int shortest = Math.Min(substitution, Math.Min(distance[i - 1, j], distance[i, j - 1]) + 1);
                bool swapped = i > 1 && j > 1 && first[i - 1] == second[j - 2] && first[i - 2] == second[j - 1];
                distance[i, j] = swapped ? Math.Min(shortest, distance[i - 2, j - 2] + 1) : shortest;
            }
        }

        return distance[first.Length, second.Length];
    }
}
