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
        Expr.ProductOf(Factor(value).Select(factor => (Expr)new Expr.Power(factor.Prime, factor.Multiplicity * exponent)));

    /// <summary>Combines the constant bases among <paramref name="exponents"/> with the coefficient.</summary>
    public static (Rational Coefficient, Dictionary<Expr, Rational> Exponents) Fold(Rational coefficient, Dictionary<Expr, Rational> exponents)
    {
        if (!exponents.Keys.Any(IsRadical))
        {
            return (coefficient, exponents);
        }

        var others = exponents.Where(pair => !IsRadical(pair.Key)).ToDictionary();
        var primes = new List<PrimePower>();
        foreach (var (basis, exponent) in exponents.Where(pair => IsRadical(pair.Key)))
        {
            foreach (var (prime, multiplicity) in Factor(((Expr.Constant)basis).Value))
            {
                Multiply(primes, prime, multiplicity * exponent);
            }
        }

        foreach (var (prime, exponent) in primes.OrderBy(power => power.Prime))
        {
            var floor = Floor(exponent);
            coefficient *= Rational.Pow(prime, floor);
            if (!(exponent - floor).IsZero)
            {
                others[prime] = exponent - floor;
            }
        }

        return (coefficient, others);

        static bool IsRadical(Expr basis) => basis is Expr.Constant { Value.Sign: > 0 };

        static int Floor(Rational value) => (int)BigInteger.Divide(value.Numerator - (value.Sign < 0 ? value.Denominator - 1 : 0), value.Denominator);
    }

    /// <summary>A power of a prime, or of a factor too large to be divided further.</summary>
    private sealed record PrimePower(Rational Prime, Rational Multiplicity);

    private static List<PrimePower> Factor(Rational value)
    {
        var factors = new List<PrimePower>();
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
                    Multiply(factors, divisor, sign);
                }
            }

            if (rest > 1)
            {
                Multiply(factors, rest, sign);
            }
        }
    }

    private static void Multiply(List<PrimePower> powers, Rational prime, Rational multiplicity)
    {
        var known = powers.FindIndex(power => power.Prime == prime);
        if (known < 0)
        {
            powers.Add(new(prime, multiplicity));
        }
        else
        {
            powers[known] = new(prime, powers[known].Multiplicity + multiplicity);
        }
    }
}
