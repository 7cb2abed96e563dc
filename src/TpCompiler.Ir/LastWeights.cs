using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>
/// The weights that an output is linear in, and that nothing else of the network reads: its readout and its bias. Given the rest of the network, f₀ is Gaussian because they are; nothing depends on their signs.
/// </summary>
internal sealed class LastWeights
{
    private readonly Network network;
    private readonly Dictionary<string, Instruction> instructions;
    private readonly Dictionary<string, HashSet<string>> weightsOf = new(StringComparer.Ordinal);
    private readonly HashSet<string> linear = new(StringComparer.Ordinal);

    public LastWeights(Network network)
    {
        this.network = network;
        instructions = network.Forward.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        var inVectors = network.Forward.Instructions().Where(instruction => instruction.Result.Kind != ValueKind.Scalar).SelectMany(instruction => instruction.Reads()).ToHashSet(StringComparer.Ordinal);
        Candidates = network.Parameters.Where(parameter => parameter.Role is ParameterRole.Output or ParameterRole.Scalar && !inVectors.Contains(parameter.Name))
            .Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var output in network.Outputs)
        {
            weightsOf[output] = DeadCode.Live(network.Forward, [output]).Where(Candidates.Contains).ToHashSet(StringComparer.Ordinal);
            if (Degree(new Expr.Reference(output, [])) == 1)
            {
                linear.Add(output);
            }
        }
    }

    /// <summary>Weights that may be last ones: by their shape.</summary>
    public IReadOnlySet<string> Candidates { get; }

    /// <summary>Whether the output is a sum of terms with one last weight each.</summary>
    public bool IsLinear(string output) => linear.Contains(output);

    /// <summary>Whether two outputs may covary.</summary>
    public bool Meet(string first, string second) => (!IsLinear(first) && !IsLinear(second)) || weightsOf[first].Overlaps(weightsOf[second]);

    /// <summary>Whether the positions along an axis of an output differ in their last weights only, each position having weights of its own.</summary>
    public bool HasCopiesAlong(string output, IndexBinder axis)
    {
        if (!IsLinear(output))
        {
            return false;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        return Own(output, axis.Name) && weightsOf[output].All(seen.Contains)
            && network.Outputs.All(other => other == output || !weightsOf[other].Overlaps(weightsOf[output]));

        bool Saw(string weight) => seen.Add(weight) || seen.Contains(weight);

        // Every term is read at the axis' own variable, down to weights that have this axis.
        bool Own(string name, string variable) => instructions[name] is Instruction.Nonlin { Result.Kind: ValueKind.Scalar } or Instruction.Moment
            && instructions[name].Expressions().Single() is var body
            && !body.DescendantsAndSelf().Any(expr => expr is Expr.IndexValue { Index: var index } && index == variable)
            && (body is Expr.Add sum ? sum.Terms : [body]).All(term => term.References().Where(reference => Degree(reference) == 1).ToList() is [var only]
                && term.References().Where(reference => reference != only).All(reference => !reference.FreeIndices().Contains(variable))
                && only.FreeIndices().Contains(variable)
                && only.Indices.Select((index, at) => (index, at)).Where(pair => pair.index == (Index)variable).ToList() is [var place]
                && (Candidates.Contains(only.Name) ? Saw(only.Name) : Own(only.Name, instructions[only.Name].Result.Indices[place.at].Name)));
    }

    /// <summary>0 for what holds no candidate, 1 for what is linear in them, null for anything else.</summary>
    private int? Degree(Expr expr) => expr switch
    {
        Expr.Reference reference when Candidates.Contains(reference.Name) => 1,
        Expr.Reference reference => instructions.GetValueOrDefault(reference.Name) switch
        {
            Instruction.Nonlin { Result.Kind: ValueKind.Scalar } nonlin => Degree(nonlin.Body),
            Instruction.Moment moment => Degree(moment.Body),
            { } other => other.Reads().Any(name => DeadCode.Live(network.Forward, [name]).Overlaps(Candidates)) ? null : 0,
            null => 0,
        },
        Expr.Add sum => sum.Terms.Select(Degree).Distinct().ToList() is [var only] ? only : null,
        Expr.Multiply product => product.Factors.Select(Degree).Aggregate((int?)0, (x, y) => x + y) is <= 1 and var degree ? degree : null,
        Expr.Sum sum => Degree(sum.Body),
        _ => expr.Children.All(child => Degree(child) == 0) ? 0 : null,
    };
}
