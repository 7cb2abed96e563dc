namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>
/// Terms with norms as few terms: Σ_i coefficient_i g_i F with the same F is gF, g = Σ_i coefficient_i g_i. The gradient of a batch normalisation has a term for each pair of samples, and each pair of its terms is an integral.
/// </summary>
internal static class CollectedTerms
{
    /// <summary>What cancels to this of its summands is rounding.</summary>
    private const double Rounding = 1e-15;

    public static List<Term> Of(List<Term> terms)
    {
        while (LargestGroup(terms) is { } group)
        {
            var parts = group.Select(place => (terms[place.Term].Coefficient, terms[place.Term].Factors[place.Factor].Argument)).ToList();
            var size = parts.Sum(part => Math.Abs(part.Coefficient) * part.Argument.Coefficients.ToArray().Max(Math.Abs));
            var sum = LinearForm.Sum(parts).Without(Rounding * size);
            var (first, at) = (terms[group[0].Term], group[0].Factor);
            List<Term> collected = sum.IsZero ? [] : [new Term(1, [.. first.Factors[..at], new Factor(Factor.Variable, sum), .. first.Factors[(at + 1)..]], first.Norms)];
            var gone = group.Select(place => place.Term).ToHashSet();
            terms = [.. collected, .. terms.Where((_, i) => !gone.Contains(i))];
        }

        return terms;
    }

    /// <summary>The most terms that are alike but for one linear factor, each with the place of that factor; null when no two are.</summary>
    private static List<(int Term, int Factor)>? LargestGroup(List<Term> terms)
    {
        var groups = new Dictionary<Beside, List<(int Term, int Factor)>>();
        for (var i = 0; i < terms.Count; i++)
        {
            for (var k = 0; terms[i].Norms.Length > 0 && k < terms[i].Factors.Length; k++)
            {
                if (terms[i].Factors[k].IsLinear)
                {
                    var beside = new Beside(terms[i], k);
                    groups.TryAdd(beside, []);
                    if (groups[beside].Count == 0 || groups[beside][^1].Term != i)
                    {
                        groups[beside].Add((i, k));
                    }
                }
            }
        }

        return groups.Values.Where(group => group.Count > 1).MaxBy(group => group.Count);
    }

    /// <summary>A term without one of its factors; the order of factors doesn't matter.</summary>
    private sealed class Beside : IEquatable<Beside>
    {
        private readonly List<Factor> factors;
        private readonly NormPower[] norms;
        private readonly int hash;

        public Beside(Term term, int without)
        {
            factors = [.. term.Factors.Where((_, k) => k != without)];
            norms = term.Norms;
            hash = HashCode.Combine(factors.Count, norms[0].Exponent, factors.Sum(factor => factor.Argument.GetHashCode() % 1000003));
        }

        public bool Equals(Beside? other)
        {
            if (other is null || hash != other.hash || factors.Count != other.factors.Count || !norms.AsSpan().SequenceEqual(other.norms))
            {
                return false;
            }

            List<Factor> left = [.. other.factors];
            return factors.All(factor => left.FindIndex(known => VariateComparer.AreEqual(factor, known)) is >= 0 and var at && RemoveAt(at));

            bool RemoveAt(int at)
            {
                left.RemoveAt(at);
                return true;
            }
        }

        public override bool Equals(object? obj) => Equals(obj as Beside);

        public override int GetHashCode() => hash;
    }
}
