namespace TpCompiler.Symbolics;

public static partial class Nonlinearities
{
    /// <summary>The functions that stand for themselves, in the order of the documentation.</summary>
    public static ValueList<Nonlinearity> Rows { get; } =
    [
        new()
        {
            Name = "relu", Summary = "max(0, x)",
            Prime = (_, x) => Call("step", x),
            IsIncreasing = _ => true,
            Evaluator = _ => x => x > 0 ? x : x == 0 || x < 0 ? 0 : double.NaN,
            Degree = 1, Growth = Growth.Linear, IsNonNegative = true, Kinks = [0],
            OneSided = (_, side, x) => side > 0 ? x : Expr.Zero,
        },
        new()
        {
            Name = "leaky_relu", Summary = "x for x > 0, else αx", Defaults = [new Rational(1, 100)],
            Prime = (p, x) => p[0] + ((1 - p[0]) * Call("step", x)),
            IsIncreasing = p => p[0].Sign >= 0,
            Evaluator = p => x => x > 0 ? x : p[0] * x,
            Degree = 1, Growth = Growth.Linear, Kinks = [0],
            OneSided = (p, side, x) => side > 0 ? x : p[0] * x,
        },
        new()
        {
            Name = "abs", Summary = "|x|",
            Prime = (_, x) => Call("sign", x),
            Evaluator = _ => Math.Abs,
            Parity = ParityKind.Even, Degree = 1, Growth = Growth.Linear, IsNonNegative = true, Kinks = [0],
            OneSided = (_, side, x) => side * x,
        },
        new()
        {
            Name = "step", Summary = "1 for x > 0, else 0",
            Prime = (_, _) => Expr.Zero,
            IsIncreasing = _ => true,
            Evaluator = _ => x => x > 0 ? 1 : x <= 0 ? 0 : double.NaN,
            Degree = 0, Growth = Growth.Bounded, IsNonNegative = true, Kinks = [0],
            OneSided = (_, side, _) => side > 0 ? Expr.One : Expr.Zero,
        },
        new()
        {
            Name = "sign", Summary = "1 for x > 0, −1 for x < 0, 0 at 0",
            Prime = (_, _) => Expr.Zero,
            IsIncreasing = _ => true,
            Evaluator = _ => x => x > 0 ? 1 : x < 0 ? -1 : x,
            Parity = ParityKind.Odd, Degree = 0, Growth = Growth.Bounded, Kinks = [0],
            OneSided = (_, side, _) => side,
        },
        new()
        {
            Name = "erf", Summary = "2/√π ∫₀ˣ exp(−s²) ds",
            Prime = (_, x) => 2 * Expr.Pow(new Expr.Pi(), new Rational(-1, 2)) * Call("gaussian", x),
            IsIncreasing = _ => true,
            Evaluator = _ => SpecialFunctions.Erf,
            AtInfinity = (_, x) => Call("sign", x),
            Parity = ParityKind.Odd, Growth = Growth.Bounded, Source = "Williams 1997",
            Pair = c => 2 / new Expr.Pi() * c.AngleTilted(2),
            PrimePair = c => 4 / new Expr.Pi() * Expr.Pow(c.Tilted(2), -Rational.Half),
        },
        new()
        {
            Name = "normal_cdf", Summary = "Φ(x) = ½(1 + erf(x/√2))",
            Prime = (_, x) => Expr.Pow(2 * new Expr.Pi(), new Rational(-1, 2)) * Call("exp", new Rational(-1, 2) * Expr.Pow(x, 2)),
            IsIncreasing = _ => true,
            Evaluator = _ => SpecialFunctions.NormalCdf,
            AtInfinity = (_, x) => Call("step", x),
            Growth = Growth.Bounded, IsNonNegative = true, AtZero = Rational.Half, Source = "Williams 1997",
            Pair = ProbitPair,
            PrimePair = c => Rational.Half / new Expr.Pi() * Expr.Pow(c.Tilted(1), -Rational.Half),
        },
        new()
        {
            Name = "gelu", Summary = "x Φ(x)",
            Prime = (p, x) => Call("normal_cdf", x) + (x * Get("normal_cdf").Prime(p, x)),
            Evaluator = _ => x => double.IsNegativeInfinity(x) ? 0 : x * SpecialFunctions.NormalCdf(x),
            AtInfinity = (_, x) => Call("relu", x),
            Growth = Growth.Linear, Source = "arXiv 1606.08415",
            Pair = GeluPair,
            PrimePair = GeluPrimePair,
        },
        new()
        {
            Name = "gelu_tanh", Summary = "½x(1 + tanh(√(2/π)(x + 0.044715x³)))",
            Prime = (_, x) => GeluTanhPrime(x),
            Evaluator = _ => x => double.IsInfinity(x) ? Math.Max(x, 0) : x * SpecialFunctions.Sigmoid(2 * Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))),
            AtInfinity = (_, x) => Call("relu", x),
            Growth = Growth.Linear, Source = "arXiv 1606.08415",
        },
        new()
        {
            Name = "tanh", Summary = "(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)",
            Prime = (_, x) => 1 - Expr.Pow(Call("tanh", x), 2),
            IsIncreasing = _ => true,
            Evaluator = _ => Math.Tanh,
            AtInfinity = (_, x) => Call("sign", x),
            Parity = ParityKind.Odd, Growth = Growth.Bounded,
        },
        new()
        {
            Name = "sigmoid", Summary = "1/(1 + e⁻ˣ)",
            Prime = (_, x) => Call("sigmoid", x) * Call("sigmoid", -x),
            IsIncreasing = _ => true,
            Evaluator = _ => SpecialFunctions.Sigmoid,
            AtInfinity = (_, x) => Call("step", x),
            Growth = Growth.Bounded, IsNonNegative = true, AtZero = Rational.Half,
        },
        new()
        {
            Name = "silu", Summary = "x/(1 + e⁻ˣ)",
            Prime = (_, x) => Call("sigmoid", x) + (x * Call("sigmoid", x) * Call("sigmoid", -x)),
            Evaluator = _ => x => double.IsNegativeInfinity(x) ? 0 : x * SpecialFunctions.Sigmoid(x),
            AtInfinity = (_, x) => Call("relu", x),
            Growth = Growth.Linear, Source = "arXiv 1702.03118",
        },
        new()
        {
            Name = "softplus", Summary = "log(1 + eˣ)",
            Prime = (_, x) => Call("sigmoid", x),
            IsIncreasing = _ => true,
            Evaluator = _ => x => Math.Max(x, 0) + SpecialFunctions.LogOnePlus(Math.Exp(-Math.Abs(x))),
            AtInfinity = (_, x) => Call("relu", x),
            Growth = Growth.Linear, IsNonNegative = true, AtZero = new Expr.Call("log", 0, [], [2]),
        },
        new()
        {
            Name = "elu", Summary = "x for x > 0, else α(eˣ − 1)", Defaults = [1],
            Prime = (p, x) => Call("step", x) + (p[0] * (1 - Call("step", x)) * Call("exp", -Call("relu", -x))),
            IsIncreasing = p => p[0].Sign >= 0,
            Evaluator = p => x => x > 0 ? x : p[0] * SpecialFunctions.ExpMinusOne(x),
            AtInfinity = (p, x) => Call("relu", x) - (p[0] * Call("step", -x)),
            Growth = Growth.Linear, Kinks = [0],
            OneSided = (p, side, x) => side > 0 ? x : p[0] * (Call("exp", x) - 1), Source = "arXiv 1511.07289",
        },
        new()
        {
            Name = "softsign", Summary = "x/(1 + |x|)",
            Prime = (_, x) => Expr.Pow(1 + Call("abs", x), -2),
            IsIncreasing = _ => true,
            Evaluator = _ => x => double.IsInfinity(x) ? Math.Sign(x) : x / (1 + Math.Abs(x)),
            Parity = ParityKind.Odd, Growth = Growth.Bounded, Kinks = [0],
            OneSided = (_, side, x) => x / (1 + (side * x)),
        },
        new()
        {
            Name = "sin", Summary = "sine",
            Prime = (_, x) => Call("cos", x),
            Supremum = 1,
            Evaluator = _ => Math.Sin,
            Parity = ParityKind.Odd, Growth = Growth.Bounded,
            Pair = c => Waves(c, -1),
            PrimePair = c => Waves(c, 1),
        },
        new()
        {
            Name = "cos", Summary = "cosine",
            Prime = (_, x) => -Call("sin", x),
            Supremum = 1,
            Evaluator = _ => Math.Cos,
            Parity = ParityKind.Even, Growth = Growth.Bounded, AtZero = Expr.One,
            Pair = c => Waves(c, 1),
            PrimePair = c => Waves(c, -1),
        },
        new()
        {
            Name = "exp", Summary = "eˣ",
            Prime = (_, x) => Call("exp", x),
            IsIncreasing = _ => true,
            Evaluator = _ => Math.Exp,
            Growth = Growth.Exponential, IsNonNegative = true, AtZero = Expr.One,
            Pair = c => Call("exp", (Rational.Half * (c.P + c.Q)) + c.R),
            PrimePair = c => Call("exp", (Rational.Half * (c.P + c.Q)) + c.R),
        },
        new()
        {
            Name = "log", Summary = "natural logarithm, x > 0",
            Prime = (_, x) => Expr.Pow(x, -1),
            IsIncreasing = _ => true,
            Evaluator = _ => Math.Log,
            Growth = Growth.Singular, Domain = Domain.Positive, AtZero = null,
        },
        new()
        {
            Name = "gaussian", Summary = "exp(−x²)",
            Prime = (_, x) => -2 * x * Call("gaussian", x),
            Supremum = 1,
            Evaluator = _ => x => Math.Exp(-x * x),
            AtInfinity = (_, _) => Expr.Zero,
            Parity = ParityKind.Even, Growth = Growth.Bounded, IsNonNegative = true, AtZero = Expr.One,
            Pair = c => Expr.Pow(c.Tilted(2), -Rational.Half),
            PrimePair = c => 4 * c.R * Expr.Pow(c.Tilted(2), new Rational(-3, 2)),
        },
        new()
        {
            Name = "arctan", Summary = "inverse tangent",
            Prime = (_, x) => Expr.Pow(1 + Expr.Pow(x, 2), -1),
            IsIncreasing = _ => true,
            Evaluator = _ => Math.Atan,
            Parity = ParityKind.Odd, Growth = Growth.Bounded,
        },
        new()
        {
            Name = "arcsin", Summary = "inverse sine, |x| ≤ 1",
            Prime = (_, x) => Expr.Pow(1 - Expr.Pow(x, 2), new Rational(-1, 2)),
            IsIncreasing = _ => true,
            Evaluator = _ => Math.Asin,
            Parity = ParityKind.Odd, Growth = Growth.Singular, Domain = Domain.UnitInterval,
        },
        new()
        {
            Name = "arccos", Summary = "inverse cosine, |x| ≤ 1",
            Prime = (_, x) => -Expr.Pow(1 - Expr.Pow(x, 2), new Rational(-1, 2)),
            Evaluator = _ => Math.Acos,
            Growth = Growth.Singular, IsNonNegative = true, Domain = Domain.UnitInterval, AtZero = Rational.Half * new Expr.Pi(),
        },
    ];

    private static Expr Call(string name, Expr x) => CallOf(name, 0, [], x);

    private static Expr GeluTanhPrime(Expr x)
    {
        var slope = Expr.Pow(2 / new Expr.Pi(), Rational.Half);
        var cubic = new Rational(44715, 1_000_000);
        var t = Call("tanh", slope * (x + (cubic * Expr.Pow(x, 3))));
        return (Rational.Half * (1 + t)) + (Rational.Half * x * (1 - Expr.Pow(t, 2)) * slope * (1 + (3 * cubic * Expr.Pow(x, 2))));
    }

    /// <summary>½(exp(r − (p + q)/2) ± exp(−r − (p + q)/2)).</summary>
    private static Expr Waves(SymbolicCovariance c, int sign) =>
        Rational.Half * (Call("exp", c.R - (Rational.Half * (c.P + c.Q))) + (sign * Call("exp", -c.R - (Rational.Half * (c.P + c.Q)))));

    private static Expr ProbitPair(SymbolicCovariance c) => new Rational(1, 4) + (Rational.Half / new Expr.Pi() * c.AngleTilted(1));

    /// <summary>E uΦ(u) vΦ(v) by Stein's lemma: p E Φ′(u) vΦ(v) + r E Φ(u)(Φ(v) + vΦ′(v)), each a tilted Gaussian mean.</summary>
    private static Expr GeluPair(SymbolicCovariance c)
    {
        var (p, q, r) = (c.P, c.Q, c.R);
        var root = Rational.Half / new Expr.Pi() * Expr.Pow(c.Tilted(1), -Rational.Half);
        var rest = c.Determinant is { } determinant ? (q + determinant) / (1 + p) : q - (Expr.Pow(r, 2) / (1 + p));
        return (p * rest * root) + (r * ProbitPair(c)) + (Expr.Pow(r, 2) / (1 + q) * root);
    }

    private static Expr GeluPrimePair(SymbolicCovariance c)
    {
        var tilted = c.Tilted(1);
        var root = Rational.Half / new Expr.Pi() * Expr.Pow(tilted, -Rational.Half);
        return ProbitPair(c) + (c.R * root * (Expr.Pow(1 + c.P, -1) + Expr.Pow(1 + c.Q, -1) + Expr.Pow(tilted, -1)));
    }
}
