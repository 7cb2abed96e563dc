using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>
/// Reads an occurrence x[I(j)] backwards: what was computed at the consumer's indices j lands at the indices k of x's definition where I(j) = k.
/// Positions that a variable stands at are solved (j = k, or j = k − o for a shift); the other variables of the consumer are summed, with a condition [I(j) = k] where one is left.
/// </summary>
internal sealed class IndexPullback
{
    private readonly Dictionary<string, Index> map = new(StringComparer.Ordinal);

    private IndexPullback(ValueList<IndexBinder> over, Expr condition) => (Over, Condition) = (over, condition);

    /// <summary>What is left to sum over, outermost first; names differ from the target's.</summary>
    public ValueList<IndexBinder> Over { get; }

    /// <summary>A factor of 0 and 1 that selects the terms that land at k.</summary>
    public Expr Condition { get; }

    /// <param name="occurrence">x[I(j)].</param>
    /// <param name="sources">The consumer's index variables, the sums that the occurrence stands under among them.</param>
    /// <param name="target">The definition of x.</param>
    /// <param name="zeroOutside">The variables outside whose axis everything that will be applied reads 0, so that a shift can be solved.</param>
    /// <param name="taken">Index names in scope that fresh ones must not meet: counters of loops.</param>
    public static IndexPullback Of(
        Expr.Reference occurrence,
        IReadOnlyList<IndexBinder> sources,
        Definition target,
        IReadOnlySet<string> zeroOutside,
        IEnumerable<string> taken)
    {
        var solved = new Dictionary<string, Index>(StringComparer.Ordinal);
        var open = new List<(Index Left, string Right)>();
        for (var p = 0; p < target.Indices.Count; p++)
        {
            var k = target.Indices[p].Name;
            switch (occurrence.Indices[p])
            {
                case Index.Variable v when IsSource(v.Name) && !solved.ContainsKey(v.Name):
                    solved.Add(v.Name, k);
                    break;
                case Index.Shifted s when zeroOutside.Contains(s.Name) && !solved.ContainsKey(s.Name):
                    solved.Add(s.Name, new Index.Shifted(k, -s.Offset));
                    break;
                case var other:
                    open.Add((other, k));
                    break;
            }
        }

        // Conditions are stated in the source's variables, and then mapped like everything else: k itself stands behind a name that no source has.
        var used = sources.Select(binder => binder.Name).Concat(target.Indices.Select(binder => binder.Name)).Concat(taken).ToHashSet(StringComparer.Ordinal);
        var over = new List<IndexBinder>();
        var all = new Dictionary<string, Index>(solved, StringComparer.Ordinal);
        var targetNames = target.Indices.Select(binder => binder.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var binder in sources.Where(binder => !solved.ContainsKey(binder.Name)))
        {
            var name = binder.Name;
            if (targetNames.Contains(name))
            {
                name = IndexSubstitution.FreshName(name, used);
                used.Add(name);
                all.Add(binder.Name, name);
            }

            over.Add(binder with { Name = name });
        }

        var condition = Expr.One;
        foreach (var (left, right) in open)
        {
            var mapped = ((Expr.Reference)new Expr.Reference(string.Empty, [left]).ReplaceIndices(all)).Indices[0];
            condition *= Conditions.Equal(mapped, right);
        }

        // Σ_{s<t}: the bound stays with the binder while both are summed or free, and becomes a factor when the binder is solved.
        for (var i = 0; i < sources.Count; i++)
        {
            if (sources[i].Below is not { } below)
            {
                continue;
            }

            var bound = all.GetValueOrDefault(below, below);
            var position = over.FindIndex(binder => all.GetValueOrDefault(sources[i].Name, sources[i].Name) == (Index)binder.Name);
            if (solved.ContainsKey(sources[i].Name) || bound is not Index.Variable)
            {
                condition *= Conditions.Less(all.GetValueOrDefault(sources[i].Name, sources[i].Name), bound);
                if (position >= 0)
                {
                    over[position] = over[position] with { Below = null };
                }
            }
            else
            {
                over[position] = over[position] with { Below = ((Index.Variable)bound).Name };
            }
        }

        var pullback = new IndexPullback(over.ToValueList(), condition);
        foreach (var (from, to) in all.Where(pair => pair.Value != (Index)pair.Key))
        {
            pullback.map.Add(from, to);
        }

        return pullback;

        bool IsSource(string name) => sources.Any(binder => binder.Name == name);
    }

    /// <summary>Something at the consumer's indices, at those of the target, without sum and condition.</summary>
    public Expr Rename(Expr expr) => map.Count == 0 ? expr : expr.ReplaceIndices(map);

    public Expr.Reference Rename(Expr.Reference reference) => (Expr.Reference)Rename((Expr)reference);

    /// <summary>Σ_over [I(j) = k] expr(j), at the indices of the target.</summary>
    public Expr Apply(Expr expr) => Over.Reverse().Aggregate(Condition * Rename(expr), (body, binder) => Expr.SumOver(binder, body));
}
