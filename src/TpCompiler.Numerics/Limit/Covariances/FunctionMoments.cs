using System.Runtime.CompilerServices;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>What is known of functions of one Gaussian: derivatives, parity, and integrals of one or two of them, each prepared once. Functions are told apart by reference.</summary>
internal sealed class FunctionMoments(double tolerance)
{
    private readonly Dictionary<Expr, Expr> functions = [];
    private readonly Dictionary<Expr, Expr?> derivatives = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Expr, Expr> weighted = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Expr, bool> odd = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(Expr, Expr), GaussianMoments> prepared = new(Pairs.Instance);

    /// <summary>Expressions that are equal as one object, so that they are told apart fast.</summary>
    public Expr Shared(Expr function) => functions.TryGetValue(function, out var shared) ? shared : functions[function] = function;

    public bool IsOdd(Expr function) => odd.TryGetValue(function, out var known) ? known : odd[function] = Parity.Of(function, Factor.Variable) == ParityKind.Odd;

    /// <summary>x φ(x).</summary>
    public Expr Weighted(Expr function) => weighted.TryGetValue(function, out var known) ? known : weighted[function] = Shared(Factor.Variable * function);

    /// <summary>φ′; null where φ jumps, and its derivative is no function.</summary>
    public Expr? DerivativeOf(Expr function)
    {
        if (!derivatives.TryGetValue(function, out var derivative))
        {
            var value = Evaluation.Compile(function, Factor.Variable);
            var jumps = Kinks.Of(function, Factor.Variable).Any(kink => Math.Abs(value(kink + 1e-9) - value(kink - 1e-9)) > 1e-6);
            derivatives[function] = derivative = jumps ? null : Shared(Derivative.Of(function, Factor.Variable));
        }

        return derivative;
    }

    /// <summary>E φ(u) ψ(v).</summary>
    public GaussianMoments Of(Expr phi, Expr psi)
    {
        if (!prepared.TryGetValue((phi, psi), out var moments))
        {
            prepared[(phi, psi)] = moments = new GaussianMoments(phi, psi, Factor.Variable, tolerance);
        }

        return moments;
    }

    private sealed class Pairs : IEqualityComparer<(Expr, Expr)>
    {
        public static readonly Pairs Instance = new();

        public bool Equals((Expr, Expr) x, (Expr, Expr) y) => ReferenceEquals(x.Item1, y.Item1) && ReferenceEquals(x.Item2, y.Item2);

        public int GetHashCode((Expr, Expr) pair) => HashCode.Combine(RuntimeHelpers.GetHashCode(pair.Item1), RuntimeHelpers.GetHashCode(pair.Item2));
    }
}
