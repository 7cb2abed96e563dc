namespace TpCompiler.Symbolics;

/// <summary>A function of the language that is written in others.</summary>
/// <param name="Name">The name in the language.</param>
/// <param name="Summary">The definition, for people.</param>
/// <param name="Arguments">How many arguments.</param>
/// <param name="Defaults">The fixed parameters, with the values that they have when left out.</param>
/// <param name="Meaning">(parameters, arguments) → what it stands for.</param>
public sealed record Abbreviation(
    string Name,
    string Summary,
    int Arguments,
    ValueList<Rational> Defaults,
    Func<ValueList<Rational>, IReadOnlyList<Expr>, Expr> Meaning)
{
    /// <summary>Whether the parameters make sense.</summary>
    public Func<ValueList<Rational>, bool> Accepts { get; init; } = _ => true;

    /// <summary>Where the definition comes from.</summary>
    public string Source { get; init; } = "elementary";
}

public static partial class Nonlinearities
{
    public static ValueList<Abbreviation> Abbreviations { get; } =
    [
        new("identity", "x", 1, [], (_, x) => x[0]),
        new("sqrt", "x^(1/2)", 1, [], (_, x) => Expr.Pow(x[0], Rational.Half)),
        new("pow", "x^k", 1, [2], (p, x) => Expr.Pow(x[0], p[0])),
        new("ab_relu", "a x for x < 0, b x for x > 0", 1, [0, 1], (p, x) => (p[0] * x[0]) + ((p[1] - p[0]) * Call("relu", x[0]))) { Source = "arXiv 1912.02803" },
        new("relu_power", "max(0, x)^k, the step for k = 0", 1, [2],
            (p, x) => p[0].IsZero ? Call("step", x[0]) : Expr.Pow(Call("relu", x[0]), p[0])) { Accepts = IsDegree, Source = "Cho and Saul 2009" },
        new("hermite", "He_k(x), the probabilists' Hermite polynomial", 1, [2], (p, x) => Hermite((int)p[0].Numerator, x[0])) { Accepts = IsDegree },
        new("max", "the larger of x and y", 2, [], (_, x) => x[0] is Expr.Constant ? x[0] + Call("relu", x[1] - x[0]) : x[1] + Call("relu", x[0] - x[1])),
        new("min", "the smaller of x and y", 2, [], (_, x) => x[1] is Expr.Constant ? x[1] - Call("relu", x[1] - x[0]) : x[0] - Call("relu", x[0] - x[1])),
        new("rbf", "√2 sin(√(2γ) x + π/4)", 1, [1],
            (p, x) => Expr.Pow(2, Rational.Half) * Call("sin", (Expr.Pow(2 * p[0], Rational.Half) * x[0]) + (new Rational(1, 4) * new Expr.Pi()))) { Accepts = p => p[0].Sign > 0, Source = "arXiv 1912.02803" },
        new("gabor", "exp(−x²) sin x", 1, [], (_, x) => Call("gaussian", x[0]) * Call("sin", x[0])) { Source = "arXiv 1912.02803" },
        new("sigmoid_like", "½ + ½ erf(x / 2.4020563531719796), the error function nearest to the sigmoid", 1, [],
            (_, x) => Rational.Half + (Rational.Half * Call("erf", new Rational(10_000_000_000_000_000, 24_020_563_531_719_796) * x[0]))) { Source = "arXiv 1912.02803" },
    ];

    private static bool IsDegree(ValueList<Rational> parameters) => parameters[0] is { IsInteger: true, Sign: >= 0 } && parameters[0] <= 64;

    /// <summary>He_{k+1} = x He_k − k He_{k−1}.</summary>
    private static Expr Hermite(int degree, Expr x)
    {
        var coefficients = HermiteCoefficients(degree);
        return Expr.SumOf(coefficients.Select((c, k) => c * Expr.Pow(x, k)));
    }

    private static Rational[] HermiteCoefficients(int degree)
    {
        Rational[] before = [0], current = [1];
        for (var k = 0; k < degree; k++)
        {
            var next = new Rational[k + 2];
            for (var i = 0; i <= k; i++)
            {
                next[i + 1] += current[i];
                next[i] -= i < before.Length ? k * before[i] : 0;
            }

            (before, current) = (current, next);
        }

        return current;
    }
}
