using System.Numerics;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Checking;

/// <summary>
/// How far apart the exponents are that values of a program can have: they are sums of the exponents of its weights and of halves, so all are multiples of 1 / the least common denominator of these.
/// </summary>
internal static class ExponentSpacing
{
    public static double Of(IEnumerable<ExpectedScale> expected) => 1 / (double)expected
        .SelectMany(value => new[] { value.Initial, value.Change, value.Decay })
        .OfType<Rational>()
        .Aggregate(new BigInteger(2), (common, exponent) => common * exponent.Denominator / BigInteger.GreatestCommonDivisor(common, exponent.Denominator));
}
