using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Numerics.KernelRegime;

namespace TpCompiler.Tests.Ir;

/// <summary>The program of a kernel against gradients by central differences of the network's own forward program, in the naive interpreter.</summary>
public class KernelProgramTests
{
    private const int Width = 2;

    public static TheoryData<string> Examples => [.. KernelExamples.Names];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Kernels_are_inner_products_of_gradients_by_finite_differences(string example)
    {
        var network = KernelExamples.Network(example);
        var kernel = KernelExamples.KernelOf(network);
        Assert.Empty(ProgramVerifier.Verify(kernel.Program, "kernel"));
        var found = NaiveInterpreter.Run(KernelExamples.Sized(kernel.Program, network), Width, Source(null, 0));
        var forward = KernelExamples.Sized(ForwardProgram.Of(network), network);
        var theta = kernel.Pairs.ToDictionary(pair => pair, _ => new double[4, 4]);
        var covariance = kernel.Pairs.ToDictionary(pair => pair, _ => new double[4, 4]);
        foreach (var parameter in network.Parameters)
        {
            var last = parameter.Role == ParameterRole.Output;
            foreach (var entry in Entries(parameter.Type, network))
            {
                const double H = 1e-4;
                var (up, down) = (NaiveInterpreter.Run(forward, Width, Source((parameter.Name, entry), H)), NaiveInterpreter.Run(forward, Width, Source((parameter.Name, entry), -H)));
                foreach (var pair in kernel.Pairs)
                {
                    for (var b = 0; b < 4; b++)
                    {
                        for (var c = 0; c < 4; c++)
                        {
                            var product = Slope(kernel.Heads[pair.First], b) * Slope(kernel.Heads[pair.Second], c);
                            theta[pair][b, c] += product;
                            covariance[pair][b, c] += last ? product : 0;
                        }
                    }
                }

                double Slope(KernelHead head, int sample)
                {
                    int[] at = [sample, .. Enumerable.Repeat(0, up.Values[head.Output].Sizes.Length - 1)];
                    return (up.Values[head.Output][at] - down.Values[head.Output][at]) / (2 * H);
                }
            }
        }

        foreach (var pair in kernel.Pairs)
        {
            for (var b = 0; b < 4; b++)
            {
                for (var c = 0; c < 4; c++)
                {
                    Assert.Equal(theta[pair][b, c], found.Values[pair.Tangent][[b, c]], 1e-5 * (1 + Math.Abs(theta[pair][b, c])));
                    Assert.Equal(covariance[pair][b, c], found.Values[pair.Covariance!][[b, c]], 1e-5 * (1 + Math.Abs(covariance[pair][b, c])));
                }
            }
        }
    }

    [Fact]
    public void Positions_that_share_weights_have_kernels_with_one_another_and_others_have_copies()
    {
        var network = Compile(
            """
            network net(x : [s, 2]) {
              width n
              axis s = 2
              axis c = 3
              weight U : [n, 2]
              weight V : [c, n]
              weight B : [c]
              h = tanh(U * x)
              return V * h + B, V * mean(s, h)
            }
            """);
        var kernel = KernelProgram.Of(network, ["U", "V", "B"], new Dictionary<string, int>(), [])!;

        // V makes two outputs, so that no positions along c are copies of one another.
        Assert.Equal(9, kernel.Heads.Count);
        Assert.Equal(81, kernel.Pairs.Count);

        var alone = Compile(
            """
            network net(x : [s, 2]) {
              width n
              axis s = 2
              axis c = 3
              weight U : [n, 2]
              weight V : [c, n]
              weight B : [c]
              return V * tanh(U * x) + B
            }
            """);
        Assert.Equal([0, 1], KernelProgram.Of(alone, ["U", "V", "B"], new Dictionary<string, int>(), [])!.Heads.Select(head => head.Position.Single()));
    }

    [Fact]
    public void A_network_with_stopped_gradients_has_no_kernel()
    {
        DiagnosticBag diagnostics = [];
        var network = Compile("network net(x : [2]) { width n weight U : [n, 2] weight V : [1, n] h = tanh(U * x) return V * (h + stop(h)) }");
        Assert.Null(KernelProgram.Of(network, ["U", "V"], new Dictionary<string, int>(), diagnostics));
        Assert.Equal([Codes.NotAvailable.Code], diagnostics.Select(diagnostic => diagnostic.Code));
    }

    private static Network Compile(string text)
    {
        var compilation = Compilation.Compile(new SourceText("net.tp", text + "\nparametrization ntk"));
        Assert.Empty(compilation.Diagnostics.Where(diagnostic => diagnostic.Severity == Severity.Error).Select(diagnostic => diagnostic.ToString()));
        return compilation.Network!;
    }

    /// <summary>The same weights and samples every time, one entry moved; all weights of the NTK parametrization start with variance 1.</summary>
    private static NaiveInterpreter.Entry Source((string Weight, int[] Entry)? moved, double by)
    {
        var seeded = NaiveInterpreter.Seeded(3);
        return (instruction, iteration, indices) => instruction is Instruction.Data data
            ? KernelExamples.Number(data.Field, indices.Aggregate(0, (sum, index) => (5 * sum) + index))
            : seeded(instruction, iteration, indices) + (moved is { } entry && entry.Weight == instruction.Result.Name && indices.SequenceEqual(entry.Entry) ? by : 0);
    }

    private static IEnumerable<int[]> Entries(Definition weight, Network network)
    {
        IEnumerable<int[]> entries = [[]];
        foreach (var size in weight.Indices.Select(binder => KernelExamples.Sizes(network)[binder.Axis]).Concat(weight.Widths.Select(width => (int)(Width * network.Widths.First(known => known.Name == width).Ratio.ToDouble()))))
        {
            entries = entries.SelectMany(entry => Enumerable.Range(0, size).Select(at => (int[])[.. entry, at])).ToList();
        }

        return entries;
    }
}
