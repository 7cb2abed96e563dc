using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>A layer's sum: the stream of the layer before, and what this layer adds.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Branch">What is added.</param>
/// <param name="Own">The Gaussian matrices that this layer alone has.</param>
internal sealed record DepthLink(Expr Stream, Expr Branch, SignClass Own);

/// <summary>
/// The residual streams of a program whose number of layers is a <see cref="DepthSymbol"/>, forwards and backwards. A stream is the sum of what L layers add. Parts that flip with a matrix of their
/// layer alone are uncorrelated from layer to layer, of mean zero, and add up to √L of them; all others to L. So each layer counts as Θ(L) of them, and the streams settle within
/// a few layers, or blow up with depth.
/// </summary>
/// <param name="Links">The layers' sums, by name.</param>
internal sealed record DepthStack(IReadOnlyDictionary<string, DepthLink> Links)
{
    /// <summary>Parts of a sum over layers that are told apart: those of each layer alone, of a few layers.</summary>
    private const int MostParts = 24;

    private readonly IReadOnlyList<SignClass> layers = [.. Links.Values.Select(link => link.Own).Where(own => own.HasZeroMean).Distinct()];

    /// <summary>Weights that all layers share.</summary>
    public required IReadOnlySet<string> Shared { get; init; }

    /// <summary>Null where there is no stream.</summary>
    /// <param name="program">A program.</param>
    /// <param name="block">Its training loop, or all of it.</param>
    /// <param name="depth">The number of layers.</param>
    /// <param name="sources">What each Gaussian flips with.</param>
    public static DepthStack? Of(Program program, IReadOnlyList<Statement> block, DepthSymbol depth, IReadOnlyDictionary<string, SignClass> sources)
    {
        var layered = depth.Weights.ToHashSet(StringComparer.Ordinal);
        var behind = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var found = new List<(string Name, Expr Stream, Expr Branch, HashSet<string> Weights)>();
        foreach (var instruction in block.OfType<Instruction>())
        {
            if (LinkOf(instruction) is { } link)
            {
                found.Add((instruction.Result.Name, link.Stream, link.Branch, Behind(link.Branch.References().Select(reference => reference.Name), link.Stream.Name)));
                behind[instruction.Result.Name] = [];
            }
            else
            {
                behind[instruction.Result.Name] = Behind(instruction.Reads(), null);
            }
        }

        if (found.Count == 0)
        {
            return null;
        }

        // A weight that several layers share doesn't make them independent; forwards and backwards a layer is met twice.
        var shared = found.SelectMany(link => link.Weights).GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 2).Select(group => group.Key).ToHashSet(StringComparer.Ordinal);
        var initial = program.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Initial, StringComparer.Ordinal);
        return new DepthStack(found.ToDictionary(
            link => link.Name,
            link => new DepthLink(link.Stream, link.Branch, link.Weights.Where(name => !shared.Contains(name) && sources.ContainsKey(initial[name])).Aggregate(SignClass.Even, (all, name) => all.Or(sources[initial[name]].First))),
            StringComparer.Ordinal))
        { Shared = shared };

        (Expr.Reference Stream, Expr Branch)? LinkOf(Instruction instruction)
        {
            if (instruction is not Instruction.Nonlin { Result.Kind: ValueKind.Vector, Body: Expr.Add sum })
            {
                return null;
            }

            foreach (var stream in sum.Terms.OfType<Expr.Reference>().Where(term => behind.TryGetValue(term.Name, out var weights) && weights.Count == 0))
            {
                var branch = Expr.SumOf(sum.Terms.Where(term => term != stream));
                if (Behind(branch.References().Select(reference => reference.Name), stream.Name).Count > 0)
                {
                    return (stream, branch);
                }
            }

            return null;
        }

        // The weights of layers that values are made of in this layer: no further back than to a stream.
        HashSet<string> Behind(IEnumerable<string> names, string? stream) =>
            [.. names.Where(name => name != stream).SelectMany(name => layered.Contains(name) ? [name] : behind.TryGetValue(name, out var known) ? known : (IEnumerable<string>)[])];
    }

    /// <summary>
    /// What L layers add up to, of which this one is typical, and what is this layer's alone, which alone correlates with its matrices. What correlates with those of two layers at once is a
    /// part of what correlates with one, smaller by the same power as that is smaller than the whole, and is left out.
    /// </summary>
    public Terms Accumulated(DepthLink link, Terms added) => Terms.Sum(
        added.Select(term => LayersOf(term.Class) == 1 && term.Class.Mentions(link.Own) ? term : null),
        added.Select(term => LayersOf(term.Class.Without(link.Own)) > 1 ? null : new Term(
            term.Exponent - (term.Class.IsOddInAnyOf(link.Own) ? DepthSymbol.Unit / 2 : DepthSymbol.Unit),
            term.Class.Without(link.Own)))).WithMost(MostParts);

    /// <summary>What L layers add to the gradient of a weight that they share.</summary>
    public Terms OverLayers(Terms added) => Terms.Sum(
        added.Select(term => LayersOf(term.Class) == 1 ? term : null),
        added.Select(term => LayersOf(term.Class) > 1 ? null : new Term(
            term.Exponent - (layers.Any(term.Class.IsOddInAnyOf) ? DepthSymbol.Unit / 2 : DepthSymbol.Unit),
            layers.Aggregate(term.Class, (sign, own) => sign.Without(own))))).WithMost(MostParts);

    private int LayersOf(SignClass sign) => layers.Count(sign.Mentions);

    /// <summary>Sources, with one flip more: of all matrices of all layers at once, which is what is left of the sign of a sum over layers.</summary>
    public static Dictionary<string, SignClass> Sources(Program program, DepthSymbol? depth)
    {
        var sources = ScalingAnalysis.Sources(program);
        foreach (var weight in program.Parameters.Where(parameter => depth?.Weights.Contains(parameter.Name) == true && sources.ContainsKey(parameter.Initial)))
        {
            sources[weight.Initial] *= SignClass.OfSource(sources.Count + 3);
        }

        return sources;
    }
}
