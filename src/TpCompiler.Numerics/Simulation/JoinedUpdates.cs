using TpCompiler.Ir;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Simulation;

/// <summary>
/// Moves the update of a matrix right behind its last product with Wᵀ, where nothing forbids it, so that the two can share one pass over the weights.
/// </summary>
internal static class JoinedUpdates
{
    public static Program Schedule(Program program) => program with { Body = Schedule(program.Body) };

    private static ValueList<Statement> Schedule(ValueList<Statement> block)
    {
        var order = block.Select(statement => statement is Loop loop ? loop with { Body = Schedule(loop.Body) } : statement).ToList();
        foreach (var sum in order.OfType<Instruction.MatrixSum>().ToList())
        {
            foreach (var matrix in sum.Terms.OfType<MatrixTerm.Scaled>().Select(term => term.Matrix))
            {
                if (TryJoin(order, sum, matrix))
                {
                    break;
                }
            }
        }

        return order.ToValueList();
    }

    private static bool TryJoin(List<Statement> order, Instruction.MatrixSum sum, Expr.Reference matrix)
    {
        var at = order.FindIndex(statement => ReferenceEquals(statement, sum));
        var from = order.FindLastIndex(at, statement => statement != sum && Liveness.Uses(statement).Contains(matrix.Name));
        if (from < 0 || order[from] is not Instruction.MatMul { Transposed: true } product || product.Matrix != matrix)
        {
            return false;
        }

        // What lies between, split into what the sum needs and the rest; the sum may not need the product.
        var between = order[(from + 1)..at];
        var needed = Liveness.Uses(sum).ToHashSet(StringComparer.Ordinal);
        var before = new List<Statement>();
        foreach (var statement in Enumerable.Reverse(between))
        {
            if (Liveness.Defines(statement).Any(needed.Contains))
            {
                needed.UnionWith(Liveness.Uses(statement));
                before.Insert(0, statement);
            }
        }

        if (needed.Contains(product.Result.Name))
        {
            return false;
        }

        var rest = between.Where(statement => !before.Exists(other => ReferenceEquals(other, statement)));
        List<Statement> moved = [.. before, product, sum, .. rest];
        order.RemoveRange(from, at - from + 1);
        order.InsertRange(from, moved);
        return true;
    }
}
