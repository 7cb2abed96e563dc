namespace TpCompiler.Symbolics;

/// <summary>[[p, r], [r, q]] of two Gaussians of mean 0, as expressions.</summary>
/// <param name="P">Var u.</param>
/// <param name="Q">Var v.</param>
/// <param name="R">Cov(u, v).</param>
/// <param name="Determinant">A name for pq − r², which numbers are given for that have not cancelled; null where it is written out.</param>
public readonly record struct SymbolicCovariance(Expr P, Expr Q, Expr R, Expr? Determinant)
{
    /// <summary>That of (au, bv).</summary>
    public SymbolicCovariance Scaled(Expr a, Expr b) => new(a * a * P, b * b * Q, a * b * R, Determinant is null ? null : a * a * b * b * Determinant);

    /// <summary>det(1 + k Σ): weighting a Gaussian of covariance Σ by exp(−½ k (u² + v²)) gives the covariance (Σ⁻¹ + k)⁻¹, whose covariance entry is r over this.</summary>
    public Expr Tilted(Rational k) => Determinant is { } determinant
        ? 1 + (k * (P + Q)) + (k * k * determinant)
        : ((1 + (k * P)) * (1 + (k * Q))) - (k * k * Expr.Pow(R, 2));

    /// <summary>arcsin(kr/√((1 + kp)(1 + kq))), as an arctangent of numbers that have not cancelled where there is a determinant.</summary>
    public Expr AngleTilted(Rational k) => Determinant is null
        ? Nonlinearities.CallOf("arcsin", 0, [], k * R * Expr.Pow((1 + (k * P)) * (1 + (k * Q)), -Rational.Half))
        : Nonlinearities.CallOf("arctan", 0, [], k * R * Expr.Pow(Tilted(k), -Rational.Half));
}
