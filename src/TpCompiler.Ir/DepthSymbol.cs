using System.Numerics;
using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>
/// A number of layers L that goes to infinity after the width: L = n^ε with an ε smaller than any exponent of n, so that exponents of n and of L are added and compared as one rational number.
/// </summary>
/// <param name="Axis">The name of L in the source.</param>
/// <param name="Weights">The weights that the loop over the layers uses.</param>
public sealed record DepthSymbol(string Axis, ValueList<string> Weights)
{
    /// <summary>1/ε is a prime number that no exponent of a program has in its denominator.</summary>
    private static readonly BigInteger Prime = 1_000_003;

    /// <summary>Multiples of 1/24 of either exponent are told apart.</summary>
    private const int Denominators = 24;

    /// <summary>Layers that a program with the symbol has: streams settle within a few, as each stands for all.</summary>
    public const int Shown = 2;

    /// <summary>ε.</summary>
    public static Rational Unit { get; } = new(1, Prime);

    /// <summary>p + q ε as (p, q): q being the smallest multiple of 1/24 (of 1/(24 d) for a denominator d besides) for which ε is no part of p.</summary>
    public static (Rational Width, Rational Depth) Split(Rational exponent)
    {
        if (exponent.Denominator % Prime != 0)
        {
            return (exponent, Rational.Zero);
        }

        // q may have a denominator that p cancels in the sum: -1/2 + 1/2 ε is a multiple of ε.
        var rest = exponent.Denominator / Prime * Denominators;
        var small = exponent.Numerator * Denominators % Prime;
        small = BigInteger.Abs(small) * 2 < Prime ? small : small - (small.Sign * Prime);
        Rational depth = new(small, rest);
        return (exponent - (depth * Unit), depth);
    }
}
