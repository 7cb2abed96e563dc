using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

public sealed partial class Backpropagation
{
    /// <summary>
    /// The adjoint of y[j] = body: dx += Σ_j dy[j] ∂body/∂x for each occurrence of x. With <paramref name="widths"/>, body and dy are coordinates over that width: a scalar
    /// gets the sum over coordinates.
    /// </summary>
    /// <param name="body">The body, or one coefficient.</param>
    /// <param name="dy">The cotangent of the result at <paramref name="indices"/>.</param>
    /// <param name="indices">The index variables that are free in the body.</param>
    /// <param name="widths">None, or the width whose coordinates body and dy are.</param>
    private void PropagateBody(Expr body, Expr dy, ValueList<IndexBinder> indices, ValueList<string> widths)
    {
        if (dy.IsZero)
        {
            return;
        }

        foreach (var adjoint in Derivative.Adjoints(body))
        {
            var x = adjoint.Reference;
            if (!active.Contains(x.Name))
            {
                continue;
            }

            var target = definitions[x.Name];
            IndexBinder[] sources = [.. indices, .. adjoint.Binders];
            var value = dy * adjoint.Derivative;
            var zeroOutside = new HashSet<string>(StringComparer.Ordinal);
            var shifted = x.Indices.OfType<Index.Shifted>().Select(index => index.Name).Where(name => sources.Any(binder => binder.Name == name)).ToHashSet(StringComparer.Ordinal);
            if (shifted.Count > 0)
            {
                // Named first, over the consumer's own indices: then a neighbour outside the axis reads 0, whatever the derivative is there.
                var free = value.FreeIndices();
                var axes = sources.Where(binder => free.Contains(binder.Name) || shifted.Contains(binder.Name)).Select(binder => binder with { Below = null }).ToValueList();
                var bounded = sources.Where(binder => binder.Below is not null && axes.Any(axis => axis.Name == binder.Name))
                    .Aggregate(value, (product, binder) => product * Conditions.Less(binder.Name, binder.Below!));
                value = EmitNonlin($"d{x.Name}_shift", axes, widths, bounded);
                zeroOutside = shifted;
                sources = [.. sources.Select(binder => binder with { Below = null })];
            }

            var pulled = IndexPullback.Of(x, sources, target, zeroOutside, counters).Apply(value);
            Add(x.Name, target.Kind == ValueKind.Scalar && widths.Count > 0 ? new Contribution.Coordinates(widths[0], pulled) : new Contribution.Body(pulled));
        }
    }

    /// <summary>y[j] = W x: dx += Wᵀ dy, dW += Σ_j dy xᵀ. (For Wᵀ the other way round.)</summary>
    private void PropagateMatMul(Instruction.MatMul product)
    {
        if (Cotangent(product.Result).IsZero)
        {
            return;
        }

        var dy = Named(product.Result);
        var indices = product.Result.Indices;
        if (active.Contains(product.Vector.Name))
        {
            AddTransposedProduct(product, dy);
        }

        if (active.Contains(product.Matrix.Name))
        {
            var (left, right) = product.Transposed ? (product.Vector, dy) : (dy, product.Vector);
            AddFactors(product.Matrix, indices, Expr.One, [], left, right);
        }
    }

    private void AddTransposedProduct(Instruction.MatMul product, Expr.Reference dy)
    {
        var x = product.Vector;
        var target = definitions[x.Name];
        var used = x.FreeIndices().Concat(product.Matrix.FreeIndices()).ToHashSet(StringComparer.Ordinal);
        var summed = product.Result.Indices.Where(binder => !used.Contains(binder.Name)).ToList();
        var indices = product.Result.Indices.Where(binder => used.Contains(binder.Name)).ToValueList();
        var vector = dy;
        if (summed.Count > 0)
        {
            // An axis that neither factor has: the sum goes first, and the product is as small as x.
            vector = EmitNonlin(
                $"{dy.Name}_sum",
                indices,
                product.Result.Widths,
                summed.AsEnumerable().Reverse().Aggregate((Expr)dy, (body, binder) => Expr.SumOver(binder, body)));
        }

        var plain = x.Indices.Count == indices.Count && x.Indices.All(index => index is Index.Variable v && indices.Any(binder => binder.Name == v.Name)) && x.Indices.Distinct().Count() == indices.Count;
        if (plain)
        {
            var pullback = IndexPullback.Of(x, indices, target, new HashSet<string>(), counters);
            Add(x.Name, new Contribution.Product(pullback.Rename(product.Matrix), !product.Transposed, pullback.Rename(vector)));
            return;
        }

        var shifted = x.Indices.OfType<Index.Shifted>().Select(index => index.Name).ToHashSet(StringComparer.Ordinal);
        var part = Emit(new Instruction.MatMul(new Definition(names.Fresh($"d{x.Name}_{product.Result.Name}"), indices, target.Widths), product.Matrix, !product.Transposed, vector));
        Add(x.Name, new Contribution.Body(IndexPullback.Of(x, indices, target, shifted, counters).Apply(part)));
    }

    /// <summary>dM += Σ coefficient · left rightᵀ over all index variables of the consumer.</summary>
    private void AddFactors(Expr.Reference matrix, ValueList<IndexBinder> indices, Expr coefficient, ValueList<IndexBinder> over, Expr.Reference left, Expr.Reference right)
    {
        var pullback = IndexPullback.Of(matrix, [.. indices, .. over], definitions[matrix.Name], new HashSet<string>(), counters);
        Add(matrix.Name, new Contribution.Factors(new MatrixTerm.Outer(
            pullback.Condition * pullback.Rename(coefficient),
            pullback.Over,
            pullback.Rename(left),
            pullback.Rename(right))));
    }

    /// <summary>
    /// M[j] = Σ c A + Σ_o c u vᵀ with the cotangent dM = Σ_p e p qᵀ:
    /// dA += c dM, dc = Σ_p e pᵀ A q; du = c dM v, dv = c dMᵀ u, dc = uᵀ dM v.
    /// </summary>
    private void PropagateMatrixSum(Instruction.MatrixSum sum)
    {
        var factors = MatrixFactors(sum.Result.Name).ToList();
        if (factors.Count == 0)
        {
            return;
        }

        foreach (var term in sum.Terms)
        {
            switch (term)
            {
                case MatrixTerm.Scaled scaled:
                    PropagateScaled(sum.Result, scaled, factors);
                    break;
                case MatrixTerm.Outer outer:
                    PropagateOuter(sum.Result, outer);
                    break;
            }
        }
    }

    private void PropagateScaled(Definition result, MatrixTerm.Scaled term, List<MatrixTerm.Outer> factors)
    {
        if (active.Contains(term.Matrix.Name))
        {
            foreach (var factor in factors)
            {
                var (over, e, p, q) = Apart(factor, result.Indices);
                AddFactors(term.Matrix, result.Indices, e * term.Coefficient, over, p, q);
            }
        }

        if (!IsActive(term.Coefficient))
        {
            return;
        }

        var inner = new List<Expr>();
        foreach (var factor in factors)
        {
            var (over, e, p, q) = Apart(factor, result.Indices);
            var image = Product(term.Matrix, false, q, [.. result.Indices, .. over], $"{factor.Right.Name}_{term.Matrix.Name}");
            inner.Add(over.Reverse().Aggregate(e * p * image, (body, binder) => Expr.SumOver(binder, body)));
        }

        var dc = Emit(new Instruction.Moment(
            new Definition(names.Fresh($"d{result.Name}_coefficient"), result.Indices, []),
            result.Widths[0],
            Expr.WidthTo(result.Widths[0], 1) * Expr.SumOf(inner)));
        PropagateBody(term.Coefficient, dc, result.Indices, []);
    }

    private void PropagateOuter(Definition result, MatrixTerm.Outer term)
    {
        var (over, c, u, v) = Apart(term, result.Indices);
        ValueList<IndexBinder> indices = [.. result.Indices, .. over];
        if (active.Contains(u.Name) || IsActive(c))
        {
            var image = Product(MatrixCotangent(result.Name), false, v, indices, $"d{u.Name}_{result.Name}");
            AddBody(u, c * image);
            if (IsActive(c))
            {
                var dc = Emit(new Instruction.Moment(
                    new Definition(names.Fresh($"d{result.Name}_coefficient"), indices.Select(binder => binder with { Below = null }).ToValueList(), []),
                    result.Widths[0],
                    Expr.WidthTo(result.Widths[0], 1) * u * image));
                PropagateBody(c, dc, indices, []);
            }
        }

        if (active.Contains(v.Name))
        {
            AddBody(v, c * Product(MatrixCotangent(result.Name), true, u, indices, $"d{v.Name}_{result.Name}"));
        }

        void AddBody(Expr.Reference vector, Expr value)
        {
            if (!active.Contains(vector.Name))
            {
                return;
            }

            var shifted = vector.Indices.OfType<Index.Shifted>().Select(index => index.Name).ToHashSet(StringComparer.Ordinal);
            if (shifted.Count > 0)
            {
                value = EmitNonlin($"d{vector.Name}_shift", indices.Select(binder => binder with { Below = null }).ToValueList(), definitions[vector.Name].Widths, value);
            }

            Add(vector.Name, new Contribution.Body(IndexPullback.Of(vector, indices, definitions[vector.Name], shifted, counters).Apply(value)));
        }
    }

    /// <summary>A product over those indices that occur in it.</summary>
    private Expr.Reference Product(Expr.Reference matrix, bool transposed, Expr.Reference vector, IEnumerable<IndexBinder> indices, string wanted)
    {
        var free = matrix.FreeIndices().Concat(vector.FreeIndices()).ToHashSet(StringComparer.Ordinal);
        var result = new Definition(
            names.Fresh(wanted),
            indices.Where(binder => free.Contains(binder.Name)).Select(binder => binder with { Below = null }).ToValueList(),
            [definitions.GetValueOrDefault(matrix.Name) is { } type ? type.Widths[transposed ? 1 : 0] : OutputWidth(matrix.Name, transposed)]);
        return Emit(new Instruction.MatMul(result, matrix, transposed, vector));
    }

    private string OutputWidth(string matrix, bool transposed) =>
        output.OfType<Instruction>().First(instruction => instruction.Result.Name == matrix).Result.Widths[transposed ? 1 : 0];

    /// <summary>The parts of a term, its own variables renamed away from <paramref name="indices"/>.</summary>
    private (ValueList<IndexBinder> Over, Expr Coefficient, Expr.Reference Left, Expr.Reference Right) Apart(MatrixTerm.Outer term, ValueList<IndexBinder> indices)
    {
        var apart = term.RenamedApart(indices.Select(binder => binder.Name).Concat(counters));
        return (apart.Over, apart.Coefficient, apart.Left, apart.Right);
    }

    private bool IsActive(Expr expr) => expr.References().Any(reference => active.Contains(reference.Name));
}
