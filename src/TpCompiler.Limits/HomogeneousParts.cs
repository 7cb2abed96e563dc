using TpCompiler.Symbolics;

namespace TpCompiler.Limits;

/// <summary>Splits a body that is a polynomial in its vectors into parts of degree 0, 1, 2, …: body = Σ_d parts[d].</summary>
public static class HomogeneousParts
{
    private const int MaxDegree = 8;

    /// <summary>The parts by degree, or null when the body is no polynomial of small degree in the values that <paramref name="isVector"/> names.</summary>
    public static IReadOnlyList<Expr>? Of(Expr body, Func<string, bool> isVector)
    {
        if (!body.References().Any(reference => isVector(reference.Name)))
        {
            return [body];
        }

        switch (body)
        {
            case Expr.Reference:
                return [Expr.Zero, body];
            case Expr.Add add:
                var terms = add.Terms.Select(term => Of(term, isVector)).ToList();
                return terms.Contains(null) ? null : terms.Aggregate((x, y) => Sum(x!, y!));
            case Expr.Multiply product:
                return Product(product.Factors.Select(factor => Of(factor, isVector)));
            case Expr.Power { Exponent: { IsInteger: true, Sign: > 0 } exponent } power when exponent <= MaxDegree:
                return Product(Enumerable.Repeat(Of(power.Base, isVector), (int)exponent.Numerator));
            case Expr.Sum sum:
                return Of(sum.Body, isVector)?.Select(part => Expr.SumOver(sum.Index, part)).ToList();
            default:
                return null;
        }
    }

    private static List<Expr> Sum(IReadOnlyList<Expr> x, IReadOnlyList<Expr> y) =>
        Enumerable.Range(0, Math.Max(x.Count, y.Count))
            .Select(degree => x.ElementAtOrDefault(degree, Expr.Zero) + y.ElementAtOrDefault(degree, Expr.Zero))
            .ToList();

    private static IReadOnlyList<Expr>? Product(IEnumerable<IReadOnlyList<Expr>?> factors)
    {
        IReadOnlyList<Expr>? product = [Expr.One];
        foreach (var factor in factors)
        {
            if (factor is null || product.Count + factor.Count > MaxDegree + 2)
            {
                return null;
            }

            var next = Enumerable.Repeat(Expr.Zero, product.Count + factor.Count - 1).ToArray();
            for (var i = 0; i < product.Count; i++)
            {
                for (var j = 0; j < factor.Count; j++)
                {
                    next[i + j] += product[i] * factor[j];
                }
            }

            product = next;
        }

        return product;
    }

    private static Expr ElementAtOrDefault(this IReadOnlyList<Expr> parts, int degree, Expr missing) => degree < parts.Count ? parts[degree] : missing;
}
