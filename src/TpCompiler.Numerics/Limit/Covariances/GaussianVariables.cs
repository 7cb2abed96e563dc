using System.Runtime.CompilerServices;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>
/// Jointly Gaussian variables, each a fresh one or an Ẑ^{Wx}, and expectations of what is made of them: Cov(Ẑ^{Wx}, Ẑ^{Wx̄}) = σ² E x x̄, different matrices independent. An expectation of a product falls apart into those of
/// its independent parts; each of these must be one over at most two Gaussians, after linear factors are integrated by parts.
/// </summary>
internal sealed class GaussianVariables
{
    /// <summary>The largest error of an integral at the covariance that it was given.</summary>
    private double ownError;

    /// <summary>What stands for an integral where only its kind is asked for: any number but 0.</summary>
    private const double Probe = 0.5;

    /// <summary>1 − ρ² beyond which means move in proportion to its error.</summary>
    private const double NearOne = 0.01;

    /// <summary>Nodes of integrals over a norm are 2^−level apart.</summary>
    private const int FirstLevel = 4, LastLevel = 7;

    /// <summary>What such an integral may be off by, in tolerances, before more nodes are taken: it adds up many others.</summary>
    private const double MostTolerances = 100;

    private readonly double disturbance;
    private readonly bool isProbe;
    private readonly double tolerance;
    private readonly List<Origin> origins = [];
    private readonly Dictionary<(int, int), double> covariances = [];
    private readonly Dictionary<(int, int), (double Complement, double Error)> complements = [];
    private readonly Dictionary<Integrand, double> known = [];
    private readonly List<(Norm Norm, Norm Scaled, double Mean)> norms = [];
    private readonly Dictionary<(Norm, int), TiltedLaws> tilted = [];
    private readonly Plain plain;
    private bool isClosedForm = true;
    private bool hasNorms;

    /// <summary>Where a variable comes from: fresh, of this variance, or Ẑ^{Wx} of a family with σ², x.</summary>
    private sealed record Origin(int Family, double Variance, Variate? Of);

    /// <param name="disturbance">How far each integral is moved; see <see cref="Disturbance"/>.</param>
    /// <param name="isProbe">Whether only the kinds of integrals are asked for.</param>
    public GaussianVariables(double disturbance, bool isProbe)
    {
        (this.disturbance, this.isProbe) = (disturbance, isProbe);

        // Less than a disturbance is not seen beside it.
        tolerance = disturbance == 0 ? 1e-14 : 1e-3 * disturbance;
        Functions = new FunctionMoments(tolerance);
        plain = new Plain(this);
    }

    /// <summary>The largest error of an integral, in units of its disturbance.</summary>
    public double LargestError { get; private set; }

    /// <summary>How the integrals so far were computed.</summary>
    public string Tier => hasNorms ? CovarianceEvaluator.NormIntegrals : isClosedForm ? CovarianceEvaluator.ClosedForms : CovarianceEvaluator.Integrals;

    /// <summary>What is known of the functions.</summary>
    public FunctionMoments Functions { get; }

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
    public double Mean(Variate x) => x.Number + x.Terms.Sum(term => Mean(term));

    /// <summary>E x y.</summary>
    public double Mean(Variate x, Variate y)
    {
        var sum = (x.Number == 0 ? 0 : x.Number * Mean(y)) + (y.Number == 0 ? 0 : y.Number * (Mean(x) - x.Number));
        foreach (var a in x.Terms)
        {
            foreach (var b in y.Terms)
            {
                sum += Mean(Term.Product(a, b));
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
                    sum += coefficient * Mean(term, i);
                }
            }

            foreach (var power in term.Norms)
            {
                if (power.Norm.Gradient(variable) is { IsZero: false } gradient)
                {
                    var byNorm = new Term(power.Exponent.ToDouble(), [new Factor(Factor.Variable, gradient)], [new NormPower(power.Norm, -1)]);
                    sum += Mean(Term.Product(term, byNorm));
                }
            }
        }

        return sum;
    }

    /// <summary>The norm that this quadratic form is a multiple of, and the multiple.</summary>
    public (Norm Norm, double Ratio) NormOf(Variate square)
    {
        var norm = Norm.Of(square) ?? throw new NoCovariancesException();
        foreach (var (known, scaled, knownMean) in norms)
        {
            if (norm.RatioTo(known) is { } ratio)
            {
                return (scaled, ratio * knownMean);
            }
        }

        // Of mean 1, so that integrals have the size of what stands beside the norm.
        var mean = Mean(square);
        if (!(mean > 0 && double.IsFinite(mean)))
        {
            throw new NoCovariancesException();
        }

        norms.Add((norm, Norm.Of(square.Times(1 / mean))!, mean));
        return (norms[^1].Scaled, mean);
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

    /// <summary>E coefficient Π φ_i(g_i) Π q_j^(e_j), with φ′ for one of the φ where one is named.</summary>
    private double Mean(Term term, int? differentiated = null)
    {
        var product = term.Coefficient;

        // A derivative may not exist where the other parts are 0 anyway: its part comes last, and before it what is most to compute.
        foreach (var (factors, norms) in Parts(term).OrderBy(part => differentiated is { } i && part.Factors.Contains(i)).ThenBy(part => part.Norms.Count))
        {
            product *= OfPart(
                [.. factors.Select(i => i == differentiated ? term.Factors[i] with { Function = Functions.DerivativeOf(term.Factors[i].Function) ?? throw new NoCovariancesException() } : term.Factors[i])],
                [.. norms.Select(j => term.Norms[j])]);
            if (product == 0)
            {
                return 0;
            }
        }

        return product;
    }

    /// <summary>Factors that are independent of the others stand by themselves.</summary>
    private List<(List<int> Factors, List<int> Norms)> Parts(Term term)
    {
        var parts = new List<(List<int> Factors, List<int> Norms)>();
        for (var i = 0; i < term.Factors.Length; i++)
        {
            var joined = parts.Where(part => part.Factors.Any(j => Covariance(term.Factors[i].Argument, term.Factors[j].Argument) != 0)).ToList();
            parts.RemoveAll(joined.Contains);
            parts.Add(([.. joined.SelectMany(part => part.Factors), i], []));
        }

        for (var i = 0; i < term.Norms.Length; i++)
        {
            var norm = term.Norms[i].Norm;
            var joined = parts.Where(part => part.Factors.Any(j => Meets(norm, term.Factors[j].Argument.Variables)) || part.Norms.Any(j => Meets(norm, term.Norms[j].Norm.Variables))).ToList();
            parts.RemoveAll(joined.Contains);
            parts.Add(([.. joined.SelectMany(part => part.Factors)], [.. joined.SelectMany(part => part.Norms), i]));
        }

        return parts;

        bool Meets(Norm norm, ReadOnlySpan<int> variables)
        {
            foreach (var variable in variables)
            {
                foreach (var other in norm.Variables)
                {
                    if (origins[variable].Family == origins[other].Family && Covariance(variable, other) != 0)
                    {
                        return true;
                    }
                }
            }

            return false;
        }
    }

    private double OfPart(Factor[] factors, NormPower[] norms)
    {
        var product = new FactorProduct(factors, Functions);
        hasNorms |= norms.Length > 0;
        if (norms.Length == 0 || isProbe)
        {
            return product.Mean(plain) is { IsZero: false } mean ? product.Coefficient * mean.Values[0] : 0;
        }

        if (norms is not [var (norm, exponent)])
        {
            throw new NoCovariancesException();
        }

        for (var level = FirstLevel; ; level++)
        {
            if (!tilted.TryGetValue((norm, level), out var laws))
            {
                tilted[(norm, level)] = laws = new TiltedLaws(this, norm, level);
            }

            var (value, ofRule, ofMeans) = laws.Integral(-exponent, product.Mean(laws));
            if (level == LastLevel || Disturbance.Relative(value, ofRule) <= MostTolerances * tolerance || ofRule <= ofMeans)
            {
                // Else the mean most likely doesn't exist: 1/|z|² in two dimensions.
                return Disturbance.Relative(value, ofRule + ofMeans) <= Disturbance.Size ? product.Coefficient * Recorded(value, ofRule + ofMeans) : throw new NoCovariancesException();
            }
        }
    }

    /// <summary>The covariance of two forms, 1 − ρ² from their coefficients along independent variables. Two variables of one matrix are such along one of them and the rest of the other.</summary>
    public CovariancePair Pair(LinearForm g, LinearForm h)
    {
        var (p, q, r) = (Covariance(g, g), Covariance(h, h), Covariance(g, h));
        if (isProbe || p == 0 || q == 0)
        {
            return new(p, q, r, 0, 0);
        }

        var (x, y, scales, off) = (new List<double>(), new List<double>(), new List<double>(), 0.0);
        foreach (var family in g.Variables.ToArray().Union(h.Variables.ToArray()).GroupBy(variable => origins[variable].Family))
        {
            switch (family.ToArray())
            {
                case [var only]:
                    Add(g[only], h[only], Covariance(only, only));
                    break;
                case [var a, var b] when g[b] == 0 && h[a] == 0:
                    var (own, other, (complement, error)) = (Covariance(a, a), Covariance(b, b), ComplementOf(a, b));
                    Add(g[a], h[b] * Math.Sign(Covariance(a, b)) * Math.Sqrt((1 - complement) * (other / own)), own);
                    Add(0, h[b] * Math.Sqrt(complement), other);
                    off += error;
                    break;
                default:
                    return FromCovariances(p, q, r);
            }
        }

        // Coefficients stay as they are where all variables have one variance.
        var equal = scales.TrueForAll(scale => scale == scales[0]);
        var pair = CovariancePair.Of([.. x.Select(Scaled)], [.. y.Select(Scaled)]);
        return pair with { P = p, Q = q, R = r, Error = pair.Error + off };

        void Add(double first, double second, double variance)
        {
            x.Add(first);
            y.Add(second);
            scales.Add(variance);
        }

        double Scaled(double coefficient, int at) => equal ? coefficient : coefficient * Math.Sqrt(scales[at]);
    }

    /// <summary>1 − ρ² of two variables of one matrix, Ẑ^{Wx} and Ẑ^{Wx̄}, and its error: from the angle of the Gaussians that x and x̄ are functions of where that decides it, else from their covariances.</summary>
    private (double Complement, double Error) ComplementOf(int first, int second)
    {
        var (a, b) = (Math.Min(first, second), Math.Max(first, second));
        if (complements.TryGetValue((a, b), out var known))
        {
            return known;
        }

        var pair = FromCovariances(Covariance(a, a), Covariance(b, b), Covariance(a, b));
        if (origins[a].Of is { Number: 0, Terms: [{ Factors: [var x], Norms: [] }] } && origins[b].Of is { Number: 0, Terms: [{ Factors: [var y], Norms: [] }] }
            && x.Function == y.Function && HomogeneousFunction.Of(x.Function, Factor.Variable) is { } function)
        {
            var below = Pair(x.Argument, y.Argument);
            var (complement, error) = function.Complement(below);
            pair = pair with { Complement = complement, Error = error };
        }

        return complements[(a, b)] = (pair.Complement, pair.Error);
    }

    /// <summary>
    /// 1 − ρ² where there are covariances alone. How errors of integrals before those spread is seen from the disturbed run, but for where ρ is nearly ±1: there means move by the root of an error, which no larger
    /// disturbance tells.
    /// </summary>
    private CovariancePair FromCovariances(double p, double q, double r)
    {
        var pair = CovariancePair.Of(p, q, r);
        return pair with { Error = pair.Complement > NearOne ? 0 : 1e-15 + (4 * ownError) };
    }

    /// <summary>E φ(u) ψ(v), (u, v) of this covariance.</summary>
    private double Integral(Expr phi, Expr psi, CovariancePair pair)
    {
        if (ReferenceEquals(phi, psi) && pair.P < pair.Q)
        {
            pair = pair with { P = pair.Q, Q = pair.P };
        }

        var moments = Functions.Of(phi, psi);
        if (isProbe)
        {
            isClosedForm &= moments.IsClosedForm;
            return Probe;
        }

        // Tied weights and both passes ask for the same integrals again; a closed form is as fast as looking it up.
        var asked = new Integrand(moments, pair);
        if (!moments.IsClosedForm && known.TryGetValue(asked, out var found))
        {
            return found;
        }

        // Where there is no second function, a closed form takes any variance of its argument.
        var moment = moments.At(psi.IsOne ? CovariancePair.Of(pair.P, moments.IsClosedForm && pair.P > 0 ? 1 : 0, 0) : pair, out var inherited);
        isClosedForm &= moment.Tier == MomentTier.ClosedForm;
        ownError = Math.Max(ownError, Disturbance.Relative(moment.Value, moment.Error - inherited));
        var value = Recorded(moment.Value, moment.Error);
        if (!moments.IsClosedForm)
        {
            known[asked] = value;
        }

        return value;
    }

    /// <summary>A moment of two functions, or of one.</summary>
    public (double Value, double Error) Moment(GaussianMoments moments, double p, double q, double r, bool isOfOne)
    {
        // Where there is no second function, a closed form takes any variance of its argument.
        var moment = isOfOne ? moments.At(p, moments.IsClosedForm && p > 0 ? 1 : 0, 0) : moments.At(p, q, r);
        isClosedForm &= moment.Tier == MomentTier.ClosedForm;
        return (moment.Value, moment.Error);
    }

    /// <summary>An integral as the run sees it, its error kept.</summary>
    private double Recorded(double value, double error)
    {
        if (!double.IsFinite(value) || !double.IsFinite(error))
        {
            throw new NoCovariancesException();
        }

        LargestError = Math.Max(LargestError, Disturbance.Relative(value, error));
        return Disturbance.Of(value, disturbance);
    }

    /// <summary>An integral, its functions one object.</summary>
    private readonly record struct Integrand(GaussianMoments Functions, CovariancePair Covariance);

    /// <summary>The one law that the variables have.</summary>
    private sealed class Plain(GaussianVariables variables) : GaussianLaws
    {
        public override NodeValues One { get; } = new([1], [0]);

        public override NodeValues Mean(Expr phi, LinearForm g, Expr psi, LinearForm h) =>
            new([variables.Integral(phi, psi, psi.IsOne ? new(variables.Covariance(g, g), 0, 0, 0, 0) : variables.Pair(g, h))], [0]);

        public override double[] Covariance(LinearForm g, LinearForm h) => [variables.Covariance(g, h)];
    }
}
