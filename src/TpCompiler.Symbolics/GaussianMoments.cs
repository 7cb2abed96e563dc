namespace TpCompiler.Symbolics;

/// <summary>
/// E f(u) g(v) for (u, v) ~ N(0, [[p, r], [r, q]]), as numbers, for functions of one variable. p, q: variances; r: the covariance. A closed form where there is one, else quadrature.
/// Variance 0 and correlation ±1 (and a rounding error beyond) give their exact meaning.
/// </summary>
public sealed class GaussianMoments
{
    private static readonly Expr.Reference P = new("p", []), Q = new("q", []), R = new("r", []), Determinant = new("d", []), Angle = new("θ", []);

    private static readonly Expr.Reference[] Variables = [P, Q, R, Determinant, Angle];

    /// <summary>Where 1 − ρ² is below this, a mean's derivative by it may be large.</summary>
    private const double NearOne = 0.01;

    /// <summary>Errors of 1 − ρ² that move a mean in proportion to themselves beyond that.</summary>
    private const double Small = 1e-6;

    /// <summary>The relative error of a term: of its own roundings, and those of p, q and r.</summary>
    private const double Rounding = 4e-15;

    private readonly Func<double, double> f;
    private readonly Func<double, double> g;
    private readonly double[] kinksOfF;
    private readonly double[] kinksOfG;
    private readonly bool exponential;
    private readonly double polynomialReach;
    private readonly (Func<double[], double> Value, Func<double[], double> Exponents)[]? closedTerms;
    private readonly double tolerance;
    private readonly double jumps;

    /// <summary>Prepares E f(u) g(v) for many covariances.</summary>
    /// <param name="f">A function of <paramref name="variable"/> alone.</param>
    /// <param name="g">Another, or the same.</param>
    /// <param name="variable">The variable.</param>
    /// <param name="tolerance">The absolute error that quadrature tries to reach.</param>
    /// <param name="useClosedForm">False to integrate even when there is a closed form.</param>
    public GaussianMoments(Expr f, Expr g, Expr.Reference variable, double tolerance = 1e-13, bool useClosedForm = true)
    {
        this.f = Evaluation.Compile(f, variable);
        this.g = Evaluation.Compile(g, variable);
        this.tolerance = tolerance;
        kinksOfF = Kinks.Of(f, variable);
        kinksOfG = Kinks.Of(g, variable);
        jumps = kinksOfF.Sum(kink => JumpAt(this.f, kink)) * kinksOfG.Sum(kink => JumpAt(this.g, kink));
        var growth = Growth.Times(Growth.Of(f, variable), Growth.Of(g, variable));
        exponential = !growth.IsPolynomial;
        polynomialReach = Quadrature.ReachOf(growth.Degree.ToDouble()) - Quadrature.Reach;
        var form = useClosedForm ? ClosedForms.Pair(f, g, variable, P, Q, R, Angle, Determinant) : null;
        closedTerms = form is null ? null : [.. (form is Expr.Add sum ? sum.Terms : [form]).Select(term => (Evaluation.Compile(term, Variables), SizeOfExponents(term)))];
    }

    /// <summary>E φ^(k)(u) φ^(k)(v).</summary>
    public static NumericMoment Pair(Expr phi, Expr.Reference variable, double p, double q, double r, int derivative = 0)
    {
        for (var k = 0; k < derivative; k++)
        {
            phi = Derivative.Of(phi, variable);
        }

        return new GaussianMoments(phi, phi, variable).At(p, q, r);
    }

    /// <summary>Whether there is a closed form.</summary>
    public bool IsClosedForm => closedTerms is not null;

    /// <summary>E f(u), u ~ N(0, p).</summary>
    public static NumericMoment Mean(Expr f, Expr.Reference variable, double p, double tolerance = 1e-13) =>
        new GaussianMoments(f, Expr.One, variable, tolerance, useClosedForm: false).At(p, 0, 0);

    /// <summary>The moment at one covariance, of numbers that have been rounded; p = q = |r| says that v = ±u.</summary>
    public NumericMoment At(double p, double q, double r) => At(CovariancePair.Of(p, q, r));

    /// <summary>The moment at one covariance.</summary>
    public NumericMoment At(CovariancePair covariance) => At(covariance, out _);

    /// <summary>The moment at one covariance.</summary>
    /// <param name="covariance">The covariance.</param>
    /// <param name="inherited">What of the error comes from that of <paramref name="covariance"/>, and not from the integral.</param>
    public NumericMoment At(CovariancePair covariance, out double inherited)
    {
        inherited = 0;
        var (p, q, r) = (covariance.P, covariance.Q, covariance.R);
        if (!(p >= 0 && q >= 0 && double.IsFinite(p) && double.IsFinite(q) && double.IsFinite(r)))
        {
            return new NumericMoment(double.NaN, double.PositiveInfinity, MomentTier.Quadrature);
        }

        if (p == 0 || q == 0)
        {
            var (atF, atG) = (Mean(f, kinksOfF, p), Mean(g, kinksOfG, q));
            return new NumericMoment(atF.Value * atG.Value, (Math.Abs(atF.Value) * atG.Error) + (Math.Abs(atG.Value) * atF.Error) + (atF.Error * atG.Error), MomentTier.Quadrature);
        }

        var moment = closedTerms is null ? Integrated(covariance) : Closed(covariance);
        inherited = OfComplement(covariance, moment.Value);
        return moment with { Error = moment.Error + inherited };
    }

    private NumericMoment Closed(CovariancePair covariance)
    {
        // r must be no more than √(pq). The terms at correlation 1 bound what cancels at −1.
        var (p, q) = (covariance.P, covariance.Q);
        var limit = Math.Sqrt(p) * Math.Sqrt(q);
        double[] at = [p, q, Math.Clamp(covariance.R, -limit, limit), p * q * covariance.Complement, covariance.Angle], atOne = [p, q, limit, 0, 0];
        var (value, error) = (0.0, 0.0);
        foreach (var (term, exponents) in closedTerms!)
        {
            var summand = term(at);
            value += summand;
            error += (Math.Abs(summand) * (Rounding + SpecialFunctions.ExpMinusOne(Rounding * exponents(at)))) + (Rounding * Math.Abs(term(atOne)));
        }

        return new NumericMoment(value, error, MomentTier.ClosedForm);
    }

    private NumericMoment Integrated(CovariancePair covariance)
    {
        var (deviationU, deviationV) = (Math.Sqrt(covariance.P), Math.Sqrt(covariance.Q));
        var reach = exponential ? deviationU + deviationV : polynomialReach;
        double[] kinks = [.. kinksOfF.Select(kink => kink / deviationU)];
        if (covariance.Complement == 0)
        {
            var sign = Math.Sign(covariance.R);
            return Quadrature.Line(x => f(deviationU * x) * g(sign * deviationV * x), [.. kinks, .. kinksOfG.Select(kink => sign * kink / deviationV)], tolerance, reach);
        }

        return Quadrature.Plane(
            x => f(deviationU * x), kinks, x => g(deviationV * x), [.. kinksOfG.Select(kink => kink / deviationV)], covariance.Correlation, Math.Sqrt(covariance.Complement), tolerance, reach);
    }

    /// <summary>
    /// What the error of 1 − ρ² does: where both functions jump the mean's derivative by ρ is at most |jumps|/(2π √(1 − ρ²)), without bound as ρ → ±1. There, and where functions are as good as jumps, the mean is computed
    /// again with what 1 − ρ² may be: it moves one way with it, as a mean of φφ̄ does, whose series in ρ has no negative coefficients.
    /// </summary>
    private double OfComplement(CovariancePair covariance, double value)
    {
        var error = covariance.Error;
        if (covariance.Complement > NearOne && error < Small)
        {
            // Without jumps: Σ m |a_m b_m| ρ^(m−1) is at most 2/(e (1 − ρ²)) times the norms.
            var smooth = error <= 16 * CovariancePair.Rounding ? 0 : error * (1 + Math.Abs(value)) / covariance.Complement;
            return (Math.Max(error, 4 * CovariancePair.Rounding) * jumps / (2 * Math.PI * Math.Sqrt(covariance.Complement))) + smooth;
        }

        // Less than its own rounding moves an angle by less than its own rounding.
        if (error <= 16 * CovariancePair.Rounding * covariance.Complement)
        {
            return 0;
        }

        var more = Moved(Math.Min(1, covariance.Complement + error));
        return Math.Max(more, closedTerms is null ? more : Moved(Math.Max(0, covariance.Complement - error)));

        double Moved(double complement)
        {
            var other = covariance with { Complement = complement };
            return Math.Abs((closedTerms is null ? Integrated(other) : Closed(other)).Value - value);
        }
    }

    /// <summary>What cancels in the exponents of a term, as in exp(r − (p + q)/2) for large variances: its rounding is a relative error of the term.</summary>
    private static Func<double[], double> SizeOfExponents(Expr term)
    {
        var parts = term.DescendantsAndSelf().OfType<Expr.Call>().Where(call => call.Function == "exp")
            .SelectMany(call => call.Arguments[0] is Expr.Add sum ? sum.Terms : call.Arguments).Select(part => Evaluation.Compile(part, Variables)).ToArray();
        return at => parts.Sum(part => Math.Abs(part(at)));
    }

    private static double JumpAt(Func<double, double> function, double kink)
    {
        var step = 1e-9 * Math.Max(1, Math.Abs(kink));
        return Math.Abs(function(kink + step) - function(kink - step)) is var jump && jump > 1e-6 ? jump : 0;
    }

    private NumericMoment Mean(Func<double, double> function, double[] kinks, double variance)
    {
        if (variance == 0)
        {
            return new NumericMoment(function(0), 0, MomentTier.ClosedForm);
        }

        var deviation = Math.Sqrt(variance);
        return Quadrature.Line(x => function(deviation * x), [.. kinks.Select(kink => kink / deviation)], tolerance, exponential ? deviation : polynomialReach);
    }
}
