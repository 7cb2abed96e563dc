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

    /// <summary>Σ_index body; 0 when the body is 0.</summary>
    public static Expr SumOver(IndexBinder index, Expr body) => body.IsZero ? Zero : new Sum(index, body);

    /// <summary>n^exponent; 1 when the exponent is 0.</summary>
    public static Expr WidthTo(string width, Rational exponent) => exponent.IsZero ? One : new WidthPower(width, exponent);

    /// <summary>The sum of the terms: flattened, like terms collected, 0 dropped, in canonical order.</summary>
    public static Expr SumOf(IEnumerable<Expr> terms)
    {
        var coefficients = new Dictionary<Expr, Rational>();
        foreach (var term in terms.SelectMany(Flatten))
        {
            var (coefficient, rest) = SplitCoefficient(term);
            coefficients[rest] = coefficients.GetValueOrDefault(rest) + coefficient;
        }

        var collected = coefficients
            .Where(pair => !pair.Value.IsZero)
            .OrderBy(pair => pair.Key, ExprOrder.Instance)
            .Select(pair => ProductOf([pair.Value, pair.Key]))
            .ToValueList();
        return collected.Count switch
        {
            0 => Zero,
            1 => collected[0],
            _ => new Add(collected),
        };

        static IEnumerable<Expr> Flatten(Expr term) => term is Add add ? add.Terms : [term];
    }

    /// <summary>The product of the factors: flattened, equal bases collected into powers, constants folded, in canonical order.</summary>
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
                    var one = new WidthPower(width.Width, 1);
                    exponents[one] = exponents.GetValueOrDefault(one) + width.Exponent;
                    break;
                case Power power:
                    exponents[power.Base] = exponents.GetValueOrDefault(power.Base) + power.Exponent;
                    break;
                default:
                    exponents[factor] = exponents.GetValueOrDefault(factor) + 1;
                    break;
            }
        }

        if (coefficient.IsZero)
        {
            return Zero;
        }

        var collected = exponents
            .Where(pair => !pair.Value.IsZero)
            .OrderBy(pair => pair.Key, ExprOrder.Instance)
            .Select(pair => Pow(pair.Key, pair.Value))
            .ToList();
        if (collected.Any(factor => factor is Constant))
        {
            return ProductOf([coefficient, .. collected]);
        }

        if (!coefficient.IsOne)
        {
            // A number times a sum is distributed, so that like terms meet.
            if (collected is [Add sum])
            {
                return SumOf(sum.Terms.Select(term => ProductOf([coefficient, term])));
            }

            collected.Insert(0, coefficient);
        }

        return collected.Count switch
        {
            0 => One,
            1 => collected[0],
            _ => new Multiply(collected.ToValueList()),
        };

        static IEnumerable<Expr> Flatten(Expr factor) => factor is Multiply product ? product.Factors : [factor];
    }

    /// <summary>
    /// basis^exponent. Powers of powers are merged only when that is an identity on the reals (an odd or integer inner exponent of a
    /// positive base is not assumed): (x²)^½ stays.
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

        return basis switch
        {
            Constant c when exponent.IsInteger && !(c.Value.IsZero && exponent.Sign < 0) && exponent.Abs <= 4096 =>
                Rational.Pow(c.Value, (int)exponent.Numerator),
            Constant { Value.IsOne: true } => One,
            Constant { Value.IsZero: true } when exponent.Sign > 0 => Zero,
            WidthPower w => WidthTo(w.Width, w.Exponent * exponent),
            Power p when exponent.IsInteger => Pow(p.Base, p.Exponent * exponent),
            Multiply m when exponent.IsInteger => ProductOf(m.Factors.Select(factor => Pow(factor, exponent))),
            _ => new Power(basis, exponent),
        };
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
