namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>Variates that are written alike: the same terms in the same order.</summary>
internal sealed class VariateComparer : IEqualityComparer<Variate>
{
    public static readonly VariateComparer Instance = new();

    public bool Equals(Variate? x, Variate? y) =>
        ReferenceEquals(x, y) || (x is not null && y is not null && x.Number == y.Number && x.Terms.Length == y.Terms.Length && x.Terms.Zip(y.Terms).All(pair => AreEqual(pair.First, pair.Second)));

    public int GetHashCode(Variate variate)
    {
        var code = default(HashCode);
        code.Add(variate.Number);
        foreach (var term in variate.Terms)
        {
            code.Add(term.Coefficient);
            foreach (var factor in term.Factors)
            {
                code.Add(factor.Argument);
            }
        }

        return code.ToHashCode();
    }

    private static bool AreEqual(Term x, Term y) =>
        x.Coefficient == y.Coefficient && x.Factors.Length == y.Factors.Length && x.Factors.Zip(y.Factors).All(pair => AreEqual(pair.First, pair.Second)) && x.Norms.AsSpan().SequenceEqual(y.Norms);

    /// <summary>Functions are shared; the argument alone is one everywhere.</summary>
    public static bool AreEqual(Factor x, Factor y) => (ReferenceEquals(x.Function, y.Function) || (x.IsLinear && y.IsLinear)) && x.Argument.Equals(y.Argument);
}
