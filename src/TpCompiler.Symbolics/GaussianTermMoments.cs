namespace TpCompiler.Symbolics;

/// <summary>
/// E f(u) g(v) for sums of <see cref="GaussianTerm"/>s, (u, v) ~ N(0, [[p, r], [r, q]]). Weighting the density by exp(−a u² − ā v²) makes it D^{-1/2} times that of the covariance
/// Σ′ = (Σ⁻¹ + diag(2a, 2ā))⁻¹, D = det(1 + Σ diag(2a, 2ā)); a linear exponent L·(u, v), complex for waves, moves the mean to Σ′L and multiplies by exp(½ LᵀΣ′L). Powers follow by Stein's lemma, and so do
/// error functions, down to E erf(su) erf(s̄v) (Williams 1997).
/// </summary>
internal sealed class GaussianTermMoments(SymbolicCovariance covariance)
{
    private readonly Expr p = covariance.P, q = covariance.Q, r = covariance.R;

    /// <summary>Null when a wave or an exponential meets an error function: no elementary form is known.</summary>
    public Expr? Pair(IReadOnlyList<GaussianTerm> f, IReadOnlyList<GaussianTerm> g)
    {
        var terms = new List<Expr>();
        foreach (var x in f)
        {
            foreach (var y in g)
            {
                if ((x.HasErf || y.HasErf) && (x.IsWave || y.IsWave || !x.Rate.IsZero || !y.Rate.IsZero))
                {
                    return null;
                }

                terms.Add(x.Coefficient * y.Coefficient * (x.HasErf || y.HasErf
                    ? WithErf(x.Power, y.Power, x.Decay, y.Decay, x.Slope, y.Slope)
                    : x.IsWave && y.IsWave ? Rational.Half * (Wave(x, y, 1) + Wave(x, y, -1)) : Wave(x, y, 1)));
            }
        }

        return Expr.SumOf(terms);
    }

    /// <summary>D and the entries of Σ′.</summary>
    private (Expr Determinant, Expr U, Expr V, Expr Between) Tilted(Expr a, Expr b)
    {
        var own = covariance.Determinant;
        var determinant = own is null
            ? ((1 + (2 * a * p)) * (1 + (2 * b * q))) - (4 * a * b * Expr.Pow(r, 2))
            : 1 + (2 * a * p) + (2 * b * q) + (4 * a * b * own);
        return (determinant, Of(p, b), Of(q, a), r / determinant);

        Expr Of(Expr variance, Expr other) => other.IsZero ? variance / determinant : (variance + (2 * other * (own ?? ((p * q) - Expr.Pow(r, 2))))) / determinant;
    }

    /// <summary>Re E u^i v^j exp(−a u² − ā v² + L·(u, v)) e^{iδ}, L = (b + iω, b̄ ± iω̄), δ = δ₁ ± δ₂.</summary>
    private Expr Wave(GaussianTerm x, GaussianTerm y, int sign)
    {
        var (determinant, u, v, between) = Tilted(x.Decay, y.Decay);
        var first = new Complex(x.Rate, x.Frequency);
        var second = new Complex(y.Rate, sign * y.Frequency);
        var exponent = (Rational.Half * ((u * (first * first)) + (v * (second * second)))) + (between * (first * second));
        var mean = ((u * first) + (between * second), (between * first) + (v * second));
        var (angle, quarters) = GaussianTerm.RightAngles(exponent.Imaginary + x.Phase + (sign * y.Phase), x.Quarters + (sign * y.Quarters));
        var moment = ShiftedMoment(x.Power, y.Power).TimesQuarterTurns(quarters);
        return Expr.Pow(determinant, -Rational.Half) * Call("exp", exponent.Real) * ((Call("cos", angle) * moment.Real) - (Call("sin", angle) * moment.Imaginary));

        // E (u + μ)^i (v + μ̄)^j under Σ′: multiply by one factor u + μ, and Stein's lemma.
        Complex ShiftedMoment(int i, int j)
        {
            if (i == 0 && j == 0)
            {
                return new(1, Expr.Zero);
            }

            var (byU, i1, j1) = i > 0 ? (true, i - 1, j) : (false, i, j - 1);
            var sum = (byU ? mean.Item1 : mean.Item2) * ShiftedMoment(i1, j1);
            sum = i1 > 0 ? sum + ((byU ? i1 * u : i1 * between) * ShiftedMoment(i1 - 1, j1)) : sum;
            return j1 > 0 ? sum + ((byU ? j1 * between : j1 * v) * ShiftedMoment(i1, j1 - 1)) : sum;
        }
    }

    /// <summary>E u^i v^j exp(−a u² − ā v²) erf(su) erf(s̄v), where a slope of 0 stands for no error function.</summary>
    private Expr WithErf(int i, int j, Expr a, Expr b, Expr slopeU, Expr slopeV)
    {
        var (determinant, u, v, between) = Tilted(a, b);
        if (i == 0 && j == 0)
        {
            return (slopeU.IsZero, slopeV.IsZero) switch
            {
                (true, true) => Expr.Pow(determinant, -Rational.Half),
                (false, false) => Expr.Pow(determinant, -Rational.Half) * 2 / new Expr.Pi()
                    * new SymbolicCovariance(u, v, between, covariance.Determinant is { } own ? own / determinant : null).Scaled(slopeU, slopeV).AngleTilted(2),
                _ => Expr.Zero,
            };
        }

        if (((i + j) % 2 == 0) != (slopeU.IsZero == slopeV.IsZero))
        {
            return Expr.Zero;
        }

        // Stein's lemma on one factor u (or v): E u F = Var u · E ∂F/∂u + Cov · E ∂F/∂v, with erf′(su) = 2s/√π exp(−s²u²).
        var (ofU, ofV, i1, j1) = i > 0 ? (u, between, i - 1, j) : (between, v, i, j - 1);
        var sum = Expr.Zero;
        sum = i1 > 0 ? sum + (ofU * i1 * WithErf(i1 - 1, j1, a, b, slopeU, slopeV)) : sum;
        sum = j1 > 0 ? sum + (ofV * j1 * WithErf(i1, j1 - 1, a, b, slopeU, slopeV)) : sum;
        sum = slopeU.IsZero ? sum : sum + (ofU * Slope(slopeU) * WithErf(i1, j1, a + (slopeU * slopeU), b, Expr.Zero, slopeV));
        return slopeV.IsZero ? sum : sum + (ofV * Slope(slopeV) * WithErf(i1, j1, a, b + (slopeV * slopeV), slopeU, Expr.Zero));

        static Expr Slope(Expr s) => 2 * s * Expr.Pow(new Expr.Pi(), -Rational.Half);
    }

    private static Expr Call(string function, Expr argument) => Nonlinearities.CallOf(function, 0, [], argument);

    private readonly record struct Complex(Expr Real, Expr Imaginary)
    {
        public static Complex operator +(Complex x, Complex y) => new(x.Real + y.Real, x.Imaginary + y.Imaginary);

        public static Complex operator *(Expr x, Complex y) => new(x * y.Real, x * y.Imaginary);

        public static Complex operator *(Complex x, Complex y) => new((x.Real * y.Real) - (x.Imaginary * y.Imaginary), (x.Real * y.Imaginary) + (x.Imaginary * y.Real));

        public Complex TimesQuarterTurns(int quarters) => quarters switch
        {
            0 => this,
            1 => new(-Imaginary, Real),
            2 => new(-Real, -Imaginary),
            _ => new(Imaginary, -Real),
        };
    }
}
