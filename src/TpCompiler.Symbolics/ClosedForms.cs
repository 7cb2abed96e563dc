namespace TpCompiler.Symbolics;

/// <summary>
/// E f(u) g(v) for (u, v) ~ N(0, [[p, r], [r, q]]) as exact expressions in p, q and r, valid for p, q &gt; 0 and |r| ≤ √(pq).
/// </summary>
public static class ClosedForms
{
    private static readonly Expr TwoPi = 2 * new Expr.Pi();

    /// <summary>The closed form; null when there is none here.</summary>
    /// <param name="f">A function of <paramref name="x"/>.</param>
    /// <param name="g">Another, or the same.</param>
    /// <param name="x">Their variable.</param>
    /// <param name="p">Var u.</param>
    /// <param name="q">Var v.</param>
    /// <param name="r">Cov(u, v).</param>
    /// <param name="angle">A name for arccos(r/√(pq)); null writes it out.</param>
    /// <param name="determinant">A name for pq − r², which a number is to be given for that has not cancelled; null writes forms as they are printed, in which it may.</param>
    public static Expr? Pair(Expr f, Expr g, Expr.Reference x, Expr p, Expr q, Expr r, Expr? angle = null, Expr? determinant = null) =>
        PiecewisePolynomial.Of(f, x) is { } polynomialF && PiecewisePolynomial.Of(g, x) is { } polynomialG
            ? new Rectified(p, q, r, angle ?? Expr.Apply("arccos", r * Expr.Pow(p * q, -Rational.Half)), determinant).Pair(polynomialF, polynomialG)
            : FromTable(f, g, x, new(p, q, r, determinant))
            ?? (GaussianTerm.Sum(f, x) is { } termsOfF && GaussianTerm.Sum(g, x) is { } termsOfG ? new GaussianTermMoments(new(p, q, r, determinant)).Pair(termsOfF, termsOfG) : null);

    /// <summary>Whether a function has another value at 0 than the mean of those beside it, which a closed form tends to as the variance goes to 0, or jumps there.</summary>
    /// <param name="f">A function of <paramref name="x"/>.</param>
    /// <param name="x">Its variable.</param>
    public static bool JumpsAtZero(Expr f, Expr.Reference x) => PiecewisePolynomial.Of(f, x) is { B: [{ IsZero: false }, ..] };

    /// <summary>c φ^(k)(a x) · c̄ φ^(k)(ā x), from the row of φ.</summary>
    private static Expr? FromTable(Expr f, Expr g, Expr.Reference x, SymbolicCovariance covariance)
    {
        if (Match(f, x) is not var (cf, callF, af) || Match(g, x) is not var (cg, callG, ag)
            || callF.Function != callG.Function || callF.Derivative != callG.Derivative || callF.Parameters != callG.Parameters)
        {
            return null;
        }

        var row = Nonlinearities.Get(callF.Function);
        var form = callF.Derivative switch { 0 => row.Pair, 1 => row.PrimePair, _ => null };
        return form is null ? null : cf * cg * form(covariance.Scaled(af, ag));
    }

    private static (Expr Coefficient, Expr.Call Call, Expr Slope)? Match(Expr expr, Expr.Reference x)
    {
        var factors = expr is Expr.Multiply product ? product.Factors : [expr];
        if (factors.Where(factor => factor.References().Contains(x)).ToList() is not [Expr.Call { Arguments: [var argument] } call])
        {
            return null;
        }

        var slope = argument / x;
        return slope.References().Contains(x) ? null : (Expr.ProductOf(factors.Where(factor => factor != call)), call, slope);
    }

    /// <summary>The moments of x^i and x^i·1[x &gt; 0]: by Stein's lemma, the arc-cosine kernels of Cho and Saul 2009 among them.</summary>
    private sealed class Rectified(Expr p, Expr q, Expr r, Expr angle, Expr? determinant)
    {
        /// <summary>√(pq − r²), from the same angle as the rest, since near |r| = √(pq) their errors must cancel.</summary>
        private Expr Root => Expr.Pow(p * q, Rational.Half) * Expr.Apply("sin", angle);

        public Expr Pair(PiecewisePolynomial f, PiecewisePolynomial g)
        {
            var terms = new List<Expr>();
            for (var m = 0; m < Math.Min(f.A.Count, g.A.Count); m++)
            {
                terms.Add(Factorial(m) * InHermite(f.A, m, p) * InHermite(g.A, m, q) * Expr.Pow(r, m));
            }

            Add(f.A, g.B, (i, j) => Half(i, j, p, q));
            Add(f.B, g.A, (i, j) => Half(j, i, q, p));
            Add(f.B, g.B, (i, j) => Both(i, j, p, q));
            return Expr.SumOf(terms);

            void Add(ValueList<Expr> x, ValueList<Expr> y, Func<int, int, Expr> moment)
            {
                for (var i = 0; i < x.Count; i++)
                {
                    for (var j = 0; j < y.Count; j++)
                    {
                        if (!x[i].IsZero && !y[j].IsZero)
                        {
                            terms.Add(x[i] * y[j] * moment(i, j));
                        }
                    }
                }
            }
        }

        /// <summary>
        /// The coefficient of H_m in a polynomial, H_m(x) the Hermite polynomial that is orthogonal for N(0, variance): E H_m(u) H_k(v) is m! r^m for k = m, else 0, so that what
        /// cancels in the powers of a polynomial of high degree (He_20 at variance 1) has cancelled before the two meet.
        /// </summary>
        private static Expr InHermite(ValueList<Expr> polynomial, int m, Expr variance) => Expr.SumOf(
            Enumerable.Range(0, ((polynomial.Count - 1 - m) / 2) + 1)
                .Select(j => (Factorial(m + (2 * j)) / (Rational.Pow(2, j) * Factorial(j) * Factorial(m))) * polynomial[m + (2 * j)] * Expr.Pow(variance, j)));

        /// <summary>E u^i v^j: Isserlis' theorem, by how many pairs join u with v.</summary>
        private static Expr Full(int i, int j, Expr p, Expr q, Expr r)
        {
            if ((i + j) % 2 != 0)
            {
                return Expr.Zero;
            }

            var terms = new List<Expr>();
            for (var k = i % 2; k <= Math.Min(i, j); k += 2)
            {
                var ways = Choose(i, k) * Choose(j, k) * Factorial(k) * Odd(i - k - 1) * Odd(j - k - 1);
                terms.Add(ways * Expr.Pow(r, k) * Expr.Pow(p, new Rational(i - k, 2)) * Expr.Pow(q, new Rational(j - k, 2)));
            }

            return Expr.SumOf(terms);
        }

        /// <summary>E u^i v^j 1[v &gt; 0]: half the full moment when i + j is even; else through u = (r/q) v + independent rest.</summary>
        private Expr Half(int i, int j, Expr p, Expr q)
        {
            if ((i + j) % 2 == 0)
            {
                return Rational.Half * Full(i, j, p, q, r);
            }

            var rest = determinant is null ? p - (Expr.Pow(r, 2) / q) : determinant / q;
            return Expr.SumOf(Enumerable.Range(0, (i / 2) + 1).Select(half => 2 * half).Select(m =>
                Choose(i, m) * Odd(m - 1) * Expr.Pow(rest, m / 2) * Expr.Pow(r / q, i - m) * OneSided(i - m + j, Expr.Pow(q, Rational.Half))));
        }

        /// <summary>E u^i v^j 1[u &gt; 0] 1[v &gt; 0].</summary>
        private Expr Both(int i, int j, Expr p, Expr q)
        {
            if (i == 0 && j == 0)
            {
                return (new Expr.Pi() - angle) / TwoPi;
            }

            if (i == 0)
            {
                return Both(j, i, q, p);
            }

            // Stein's lemma on one factor u: p E ∂/∂u + r E ∂/∂v, with a delta where a step is differentiated.
            var byU = i == 1
                ? Expr.Pow(TwoPi * p, -Rational.Half) * OneSided(j, Root * Expr.Pow(p, -Rational.Half))
                : (i - 1) * Both(i - 2, j, p, q);
            var byV = j == 0
                ? Expr.Pow(TwoPi * q, -Rational.Half) * OneSided(i - 1, Root * Expr.Pow(q, -Rational.Half))
                : j * Both(i - 1, j - 1, p, q);
            return (p * byU) + (r * byV);
        }

        /// <summary>E w^k 1[w &gt; 0] for w ~ N(0, deviation²).</summary>
        private static Expr OneSided(int k, Expr deviation) => Expr.Pow(deviation, k) * (k % 2 == 0
            ? Rational.Half * Odd(k - 1)
            : Rational.Pow(2, k / 2) * Factorial(k / 2) * Expr.Pow(TwoPi, -Rational.Half));

        private static Rational Odd(int k) => k <= 1 ? 1 : k * Odd(k - 2);

        private static Rational Factorial(int k) => k <= 1 ? 1 : k * Factorial(k - 1);

        private static Rational Choose(int n, int k) => Factorial(n) / (Factorial(k) * Factorial(n - k));
    }
}
