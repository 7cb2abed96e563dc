using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>Which programs a <see cref="GridCarrier"/> suits, on which grids, and how far two grids let the finer one be trusted.</summary>
internal static class QuadratureGrid
{
    /// <summary>More Gaussians in a coordinate space than this, and a grid of a million points is too coarse.</summary>
    public const int MostDimensions = 5;

    /// <summary>Few nodes more would bring digits that nobody asked for.</summary>
    public const double Goal = 1e-9;

    /// <summary>Nodes along a dimension, each grid a third to a half finer than the one before.</summary>
    public static readonly ValueList<int> Nodes = [8, 12, 16, 22, 30, 42, 60, 84, 120, 168, 240, 336, 480];

    /// <summary>Whether every function of a vector in the program is smooth: a grid does not see a kink between its nodes.</summary>
    public static bool IsSmooth(Program program)
    {
        if (program.Body.Instructions().Any(instruction => instruction is Instruction.OuterNonlin))
        {
            return false;
        }

        var vectors = program.Body.Definitions().Where(definition => definition.Kind == ValueKind.Vector).Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);
        return program.Body.Instructions().Where(instruction => instruction is Instruction.Nonlin or Instruction.Moment)
            .SelectMany(instruction => instruction.Expressions()).All(IsSmoothExpr);

        bool IsSmoothExpr(Expr expr) => !IsWide(expr) || (expr.Children.All(IsSmoothExpr) && expr switch
        {
            Expr.Call call => Nonlinearities.Get(call.Function) is { Kinks.Count: 0, Growth.Kind: not (GrowthKind.Singular or GrowthKind.Faster) },
            Expr.Power power => power.Exponent is { IsInteger: true, Sign: > 0 },
            _ => true,
        });

        bool IsWide(Expr expr) => expr.References().Any(reference => vectors.Contains(reference.Name));
    }

    /// <summary>
    /// The Gaussians that the coordinate space with most of them meets at least: one for each Gaussian vector and each product with a Gaussian matrix, in every iteration but the last of a loop. Axes of
    /// unknown size count once.
    /// </summary>
    public static int LeastGaussians(Program program)
    {
        var spaces = CoordinateSpaces.Of(program);
        var sizes = program.Axes.ToDictionary(axis => axis.Name, axis => axis.Size ?? 1, StringComparer.Ordinal);
        var met = new Dictionary<string, long>(StringComparer.Ordinal);
        Visit(program.Body, 1);
        return (int)Math.Min(met.Values.DefaultIfEmpty(0).Max(), int.MaxValue);

        void Visit(IEnumerable<Statement> block, long times)
        {
            foreach (var statement in block)
            {
                switch (statement)
                {
                    case Loop loop:
                        Visit(loop.Body, times * Math.Max(1, loop.Count - 1));
                        break;
                    case Instruction.Gaussian { Result.Kind: ValueKind.Vector } or Instruction.MatMul:
                        var result = ((Instruction)statement).Result;
                        var space = spaces.OfVector(result.Name);
                        met[space] = met.GetValueOrDefault(space) + result.Indices.Aggregate(times, (count, index) => Math.Min(int.MaxValue, count * sizes.GetValueOrDefault(index.Axis, 1)));
                        break;
                    default:
                        break;
                }
            }
        }
    }

    /// <summary>
    /// Whether distances have begun to fall geometrically, without which two coarse grids may be wrong together: from one pair of grids to the next to a quarter at most, and small.
    /// </summary>
    public static bool Converges(double before, double now) => double.IsFinite(before) && now <= Math.Max(before / 4, 1e-12) && now <= 1e-3;

    /// <summary>The finer grid's numbers. Each is trusted to twice its distance from the coarser grid's, and to rounding; on analytic functions it is far better than that.</summary>
    /// <param name="coarse">A run on a coarser grid.</param>
    /// <param name="fine">A run on the finer grid.</param>
    /// <param name="points">Points of the finer grid.</param>
    public static LimitResult Between(ExecutionResult coarse, ExecutionResult fine, int points)
    {
        var records = coarse.Records.Zip(fine.Records, (before, now) => new LimitRecord(
            now.Name,
            now.Iteration,
            now.Shape,
            before.Values.Zip(now.Values, (x, y) => new Estimate(y, (2 * Math.Abs(y - x)) + (1e-13 * Math.Max(1, Math.Abs(y))), ErrorKind.Bound, points)).ToValueList())).ToValueList();
        return new LimitResult(records, LimitEvaluator.Quadrature, points, 1, LimitShortfall.None, LimitResult.LargestErrorOf(records), null);
    }
}
