using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>
/// The global norm of the gradient, norm² = Σ_p n^{-c_p} ‖∇_{w_p} L‖². A vector's square is n times a Moment; ‖Σ_b u_b v_bᵀ‖² = n² Σ_{b,b'} Moment(u_b u_b') Moment(v_b v_b') needs no matrix.
/// </summary>
internal static class GradientNorm
{
    public static Expr.Reference Emit(
        Network network,
        IEnumerable<(Parameter Parameter, string Gradient)> weights,
        ValueTable table,
        NameSupply names,
        List<Statement> statements)
    {
        var squares = new List<Expr>();
        foreach (var (parameter, gradient) in weights)
        {
            var type = table[gradient].Definition;
            var factors = (table[gradient].Instruction as Instruction.MatrixSum)?.Terms.Cast<MatrixTerm.Outer>().ToList() ?? [];
            var square = SquareOf(type, type.AsReference(), factors, parameter.Name, names, statements);
            squares.Add(Expr.WidthTo(network.Widths[0].Name, -parameter.C) * square);
        }

        var norm = new Definition(names.Fresh("norm"), [], []);
        statements.Add(new Instruction.Nonlin(norm, Expr.Pow(Expr.SumOf(squares), Rational.Half)));
        return norm.AsReference();
    }

    /// <summary>The square of the norm of a vector or scalar <paramref name="value"/>, or of the matrix with the <paramref name="factors"/>.</summary>
    public static Expr SquareOf(Definition type, Expr value, IReadOnlyList<MatrixTerm.Outer> factors, string weight, NameSupply names, List<Statement> statements) => type.Kind switch
    {
        ValueKind.Matrix => OfMatrix(type, factors, weight, names, statements),
        ValueKind.Vector => OfVector(type, value, weight, names, statements),
        _ => Sum(type.Indices, Expr.Pow(value, 2)),
    };

    private static Expr Sum(IEnumerable<IndexBinder> over, Expr body) => over.Reverse().Aggregate(body, (sum, binder) => Expr.SumOver(binder, sum));

    private static Expr.Reference OfVector(Definition gradient, Expr value, string weight, NameSupply names, List<Statement> statements)
    {
        var width = gradient.Widths[0];
        var square = new Definition(names.Fresh($"norm2_{weight}"), [], []);
        statements.Add(new Instruction.Moment(square, width, Expr.WidthTo(width, 1) * Sum(gradient.Indices, Expr.Pow(value, 2))));
        return square.AsReference();
    }

    private static Expr.Reference OfMatrix(Definition type, IReadOnlyList<MatrixTerm.Outer> factors, string weight, NameSupply names, List<Statement> statements)
    {
        var pairs = new List<Expr>();
        for (var i = 0; i < factors.Count; i++)
        {
            for (var j = i; j < factors.Count; j++)
            {
                var first = factors[i];
                var second = factors[j].RenamedApart(type.Indices.Concat(first.Over).Select(binder => binder.Name));
                ValueList<IndexBinder> indices = [.. type.Indices, .. first.Over, .. second.Over];
                var left = Gram(first.Left, second.Left, type.Widths[0], "left");
                var right = Gram(first.Right, second.Right, type.Widths[1], "right");
                pairs.Add((i == j ? 1 : 2) * Sum(indices, first.Coefficient * second.Coefficient * left * right));

                Expr Gram(Expr.Reference u, Expr.Reference v, string width, string side)
                {
                    var free = u.FreeIndices().Concat(v.FreeIndices()).ToHashSet(StringComparer.Ordinal);
                    var result = new Definition(
                        names.Fresh($"gram_{side}_{weight}"),
                        indices.Where(binder => free.Contains(binder.Name)).Select(binder => binder with { Below = null }).ToValueList(),
                        []);
                    statements.Add(new Instruction.Moment(result, width, u * v));
                    return result.AsReference();
                }
            }
        }

        var square = new Definition(names.Fresh($"norm2_{weight}"), [], []);
        statements.Add(new Instruction.Nonlin(square, Expr.WidthTo(type.Widths[0], 1) * Expr.WidthTo(type.Widths[1], 1) * Expr.SumOf(pairs)));
        return square.AsReference();
    }
}
