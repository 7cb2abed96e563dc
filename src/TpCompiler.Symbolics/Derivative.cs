using System.Diagnostics;

namespace TpCompiler.Symbolics;

/// <summary>
/// ∂body/∂reference for one occurrence set of a reference: all occurrences with the same indices under the same binders, taken as an independent variable.
/// For body = Σ_i U[i]·x[b,i] there are two: (U[i], [i], x[b,i]) and (x[b,i], [i], U[i]).
/// </summary>
/// <param name="Reference">The occurrence.</param>
/// <param name="Binders">The sums that it stands under, outermost first; their names differ from each other and from every free index of the body.</param>
/// <param name="Derivative">The derivative; it may use the binders' variables.</param>
public sealed record Adjoint(Expr.Reference Reference, ValueList<IndexBinder> Binders, Expr Derivative);

/// <summary>Derivatives of expressions. Functions of the table stay by name: the derivative of tanh(x) is tanh′(x).</summary>
public static class Derivative
{
    /// <summary>
    /// ∂expr/∂wrt. Two references differ unless their indices are the same; a sum over an index that stands in the occurrence gives its term at the index of
    /// <paramref name="wrt"/> (∂/∂x[j] of Σ_i w[i] x[i] is w[j]).
    /// </summary>
    public static Expr Of(Expr expr, Expr.Reference wrt) => Expr.SumOf(Adjoints(expr, wrt.FreeIndices())
        .Where(adjoint => adjoint.Reference.Name == wrt.Name && adjoint.Reference.Indices.Count == wrt.Indices.Count)
        .Select(adjoint => AtIndicesOf(adjoint, wrt)));

    /// <summary>The derivative of <paramref name="body"/> by every reference that occurs in it, in the order of first occurrence. Rows of lookups are no variables.</summary>
    public static ValueList<Adjoint> Adjoints(Expr body) => Adjoints(body, []);

    private static ValueList<Adjoint> Adjoints(Expr body, IEnumerable<string> reserved)
    {
        var order = new List<(Expr.Reference Reference, ValueList<IndexBinder> Binders)>();
        var terms = new Dictionary<(Expr.Reference, ValueList<IndexBinder>), List<Expr>>();
        var taken = body.FreeIndices().Concat(reserved).ToHashSet(StringComparer.Ordinal);
        Walk(body, Expr.One, []);
        return order.Select(key => new Adjoint(key.Reference, key.Binders, Expr.SumOf(terms[key]))).Where(adjoint => !adjoint.Derivative.IsZero).ToValueList();

        void Walk(Expr expr, Expr outer, ValueList<IndexBinder> binders)
        {
            switch (expr)
            {
                case Expr.Constant or Expr.Pi or Expr.WidthPower or Expr.IndexValue:
                    break;
                case Expr.Reference reference:
                    var key = (reference, binders);
                    if (!terms.TryGetValue(key, out var list))
                    {
                        order.Add(key);
                        terms.Add(key, list = []);
                    }

                    list.Add(outer);
                    break;
                case Expr.Add add:
                    foreach (var term in add.Terms)
                    {
                        Walk(term, outer, binders);
                    }

                    break;
                case Expr.Multiply product:
                    for (var i = 0; i < product.Factors.Count; i++)
                    {
                        if (product.Factors[i].References().Any())
                        {
                            Walk(product.Factors[i], Expr.ProductOf(product.Factors.Where((_, j) => j != i).Append(outer)), binders);
                        }
                    }

                    break;
                case Expr.Power power:
                    Walk(power.Base, Expr.ProductOf([outer, power.Exponent, Expr.Pow(power.Base, power.Exponent - 1)]), binders);
                    break;
                case Expr.Call { Arguments: [var argument] } call:
                    var prime = call with { Derivative = call.Derivative + 1 };
                    Walk(argument, outer * (IsZero(prime) ? Expr.Zero : Nonlinearities.CallOf(prime.Function, prime.Derivative, prime.Parameters, argument)), binders);
                    break;
                case Expr.Sum sum:
                    var name = IndexSubstitution.FreshName(sum.Index.Name, taken.Concat(outer.FreeIndices()).Concat(binders.Select(binder => binder.Name)));
                    Walk(sum.Body.RenameIndex(sum.Index.Name, name), outer, binders.Add(sum.Index with { Name = name }));
                    break;
                default:
                    throw new UnreachableException($"{expr.GetType().Name} has no place in the body of an instruction.");
            }
        }
    }

    /// <summary>Functions that are piecewise constant: their derivative is 0 almost everywhere.</summary>
    private static bool IsZero(Expr.Call prime) => prime is { Derivative: 1 }
        ? Nonlinearities.Get(prime.Function).Prime(prime.Parameters, new Expr.Reference("x", [])).IsZero
        : false;

    private static Expr AtIndicesOf(Adjoint adjoint, Expr.Reference wrt)
    {
        var derivative = adjoint.Derivative;
        var open = adjoint.Binders.ToDictionary(binder => binder.Name, StringComparer.Ordinal);
        for (var i = 0; i < wrt.Indices.Count; i++)
        {
            if (adjoint.Reference.Indices[i] is Index.Variable variable && open.Remove(variable.Name, out var binder))
            {
                if (binder.Below is not null)
                {
                    throw new NotSupportedException("A sum over past times is not differentiated term by term.");
                }

                derivative = derivative.ReplaceIndex(variable.Name, wrt.Indices[i]);
            }
            else if (adjoint.Reference.Indices[i] != wrt.Indices[i])
            {
                return Expr.Zero;
            }
        }

        return adjoint.Binders.Reverse().Where(binder => open.ContainsKey(binder.Name)).Aggregate(derivative, (body, binder) => Expr.SumOver(binder, body));
    }
}
