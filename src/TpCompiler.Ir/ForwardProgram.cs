using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>The program that runs a network once, at initialisation.</summary>
public static class ForwardProgram
{
    /// <summary>Weights, inputs, forward instructions, outputs. A weight's initial value has the weight's name here.</summary>
    public static Program Of(Network network) => new(
        network.Name,
        network.Widths,
        network.Axes,
        network.Parameters.Select(parameter => parameter with { Initial = parameter.Name }).ToValueList(),
        [.. InitialisationByName(network, _ => true), .. network.Inputs, .. network.Forward],
        network.Outputs);

    /// <summary>The initialisation, with the initial values of some weights under the weights' names.</summary>
    internal static IEnumerable<Statement> InitialisationByName(Network network, Func<Parameter, bool> which)
    {
        var names = network.Parameters.Where(which).ToDictionary(parameter => parameter.Initial, parameter => parameter.Name, StringComparer.Ordinal);
        return network.Initialisation.Select(statement => statement.RenameValues(names.GetValueOrDefault));
    }
}
