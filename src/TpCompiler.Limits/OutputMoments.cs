using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits;

/// <summary>The Moments that the outputs of a limit program are functions of: where single terms decide one, its error says so.</summary>
public sealed class OutputMoments
{
    private readonly Dictionary<string, Instruction> definitions;
    private readonly Dictionary<string, ValueList<string>> momentsOf = new(StringComparer.Ordinal);

    private OutputMoments(Program limit)
    {
        definitions = limit.Body.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        foreach (var output in limit.Outputs.Distinct())
        {
            momentsOf[output] = Behind(output, []).ToValueList();
        }

        WithTerms = [.. momentsOf.Values.SelectMany(names => names).Distinct().Select(name => (Instruction.Moment)definitions[name])
            .Where(moment => moment.Body.References().Any(reference => definitions.TryGetValue(reference.Name, out var instruction) && instruction.Result.Kind == ValueKind.Vector))];
    }

    /// <summary>Those of all outputs that are means over coordinates of vectors.</summary>
    public IReadOnlyList<Instruction.Moment> WithTerms { get; }

    /// <summary>The Moments behind the outputs of a program.</summary>
    public static OutputMoments Of(Program limit) => new(limit);

    /// <summary>The Moments that an output is a function of; itself, if it is one.</summary>
    public ValueList<string> Behind(string output) => momentsOf.GetValueOrDefault(output, []);

    private IEnumerable<string> Behind(string name, HashSet<string> seen)
    {
        if (!seen.Add(name) || !definitions.TryGetValue(name, out var instruction))
        {
            return [];
        }

        return instruction switch
        {
            Instruction.Moment => [name],
            Instruction.Nonlin { Result.Kind: ValueKind.Scalar } scalar => scalar.Reads().SelectMany(read => Behind(read, seen)),
            _ => [],
        };
    }
}
