using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Code;

/// <summary>Sums and products of arrays.</summary>
internal sealed partial class ExpressionLowering
{
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
            axes[sum.Index.Name] = sum.Index.Axis;
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

    /// <summary>Constants and factors without a bound dimension stand before the sum, and so does the size of an axis that nothing depends on.</summary>
    private TensorExpr SumOut(List<TensorExpr> factors, IReadOnlyList<string> bound)
    {
        List<TensorExpr> outside = [.. factors.Where(factor => factor is TensorExpr.Number || (bound.Count > 0 && !factor.Dims.Any(bound.Contains)))];
        List<TensorExpr> inside = [.. factors.Except(outside, ReferenceEqualityComparer.Instance).Cast<TensorExpr>()];
        List<string> alone = [.. bound.Where(dim => !inside.Exists(factor => factor.Dims.Contains(dim)))];
        bound = [.. bound.Except(alone)];
        outside.AddRange(alone.Where(axes.ContainsKey).Select(dim => new TensorExpr.Extent(axes[dim])));
        if (alone.Exists(dim => !axes.ContainsKey(dim)))
        {
            Refuse("it sums what has no coordinates");
        }

        if (inside.Count == 0)
        {
            return ProductOf(outside);
        }

        TensorExpr sum = bound.Count == 0 ? ProductOf(inside) : Scattered(inside, bound) ?? Summed(inside, bound);
        return outside.Count == 0 ? sum : ProductOf([.. outside, sum]);
    }

    private TensorExpr Summed(List<TensorExpr> factors, IReadOnlyList<string> bound)
    {
        factors = WithRelations(factors);
        ValueList<string> dims = [.. Union(factors).Where(dim => !bound.Contains(dim))];
        return factors.Count == 1 ? new TensorExpr.Total(factors[0], dims) : new TensorExpr.Contraction([.. factors], dims);
    }

    /// <summary>Relations joined with the factor that has most of their dimensions, for libraries that multiply numbers alone.</summary>
    private List<TensorExpr> WithRelations(List<TensorExpr> factors)
    {
        List<TensorExpr> numbers = [.. factors.Where(factor => factor is not TensorExpr.Compare)];
        foreach (TensorExpr relation in factors.OfType<TensorExpr.Compare>())
        {
            if (numbers.Count == 0)
            {
                numbers.Add(new TensorExpr.Indicator(relation));
                continue;
            }

            TensorExpr nearest = numbers.MaxBy(factor => factor.Dims.Count(relation.Dims.Contains))!;
            numbers[numbers.IndexOf(nearest)] = ProductOf([nearest, relation]);
        }

        return numbers;
    }

    /// <summary>Σ_b u[b] [j = row[b]] is no product but a sum of each u[b] into its row; null where there is no such factor, or more goes on at j.</summary>
    private TensorExpr.Scatter? Scattered(List<TensorExpr> factors, IReadOnlyList<string> bound)
    {
        foreach (TensorExpr.Compare relation in factors.OfType<TensorExpr.Compare>().Where(relation => relation.Relation == "=="))
        {
            var (position, rows) = relation switch
            {
                { Left: TensorExpr.Position at, Right: var other } => (at, other),
                { Left: var other, Right: TensorExpr.Position at } => (at, other),
                _ => (null, relation.Left),
            };
            List<TensorExpr> others = [.. factors.Where(factor => !ReferenceEquals(factor, relation))];
            if (position is null || bound.Contains(position.Index) || rows.Dims.Count == 0 || !rows.Dims.All(bound.Contains) || others.Count == 0
                || others.Exists(factor => factor.Dims.Contains(position.Index)))
            {
                continue;
            }

            List<string> before = [.. bound.Except(rows.Dims)];
            TensorExpr body = AsNumber(before.Count == 0 ? ProductOf(WithRelations(others)) : SumOut(others, before));
            ValueList<string> dims = [.. rows.Dims, .. body.Dims.Except(rows.Dims)];
            ValueList<string> present = [.. dims.Where(body.Dims.Contains)];
            body = present.Equals(body.Dims) ? body : new TensorExpr.Contraction([body], present);
            body = present.Count == dims.Count ? body : new TensorExpr.Broadcast(body, [.. dims.Select(SizeOf)], dims);
            return new TensorExpr.Scatter(position.Axis, rows, body, [position.Index, .. dims.Except(rows.Dims)]);
        }

        return null;
    }

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

        if (rest.Count > 1 && rest.TrueForAll(factor => factor is TensorExpr.Compare))
        {
            rest[0] = AsNumber(rest[0]);
        }

        return rest.Count == 1 ? rest[0] : new TensorExpr.Product([.. rest], Union(rest));
    }

    /// <summary>The dimensions of all parts: indices in the order in which they were met, then rows, then columns.</summary>
    private ValueList<string> Union(IEnumerable<TensorExpr> parts) =>
    [
        .. parts.SelectMany(part => part.Dims).Distinct().OrderBy(dim => dim switch
        {
            TensorExpr.Column => int.MaxValue,
            TensorExpr.Row => int.MaxValue - 1,
            _ => order.IndexOf(dim) is >= 0 and var at ? at : int.MaxValue - 2,
        }),
    ];
}
