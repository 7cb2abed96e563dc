using System.Runtime.CompilerServices;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>
/// Jointly Gaussian variables, each a fresh one or an Ẑ^{Wx}, and expectations of what is made of them: Cov(Ẑ^{Wx}, Ẑ^{Wx̄}) = σ² E x x̄, different matrices independent. An expectation of a product falls apart into those of
/// its independent parts; each of these must be one over at most two Gaussians, after linear factors are integrated by parts.
/// </summary>
internal sealed class GaussianVariables(double disturbance, bool isProbe)
{
    /// <summary>What an integral may be off by; less than a disturbance is not seen beside it.</summary>
    private readonly double tolerance = disturbance == 0 ? 1e-14 : 1e-3 * disturbance;

    /// <summary>What stands for an integral where only its kind is asked for: any number but 0.</summary>
    private const double Probe = 0.5;

    private static readonly Expr One = Expr.One;

    private readonly List<Origin> origins = [];
    private readonly Dictionary<(int, int), double> covariances = [];
    private readonly Dictionary<(Expr, Expr), GaussianMoments> prepared = new(Pairs.Instance);
    private readonly Dictionary<Integrand, double> known = [];
    private readonly Dictionary<Expr, Expr> functions = [];
    private readonly Dictionary<Expr, Expr> derivatives = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Expr, Expr> weighted = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Expr, bool> odd = new(ReferenceEqualityComparer.Instance);

    /// <summary>Where a variable comes from: fresh, of this variance, or Ẑ^{Wx} of a family with σ², x.</summary>
    private sealed record Origin(int Family, double Variance, Variate? Of);

    /// <summary>The largest error of an integral, in units of its disturbance.</summary>
    public double LargestError { get; private set; }

    public bool IsClosedForm { get; private set; } = true;

    /// <summary>Expressions that are equal as one object, so that they are told apart fast.</summary>
    public Expr Shared(Expr function) => functions.TryGetValue(function, out var shared) ? shared : functions[function] = function;

    public LinearForm Fresh(double variance)
    {
        origins.Add(new Origin(-1 - origins.Count, variance, null));
        return variance == 0 ? LinearForm.Sum([]) : LinearForm.Of(origins.Count - 1);
    }

    /// <summary>Ẑ^{Wx}, W of this family; null when it is 0.</summary>
    public LinearForm Image(int family, double variance, Variate x)
    {
        origins.Add(new Origin(family, variance, x));
        var image = origins.Count - 1;
        return Covariance(image, image) == 0 ? LinearForm.Sum([]) : LinearForm.Of(image);
    }

    public double Covariance(LinearForm g, LinearForm h)
    {
        var sum = 0.0;
        for (var i = 0; i < g.Variables.Length; i++)
        {
            for (var j = 0; j < h.Variables.Length; j++)
            {
                if (origins[g.Variables[i]].Family == origins[h.Variables[j]].Family)
                {
                    sum += g.Coefficients[i] * h.Coefficients[j] * Covariance(g.Variables[i], h.Variables[j]);
                }
            }
        }

        return sum;
    }

    /// <summary>E x.</summary>
    public double Mean(Variate x) => x.Number + x.Terms.Sum(term => term.Coefficient * Mean(term.Factors));

    /// <summary>E x y.</summary>
    public double Mean(Variate x, Variate y)
    {
        var sum = (x.Number == 0 ? 0 : x.Number * Mean(y)) + (y.Number == 0 ? 0 : y.Number * (Mean(x) - x.Number));
        foreach (var a in x.Terms)
        {
            foreach (var b in y.Terms)
            {
                sum += a.Coefficient * b.Coefficient * Mean([.. a.Factors, .. b.Factors]);
            }
        }

        return sum;
    }

    /// <summary>E ∂x/∂g for a variable g.</summary>
    public double MeanDerivative(Variate x, int variable)
    {
        var sum = 0.0;
        foreach (var term in x.Terms)
        {
            for (var i = 0; i < term.Factors.Length; i++)
            {
                if (term.Factors[i].Argument[variable] is not 0 and var coefficient)
                {
                    sum += term.Coefficient * coefficient * Mean(term.Factors, i);
                }
            }
        }

        return sum;
    }

    private double Covariance(int first, int second)
    {
        var (a, b) = (Math.Min(first, second), Math.Max(first, second));
        if (origins[a].Of is not { } x)
        {
            return a == b ? origins[a].Variance : 0;
        }

        if (!covariances.TryGetValue((a, b), out var covariance))
        {
            covariances[(a, b)] = covariance = origins[a].Variance * Mean(x, origins[b].Of!);
        }

        return covariance;
    }

    /// <summary>E Π φ_i(g_i), with φ′ for one of them where one is named.</summary>
    private double Mean(Factor[] factors, int? differentiated = null)
    {
        var product = 1.0;

        // A derivative may not exist where the other parts are 0 anyway: its part comes last.
        foreach (var part in Parts(factors).OrderBy(part => differentiated is { } i && part.Contains(i)))
        {
            product *= OfPart([.. part.Select(i => i == differentiated ? factors[i] with { Function = DerivativeOf(factors[i].Function) } : factors[i])]);
            if (product == 0)
            {
                return 0;
            }
        }

        return product;
    }

    /// <summary>Factors that are independent of the others stand by themselves.</summary>
    private List<List<int>> Parts(Factor[] factors)
    {
        var parts = new List<List<int>>();
        for (var i = 0; i < factors.Length; i++)
        {
            var joined = parts.Where(part => part.Any(j => Covariance(factors[i].Argument, factors[j].Argument) != 0)).ToList();
            parts.RemoveAll(joined.Contains);
            parts.Add([.. joined.SelectMany(part => part), i]);
        }

        return parts;
    }

    private double OfPart(Factor[] factors)
    {
        if (factors.Length > 2)
        {
            factors = Merged(factors);
        }

        switch (factors)
        {
            case []:
                return 1;
            case [var only]:
                return IsOdd(only.Function) ? 0 : Integral(only.Function, One, Covariance(only.Argument, only.Argument), 0, 0);
            case [{ IsLinear: true } g, { IsLinear: true } h]:
                return Covariance(g.Argument, h.Argument);
            case [{ IsLinear: true } g, var h]:
                return Regressed(g, h);
            case [var g, { IsLinear: true } h]:
                return Regressed(h, g);
            case [var g, var h]:
                return Integral(g.Function, h.Function, Covariance(g.Argument, g.Argument), Covariance(h.Argument, h.Argument), Covariance(g.Argument, h.Argument));
            default:
                return ByParts(factors);
        }
    }

    /// <summary>E g φ(h) = (Cov(g, h)/Var h) E h φ(h).</summary>
    private double Regressed(Factor linear, Factor other)
    {
        var variance = Covariance(other.Argument, other.Argument);
        return Covariance(linear.Argument, other.Argument) / variance * OfPart([other with { Function = Weighted(other.Function) }]);
    }

    /// <summary>E g F(h_1, …) = Σ_i Cov(g, h_i) E ∂F/∂h_i.</summary>
    private double ByParts(Factor[] factors)
    {
        var linear = Array.FindIndex(factors, factor => factor.IsLinear);
        if (linear < 0)
        {
            throw new NoCovariancesException();
        }

        Factor[] others = [.. factors.Where((_, i) => i != linear)];
        var sum = 0.0;
        for (var i = 0; i < others.Length; i++)
        {
            var covariance = Covariance(factors[linear].Argument, others[i].Argument);
            if (covariance != 0)
            {
                sum += covariance * (others[i].IsLinear ? Mean([.. others.Where((_, k) => k != i)]) : Mean(others, i));
            }
        }

        return sum;
    }

    /// <summary>Functions of one Gaussian as one function.</summary>
    private Factor[] Merged(Factor[] factors)
    {
        var merged = new List<Factor>();
        foreach (var factor in factors)
        {
            var at = merged.FindIndex(known => factor.Argument.RatioTo(known.Argument) is not null);
            if (at < 0)
            {
                merged.Add(factor);
            }
            else
            {
                merged[at] = merged[at] with { Function = Shared(merged[at].Function * factor.Of(factor.Argument.RatioTo(merged[at].Argument)!.Value)) };
            }
        }

        return [.. merged];
    }

    private bool IsOdd(Expr function) => odd.TryGetValue(function, out var known) ? known : odd[function] = Parity.Of(function, Factor.Variable) == ParityKind.Odd;

    private Expr Weighted(Expr function) => weighted.TryGetValue(function, out var known) ? known : weighted[function] = Shared(Factor.Variable * function);

    private Expr DerivativeOf(Expr function)
    {
        if (!derivatives.TryGetValue(function, out var derivative))
        {
            var value = Evaluation.Compile(function, Factor.Variable);
            if (Kinks.Of(function, Factor.Variable).Any(kink => Math.Abs(value(kink + 1e-9) - value(kink - 1e-9)) > 1e-6))
            {
                // It jumps, and its derivative is no function.
                throw new NoCovariancesException();
            }

            derivatives[function] = derivative = Shared(Derivative.Of(function, Factor.Variable));
        }

        return derivative;
    }

    /// <summary>E φ(u) ψ(v), (u, v) ~ N(0, [[p, r], [r, q]]).</summary>
    private double Integral(Expr phi, Expr psi, double p, double q, double r)
    {
        if (ReferenceEquals(phi, psi) && p < q)
        {
            (p, q) = (q, p);
        }

        if (!prepared.TryGetValue((phi, psi), out var moments))
        {
            prepared[(phi, psi)] = moments = new GaussianMoments(phi, psi, Factor.Variable, tolerance, useClosedForm: !psi.IsOne);
        }

        if (isProbe)
        {
            IsClosedForm &= moments.IsClosedForm;
            return Probe;
        }

        // Tied weights and both passes ask for the same integrals again; a closed form is as fast as looking it up.
        var asked = new Integrand(moments, p, q, r);
        if (!moments.IsClosedForm && known.TryGetValue(asked, out var found))
        {
            return found;
        }

        var moment = moments.At(p, q, r);
        if (!double.IsFinite(moment.Value) || !double.IsFinite(moment.Error))
        {
            throw new NoCovariancesException();
        }

        IsClosedForm &= moment.Tier == MomentTier.ClosedForm;
        LargestError = Math.Max(LargestError, Disturbance.Relative(moment.Value, moment.Error));
        var value = Disturbance.Of(moment.Value, disturbance);
        if (!moments.IsClosedForm)
        {
            known[asked] = value;
        }

        return value;
    }

    /// <summary>An integral, its functions one object.</summary>
    private readonly record struct Integrand(GaussianMoments Functions, double P, double Q, double R);

    private sealed class Pairs : IEqualityComparer<(Expr, Expr)>
    {
        public static readonly Pairs Instance = new();

        public bool Equals((Expr, Expr) x, (Expr, Expr) y) => ReferenceEquals(x.Item1, y.Item1) && ReferenceEquals(x.Item2, y.Item2);

        public int GetHashCode((Expr, Expr) pair) => HashCode.Combine(RuntimeHelpers.GetHashCode(pair.Item1), RuntimeHelpers.GetHashCode(pair.Item2));
    }
}
