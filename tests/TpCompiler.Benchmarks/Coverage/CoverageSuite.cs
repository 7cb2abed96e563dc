using System.Globalization;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Benchmarks.Coverage;

/// <summary>A Gaussian expectation E φ(u) φ(v) that is known: u = a z, v = b z + c z′ for independent standard Gaussians z, z′.</summary>
/// <param name="Kind">smooth, kinked, near-degenerate or heavy-tailed.</param>
/// <param name="Function">φ, as text in x.</param>
internal sealed record KnownIntegral(string Kind, string Function, Rational A, Rational B, Rational C)
{
    private static readonly Expr.Reference X = new("x", []);

    public double Exact { get; } = ExactValue(Function, A, B, C);

    /// <summary>By quadrature, although there is a closed form.</summary>
    public NumericMoment Integrated()
    {
        var (p, q, r) = Covariance(A, B, C);
        return new GaussianMoments(Phi(Function), Phi(Function), X, useClosedForm: false).At(p, q, r);
    }

    /// <summary>By the evaluator of limits, at quasi-random points or by what it chooses itself.</summary>
    public Estimate Evaluated(ulong seed, bool atPoints)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            program known
            width n 1
            z : n = gaussian 1
            w : n = gaussian 1
            x : n = nonlin {A} * z
            u : n = nonlin {Function}
            v : n = nonlin {ExprPrinter.Print(Phi(Function).SubstituteReferences(_ => (B * Expr.Of("z")) + (C * Expr.Of("w"))))}
            f = moment n: u * v
            outputs f
            """);
        DiagnosticBag diagnostics = new();
        var program = ProgramReader.Read(new SourceText("known.ir", text), diagnostics)
            ?? throw new InvalidOperationException(diagnostics.First().ToString());
        var settings = new LimitSettings { Seed = seed, AllowExact = !atPoints, Points = atPoints ? 1 << 10 : null, Tolerance = 1e-3 };
        return LimitEvaluator.Evaluate(program, NoData.Instance, settings).Records[0].Values[0];
    }

    private static Expr Phi(string function) => ExprReader.Read(function).Expr!;

    private static (double P, double Q, double R) Covariance(Rational a, Rational b, Rational c) =>
        ((a * a).ToDouble(), ((b * b) + (c * c)).ToDouble(), (a * b).ToDouble());

    private static double ExactValue(string function, Rational a, Rational b, Rational c) =>
        ClosedForms.Pair(Phi(function), Phi(function), X, a * a, (b * b) + (c * c), a * b)!.ToDouble();
}

/// <summary>Integrals with known values, and whether reported errors hold on them.</summary>
internal static class CoverageSuite
{
    private static readonly string[] Smooth = ["x^2", "x^3 - 2 * x", "erf(x)", "gelu(x)", "sin(x)", "cos(x)", "gaussian(x)", "normal_cdf(x)", "exp(1/2 * x)"];
    private static readonly string[] Kinked = ["relu(x)", "abs(x)", "step(x)", "sign(x)", "leaky_relu(x, 1/10)", "relu(x)^2"];
    private static readonly string[] HeavyTailed = ["x^4", "x^5", "exp(x)", "exp(3/2 * x)", "relu(x)^3"];

    public static IReadOnlyList<KnownIntegral> All { get; } =
    [
        .. Of("smooth", Smooth, (1, new(1, 2), new(3, 4)), (new(3, 2), new(-1, 2), 1), (new(1, 4), 0, 2)),
        .. Of("kinked", Kinked, (1, new(1, 2), new(3, 4)), (2, new(-4, 5), new(3, 5)), (new(1, 2), new(5, 13), new(12, 13))),
        .. Of("near-degenerate", [.. Smooth, .. Kinked], (1, 1, new(1, 100_000)), (1, -1, new(1, 1000))),
        .. Of("heavy-tailed", HeavyTailed, (1, new(1, 2), new(3, 4)), (1, new(9, 10), new(1, 3))),
    ];

    /// <summary>Integrals of a kind by quadrature whose true error is inside the bound, of all.</summary>
    public static (int Inside, int Total) Deterministic(string kind)
    {
        var integrals = All.Where(integral => integral.Kind == kind).ToList();
        return (integrals.Count(integral => integral.Integrated() is var moment && Math.Abs(moment.Value - integral.Exact) <= moment.Error + Rounding(integral)), integrals.Count);
    }

    /// <summary>The evaluator's own choice, where it gives a bound: how many true errors are inside, of how many.</summary>
    public static (int Inside, int Total) Chosen(string kind)
    {
        var estimates = All.Where(integral => integral.Kind == kind).Select(integral => (integral, Estimate: integral.Evaluated(0, atPoints: false)))
            .Where(pair => pair.Estimate.Kind != ErrorKind.StandardError).ToList();
        return (estimates.Count(pair => Math.Abs(pair.Estimate.Value - pair.integral.Exact) <= pair.Estimate.Error + Rounding(pair.integral)), estimates.Count);
    }

    /// <summary>Runs at quasi-random points whose true error is inside three reported standard errors, of all.</summary>
    public static (int Inside, int Total) Random(string kind, int seeds)
    {
        var runs = All.Where(integral => integral.Kind == kind)
            .SelectMany(integral => Enumerable.Range(0, seeds).Select(seed => (integral, Estimate: integral.Evaluated((ulong)seed, atPoints: true)))).ToList();
        return (runs.Count(run => Math.Abs(run.Estimate.Value - run.integral.Exact) <= (3 * run.Estimate.Error) + Rounding(run.integral)), runs.Count);
    }

    private static double Rounding(KnownIntegral integral) => 1e-14 * Math.Max(1, Math.Abs(integral.Exact));

    private static IEnumerable<KnownIntegral> Of(string kind, string[] functions, params (Rational A, Rational B, Rational C)[] covariances) =>
        functions.SelectMany(function => covariances.Select(covariance => new KnownIntegral(kind, function, covariance.A, covariance.B, covariance.C)));
}
