using System.Numerics;

namespace TpCompiler.Symbolics;

public abstract partial record Expr
{
    public static readonly Expr Zero = new Constant(0);

    public static readonly Expr One = new Constant(1);

    public bool IsZero => this is Constant { Value.IsZero: true };

    public bool IsOne => this is Constant { Value.IsOne: true };

    public static implicit operator Expr(Rational value) => new Constant(value);

    public static implicit operator Expr(int value) => new Constant(value);

    public static Expr operator +(Expr x, Expr y) => SumOf([x, y]);

    public static Expr operator -(Expr x, Expr y) => SumOf([x, -y]);

    public static Expr operator -(Expr x) => ProductOf([-1, x]);

    public static Expr operator *(Expr x, Expr y) => ProductOf([x, y]);

    public static Expr operator /(Expr x, Expr y) => ProductOf([x, Pow(y, -1)]);

    public static Expr Of(string name, params ReadOnlySpan<Index> indices) => new Reference(name, ValueList.Create(indices));

    public static Expr Apply(string function, params ReadOnlySpan<Expr> arguments) =>
        arguments is [var argument] ? Nonlinearities.CallOf(function, 0, [], argument) : new Call(function, 0, [], ValueList.Create(arguments));

    /// <summary>Σ_index body, with the numbers and powers of widths that multiply the body before the Σ; 0 when the body is 0.</summary>
    public static Expr SumOver(IndexBinder index, Expr body)
    {
        var (numbers, rest) = SplitNumbers(body);
        return rest.IsZero ? Zero : ProductOf([numbers, new Sum(index, rest)]);
    }

    /// <summary>E[body], with the numbers and powers of widths that multiply the body before the E; a number is its own mean.</summary>
    public static Expr Mean(Expr body)
    {
        var (numbers, rest) = SplitNumbers(body);
        return rest is Constant ? numbers * rest : ProductOf([numbers, new Expectation(rest)]);
    }

    /// <summary>n^exponent; 1 when the exponent is 0.</summary>
    public static Expr WidthTo(string width, Rational exponent) => exponent.IsZero ? One : new WidthPower(width, exponent);

    /// <summary>The sum of the terms: flattened, like terms collected, 0 dropped, in canonical order.</summary>
    public static Expr SumOf(IEnumerable<Expr> terms)
    {
        var coefficients = new Dictionary<Expr, Collected>();
        foreach (var term in terms.SelectMany(Flatten))
        {
            var (coefficient, rest) = SplitCoefficient(term);
            coefficients[rest] = coefficients.TryGetValue(rest, out var before) ? new(before.Coefficient + coefficient, null) : new(coefficient, term);
        }

        var collected = InOrder(coefficients.Keys)
            .Where(key => !coefficients[key].Coefficient.IsZero)
            .Select(key => coefficients[key].Term ?? ProductOf([coefficients[key].Coefficient, key]))
            .ToValueList();
        return collected.Count switch
        {
            0 => Zero,
            1 => collected[0],
            _ => new Add(collected),
        };

        static IEnumerable<Expr> Flatten(Expr term) => term is Add add ? add.Terms : [term];
    }

    /// <summary>Different expressions in canonical order.</summary>
    private static Expr[] InOrder(ICollection<Expr> expressions)
    {
        var sorted = expressions.ToArray();
        Array.Sort(sorted, ExprOrder.Instance);
        return sorted;
    }

    /// <summary>A multiple of something, and the term it comes from when it is one.</summary>
    private sealed record Collected(Rational Coefficient, Expr? Term);

    /// <summary>
    /// The product of the factors: flattened, equal bases collected into powers, constants folded, in canonical order. Sums among the factors stand without
    /// a common number and with a positive first term, so that the order of multiplying doesn't matter: (2a + 2b)·c is 2·(a + b)·c. A number times one sum is distributed.
    /// </summary>
    public static Expr ProductOf(IEnumerable<Expr> factors)
    {
        var coefficient = Rational.One;
        var exponents = new Dictionary<Expr, Rational>();
        foreach (var factor in factors.SelectMany(Flatten))
        {
            switch (factor)
            {
                case Constant constant:
                    coefficient *= constant.Value;
                    break;
                case WidthPower width:
                    Collect(new WidthPower(width.Width, 1), width.Exponent);
                    break;
                case Power power:
                    Collect(power.Base, power.Exponent);
                    break;
                case Add sum:
                    var (content, primitive) = SplitContent(sum);
                    coefficient *= content;
                    Collect(primitive, 1);
                    break;
                default:
                    Collect(factor, 1);
                    break;
            }
        }

        if (coefficient.IsZero)
        {
            return Zero;
        }

        (coefficient, var collected) = Radicals.Fold(coefficient, exponents);
        var stable = true;
        var powers = new List<Expr>(collected.Count);
        foreach (var basis in InOrder(collected.Keys))
        {
            var exponent = collected[basis];
            var power = basis is Constant && !exponent.IsInteger ? new Power(basis, exponent) : Pow(basis, exponent);
            stable &= power is not (Constant or Multiply) && (power is Power p ? p.Base : power is WidthPower w ? new WidthPower(w.Width, 1) : power).Equals(basis);
            powers.Add(power);
        }

        if (!stable)
        {
            // A power was rewritten, (x y)^½ (x y)^½ into x y: its parts may meet other factors.
            return ProductOf([coefficient, .. powers]);
        }

        if (powers is [Add only])
        {
            return coefficient.IsOne ? only : SumOf(only.Terms.Select(term => ProductOf([coefficient, term])));
        }

        if (!coefficient.IsOne)
        {
            powers.Insert(0, coefficient);
        }

        return powers.Count switch
        {
            0 => One,
            1 => powers[0],
            _ => new Multiply(powers.ToValueList()),
        };

        void Collect(Expr basis, Rational exponent)
        {
            var sum = exponents.GetValueOrDefault(basis) + exponent;
            if (sum.IsZero)
            {
                exponents.Remove(basis);
            }
            else
            {
                exponents[basis] = sum;
            }
        }

        static IEnumerable<Expr> Flatten(Expr factor) => factor is Multiply product ? product.Factors : [factor];
    }

    /// <summary>
    /// basis^exponent. Every rewriting is an identity on the reals where basis^exponent is defined (fractional powers of negative numbers are not): (x²)^½ stays, since it is |x|;
    /// (x³)^½ is x^(3/2).
    /// </summary>
    public static Expr Pow(Expr basis, Rational exponent)
    {
        if (exponent.IsZero)
        {
            return One;
        }

        if (exponent.IsOne)
        {
            return basis;
        }

        switch (basis)
        {
            case Constant { Value.IsZero: true }:
                return exponent.Sign > 0 ? Zero : new Power(Zero, -1);
            case Constant c when exponent.IsInteger && exponent.Abs <= 4096:
                return Rational.Pow(c.Value, (int)exponent.Numerator);
            case Constant { Value.Sign: > 0 } c:
                return Radicals.Of(c.Value, exponent);
            case WidthPower w:
                return WidthTo(w.Width, w.Exponent * exponent);
            case Power p when exponent.IsInteger || !p.Exponent.IsInteger || !p.Exponent.Numerator.IsEven || Sign.IsNonNegative(p.Base):
                return Pow(p.Base, p.Exponent * exponent);
            case Multiply m when exponent.IsInteger:
                return ProductOf(m.Factors.Select(factor => Pow(factor, exponent)));
            case Multiply m when m.Factors.Any(Sign.IsPositive):
                var rest = ProductOf(m.Factors.Where(factor => !Sign.IsPositive(factor)));
                return ProductOf(m.Factors.Where(Sign.IsPositive).Select(factor => Pow(factor, exponent)).Append(Pow(rest, exponent)));
            case Multiply { Factors: [Constant { Value: { Sign: < 0 } c }, ..] } m when c != -1:
                return ProductOf([Pow(-c, exponent), Pow(ProductOf(m.Factors.Skip(1).Prepend(-1)), exponent)]);
            case Add sum:
                var (content, primitive) = SplitContent(sum);
                if (!exponent.IsInteger && content.Sign < 0)
                {
                    (content, primitive) = (-content, SumOf(primitive.Terms.Select(term => -term)) as Add ?? primitive);
                }

                return content.IsOne ? new Power(sum, exponent) : ProductOf([Pow(content, exponent), new Power(primitive, exponent)]);
            default:
                return new Power(basis, exponent);
        }
    }

    /// <summary>
    /// A sum as a number times a sum whose coefficients are integers without common divisor, the first positive.
    /// </summary>
    private static (Rational Content, Add Primitive) SplitContent(Add sum)
    {
        var coefficients = sum.Terms.Select(term => SplitCoefficient(term).Coefficient).ToList();
        var numerator = coefficients.Select(c => c.Numerator).Aggregate(BigInteger.GreatestCommonDivisor);
        var denominator = coefficients.Select(c => c.Denominator).Aggregate((x, y) => x / BigInteger.GreatestCommonDivisor(x, y) * y);
        var content = new Rational(BigInteger.Abs(numerator), denominator);
        content = coefficients[0].Sign < 0 ? -content : content;
        return content.IsOne ? (content, sum) : (content, new Add(sum.Terms.Select(term => ProductOf([1 / content, term])).ToValueList()));
    }

    /// <summary>The factors of a body that are numbers (rationals, roots, π) and powers of widths, and the rest.</summary>
    private static (Expr Numbers, Expr Body) SplitNumbers(Expr body)
    {
        switch (body)
        {
            case Multiply product:
                return (ProductOf(product.Factors.Where(IsNumber)), ProductOf(product.Factors.Where(factor => !IsNumber(factor))));
            case Add sum:
                var (content, primitive) = SplitContent(sum);
                return (content, primitive);
            case Constant { IsZero: true }:
                return (One, Zero);
            default:
                return IsNumber(body) ? (body, One) : (One, body);
        }

        static bool IsNumber(Expr factor) => factor is Constant or Pi or WidthPower or Power { Base: Constant or Pi };
    }

    /// <summary>A term as a rational coefficient times the rest.</summary>
    public static (Rational Coefficient, Expr Remainder) SplitCoefficient(Expr term) => term switch
    {
        Constant constant => (constant.Value, One),
        Multiply { Factors: [Constant constant, ..] } product =>
            (constant.Value, product.Factors.Count == 2 ? product.Factors[1] : new Multiply(product.Factors.Skip(1).ToValueList())),
        _ => (1, term),
    };
}
