using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits;

/// <summary>
/// A limit program whose Nonlins are affine and whose Moments are at most quadratic in the vectors, rewritten for vectors that are their coefficients in the
/// Gaussians met: with 1 the vector of the constant (coefficient number 0), a Nonlin a + ℓ(x) becomes a·1 + ℓ(x), and a Moment's mean over coordinates
/// becomes a sum over coefficients.
/// </summary>
public static class CoefficientProgram
{
    /// <summary>The name of the constant vector, which no source program can use.</summary>
    public const string One = "1";

    /// <summary>Whether the program has such a form; decided by the first instruction that hasn't.</summary>
    public static bool IsAffine(Program limit)
    {
        var vectors = limit.Body.SelectMany(VectorsOf).ToHashSet();
        return limit.Body.Instructions().All(instruction => instruction switch
        {
            Instruction.Nonlin { Result.Kind: ValueKind.Vector } nonlin => HomogeneousParts.Of(nonlin.Body, vectors.Contains) is { Count: <= 2 },
            Instruction.OuterNonlin => false,
            Instruction.Moment moment => HomogeneousParts.Of(moment.Body, vectors.Contains) is { Count: <= 3 },
            _ => true,
        });
    }

    /// <summary>An affine program for coefficient vectors of length <paramref name="capacity"/>.</summary>
    public static Program Of(Program limit, int capacity)
    {
        var vectors = limit.Body.SelectMany(VectorsOf).ToHashSet();
        var width = limit.Widths[0].Name;
        var one = new Instruction.Gaussian(new Definition(One, [], [width]), 1);
        return limit with { Body = limit.Body.Select(Rewrite).Prepend(one).ToValueList() };

        Statement Rewrite(Statement statement) => statement switch
        {
            Instruction.Nonlin { Result.Kind: ValueKind.Vector } nonlin => nonlin with { Body = Weighted(PartsOf(nonlin.Body)) },
            Instruction.Moment moment when PartsOf(moment.Body) is var parts =>
                moment with { Body = capacity * Weighted([.. parts, .. Enumerable.Repeat(Expr.Zero, 3 - parts.Count)]) },
            Loop loop => loop with { Body = loop.Body.Select(Rewrite).ToValueList() },
            _ => statement,
        };

        IReadOnlyList<Expr> PartsOf(Expr body) => HomogeneousParts.Of(body, vectors.Contains) ?? throw new InvalidOperationException("The program is not affine.");
    }

    /// <summary>Σ_d part_d · 1^(top − d): every term of one degree.</summary>
    private static Expr Weighted(IReadOnlyList<Expr> parts) =>
        Expr.SumOf(parts.Select((part, degree) => part * Expr.Pow(Expr.Of(One), Math.Max(parts.Count - 1, 1) - degree)));

    private static IEnumerable<string> VectorsOf(Statement statement) => statement switch
    {
        Instruction { Result: { Kind: ValueKind.Vector } result } => [result.Name],
        Loop loop => loop.Carried.Select(carried => carried.State).Where(state => state.Kind == ValueKind.Vector).Select(state => state.Name)
            .Concat(loop.Body.SelectMany(VectorsOf)),
        _ => [],
    };
}
