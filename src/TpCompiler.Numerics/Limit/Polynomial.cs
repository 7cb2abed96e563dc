using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>A polynomial with rational coefficients in independent zero-mean Gaussians, which are numbered within one coordinate space.</summary>
public sealed class Polynomial
{
    public static readonly Polynomial Zero = new([]);

    private readonly Dictionary<ValueList<(int Variable, int Power)>, Rational> terms;

    private Polynomial(Dictionary<ValueList<(int Variable, int Power)>, Rational> terms) => this.terms = terms;

    /// <summary>How many monomials there are.</summary>
    public int Count => terms.Count;

    /// <summary>The length of its longest coefficient, numerator and denominator together, in 64-bit words.</summary>
    public long Words => terms.Count == 0 ? 0 : terms.Values.Max(coefficient => (coefficient.Numerator.GetBitLength() + coefficient.Denominator.GetBitLength() + 63) / 64);

    public static Polynomial Constant(Rational value) => value.IsZero ? Zero : new(new() { [[]] = value });

    public static Polynomial Variable(int number) => new(new() { [[(number, 1)]] = 1 });

    public static Polynomial operator +(Polynomial x, Polynomial y) => x.AddScaled(1, y);

    public static Polynomial operator *(Rational c, Polynomial x) => Zero.AddScaled(c, x);

    public static Polynomial operator *(Polynomial x, Polynomial y)
    {
        var product = new Dictionary<ValueList<(int Variable, int Power)>, Rational>();
        foreach (var (left, c) in x.terms)
        {
            foreach (var (right, d) in y.terms)
            {
                Accumulate(product, Merge(left, right), c * d);
            }
        }

        return new(product);
    }

    /// <summary>this + c · other.</summary>
    public Polynomial AddScaled(Rational c, Polynomial other)
    {
        if (c.IsZero || other.Count == 0)
        {
            return this;
        }

        var sum = new Dictionary<ValueList<(int Variable, int Power)>, Rational>(terms);
        foreach (var (monomial, coefficient) in other.terms)
        {
            Accumulate(sum, monomial, c * coefficient);
        }

        return new(sum);
    }

    /// <summary>
    /// E[x y] by independence and E g^{2k} = (2k − 1)!! v^k (Isserlis). The product is not formed.
    /// </summary>
    /// <param name="other">y, in the same Gaussians.</param>
    /// <param name="variances">v of each Gaussian.</param>
    public Rational Expectation(Polynomial other, IReadOnlyList<Rational> variances)
    {
        var sum = Rational.Zero;
        foreach (var (left, c) in terms)
        {
            foreach (var (right, d) in other.terms)
            {
                sum += c * d * Moment(Merge(left, right), variances);
            }
        }

        return sum;
    }

    private static Rational Moment(ValueList<(int Variable, int Power)> monomial, IReadOnlyList<Rational> variances)
    {
        var moment = Rational.One;
        foreach (var (variable, power) in monomial)
        {
            if (power % 2 != 0)
            {
                return 0;
            }

            moment *= Rational.Pow(variances[variable], power / 2);
            for (var odd = power - 1; odd > 1; odd -= 2)
            {
                moment *= odd;
            }
        }

        return moment;
    }

    private static void Accumulate(Dictionary<ValueList<(int Variable, int Power)>, Rational> sum, ValueList<(int Variable, int Power)> monomial, Rational c)
    {
        var coefficient = sum.GetValueOrDefault(monomial) + c;
        if (coefficient.IsZero)
        {
            sum.Remove(monomial);
        }
        else
        {
            sum[monomial] = coefficient;
        }
    }

    private static ValueList<(int Variable, int Power)> Merge(ValueList<(int Variable, int Power)> x, ValueList<(int Variable, int Power)> y)
    {
        var merged = new List<(int Variable, int Power)>(x.Count + y.Count);
        var (i, j) = (0, 0);
        while (i < x.Count || j < y.Count)
        {
            if (j == y.Count || (i < x.Count && x[i].Variable < y[j].Variable))
            {
                merged.Add(x[i++]);
            }
            else if (i == x.Count || y[j].Variable < x[i].Variable)
            {
                merged.Add(y[j++]);
            }
            else
            {
                merged.Add((x[i].Variable, x[i++].Power + y[j++].Power));
            }
        }

        return merged.ToValueList();
    }
}
