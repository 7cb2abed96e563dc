using System.Globalization;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Numerics.Execution;

/// <summary>The index variables that a subexpression sees, by name. A name that is not there is a loop's counter.</summary>
internal sealed class Scope(Scope? outer, string name, Variable variable)
{
    private static readonly Scope None = new(null, "", new Variable("", 0, -1));

    public static Scope Of(IEnumerable<(string Name, Variable Variable)> variables) =>
        variables.Aggregate(None, (scope, next) => scope.With(next.Name, next.Variable));

    public Scope With(string inner, Variable bound) => new(this, inner, bound);

    public Variable? Find(string wanted)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.Name == wanted)
            {
                return scope.Variable;
            }
        }

        return null;
    }

    /// <summary>What the index names in an expression mean here: the same expression with the same signature is the same node.</summary>
    public string Signature(Expr expr)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        Collect(expr, names);
        return string.Join(' ', names.Select(n => n + "#" + (Find(n)?.Order ?? -1).ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Whether an expression speaks of an index by this name.</summary>
    public static bool Mentions(Expr expr, string index)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        Collect(expr, names);
        return names.Contains(index) || expr.DescendantsAndSelf().Any(part => part is Expr.Sum sum && sum.Index.Name == index);
    }

    private Scope? Outer { get; } = outer;

    private string Name { get; } = name;

    private Variable Variable { get; } = variable;

    private static void Collect(Expr expr, SortedSet<string> names)
    {
        switch (expr)
        {
            case Expr.IndexValue value:
                names.Add(value.Index);
                break;
            case Expr.Sum { Index.Below: { } below }:
                names.Add(below);
                break;
            case Expr.Reference reference:
                foreach (var index in reference.Indices)
                {
                    switch (index)
                    {
                        case Index.Variable v:
                            names.Add(v.Name);
                            break;
                        case Index.Shifted s:
                            names.Add(s.Name);
                            break;
                        default:
                            break;
                    }
                }

                break;
            default:
                break;
        }

        foreach (var child in expr.Children)
        {
            Collect(child, names);
        }
    }
}
