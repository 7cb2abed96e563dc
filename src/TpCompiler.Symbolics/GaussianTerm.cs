namespace TpCompiler.Symbolics;

/// <summary>
/// c · x^k · exp(−a x² + b x) · cos(ωx + δ + qπ/2) · erf(s x), of which a factor erf stands with powers and exp(−a x²) alone: what polynomials, exp, gaussian, sin, cos, erf, normal_cdf and
/// gelu are sums of, and their derivatives and most of their products (hermite, rbf, gabor, swish-like erf gates). Nothing but x and the term's own numbers occurs in it.
/// </summary>
/// <param name="Coefficient">c.</param>
/// <param name="Power">k.</param>
/// <param name="Decay">a, at least 0.</param>
/// <param name="Rate">b.</param>
/// <param name="Frequency">ω; 0 for no wave, and then δ and q are 0 too.</param>
/// <param name="Phase">δ.</param>
/// <param name="Quarters">q, modulo 4.</param>
/// <param name="Slope">s; 0 for no error function.</param>
internal sealed record GaussianTerm(Expr Coefficient, int Power, Expr Decay, Expr Rate, Expr Frequency, Expr Phase, int Quarters, Expr Slope)
{
    private const int MostTerms = 64;

    private const int MostPower = 24;

    public bool IsWave => !Frequency.IsZero;

    public bool HasErf => !Slope.IsZero;

    /// <summary>The terms of a function of <paramref name="x"/>; null when it is no such sum, or a long one.</summary>
    public static IReadOnlyList<GaussianTerm>? Sum(Expr expr, Expr.Reference x)
    {
        if (expr == x)
        {
            return [Constant(1) with { Power = 1 }];
        }

        if (!expr.References().Contains(x))
        {
            return [Constant(expr)];
        }

        return expr switch
        {
            Expr.Add add => add.Terms.Select(term => Sum(term, x)).Aggregate((f, g) => f is null || g is null || f.Count + g.Count > MostTerms ? null : [.. f, .. g]),
            Expr.Multiply product => product.Factors.Select(factor => Sum(factor, x)).Aggregate(Times),
            Expr.Power { Exponent: { IsInteger: true, Sign: > 0 } e } power when e <= MostPower => Sum(power.Base, x) is { } basis ? Enumerable.Repeat(basis, (int)e.Numerator).Aggregate((IReadOnlyList<GaussianTerm>?)[Constant(1)], Times) : null,
            Expr.Call { Derivative: > 0 } call => Sum(Nonlinearities.Expand(call), x),
            Expr.Call { Arguments: [var argument] } call => OfCall(call.Function, argument, x),
            _ => null,
        };
    }

    private static GaussianTerm Constant(Expr value) => new(value, 0, Expr.Zero, Expr.Zero, Expr.Zero, Expr.Zero, 0, Expr.Zero);

    private static IReadOnlyList<GaussianTerm>? OfCall(string function, Expr argument, Expr.Reference x)
    {
        // c₀ + c₁x + c₂x², as far as each function takes it.
        if (PiecewisePolynomial.Of(argument, x) is not { B.Count: 0, A: { Count: <= 3 } polynomial })
        {
            return null;
        }

        var (shift, slope, square) = (At(0), At(1), At(2));
        return function switch
        {
            "exp" when Sign.IsNonNegative(-square) => [Constant(Nonlinearities.CallOf("exp", 0, [], shift)) with { Decay = -square, Rate = slope }],
            "gaussian" when square.IsZero => [Constant(Nonlinearities.CallOf("gaussian", 0, [], shift)) with { Decay = slope * slope, Rate = -2 * shift * slope }],
            "cos" when square.IsZero => [Wave(slope, shift, 0)],
            "sin" when square.IsZero => [Wave(slope, shift, -1)],
            "erf" when square.IsZero && shift.IsZero => [Constant(1) with { Slope = slope }],
            "normal_cdf" when square.IsZero && shift.IsZero => [Constant(Rational.Half), Constant(Rational.Half) with { Slope = Expr.Pow(2, -Rational.Half) * slope }],
            "gelu" => Sum(argument * Nonlinearities.CallOf("normal_cdf", 0, [], argument), x),
            _ => null,
        };

        Expr At(int power) => power < polynomial.Count ? polynomial[power] : Expr.Zero;
    }

    /// <summary>cos(ωx + δ + qπ/2).</summary>
    private static GaussianTerm Wave(Expr frequency, Expr phase, int quarters)
    {
        (phase, quarters) = RightAngles(phase, quarters);
        if (!frequency.IsZero)
        {
            return Constant(1) with { Frequency = frequency, Phase = phase, Quarters = quarters };
        }

        var cosine = Nonlinearities.CallOf(quarters % 2 == 0 ? "cos" : "sin", 0, [], phase);
        return Constant(quarters is 1 or 2 ? -cosine : cosine);
    }

    /// <summary>δ + qπ/2 with 0 ≤ δ &lt; π/2 where δ is a multiple of π, and 0 ≤ q &lt; 4: right angles are exact.</summary>
    internal static (Expr Phase, int Quarters) RightAngles(Expr phase, int quarters)
    {
        var (turns, rest) = Expr.SplitCoefficient(phase);
        var whole = rest is Expr.Pi ? Rational.Floor(2 * turns) : 0;
        return (whole.IsZero ? phase : phase - (new Rational(whole, 2) * new Expr.Pi()), (((quarters + (int)(whole % 4)) % 4) + 4) % 4);
    }

    private static IReadOnlyList<GaussianTerm>? Times(IReadOnlyList<GaussianTerm>? f, IReadOnlyList<GaussianTerm>? g)
    {
        if (f is null || g is null || f.Count * g.Count > MostTerms)
        {
            return null;
        }

        var products = f.SelectMany(x => g.Select(y => Times(x, y))).ToList();
        return products.Contains(null) ? null : [.. products.SelectMany(product => product!)];
    }

    private static IReadOnlyList<GaussianTerm>? Times(GaussianTerm x, GaussianTerm y)
    {
        var hasWave = x.IsWave || y.IsWave || !x.Rate.IsZero || !y.Rate.IsZero;
        if ((x.HasErf && y.HasErf) || ((x.HasErf || y.HasErf) && hasWave) || x.Power + y.Power > MostPower)
        {
            return null;
        }

        var product = new GaussianTerm(
            x.Coefficient * y.Coefficient, x.Power + y.Power, x.Decay + y.Decay, x.Rate + y.Rate, x.Frequency + y.Frequency, x.Phase + y.Phase, (x.Quarters + y.Quarters) % 4, x.Slope + y.Slope);

        // cos α cos β = ½ (cos(α + β) + cos(α − β)).
        return x.IsWave && y.IsWave ? [Half(1), Half(-1)] : [product];

        GaussianTerm Half(int sign)
        {
            var wave = Wave(x.Frequency + (sign * y.Frequency), x.Phase + (sign * y.Phase), x.Quarters + (sign * y.Quarters));
            return product with { Coefficient = Rational.Half * product.Coefficient * wave.Coefficient, Frequency = wave.Frequency, Phase = wave.Phase, Quarters = wave.Quarters };
        }
    }
}
