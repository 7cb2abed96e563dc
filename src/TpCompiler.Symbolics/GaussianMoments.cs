namespace TpCompiler.Symbolics;

/// <summary>
/// E f(u) g(v) for (u, v) ~ N(0, [[p, r], [r, q]]), as numbers, for functions of one variable. p, q: variances; r: the covariance. A closed form where there is one, else quadrature.
/// Variance 0 and correlation ±1 (and a rounding error beyond) give their exact meaning.
/// </summary>
public sealed class GaussianMoments
{
    private static readonly Expr.Reference P = new("p", []), Q = new("q", []), R = new("r", []);

    /// <summary>The distance of 1 from the next number.</summary>
    private const double Rounding = 2.2204460492503131e-16;

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
        var form = useClosedForm ? ClosedForms.Pair(f, g, variable, P, Q, R) : null;
        closedTerms = form is null ? null : [.. (form is Expr.Add sum ? sum.Terms : [form]).Select(term => (Evaluation.Compile(term, [P, Q, R]), SizeOfExponents(term)))];
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

    /// <summary>The moment at one covariance.</summary>
    public NumericMoment At(double p, double q, double r)
    {
        if (!(p >= 0 && q >= 0 && double.IsFinite(p) && double.IsFinite(q) && double.IsFinite(r)))
        {
            return new NumericMoment(double.NaN, double.PositiveInfinity, MomentTier.Quadrature);
        }

        if (p == 0 || q == 0)
        {
            var (atF, atG) = (Mean(f, kinksOfF, p), Mean(g, kinksOfG, q));
            return new NumericMoment(atF.Value * atG.Value, (Math.Abs(atF.Value) * atG.Error) + (Math.Abs(atG.Value) * atF.Error) + (atF.Error * atG.Error), MomentTier.Quadrature);
        }

        var (deviationU, deviationV) = (Math.Sqrt(p), Math.Sqrt(q));
        var reach = exponential ? deviationU + deviationV : polynomialReach;
        var correlation = Math.Clamp(r / (deviationU * deviationV), -1, 1);
        if (closedTerms is not null && kinksOfF.Length * kinksOfG.Length > 0 && 1 - Math.Abs(correlation) <= 4 * Rounding)
        {
            // Where kinks meet, √(1 − ρ²) makes 1e-8 of a rounding in ρ.
            return AtOne(Math.Sign(correlation)) with { Tier = MomentTier.ClosedForm };
        }

        if (closedTerms is not null)
        {
            // arccos(r/√(pq)) must see no more than 1. The terms at correlation 1 bound what cancels at −1.
            var limit = Math.Sqrt(p * q);
            double[] at = [p, q, Math.Clamp(r, -limit, limit)], atOne = [p, q, limit];
            var (value, magnitude) = (0.0, 0.0);
            foreach (var (term, exponents) in closedTerms)
            {
                var summand = term(at);
                value += summand;
                magnitude += (Math.Abs(summand) * (1 + exponents(at))) + Math.Abs(term(atOne));
            }

            return new NumericMoment(value, (4e-15 * magnitude) + OfCorrelation(correlation), MomentTier.ClosedForm);
        }

        if (Math.Abs(correlation) == 1)
        {
            return AtOne(correlation);
        }

        var plane = Quadrature.Plane(
            x => f(deviationU * x),
            [.. kinksOfF.Select(kink => kink / deviationU)],
            x => g(deviationV * x),
            [.. kinksOfG.Select(kink => kink / deviationV)],
            correlation,
            tolerance,
            reach);
        return plane with { Error = plane.Error + OfCorrelation(correlation) };

        NumericMoment AtOne(double sign) => Quadrature.Line(
            x => f(deviationU * x) * g(sign * deviationV * x),
            [.. kinksOfF.Select(kink => kink / deviationU), .. kinksOfG.Select(kink => sign * kink / deviationV)],
            tolerance,
            reach);
    }

    /// <summary>
    /// What the rounding of p, q and r does where both functions jump: the mean's derivative by the correlation is at most |jumps|/(2π √(1 − ρ²)), without bound as ρ → ±1. At ±1, to rounding, the
    /// covariance is taken for that of one input.
    /// </summary>
    private double OfCorrelation(double correlation) =>
        1 - Math.Abs(correlation) <= 4 * Rounding ? 0 : 4 * Rounding * jumps / (2 * Math.PI * Math.Sqrt((1 - correlation) * (1 + correlation)));

    /// <summary>What cancels in the exponents of a term, as in exp(r − (p + q)/2) for large variances: its rounding is a relative error of the term.</summary>
    private static Func<double[], double> SizeOfExponents(Expr term)
    {
        var parts = term.DescendantsAndSelf().OfType<Expr.Call>().Where(call => call.Function == "exp")
            .SelectMany(call => call.Arguments[0] is Expr.Add sum ? sum.Terms : call.Arguments).Select(part => Evaluation.Compile(part, [P, Q, R])).ToArray();
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
