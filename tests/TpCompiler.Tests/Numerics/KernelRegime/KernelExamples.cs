using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Language;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Numerics.KernelRegime;

/// <summary>The networks of the examples in the NTK parametrization, with four samples, and the programs of their kernels.</summary>
internal static class KernelExamples
{
    public static readonly string[] Names = ["rnn", "gru", "layernorm", "batchnorm", "resnet", "convolution", "transformer", "transpose", "two_heads"];

    public static Network Network(string example)
    {
        var text = File.ReadAllText(ExampleTests.PathOf(example + ".tp"));
        var start = text.IndexOf("parametrization mup", StringComparison.Ordinal);
        var end = text.IndexOf("train {", StringComparison.Ordinal);
        var compilation = Compilation.Compile(new SourceText(example, text[..start] + "parametrization ntk\n" + text[end..].Replace("batch     8", "batch     4", StringComparison.Ordinal)));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return compilation.Network!;
    }

    public static IReadOnlyDictionary<string, int> Sizes(Network network) =>
        network.Axes.ToDictionary(axis => axis.Name, axis => axis.Name == network.BatchAxis ? 4 : axis.Size ?? 2);

    public static KernelProgram KernelOf(Network network)
    {
        DiagnosticBag diagnostics = [];
        var kernel = KernelProgram.Of(network, [.. network.Parameters.Select(parameter => parameter.Name)], Sizes(network), diagnostics);
        Assert.Empty(diagnostics.Select(diagnostic => diagnostic.ToString()));
        return kernel!;
    }

    /// <summary>The program with all sizes.</summary>
    public static TensorProgram Sized(TensorProgram program, Network network) =>
        program with { Axes = program.Axes.Select(axis => axis with { Size = Sizes(network)[axis.Name] }).ToValueList() };

    /// <summary>Whole numbers below 4 for tokens, otherwise numbers of size 1.</summary>
    public static double Number(string field, int position) =>
        field == "token" ? (position * 7 % 11) % 4 : Math.Round(Math.Sin(1 + (1.7 * position) + field.Length), 2);

    public sealed class Samples : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var i = 0; i < destination.Span.Length; i++)
            {
                destination.Span[i] = Number(field, i);
            }
        }
    }
}
