using System.Numerics;

namespace TpCompiler.Symbolics;

/// <summary>
/// Roots of rational numbers in one form: a rational number times p^e for primes p, 0 &lt; e &lt; 1. 8^½ is 2·2^½, 2^(−½) is ½·2^½. A rational factor then changes nothing but the
/// rational part.
/// </summary>
internal static class Radicals
{
    /// <summary>Cofactors without divisors below this are left whole.</summary>
    private const int TrialDivisors = 10_000;

    /// <summary>value^exponent for a positive value.</summary>
    public static Expr Of(Rational value, Rational exponent) =>
        Expr.ProductOf(Factor(value).Select(factor => (Expr)new Expr.Power((Rational)factor.Key, factor.Value * exponent)));

    /// <summary>Combines the constant bases among <paramref name="exponents"/> with the coefficient.</summary>
    public static (Rational Coefficient, Dictionary<Expr, Rational> Exponents) Fold(Rational coefficient, Dictionary<Expr, Rational> exponents)
    {
        if (!exponents.Keys.Any(IsRadical))
        {
            return (coefficient, exponents);
        }

        var others = exponents.Where(pair => !IsRadical(pair.Key)).ToDictionary();
        var primes = new SortedDictionary<BigInteger, Rational>();
        foreach (var (basis, exponent) in exponents.Where(pair => IsRadical(pair.Key)))
        {
            foreach (var (prime, multiplicity) in Factor(((Expr.Constant)basis).Value))
            {
                primes[prime] = primes.GetValueOrDefault(prime) + (multiplicity * exponent);
            }
        }

        foreach (var (prime, exponent) in primes)
        {
            var floor = Floor(exponent);
            coefficient *= Rational.Pow(prime, floor);
            if (!(exponent - floor).IsZero)
            {
                others[(Rational)prime] = exponent - floor;
            }
        }

        return (coefficient, others);

        static bool IsRadical(Expr basis) => basis is Expr.Constant { Value.Sign: > 0 };

        static int Floor(Rational value) => (int)BigInteger.Divide(value.Numerator - (value.Sign < 0 ? value.Denominator - 1 : 0), value.Denominator);
    }

    private static SortedDictionary<BigInteger, int> Factor(Rational value)
    {
        var factors = new SortedDictionary<BigInteger, int>();
        Divide(value.Numerator, 1);
        Divide(value.Denominator, -1);
        return factors;

        void Divide(BigInteger rest, int sign)
        {
            for (BigInteger divisor = 2; divisor < TrialDivisors && divisor * divisor <= rest; divisor++)
            {
                while ((rest % divisor).IsZero)
                {
                    rest /= divisor;
                    factors[divisor] = factors.GetValueOrDefault(divisor) + sign;
                }
            }

            if (rest > 1)
            {
                factors[rest] = factors.GetValueOrDefault(rest) + sign;
            }
        }
    }
}
