using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Emit.Code;

/// <summary>Expressions of the program, one entry at a time, as expressions of whole arrays.</summary>
/// <param name="definitions">What each name is.</param>
/// <param name="rename">The name of a value in the code.</param>
internal sealed class ExpressionLowering(IReadOnlyDictionary<string, Definition> definitions, Func<string, string> rename)
{
    private readonly Dictionary<Expr, Expr.Reference> applied = [];
    private readonly HashSet<string> indexNames = new(StringComparer.Ordinal);
    private List<string> order = [];

    /// <summary>What can't be said, once something can't.</summary>
    public string? Reason { get; private set; }

    /// <summary>From here on φ(h) is read where it was kept under a name.</summary>
    public void Remember(Instruction.Nonlin nonlin)
    {
        if (nonlin.Body is Expr.Call { Derivative: 0 })
        {
            applied.TryAdd(nonlin.Body, (Expr.Reference)nonlin.Result.AsReference());
        }
    }

    /// <summary>The value of <paramref name="body"/> with the dimensions <paramref name="dims"/> and no other.</summary>
    public TensorExpr Lower(Expr body, IEnumerable<string> dims, string coordinate = TensorExpr.Row)
    {
        order = [.. dims.Where(dim => dim[0] != '~')];
        TensorExpr value = Visit(Simplified(body), coordinate);
        ValueList<string> sorted = Union([value]);
        return value is TensorExpr.Value && !sorted.Equals(value.Dims) ? new TensorExpr.Contraction([value], sorted) : value;
    }

    /// <summary>Σ over the binders and, where the factors are of rows and columns, these too: everything outside <paramref name="dims"/>.</summary>
    public TensorExpr Contract(Expr coefficient, IEnumerable<(Expr.Reference Value, ValueList<string> Sides)> factors, ValueList<string> dims)
    {
        order = [.. dims.Where(dim => dim[0] != '~')];
        List<TensorExpr> parts = [.. FactorsOf(Simplified(coefficient)).Select(factor => Visit(factor, TensorExpr.Row)), .. factors.Select(factor => Read(factor.Value, factor.Sides))];
        return SumOut(parts, [.. parts.SelectMany(part => part.Dims).Distinct().Where(dim => !dims.Contains(dim))]);
    }

    public TensorExpr Read(Expr.Reference reference, ValueList<string> sides)
    {
        List<string> dims = [];
        foreach (Index index in reference.Indices)
        {
            if (index is Index.Variable variable)
            {
                dims.Add(variable.Name);
            }
            else
            {
                Refuse($"it reads `{reference}`, and arrays are read whole here, not at chosen positions");
            }
        }

        if (dims.Distinct().Count() != dims.Count)
        {
            Refuse($"it reads the diagonal `{reference}`");
        }

        return new TensorExpr.Value(rename(reference.Name), [.. dims, .. sides]);
    }

    private static IEnumerable<Expr> FactorsOf(Expr expr) => expr is Expr.Multiply product ? product.Factors : [expr];

    /// <summary>Derivatives written out, and φ(h) by the name that holds it.</summary>
    private Expr Simplified(Expr expr) => Named(Nonlinearities.ExpandAll(expr));

    private Expr Named(Expr expr) => applied.TryGetValue(expr, out Expr.Reference? name) ? name : expr.MapChildren(Named);

    private TensorExpr Visit(Expr expr, string coordinate)
    {
        switch (expr)
        {
            case Expr.Constant or Expr.Pi or Expr.WidthPower:
                return new TensorExpr.Number(expr);
            case Expr.IndexValue index:
                if (order.Contains(index.Index) || indexNames.Contains(index.Index))
                {
                    Refuse($"it computes with the index `{index.Index}`");
                }

                return new TensorExpr.Counter(index.Index);
            case Expr.Reference reference:
                return Read(reference, definitions[reference.Name].Kind == ValueKind.Vector ? [coordinate] : []);
            case Expr.Add add:
                List<TensorExpr> terms = [.. add.Terms.Select(term => Visit(term, coordinate))];
                return new TensorExpr.Sum([.. terms], Union(terms));
            case Expr.Multiply:
                return ProductOf([.. FactorsOf(expr).Select(factor => Visit(factor, coordinate))]);
            case Expr.Power power:
                return new TensorExpr.Power(Visit(power.Base, coordinate), power.Exponent);
            case Expr.Call call:
                return new TensorExpr.Apply(call.Function, call.Parameters, Visit(call.Arguments[0], coordinate));
            case Expr.Sum:
                return VisitSum(expr, coordinate);
            default:
                throw new UnreachableException();
        }
    }

    private TensorExpr VisitSum(Expr expr, string coordinate)
    {
        List<string> bound = [];
        List<TensorExpr> factors = [];
        int depth = order.Count;
        while (expr is Expr.Sum sum)
        {
            if (sum.Index.Below is not null)
            {
                Refuse("it sums over past steps");
            }

            bound.Add(sum.Index.Name);
            order.Add(sum.Index.Name);
            indexNames.Add(sum.Index.Name);
            expr = sum.Body;
            if (expr is Expr.Multiply product && product.Factors.OfType<Expr.Sum>().Count() == 1)
            {
                factors.AddRange(product.Factors.Where(factor => factor is not Expr.Sum).Select(factor => Visit(factor, coordinate)));
                expr = product.Factors.OfType<Expr.Sum>().Single();
            }
        }

        factors.AddRange(FactorsOf(expr).Select(factor => Visit(factor, coordinate)));
        TensorExpr total = SumOut(factors, bound);
        order.RemoveRange(depth, order.Count - depth);
        return total;
    }

    /// <summary>Constants and factors without a bound dimension stand before the sum.</summary>
    private TensorExpr SumOut(List<TensorExpr> factors, IReadOnlyList<string> bound)
    {
        List<TensorExpr> outside = [.. factors.Where(factor => factor is TensorExpr.Number || (bound.Count > 0 && !factor.Dims.Any(bound.Contains)))];
        List<TensorExpr> inside = [.. factors.Except(outside, ReferenceEqualityComparer.Instance).Cast<TensorExpr>()];
        if (bound.Any(dim => !inside.Any(factor => factor.Dims.Contains(dim))))
        {
            Refuse("it sums what doesn't depend on the index of the sum");
            return new TensorExpr.Number(Expr.Zero);
        }

        ValueList<string> dims = [.. Union(inside).Where(dim => !bound.Contains(dim))];
        TensorExpr sum = bound.Count == 0 ? ProductOf(inside) : inside.Count == 1 ? new TensorExpr.Total(inside[0], dims) : new TensorExpr.Contraction([.. inside], dims);
        return outside.Count == 0 ? sum : ProductOf([.. outside, sum]);
    }

    /// <summary>(1/n) Σ_α body: the power of n is joined with those of the body.</summary>
    public TensorExpr Mean(string width, Expr body, IEnumerable<string> dims)
    {
        order = [.. dims];
        List<Expr> factors = [.. FactorsOf(Simplified(body) * Expr.WidthTo(width, -1))];
        List<TensorExpr> parts = [];
        List<string> bound = [TensorExpr.Row];
        foreach (Expr factor in factors)
        {
            parts.Add(Visit(factor, TensorExpr.Row));
        }

        // Σ_α Σ_i W[i]² is one sum.
        if (parts.FindIndex(part => part is TensorExpr.Total) is >= 0 and var at && parts.Count(part => part.Dims.Contains(TensorExpr.Row)) == 1)
        {
            TensorExpr body2 = ((TensorExpr.Total)parts[at]).Body;
            bound.AddRange(body2.Dims.Except(parts[at].Dims));
            parts[at] = body2;
        }

        return SumOut(parts, bound);
    }

    private static TensorExpr OneOf(List<TensorExpr> factors, ValueList<string> dims) => factors.Count == 1 ? factors[0] : new TensorExpr.Product([.. factors], dims);

    private TensorExpr ProductOf(List<TensorExpr> factors)
    {
        List<TensorExpr> flat = [.. factors.SelectMany(factor => factor is TensorExpr.Product product ? (IEnumerable<TensorExpr>)product.Factors : [factor])];

        // Numbers first, as one.
        Expr number = Expr.ProductOf(flat.OfType<TensorExpr.Number>().Select(factor => factor.Exact));
        List<TensorExpr> rest = [.. flat.Where(factor => factor is not TensorExpr.Number)];
        if (!number.IsOne || rest.Count == 0)
        {
            rest.Insert(0, new TensorExpr.Number(number));
        }

        return OneOf(rest, Union(rest));
    }

    private ValueList<string> Union(IEnumerable<TensorExpr> parts)
    {
        List<string> dims = [.. parts.SelectMany(part => part.Dims).Distinct()];
        return [.. dims.OrderBy(dim => dim == TensorExpr.Column ? int.MaxValue : dim == TensorExpr.Row ? int.MaxValue - 1 : order.IndexOf(dim) is >= 0 and var at ? at : int.MaxValue - 2)];
    }

    private void Refuse(string reason) => Reason ??= reason;
}
