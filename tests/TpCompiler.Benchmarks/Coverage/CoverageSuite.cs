using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Benchmarks.Coverage;

/// <summary>Numbers that are known, and whether reported errors hold on them.</summary>
internal static class CoverageSuite
{
    private static readonly string[] Smooth = ["x^2", "x^3 - 2 * x", "erf(x)", "gelu(x)", "sin(x)", "cos(x)", "gaussian(x)", "normal_cdf(x)", "exp(1/2 * x)", "gaussian(x) * sin(x)"];
    private static readonly string[] Kinked = ["relu(x)", "abs(x)", "step(x)", "sign(x)", "leaky_relu(x, 1/10)", "relu(x)^2"];
    private static readonly string[] HeavyTailed = ["x^4", "x^5", "x^6", "exp(x)", "exp(3/2 * x)", "relu(x)^3", "relu(x)^4", "x^2 * exp(x)", "exp(x) * cos(x)"];

    /// <summary>So heavy that most of the mean lies where none of some 10⁴ points may be, or so rare that a few points at most meet it.</summary>
    private static readonly string[] Extreme = ["x^7", "x^8", "exp(2 * x)", "x^3 * exp(x)", "relu(x)^5", "exp(x) * sin(x)"];

    public static IReadOnlyList<KnownNumber> All { get; } =
    [
        .. Of("smooth", Smooth, (1, new(1, 2), new(3, 4)), (new(3, 2), new(-1, 2), 1), (new(1, 4), 0, 2)),
        .. Of("kinked", Kinked, (1, new(1, 2), new(3, 4)), (2, new(-4, 5), new(3, 5)), (new(1, 2), new(5, 13), new(12, 13))),
        .. Of("near-degenerate", [.. Smooth, .. Kinked], (1, 1, new(1, 100_000)), (1, -1, new(1, 1000))),
        .. Of("heavy-tailed", HeavyTailed, (1, new(1, 2), new(3, 4)), (1, new(9, 10), new(1, 3))),

        .. Of("extreme", Extreme, (1, new(1, 2), new(3, 4)), (1, new(-1, 2), new(1, 2)), (new(1, 2), new(1, 4), new(9, 10))),
        .. Of("extreme", ["step(x)", "relu(x)"], (1, -1, new(1, 1000)), (1, -1, new(1, 200))),

        // (1/n) xᵀ(AᵀA)^k x are the Catalan numbers; z = Aᵀφ(Ax) has E z² = E φ² + (E φ′)².
        KnownLimit.Transposed("y = A' * (A * x)", "x * y", 1),
        KnownLimit.Transposed("y = A' * (A * x)", "y * y", 2),
        KnownLimit.Transposed("y = A' * (A * (A' * (A * x)))", "x * y", 2),
        KnownLimit.Transposed("y = A' * (A * (A' * (A * x)))", "y * y", 14),
        KnownLimit.Transposed("z = A * x y = A' * relu(z)", "y * y", 0.75),
        KnownLimit.Transposed("z = A * x y = A' * tanh(z)", "y * y", 0.761173654760252),
        KnownLimit.Transposed("z = A * x y = A' * z^3", "y * y", 24),
        KnownLimit.Net(1, "h", "sgd(lr: 1/10)", 1, 0.2),
        KnownLimit.Net(1, "h", "sgd(lr: 1/10)", 3, 1519630389729.0 / 3051757812500),
        KnownLimit.Net(1, "h", "sgd(lr: 1/10, momentum: 9/10)", 2, 1701.0 / 3125),
        KnownLimit.Net(1, "h^2", "sgd(lr: 1/5)", 1, (7 * 0.2) + (12 * 0.008)),
        KnownLimit.Net(1, "h^3", "sgd(lr: 1/100)", 1, 0.42 + (4050 * 1e-6)),
        KnownLimit.Net(1, "relu(h)", "sgd(lr: 1/2)", 1, Relu(0.5)),
        KnownLimit.Net(1, "relu(h)", "sgd(lr: 2)", 1, Relu(2)),
        KnownLimit.Net(1, "tanh(h)", "sgd(lr: 1/2)", 1, 0.40102103533600),
        KnownLimit.Net(1, "tanh(h)", "sgd(lr: 1/2)", 2, 0.61427892019097),
        KnownLimit.Net(1, "tanh(h)", "sgd(lr: 1/2)", 4, 0.84045997835975),
        KnownLimit.Net(2, "tanh(h)", "sgd(lr: 1/2)", 1, 0.3458479750486),

        // The second step: written out by hand, and summed by the trapezoidal rule, in TwoHiddenTanhLayers of the tests.
        KnownLimit.Net(2, "tanh(h)", "sgd(lr: 1/2)", 2, 0.53555708436937),
        KnownLimit.Net(2, "h", "sgd(lr: 1/2)", 1, 1.5),
        KnownLimit.Net(1, "h", "sign_sgd(lr: 1/5)", 1, 0.4 * Math.Sqrt(2 / Math.PI), "mup { all: (c: 1/2) }"),
    ];

    public static IEnumerable<string> Kinds => All.Select(number => number.Kind).Distinct();

    /// <summary>By quadrature: how often the true error is inside the bound.</summary>
    public static CoverageCount Deterministic(string kind) => CoverageCount.Of(OfKind(kind).Select(number => number.Integrated() is { } moment ? Run(number, moment.Value, moment.Error) : null));

    /// <summary>By what the evaluator chooses, where it gives a bound: how often it holds.</summary>
    public static CoverageCount Chosen(string kind) => CoverageCount.Of(OfKind(kind).Select(number =>
        number.Evaluated(0, atPoints: false) is { Kind: not ErrorKind.StandardError } estimate ? Run(number, estimate.Value, estimate.Error) : null));

    /// <summary>At quasi-random points with as many seeds for each number, none of them twice: how often the true error is inside three reported standard errors.</summary>
    public static CoverageCount Random(string kind, int seeds) => CoverageCount.Of(OfKind(kind).SelectMany((number, i) =>
        Enumerable.Range(i * seeds, seeds).Select(seed => number.Evaluated((ulong)seed, atPoints: true) is var estimate ? Run(number, estimate.Value, estimate.Error) : null)), errors: 3);

    /// <summary>What one run said.</summary>
    /// <param name="Number">Of what.</param>
    /// <param name="Value">The number.</param>
    /// <param name="Error">Its error, as reported.</param>
    internal sealed record RunOf(KnownNumber Number, double Value, double Error)
    {
        public double TrueError => Math.Abs(Value - Number.Exact);

        /// <summary>What is neither's fault: the rounding of the sum.</summary>
        public double Rounding => 1e-14 * Math.Max(1, Math.Abs(Number.Exact));
    }

    private static RunOf Run(KnownNumber number, double value, double error) => new(number, value, error);

    private static IEnumerable<KnownNumber> OfKind(string kind) => All.Where(number => number.Kind == kind);

    /// <summary>f₁ of a relu net after one step of size e.</summary>
    private static double Relu(double e) => ((e * ((Math.PI / 2) + Math.Atan(1 / e))) + (e * e / 2)) / Math.PI;

    private static IEnumerable<KnownNumber> Of(string kind, string[] functions, params (Rational A, Rational B, Rational C)[] covariances) =>
        functions.SelectMany(function => covariances.Select(covariance => new KnownIntegral(kind, function, covariance.A, covariance.B, covariance.C)));
}
