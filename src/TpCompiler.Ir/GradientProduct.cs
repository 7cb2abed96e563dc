using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>
/// ⟨∇f[b], ∇g[b']⟩ for each two samples: a vector's part is n times a Moment; ⟨Σ_p u_p v_pᵀ, Σ_q w_q z_qᵀ⟩ = n² Σ_{p,q} Moment(u_p w_q) Moment(v_p z_q) needs no matrix.
/// </summary>
internal sealed class GradientProduct(IndexBinder first, IndexBinder second, NameSupply names, List<Statement> statements)
{
    /// <summary>The scalar over <c>first</c> and <c>second</c>, without the learning rates' powers of n.</summary>
    /// <param name="left">The instruction of a gradient, its first index the sample.</param>
    /// <param name="right">Likewise.</param>
    /// <param name="weight">The weight that they are gradients by.</param>
    public Expr.Reference Of(Instruction left, Instruction right, string weight)
    {
        var taken = new HashSet<string>([first.Name, second.Name, .. left.IndexNames(), .. right.IndexNames()], StringComparer.Ordinal);
        taken.ExceptWith(left.Result.Indices.Select(binder => binder.Name));
        taken.UnionWith([first.Name, second.Name]);
        var own = new List<IndexBinder>();
        foreach (var binder in left.Result.Indices.Skip(1))
        {
            own.Add(new IndexBinder(IndexSubstitution.FreshName(binder.Name, taken), binder.Axis));
            taken.Add(own[^1].Name);
        }

        var atLeft = Places(left.Result, first, own);
        var atRight = Places(right.Result, second, own);
        var (x, y) = (left.Result.AsReference().ReplaceIndices(atLeft), right.Result.AsReference().ReplaceIndices(atRight));
        switch (left.Result.Kind)
        {
            case ValueKind.Matrix:
                var pairs = from u in Terms(left, atLeft, own) from v in Terms(right, atRight, [.. own, .. u.Over]) select Product(u, v, own, left.Result.Widths, weight);
                return Named($"theta_{weight}", [first, second], null, Expr.WidthTo(left.Result.Widths[0], 1) * Expr.WidthTo(left.Result.Widths[1], 1) * Sum(own, Expr.SumOf(pairs)));
            case ValueKind.Vector:
                return Named($"theta_{weight}", [first, second], left.Result.Widths[0], Expr.WidthTo(left.Result.Widths[0], 1) * Sum(own, x * y));
            default:
                return Named($"theta_{weight}", [first, second], null, Sum(own, x * y));
        }
    }

    private static Dictionary<string, Index> Places(Definition gradient, IndexBinder sample, List<IndexBinder> own) =>
        gradient.Indices.Zip([sample, .. own]).ToDictionary(pair => pair.First.Name, pair => (Index)pair.Second.Name, StringComparer.Ordinal);

    private static Expr Sum(IEnumerable<IndexBinder> over, Expr body) => over.Reverse().Aggregate(body, (sum, binder) => Expr.SumOver(binder, sum));

    private IEnumerable<MatrixTerm.Outer> Terms(Instruction gradient, Dictionary<string, Index> at, IEnumerable<IndexBinder> besides)
    {
        var taken = at.Keys.Concat(at.Values.OfType<Index.Variable>().Select(index => index.Name)).Concat([first.Name, second.Name]).Concat(besides.Select(binder => binder.Name)).ToList();
        return ((Instruction.MatrixSum)gradient).Terms.Cast<MatrixTerm.Outer>().Select(term => term.RenamedApart(taken)).Select(term => term with
        {
            Coefficient = term.Coefficient.ReplaceIndices(at),
            Left = (Expr.Reference)term.Left.ReplaceIndices(at),
            Right = (Expr.Reference)term.Right.ReplaceIndices(at),
        });
    }

    private Expr Product(MatrixTerm.Outer u, MatrixTerm.Outer v, List<IndexBinder> own, ValueList<string> widths, string weight)
    {
        IndexBinder[] all = [first, second, .. own, .. u.Over, .. v.Over];
        return Sum([.. u.Over, .. v.Over], u.Coefficient * v.Coefficient * Gram(u.Left, v.Left, widths[0], "left") * Gram(u.Right, v.Right, widths[1], "right"));

        Expr.Reference Gram(Expr.Reference x, Expr.Reference y, string width, string side)
        {
            var free = x.FreeIndices().Concat(y.FreeIndices()).ToHashSet(StringComparer.Ordinal);
            return Named($"gram_{side}_{weight}", [.. all.Where(binder => free.Contains(binder.Name)).Select(binder => binder with { Below = null })], width, x * y);
        }
    }

    private Expr.Reference Named(string wanted, ValueList<IndexBinder> indices, string? width, Expr body)
    {
        var result = new Definition(names.Fresh(wanted), indices, []);
        statements.Add(width is null ? new Instruction.Nonlin(result, body) : new Instruction.Moment(result, width, body));
        return result.AsReference();
    }
}
