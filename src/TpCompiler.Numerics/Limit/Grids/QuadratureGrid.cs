using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Grids;

/// <summary>Which programs can be integrated on a grid, and how many Gaussians that takes.</summary>
internal static class QuadratureGrid
{
    /// <summary>With more Gaussians in a coordinate space than this, points do better.</summary>
    public const int MostDimensions = 6;

    /// <summary>The same where panels have to end at kinks.</summary>
    public const int MostKinkedDimensions = 3;

    /// <summary>Whether every function of a vector in the program is smooth between kinks that can be found.</summary>
    public static bool IsPiecewiseSmooth(Program program)
    {
        if (program.Body.Instructions().Any(instruction => instruction is Instruction.OuterNonlin))
        {
            return false;
        }

        var vectors = program.Body.Definitions().Where(definition => definition.Kind == ValueKind.Vector).Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);
        return program.Body.Instructions().Where(instruction => instruction is Instruction.Nonlin or Instruction.Moment)
            .SelectMany(instruction => instruction.Expressions()).All(IsSmooth);

        bool IsSmooth(Expr expr) => !IsWide(expr) || (expr.Children.All(IsSmooth) && expr switch
        {
            Expr.Call { Arguments: [_] } call => Nonlinearities.Get(call.Function) is { Growth.Kind: not (GrowthKind.Singular or GrowthKind.Faster) },
            Expr.Call => false,
            Expr.Power power => power.Exponent is { IsInteger: true, Sign: > 0 },
            Expr.Sum sum => sum.Index.Below is null,
            _ => true,
        });

        bool IsWide(Expr expr) => expr.References().Any(reference => vectors.Contains(reference.Name));
    }

    /// <summary>Whether a grid is worth a try, as far as the program tells without its data.</summary>
    public static bool MaySuit(Program program) => IsPiecewiseSmooth(program) && Suits(LeastGaussians(program), KinkedSpaces(program));

    /// <summary>Whether no coordinate space has met too many Gaussians.</summary>
    public static bool Suits(IReadOnlyDictionary<string, int> gaussians, IReadOnlySet<string> kinked) =>
        gaussians.All(space => space.Value <= (kinked.Contains(space.Key) ? MostKinkedDimensions : MostDimensions));

    /// <summary>The coordinate spaces in which a function has a kink.</summary>
    public static IReadOnlySet<string> KinkedSpaces(Program program)
    {
        var spaces = CoordinateSpaces.Of(program);
        return KinkArguments.Of(program).Vectors.Select(spaces.OfVector).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>
    /// The Gaussians that each coordinate space meets at least: one for each Gaussian vector and each product with a Gaussian matrix, in every iteration but the last of a loop. A product with a vector that no iteration changes, when they all
    /// read the same data, is met once. Axes of unknown size count once.
    /// </summary>
    public static IReadOnlyDictionary<string, int> LeastGaussians(Program program)
    {
        var spaces = CoordinateSpaces.Of(program);
        var sizes = program.Axes.ToDictionary(axis => axis.Name, axis => axis.Size ?? 1, StringComparer.Ordinal);
        var met = new Dictionary<string, int>(StringComparer.Ordinal);
        Visit(program.Body, 1, []);
        return met;

        static bool IsKept(Loop loop, Carried carried) => loop.Body.OfType<Instruction.Nonlin>().Any(next => next.Result.Name == carried.Next && next.Body == next.Result.AsReference() with { Name = carried.State.Name });

        void Visit(IEnumerable<Statement> block, long times, HashSet<string> changing)
        {
            foreach (var statement in block)
            {
                switch (statement)
                {
                    case Loop loop:
                        Visit(loop.Body, times * Math.Max(1, loop.Count - 1), [.. changing, .. loop.Carried.Where(carried => !IsKept(loop, carried)).Select(carried => carried.State.Name)]);
                        break;
                    case Instruction instruction:
                        if (instruction is Instruction.Gaussian { Result.Kind: ValueKind.Vector } or Instruction.MatMul)
                        {
                            var isSame = instruction is Instruction.MatMul product && !changing.Contains(product.Vector.Name);
                            var space = spaces.OfVector(instruction.Result.Name);
                            met[space] = (int)Math.Min(
                                int.MaxValue,
                                met.GetValueOrDefault(space) + instruction.Result.Indices.Aggregate(isSame ? 1 : times, (count, index) => Math.Min(int.MaxValue, count * sizes.GetValueOrDefault(index.Axis, 1))));
                        }

                        if (instruction.Reads().Any(changing.Contains))
                        {
                            changing.Add(instruction.Result.Name);
                        }

                        break;
                    default:
                        break;
                }
            }
        }
    }
}
