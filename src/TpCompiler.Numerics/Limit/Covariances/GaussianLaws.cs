using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>Several laws under which the same variables are jointly Gaussian with mean 0, side by side.</summary>
internal abstract class GaussianLaws
{
    /// <summary>1 under each law.</summary>
    public abstract NodeValues One { get; }

    /// <summary>E φ(g) ψ(h) under each law; ψ = 1 where there is one function.</summary>
    public abstract NodeValues Mean(Expr phi, LinearForm g, Expr psi, LinearForm h);

    /// <summary>Cov(g, h) under each law.</summary>
    public abstract double[] Covariance(LinearForm g, LinearForm h);
}
