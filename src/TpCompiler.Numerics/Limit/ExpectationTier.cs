using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Limit.Grids;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// How the expectations over one vector's coordinate are computed. Vectors of one coordinate space share the Gaussians that they are functions of, so an expectation is an integral over those of its space, however many other
/// spaces the program has.
/// </summary>
/// <param name="Tiers">The ways, in the order in which they are tried.</param>
/// <param name="Dimensions">The Gaussians that the space meets, each a dimension of grids and of points.</param>
/// <param name="AtLeast">Whether there may be more, as an axis has the size that the data give it.</param>
/// <param name="HasKinks">Whether grids end panels at kinks.</param>
public sealed record ExpectationTier(ValueList<string> Tiers, int Dimensions, bool AtLeast, bool HasKinks)
{
    /// <summary>The tiers of expectations over vectors of a limit program.</summary>
    /// <param name="limit">The program.</param>
    /// <param name="tiers">Its <see cref="LimitEvaluator.TiersOfOutputs"/>.</param>
    /// <returns>The tier of an expectation over a vector, given what it defines, where that is an output: it is computed as this is.</returns>
    public static Func<string, string?, ExpectationTier> In(Program limit, IReadOnlyList<(ValueList<string> Outputs, ValueList<string> Tiers)> tiers)
    {
        var spaces = CoordinateSpaces.Of(limit);
        var isOpen = limit.Axes.Any(axis => axis.Size is null);
        var everywhere = new Lazy<Group>(() => new Group(LimitEvaluator.TiersOf(limit), limit));
        var groups = tiers.Select(group => new Group(group.Tiers, LimitEvaluator.Only(limit, group.Outputs))).ToList();
        return (vector, output) =>
        {
            var group = groups.Find(group => output is not null && group.Outputs.Contains(output)) ?? groups.Find(group => group.Names.Contains(vector)) ?? everywhere.Value;
            return new ExpectationTier(group.Tiers, group.Gaussians.GetValueOrDefault(spaces.OfVector(vector)), isOpen, group.Kinked.Contains(spaces.OfVector(vector)));
        };
    }

    /// <summary>Each tier in words.</summary>
    public ValueList<string> Described => Tiers.Select(tier => tier switch
    {
        LimitEvaluator.Quadrature => $"{tier} in {Size}{(HasKinks ? ", split at kinks" : string.Empty)}",
        LimitEvaluator.QuasiRandom => $"{tier} in {Size}",
        LimitEvaluator.Polynomials => "exact rationals",
        _ => tier,
    }).ToValueList();

    /// <summary>Whether some way goes through the dimensions one by one.</summary>
    public bool IsIntegral => Tiers.Any(tier => tier is LimitEvaluator.Quadrature or LimitEvaluator.QuasiRandom);

    private string Size => FormattableString.Invariant($"{(AtLeast ? "at least " : string.Empty)}{Dimensions} {(Dimensions == 1 ? "dimension" : "dimensions")}");

    /// <summary>Outputs that are computed together.</summary>
    private sealed class Group(ValueList<string> tiers, Program part)
    {
        public ValueList<string> Tiers { get; } = tiers;

        public ValueList<string> Outputs { get; } = part.Outputs;

        public HashSet<string> Names { get; } = part.Body.Definitions().Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);

        public IReadOnlyDictionary<string, int> Gaussians { get; } = QuadratureGrid.LeastGaussians(part);

        public IReadOnlySet<string> Kinked { get; } = QuadratureGrid.KinkedSpaces(part);
    }
}
