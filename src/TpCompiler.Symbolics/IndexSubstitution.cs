using System.Diagnostics;

namespace TpCompiler.Symbolics;

/// <summary>Free index variables, and their capture-avoiding replacement.</summary>
public static class IndexSubstitution
{
    /// <summary>The index variables that no binder inside <paramref name="expr"/> binds.</summary>
    public static IReadOnlySet<string> FreeIndices(this Expr expr)
    {
        var free = new SortedSet<string>(StringComparer.Ordinal);
        Collect(expr, []);
        return free;

        void Collect(Expr e, ValueList<string> bound)
        {
            switch (e)
            {
                case Expr.IndexValue value:
                    Note(value.Index, bound);
                    break;
                case Expr.Reference reference:
                    foreach (var index in reference.Indices)
                    {
                        NoteIndex(index, bound);
                    }

                    break;
                case Expr.Sum sum:
                    if (sum.Index.Below is { } below)
                    {
                        Note(below, bound);
                    }

                    Collect(sum.Body, bound.Add(sum.Index.Name));
                    break;
                default:
                    foreach (var child in e.Children)
                    {
                        Collect(child, bound);
                    }

                    break;
            }
        }

        void NoteIndex(Index index, ValueList<string> bound)
        {
            switch (index)
            {
                case Index.Variable variable:
                    Note(variable.Name, bound);
                    break;
                case Index.Shifted shifted:
                    Note(shifted.Name, bound);
                    break;
                case Index.Lookup lookup:
                    Collect(lookup.Row, bound);
                    break;
            }
        }

        void Note(string name, ValueList<string> bound)
        {
            if (!bound.Contains(name, StringComparer.Ordinal))
            {
                free.Add(name);
            }
        }
    }

    /// <summary>A name made of <paramref name="name"/> and primes that <paramref name="taken"/> doesn't hold.</summary>
    public static string FreshName(string name, IEnumerable<string> taken)
    {
        var set = taken.ToHashSet(StringComparer.Ordinal);
        while (set.Contains(name))
        {
            name += "'";
        }

        return name;
    }

    /// <summary>Every free occurrence of the index variable <paramref name="from"/> renamed; binders in the way are renamed first.</summary>
    public static Expr RenameIndex(this Expr expr, string from, string to) => expr.ReplaceIndex(from, new Index.Variable(to));

    /// <summary>
    /// Every free occurrence of the index variable <paramref name="from"/> replaced by <paramref name="to"/>; binders that would capture a variable of it are renamed.
    /// </summary>
    /// <exception cref="ArgumentException">A shift of a looked-up row (<c>x[p+1]</c> at p = token[b]) or a bound (Σ_{s&lt;t}) by something other than a variable.</exception>
    public static Expr ReplaceIndex(this Expr expr, string from, Index to)
    {
        switch (expr)
        {
            case Expr.IndexValue value:
                return value.Index == from ? AsValue(to) : value;
            case Expr.Reference reference:
                return reference.Indices.Any(index => !ReferenceEquals(ReplaceIn(index, from, to), index))
                    ? reference with { Indices = reference.Indices.Select(index => ReplaceIn(index, from, to)).ToValueList() }
                    : reference;
            case Expr.Sum sum:
                var binder = sum.Index;
                if (binder.Below == from)
                {
                    binder = binder with { Below = to is Index.Variable bound ? bound.Name : throw new ArgumentException("The bound of a sum is an index variable.", nameof(to)) };
                }

                if (binder.Name == from)
                {
                    return ReferenceEquals(binder, sum.Index) ? sum : Expr.SumOver(binder, sum.Body);
                }

                var body = sum.Body;
                var free = AsReference(to).FreeIndices();
                if (free.Contains(binder.Name) && body.FreeIndices().Contains(from))
                {
                    var fresh = FreshName(binder.Name, free.Concat(body.FreeIndices()).Append(from));
                    body = body.RenameIndex(binder.Name, fresh);
                    binder = binder with { Name = fresh };
                }

                var replaced = body.ReplaceIndex(from, to);
                return ReferenceEquals(binder, sum.Index) && ReferenceEquals(replaced, sum.Body) ? sum : Expr.SumOver(binder, replaced);
            default:
                return expr.MapChildren(child => child.ReplaceIndex(from, to));
        }
    }

    /// <summary>Every free index variable that <paramref name="map"/> holds, replaced at once: swaps are possible.</summary>
    public static Expr ReplaceIndices(this Expr expr, IReadOnlyDictionary<string, Index> map)
    {
        // Through names that occur nowhere, so that one replacement doesn't see the result of another.
        var taken = expr.FreeIndices().Concat(map.Keys).Concat(map.Values.SelectMany(index => AsReference(index).FreeIndices())).ToHashSet(StringComparer.Ordinal);
        var ordered = map.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList();
        var between = new List<string>();
        foreach (var (from, _) in ordered)
        {
            var name = FreshName(from, taken);
            taken.Add(name);
            between.Add(name);
            expr = expr.RenameIndex(from, name);
        }

        for (var i = 0; i < ordered.Count; i++)
        {
            expr = expr.ReplaceIndex(between[i], ordered[i].Value);
        }

        return expr;
    }

    /// <summary>The same expression with sums that bind none of <paramref name="taken"/> and none of the variables of sums around them.</summary>
    public static Expr RenameSumsApart(this Expr expr, IEnumerable<string> taken)
    {
        var names = taken.ToHashSet(StringComparer.Ordinal);
        return Walk(expr, names);

        static Expr Walk(Expr e, HashSet<string> taken)
        {
            if (e is not Expr.Sum sum)
            {
                return e.MapChildren(child => Walk(child, taken));
            }

            if (!taken.Contains(sum.Index.Name))
            {
                var inside = Walk(sum.Body, [.. taken, sum.Index.Name]);
                return ReferenceEquals(inside, sum.Body) ? sum : Expr.SumOver(sum.Index, inside);
            }

            var name = FreshName(sum.Index.Name, taken.Concat(sum.Body.FreeIndices()));
            return Expr.SumOver(sum.Index with { Name = name }, Walk(sum.Body.RenameIndex(sum.Index.Name, name), [.. taken, name]));
        }
    }

    /// <summary>An index as a number.</summary>
    public static Expr AsValue(this Index index) => index switch
    {
        Index.Variable v => new Expr.IndexValue(v.Name),
        Index.Fixed f => f.Position,
        Index.Shifted s => new Expr.IndexValue(s.Name) + s.Offset,
        Index.Lookup l => l.Row,
        _ => throw new UnreachableException(),
    };

    private static Index ReplaceIn(Index index, string from, Index to) => index switch
    {
        Index.Variable v => v.Name == from ? to : index,
        Index.Shifted s when s.Name == from => to switch
        {
            Index.Variable v => new Index.Shifted(v.Name, s.Offset),
            Index.Fixed f => new Index.Fixed(f.Position + s.Offset),
            Index.Shifted t => t.Offset + s.Offset == 0 ? new Index.Variable(t.Name) : new Index.Shifted(t.Name, t.Offset + s.Offset),
            _ => throw new ArgumentException("A looked-up row has no neighbour.", nameof(to)),
        },
        Index.Lookup l => l.Row.ReplaceIndex(from, to) is var row && ReferenceEquals(row, l.Row) ? l : new Index.Lookup((Expr.Reference)row),
        _ => index,
    };

    private static Expr.Reference AsReference(Index index) => new(string.Empty, [index]);
}
