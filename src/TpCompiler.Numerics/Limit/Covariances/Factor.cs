using System.Numerics;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>φ(g), φ a function of <see cref="Variable"/> and g Gaussian.</summary>
internal sealed record Factor(Expr Function, LinearForm Argument)
{
    /// <summary>The argument of functions.</summary>
    public static readonly Expr.Reference Variable = new("h", []);

    public bool IsLinear => Function == Variable;

    /// <summary>The same factor as a function of a form that its argument is a multiple of.</summary>
    public Expr Of(double ratio) => ratio == 1 ? Function : Function.SubstituteReferences(_ => Exact(ratio) * Variable);

    /// <summary>A double precision number as the rational that it is.</summary>
    public static Rational Exact(double number)
    {
        var bits = BitConverter.DoubleToInt64Bits(number);
        var exponent = (int)((bits >> 52) & 0x7FF);
        BigInteger mantissa = (bits & 0xF_FFFF_FFFF_FFFF) | (exponent == 0 ? 0 : 1L << 52);
        var shift = Math.Max(exponent, 1) - 1075;
        var magnitude = shift >= 0 ? new Rational(mantissa << shift, 1) : new Rational(mantissa, BigInteger.One << -shift);
        return bits < 0 ? -magnitude : magnitude;
    }
}

/// <summary>coefficient · Π φ_i(g_i) · Π q_j^(e_j).</summary>
internal sealed record Term(double Coefficient, Factor[] Factors, NormPower[] Norms)
{
    /// <summary>coefficient · g.</summary>
    public bool IsLinear => this is { Norms: [], Factors: [{ IsLinear: true }] };

    public static Term Product(Term x, Term y) => new(x.Coefficient * y.Coefficient, [.. x.Factors, .. y.Factors], NormPower.Product(x.Norms, y.Norms));
}

/// <summary>A coordinate of a vector: a number, and a sum of terms. The linear terms are one.</summary>
internal sealed record Variate(double Number, Term[] Terms)
{
    /// <summary>More terms than are multiplied out.</summary>
    private const int MostTerms = 256;

    public static readonly Variate Zero = new(0, []);

    public static Variate Of(double number) => number == 0 ? Zero : new(number, []);

    public static Variate Of(LinearForm form) => form.IsZero ? Zero : new(0, [new Term(1, [new Factor(Factor.Variable, form)], [])]);

    public bool IsNumber => Terms.Length == 0;

    /// <summary>g when this is g and a number; null otherwise.</summary>
    public LinearForm? Linear => Terms is [{ Coefficient: 1, IsLinear: true } only] ? only.Factors[0].Argument : null;

    public static Variate Sum(IReadOnlyList<Variate> parts)
    {
        if (parts is [var only])
        {
            return only;
        }

        var number = parts.Sum(part => part.Number);
        var linear = new List<(double, LinearForm)>();
        var others = new List<Term>();
        foreach (var term in parts.SelectMany(part => part.Terms))
        {
            if (term.IsLinear)
            {
                linear.Add((term.Coefficient, term.Factors[0].Argument));
            }
            else
            {
                others.Add(term);
            }
        }

        return Of(number, linear, others);
    }

    public static Variate Product(Variate x, Variate y)
    {
        if (x.IsNumber)
        {
            return y.Times(x.Number);
        }

        if (y.IsNumber)
        {
            return x.Times(y.Number);
        }

        if (((long)x.Terms.Length + 1) * (y.Terms.Length + 1) > MostTerms)
        {
            throw new NoCovariancesException();
        }

        List<Variate> parts = [Of(x.Number * y.Number), x.Number == 0 ? Zero : new Variate(0, y.Terms).Times(x.Number), y.Number == 0 ? Zero : new Variate(0, x.Terms).Times(y.Number)];
        parts.Add(new Variate(0, [.. from a in x.Terms from b in y.Terms select Term.Product(a, b)]));
        return Sum(parts);
    }

    public Variate Times(double factor) => factor == 0 ? Zero
        : factor == 1 ? this
        : Of(factor * Number, [.. Terms.Where(term => term.IsLinear).Select(term => (factor * term.Coefficient, term.Factors[0].Argument))], [.. Terms.Where(term => !term.IsLinear).Select(term => term with { Coefficient = factor * term.Coefficient })]);

    /// <summary>The one form that all factors are functions of, and this as a function of it; null when there are several.</summary>
    public (Expr Function, LinearForm Argument)? OfOne()
    {
        if (Linear is { } linear)
        {
            return (Number == 0 ? Factor.Variable : Factor.Variable + Factor.Exact(Number), linear);
        }

        if (Terms.Any(term => term.Norms.Length > 0))
        {
            return null;
        }

        var form = Terms[0].Factors[0].Argument;
        var sum = new List<Expr> { Factor.Exact(Number) };
        foreach (var term in Terms)
        {
            var product = new List<Expr> { Factor.Exact(term.Coefficient) };
            foreach (var factor in term.Factors)
            {
                if (factor.Argument.RatioTo(form) is not { } ratio)
                {
                    return null;
                }

                product.Add(factor.Of(ratio));
            }

            sum.Add(Expr.ProductOf(product));
        }

        return (Expr.SumOf(sum), form);
    }

    /// <summary>The product of powers of norms that stands in every term, and what is left without it; null where terms have different ones, or none.</summary>
    public (NormPower[] Norms, Variate Other)? BesideNorms() =>
        Number == 0 && Terms is [{ Norms: [_, ..] norms }, ..] && Terms.All(term => term.Norms.Length == norms.Length && norms.All(term.Norms.Contains))
            ? (norms, Sum([.. Terms.Select(term => new Variate(0, [term with { Coefficient = 1, Norms = [] }]).Times(term.Coefficient))]))
            : null;

    /// <summary>This times powers of norms.</summary>
    public Variate Times(NormPower[] norms)
    {
        var terms = Terms.Select(term => term with { Norms = NormPower.Product(term.Norms, norms) });
        return new Variate(0, [.. Number == 0 ? [] : new[] { new Term(Number, [], norms) }, .. terms]);
    }

    private static Variate Of(double number, List<(double, LinearForm)> linear, List<Term> others)
    {
        if (linear.Count > 0 && LinearForm.Sum(linear) is { IsZero: false } form)
        {
            others.Insert(0, new Term(1, [new Factor(Factor.Variable, form)], []));
        }

        return new Variate(number, [.. others.Exists(term => term.Norms.Length > 0) ? CollectedTerms.Of(others) : others]);
    }
}

/// <summary>The program asks for more than covariances of functions of jointly Gaussian variables.</summary>
internal sealed class NoCovariancesException : Exception;
