namespace TpCompiler.Symbolics;

/// <summary>The covariance [[p, r], [r, q]] of two Gaussians of mean 0, with what cancels in it beside it: near |ρ| = 1 a mean of functions with jumps moves by the root of what 1 − ρ² is off by.</summary>
/// <param name="P">Var u.</param>
/// <param name="Q">Var v.</param>
/// <param name="R">Cov(u, v).</param>
/// <param name="Complement">1 − ρ², between 0 and 1.</param>
/// <param name="Error">A bound on the error of <paramref name="Complement"/>; 0 where it is right to rounding. p, q and r are right to rounding.</param>
public readonly record struct CovariancePair(double P, double Q, double R, double Complement, double Error)
{
    /// <summary>The distance of 1 from the next number.</summary>
    internal const double Rounding = 2.2204460492503131e-16;

    /// <summary>From p, q and r alone, which have been rounded; p = q = |r| says that v = ±u.</summary>
    public static CovariancePair Of(double p, double q, double r)
    {
        if (p == q && p == Math.Abs(r))
        {
            return new(p, q, r, 0, 0);
        }

        var correlation = p > 0 && q > 0 ? Math.Min(1, Math.Abs(r) / (Math.Sqrt(p) * Math.Sqrt(q))) : 0;
        return new(p, q, r, (1 - correlation) * (1 + correlation), 4 * Rounding);
    }

    /// <summary>Of u = x·z and v = y·z, z independent of variance 1, by Lagrange's identity |x|²|y|² − (x·y)² = Σ_{i&lt;j} (x_i y_j − x_j y_i)²: what x and y have in common cancels coordinate by coordinate, in numbers
    /// as they are given. Half a unit in their last place, as decimal numbers have that were read, is in the error; multiples of one another are exactly that.</summary>
    /// <param name="x">The coefficients of u.</param>
    /// <param name="y">Those of v.</param>
    public static CovariancePair Of(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var (p, q, r, pivot) = (0.0, 0.0, 0.0, 0);
        for (var i = 0; i < x.Length; i++)
        {
            (p, q, r) = (p + (x[i] * x[i]), q + (y[i] * y[i]), r + (x[i] * y[i]));
            pivot = Math.Abs(x[i]) > Math.Abs(x[pivot]) ? i : pivot;
        }

        if (p == 0 || q == 0)
        {
            return new(p, q, r, 0, 0);
        }

        // y less its part along x that makes it 0 at the pivot, times x there: w = x_k y − y_k x. Its angle with x is not small.
        var (square, along, off) = (0.0, 0.0, 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            var (w, rounding) = i == pivot ? (0, 0) : Difference(x[pivot], y[i], x[i], y[pivot]);
            square += w * w;
            along += w * x[i];
            off += rounding * rounding;
        }

        var scale = x[pivot] * x[pivot] * q;
        var complement = Math.Clamp((square - (along * along / p)) / scale, 0, 1);
        var sine = Math.Sqrt(off / scale);
        return new(p, q, r, complement, Math.Min(1, ((2 * Math.Sqrt(complement)) + sine) * sine));
    }

    /// <summary>ρ.</summary>
    internal double Correlation => P > 0 && Q > 0 ? Math.Clamp(R / (Math.Sqrt(P) * Math.Sqrt(Q)), -1, 1) : 0;

    /// <summary>arccos ρ, from both its sine and its cosine.</summary>
    public double Angle => Math.Atan2(Math.Sqrt(Complement), Correlation);

    /// <summary>ab − cd without cancellation (W. Kahan's use of a fused multiplication), and what half a unit in the last place of each number makes of it; 0 where both are exactly 0.</summary>
    private static (double Value, double Error) Difference(double a, double b, double c, double d)
    {
        var product = c * d;
        var error = Math.FusedMultiplyAdd(-c, d, product);
        var difference = Math.FusedMultiplyAdd(a, b, -product);
        var value = difference + error;
        return (value, value == 0 ? 0 : Rounding * (Math.Abs(a * b) + Math.Abs(product)));
    }
}
