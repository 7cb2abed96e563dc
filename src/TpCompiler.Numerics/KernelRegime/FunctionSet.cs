using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>A set of weights, or a gradient, as a function, for weights that are always treated alike.</summary>
/// <param name="Token">Stands for this set where gradients are taken by it.</param>
/// <param name="Linear">Sets that it is made of, itself among them, with their coefficients.</param>
/// <param name="States">Coefficients of the states at the start of the iteration.</param>
/// <param name="Parts">Σ_u K(·, u) c_u.</param>
internal sealed record FunctionSet(string Token, IReadOnlyDictionary<string, Expr> Linear, IReadOnlyDictionary<string, Expr> States, ValueList<FunctionPart> Parts)
{
    /// <summary>What is left of the initial weights: 1, or K is no longer theirs.</summary>
    public bool HoldsTheWeights => States.GetValueOrDefault(StepRule.Parameters, Expr.Zero).IsOne;

    /// <summary>Σ factor · set.</summary>
    public static FunctionSet Combination(string token, IReadOnlyList<(Expr Factor, FunctionSet Set)> terms) => new(
        token,
        Sum(terms.Select(term => (term.Factor, term.Set.Linear)).Append((Expr.One, new Dictionary<string, Expr> { [token] = Expr.One }))),
        Sum(terms.Select(term => (term.Factor, term.Set.States))),
        terms.SelectMany(term => term.Set.Parts.Select(part => part with { Coefficient = term.Factor * part.Coefficient }))
            .GroupBy(part => (part.Output, part.Points, part.Kept))
            .Select(same => same.First() with { Coefficient = Expr.SumOf(same.Select(part => part.Coefficient)) })
            .ToValueList());

    private static Dictionary<string, Expr> Sum(IEnumerable<(Expr Factor, IReadOnlyDictionary<string, Expr> Values)> terms)
    {
        var sum = new Dictionary<string, Expr>(StringComparer.Ordinal);
        foreach (var (factor, values) in terms)
        {
            foreach (var (name, value) in values)
            {
                sum[name] = sum.GetValueOrDefault(name, Expr.Zero) + (factor * value);
            }
        }

        return sum.Where(pair => !pair.Value.IsZero).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>A linear combination of sets, by their names; null when the expression isn't one.</summary>
    public static IReadOnlyList<(Expr Factor, string Set)>? Terms(Expr value, Func<string, bool> isSet)
    {
        var terms = new List<(Expr, string)>();
        return Collect(value, Expr.One) ? terms : null;

        bool Collect(Expr expr, Expr factor)
        {
            switch (expr)
            {
                case Expr.Constant { Value.IsZero: true }:
                    return true;
                case Expr.Reference reference when isSet(reference.Name):
                    terms.Add((factor, reference.Name));
                    return true;
                case Expr.Add add:
                    return add.Terms.All(term => Collect(term, factor));
                case Expr.Multiply product when product.Factors.Where(IsSet).ToList() is [var only]:
                    return Collect(only, factor * Expr.ProductOf(product.Factors.Where(other => other != only)));
                default:
                    return false;
            }
        }

        bool IsSet(Expr expr) => expr.References().Any(reference => isSet(reference.Name));
    }
}

/// <summary>Σ K(·, u) c_u over points u, but for the axes that the set has itself, where each position has its own function.</summary>
internal sealed record FunctionPart(int Output, SamplePoints Points, ValueList<IndexBinder> Kept, Expr Coefficient);
