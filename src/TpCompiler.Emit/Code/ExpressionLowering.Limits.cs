using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Code;

/// <summary>Matrices of a limit program: no arrays, but what vectors are multiplied with.</summary>
internal sealed partial class ExpressionLowering
{
    /// <summary>W x or W'x. The vector has the axes of the matrix first.</summary>
    public TensorExpr Times(Expr.Reference matrix, bool transposed, Expr.Reference vector, Definition result)
    {
        Begin(result);
        ValueList<string> own = AxesOf(matrix);
        TensorExpr x = Read(vector, [TensorExpr.Row]);
        ValueList<string> dims = [.. own, .. x.Dims.Where(dim => !own.Contains(dim))];
        ValueList<string> present = [.. dims.Where(x.Dims.Contains)];
        x = present.Equals(x.Dims) ? x : new TensorExpr.Contraction([x], present);
        x = present.Count == dims.Count ? x : new TensorExpr.Broadcast(x, [.. dims.Select(SizeOf)], dims);
        return Full(new TensorExpr.MatrixTimes(rename(matrix.Name), transposed, x), [TensorExpr.Row]);
    }

    /// <summary>Σ of multiples of matrices and of factors u v'/n.</summary>
    public TensorExpr Factored(Instruction.MatrixSum sum, IReadOnlyDictionary<string, Rational> ratios)
    {
        ValueList<string> dims = [.. sum.Result.Indices.Select(index => index.Name), TensorExpr.Row, TensorExpr.Column];
        List<TensorExpr> terms = [.. sum.Terms.Select(term => Factored(term, sum.Result, ratios))];
        return terms.Count == 1 ? terms[0] : new TensorExpr.Sum([.. terms], dims);
    }

    private TensorExpr Factored(MatrixTerm term, Definition result, IReadOnlyDictionary<string, Rational> ratios)
    {
        Begin(result);
        if (term is MatrixTerm.Scaled scaled)
        {
            ValueList<string> own = AxesOf(scaled.Matrix);
            TensorExpr coefficient = Visit(Simplified(scaled.Coefficient), TensorExpr.Row);
            if (coefficient.Dims.Count > 0 || !own.Equals([.. kept.Skip(kept.Count - own.Count)]))
            {
                Refuse($"`{scaled.Matrix}` has another coefficient or place at each index");
            }

            return ProductOf([coefficient, new TensorExpr.Value(rename(scaled.Matrix.Name), [.. own, TensorExpr.Row, TensorExpr.Column])]);
        }

        MatrixTerm.Outer outer = ((MatrixTerm.Outer)term).RenamedApart(result.Indices.Select(index => index.Name));
        foreach (IndexBinder binder in outer.Over)
        {
            axes[binder.Name] = binder.Axis;
            order.Add(binder.Name);
        }

        List<TensorExpr> numbers = [.. FactorsOf(Simplified(outer.Coefficient)).Select(factor => Visit(factor, TensorExpr.Row))];
        TensorExpr left = ProductOf([.. numbers.Where(factor => factor is not TensorExpr.Number), Read(outer.Left, [TensorExpr.Row])]);
        ValueList<string> dims = [.. kept, .. outer.Over.Select(binder => binder.Name), TensorExpr.Row];
        TensorExpr made = new TensorExpr.FactorPairs(Whole(left), Whole(Read(outer.Right, [TensorExpr.Row])), kept.Count, ratios[result.Widths[0]], ratios[result.Widths[1]], [.. kept, TensorExpr.Row, TensorExpr.Column]);
        return ProductOf([.. numbers.Where(factor => factor is TensorExpr.Number), made]);

        TensorExpr Whole(TensorExpr vector)
        {
            ValueList<string> present = [.. dims.Where(vector.Dims.Contains)];
            vector = present.Equals(vector.Dims) ? vector : new TensorExpr.Contraction([vector], present);
            return present.Count == dims.Count ? vector : new TensorExpr.Broadcast(vector, [.. dims.Select(SizeOf)], dims);
        }
    }

    private ValueList<string> AxesOf(Expr.Reference matrix)
    {
        List<string?> names = [.. matrix.Indices.Select(index => (index as Symbolics.Index.Variable)?.Name)];
        if (names.Contains(null))
        {
            Refuse($"it reads the matrix `{matrix}` at a chosen position");
        }

        return [.. names.OfType<string>()];
    }
}
