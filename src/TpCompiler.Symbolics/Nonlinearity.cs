namespace TpCompiler.Symbolics;

/// <summary>φ(−x) against φ(x).</summary>
public enum ParityKind
{
    Neither,
    Even,
    Odd,
}

/// <summary>Where a function is defined.</summary>
public enum Domain
{
    Real,
    Positive,
    UnitInterval,
}

/// <summary>
/// A row of the table of nonlinearities: a function of one real argument, named as in the language. Everything that any stage knows about it stands here.
/// </summary>
public sealed record Nonlinearity
{
    /// <summary>The name in the language.</summary>
    public required string Name { get; init; }

    /// <summary>The definition, for people.</summary>
    public required string Summary { get; init; }

    /// <summary>The fixed numbers that select a member of a family, with the values that they have when left out.</summary>
    public ValueList<Rational> Defaults { get; init; } = [];

    /// <summary>(parameters, x) → φ′(x), in functions of the table without derivatives. Kinks and jumps give what holds almost everywhere, no delta.</summary>
    public required Func<ValueList<Rational>, Expr, Expr> Prime { get; init; }

    /// <summary>Parameters → φ in double precision, correct to a few units in the last place.</summary>
    public required Func<double[], Func<double, double>> Evaluator { get; init; }

    public ParityKind Parity { get; init; }

    public required Growth Growth { get; init; }

    /// <summary>k where φ(cx) = c^k φ(x) for every c > 0; null when φ is not homogeneous.</summary>
    public int? Degree { get; init; }

    /// <summary>φ(x) ≥ 0 for every x.</summary>
    public bool IsNonNegative { get; init; }

    /// <summary>Parameters → whether φ never decreases.</summary>
    public Func<ValueList<Rational>, bool> IsIncreasing { get; init; } = _ => false;

    /// <summary>sup |φ| of a bounded function that is not increasing; else null.</summary>
    public double? Supremum { get; init; }

    public Domain Domain { get; init; } = Domain.Real;

    /// <summary>φ(0) exactly; null when 0 is not in the domain.</summary>
    public Expr? AtZero { get; init; } = Expr.Zero;

    /// <summary>Points where φ or a derivative that is used (up to the second) has a kink or a jump: quadrature splits there.</summary>
    public ValueList<Rational> Kinks { get; init; } = [];

    /// <summary>
    /// For a kink at 0: (parameters, side, x) → an expression that equals φ(x) for x on that side of 0 (side is 1 or −1) and is smooth there. Null for functions
    /// that are smooth at 0.
    /// </summary>
    public Func<ValueList<Rational>, int, Expr, Expr>? OneSided { get; init; }

    /// <summary>(parameters, x) → ψ(x) such that φ(x) − ψ(x) vanishes faster than any power of 1/|x| as |x| → ∞. Null when there is none.</summary>
    public Func<ValueList<Rational>, Expr, Expr>? AtInfinity { get; init; }

    /// <summary>
    /// E φ(u) φ(v) for (u, v) of a covariance; null when there is no closed form, or for the piecewise polynomials, whose forms
    /// <see cref="ClosedForms"/> derives.
    /// </summary>
    public Func<SymbolicCovariance, Expr>? Pair { get; init; }

    /// <summary>E φ′(u) φ′(v), likewise.</summary>
    public Func<SymbolicCovariance, Expr>? PrimePair { get; init; }

    /// <summary>Where the facts come from.</summary>
    public string Source { get; init; } = "elementary";

    /// <summary>φ^(order)(x) with these parameters, in double precision.</summary>
    public Func<double, double> Function(ValueList<Rational> parameters, int order = 0)
    {
        if (order == 0)
        {
            return Evaluator([.. parameters.Select(parameter => parameter.ToDouble())]);
        }

        var x = new Expr.Reference("x", []);
        return Evaluation.Compile(Nonlinearities.Expand(new Expr.Call(Name, order, parameters, [x])), x);
    }
}
