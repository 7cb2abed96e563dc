using System.Runtime.CompilerServices;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>The leading terms of sums in a program, each expanded once for each size that what it reads can have: an analysis comes back to the same sums many times.</summary>
internal sealed class LeadingTerms
{
    private readonly Dictionary<Key, LeadingTerm?> known = [];

    /// <param name="sum">A sum in the program.</param>
    /// <param name="sizeOf">The exponents of what it reads; null for what is 0.</param>
    public LeadingTerm? Of(Expr.Add sum, Func<Expr.Reference, Rational?> sizeOf)
    {
        var key = new Key(sum, sum.References().Select(sizeOf).ToValueList());
        if (!known.TryGetValue(key, out var term))
        {
            var nonzero = sum.SubstituteReferences(reference => sizeOf(reference) is null ? Expr.Zero : reference);
            term = LeadingTerm.Of(nonzero, reference => sizeOf(reference) ?? 0, _ => 1);
            known.Add(key, term);
        }

        return term;
    }

    /// <summary>The sum as an object: comparing trees would take as long as expanding them.</summary>
    private readonly record struct Key(Expr.Add Sum, ValueList<Rational?> Sizes)
    {
        public bool Equals(Key other) => ReferenceEquals(Sum, other.Sum) && Sizes.Equals(other.Sizes);

        public override int GetHashCode() => RuntimeHelpers.GetHashCode(Sum);
    }
}
