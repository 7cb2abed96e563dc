using System.Numerics;
using System.Runtime.InteropServices;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>A part of a quantity: Θ(n^{-Exponent}), with its behaviour under changes of sign.</summary>
internal sealed record Term(Rational Exponent, SignClass Class);

/// <summary>
/// The size of a quantity as a sum of parts, one for each <see cref="SignClass"/>, smallest exponent first. No parts: identically 0.
/// </summary>
internal sealed class Terms : IEquatable<Terms>
{
    private const int MaximalCount = 4;

    /// <summary>2² products are as many as a sum of sizes has parts.</summary>
    private const int MostFactors = 3;

    /// <summary>As many classes are told apart one by one.</summary>
    private const int FewTerms = 16;

    public static readonly Terms Zero = new([]);

    public static readonly Terms One = Of(Rational.Zero);

    private static readonly Comparer<Term> Order = Comparer<Term>.Create(Compare);

    private readonly Term[] items;

    /// <summary>How many parts it may have, and what is made of it.</summary>
    private readonly int most;

    private Terms(Term[] items, int most = MaximalCount) => (this.items, this.most) = (items, most);

    public bool IsZero => items.Length == 0;

    public ReadOnlySpan<Term> Items => items;

    /// <summary>The exponent of the whole; null when it is 0.</summary>
    public Rational? Exponent => IsZero ? null : items[0].Exponent;

    /// <summary>The class of all parts that have the smallest exponent, taken together.</summary>
    public SignClass LeadingClass
    {
        get
        {
            var joined = items[0].Class;
            for (var i = 1; i < items.Length && items[i].Exponent == items[0].Exponent; i++)
            {
                joined = SignClass.Join(joined, items[i].Class);
            }

            return joined;
        }
    }

    /// <summary>The parts that have the smallest exponent.</summary>
    public Terms Leading
    {
        get
        {
            var count = 1;
            while (count < items.Length && items[count].Exponent == items[0].Exponent)
            {
                count++;
            }

            return count >= items.Length ? this : new Terms(items[..count], most);
        }
    }

    /// <summary>
    /// Θ(n^{-exponent}) with the signs that φ leaves of its leading parts χ_1 … χ_k: an odd φ of their sum has the products of an odd number of them, an even one those of an even number.
    /// With many parts, or a φ of neither kind, what is known is what they have in common.
    /// </summary>
    public Terms Through(ParityKind parity, Rational exponent)
    {
        var leading = Leading.items;
        if (parity == ParityKind.Neither || leading.Length > MostFactors)
        {
            var common = LeadingClass;
            return OfMost(exponent, parity switch { ParityKind.Odd => common, ParityKind.Even => common * common, _ => common.Forgotten() });
        }

        var products = new List<Term>();
        for (var chosen = 0; chosen < 1 << leading.Length; chosen++)
        {
            if (BitOperations.PopCount((uint)chosen) % 2 == (parity == ParityKind.Odd ? 1 : 0))
            {
                var sign = parity == ParityKind.Even ? leading[0].Class * leading[0].Class : SignClass.Even;
                for (var i = 0; i < leading.Length; i++)
                {
                    sign = (chosen >> i & 1) == 0 ? sign : sign * leading[i].Class;
                }

                products.Add(new Term(exponent, sign));
            }
        }

        return Collect(products.ToArray(), most);
    }

    public static Terms Of(Rational exponent, SignClass sign = default) => new([new Term(exponent, sign)]);

    public static Terms Sum(Terms x, Terms y) => x.IsZero || ReferenceEquals(x, y) ? y : y.IsZero ? x : Collect([.. x.items, .. y.items], Math.Max(x.most, y.most));

    public static Terms Product(Terms x, Terms y)
    {
        if (x.IsZero || y.IsZero)
        {
            return Zero;
        }

        if (ReferenceEquals(x, One))
        {
            return y;
        }

        if (ReferenceEquals(y, One))
        {
            return x;
        }

        var products = new Term[x.items.Length * y.items.Length];
        var i = 0;
        foreach (var a in x.items)
        {
            foreach (var b in y.items)
            {
                products[i++] = new Term(a.Exponent + b.Exponent, a.Class * b.Class);
            }
        }

        return Collect(products, Math.Max(x.most, y.most));
    }

    /// <summary>The same, of which more parts are told apart from here on: sums over layers have one a layer.</summary>
    public Terms WithMost(int parts) => IsZero ? this : new(items, Math.Max(most, parts));

    public Terms Times(Rational exponent) => exponent.IsZero ? this : new(Array.ConvertAll(items, item => item with { Exponent = item.Exponent + exponent }), most);

    /// <summary>Each part mapped, or left out.</summary>
    public Terms Select(Func<Term, Term?> map) => IsZero ? this : Collect(items.Select(map).OfType<Term>().ToArray(), most);

    /// <summary>(1/n) Σ_α: what is odd in a source fluctuates by n^{-1/2} around 0. The result is a scalar, without signs.</summary>
    public Terms Mean() => IsZero ? this : Of(items.Select(item => item.Class.HasZeroMean ? item.Exponent + Rational.Half : item.Exponent).Aggregate(Rational.Min));

    /// <summary>The parts without their signs, as a scalar has none.</summary>
    public Terms WithoutSigns() => IsZero || (items.Length == 1 && items[0].Class == default) ? this : Of(items[0].Exponent);

    public bool Equals(Terms? other) => other is not null && items.AsSpan().SequenceEqual(other.items);

    public override bool Equals(object? obj) => Equals(obj as Terms);

    public override int GetHashCode() => items.Length;

    private Terms OfMost(Rational exponent, SignClass sign) => new([new Term(exponent, sign)], most);

    private static Terms Collect(ReadOnlySpan<Term> terms, int most)
    {
        var collected = terms.Length <= FewTerms ? OneAClass(terms) : OneAClassOfMany(terms);
        collected.Sort(Order);
        while (collected.Count > most)
        {
            // Two parts of one size, or else the two smallest: what they have in common under changes of sign.
            var at = collected.Count - 1;
            while (at > 0 && collected[at].Exponent != collected[at - 1].Exponent)
            {
                at--;
            }

            at = at == 0 ? collected.Count - 1 : at;
            var joined = new Term(collected[at - 1].Exponent, SignClass.Join(collected[at - 1].Class, collected[at].Class));
            collected.RemoveRange(at - 1, 2);
            if (collected.FindIndex(term => term.Class == joined.Class) is >= 0 and var known)
            {
                joined = collected[known].Exponent < joined.Exponent ? collected[known] : joined;
                collected.RemoveAt(known);
            }

            collected.Insert(~collected.BinarySearch(joined, Order), joined);
        }

        return new Terms([.. collected], most);
    }

    /// <summary>The largest part of each class.</summary>
    private static List<Term> OneAClass(ReadOnlySpan<Term> terms)
    {
        var collected = new List<Term>(terms.Length);
        foreach (var term in terms)
        {
            var known = 0;
            while (known < collected.Count && collected[known].Class != term.Class)
            {
                known++;
            }

            if (known == collected.Count)
            {
                collected.Add(term);
            }
            else if (term.Exponent < collected[known].Exponent)
            {
                collected[known] = term;
            }
        }

        return collected;
    }

    private static List<Term> OneAClassOfMany(ReadOnlySpan<Term> terms)
    {
        var collected = new Dictionary<SignClass, Term>(terms.Length);
        foreach (var term in terms)
        {
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(collected, term.Class, out var exists);
            known = exists && known!.Exponent <= term.Exponent ? known : term;
        }

        return [.. collected.Values];
    }

    private static int Compare(Term x, Term y) =>
        x.Exponent.CompareTo(y.Exponent) is var byExponent and not 0 ? byExponent
        : x.Class.Odd.CompareTo(y.Class.Odd) is var byOdd and not 0 ? byOdd
        : x.Class.Unknown.CompareTo(y.Class.Unknown);
}
