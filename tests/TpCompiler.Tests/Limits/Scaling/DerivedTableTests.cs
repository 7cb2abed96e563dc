using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Language;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>What is derived belongs to the network and the optimizer, not to the exponents that it was written with.</summary>
public class DerivedTableTests
{
    public static TheoryData<string> Architectures() =>
    [
        "mlp.tp", "relu.tp", "resnet.tp", "rnn.tp", "gru.tp", "layernorm.tp", "rmsnorm.tp", "batchnorm.tp", "convolution.tp", "conv1d.tp", "concat.tp", "two_heads.tp", "multihead.tp", "transformer.tp", "tied.tp",
        "autoencoder.tp", "transpose.tp", "attention_sqrt.tp", "feedback_alignment.tp", "own_optimizer.tp", "momentum.tp",
    ];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void The_derived_parametrization_is_the_same_from_any_exponents(string example)
    {
        var compilation = ExampleTests.Compile(example);
        var (network, plan) = (compilation.Network!, compilation.TrainingPlan!);
        var random = new Random(5);
        foreach (var kind in Enum.GetValues<UpdateKind>())
        {
            var derived = Table(MaximalUpdate.Of(network, plan, kind));
            var exponents = network.Parameters.ToDictionary(parameter => parameter.Name, parameter => new Abc(parameter.A + Any(), parameter.B + Any(), parameter.C + Any()));
            Assert.Equal(derived, Table(MaximalUpdate.Of(Parametrization.Substitute(network, exponents), plan, kind)));
        }

        Rational Any() => new(random.Next(-4, 5), 4);
    }

    // arXiv 2203.03466, table 3: rates n, 1, 1/n, and 1 for the bias of f. From this one, norms of the gradient at the written exponents are powers of n.
    [Theory]
    [InlineData("standard")]
    [InlineData("ntk")]
    [InlineData("mup")]
    public void Clipping_leaves_the_derived_table_and_its_repairs_lead_to_what_is_maximal(string parametrization)
    {
        const string Network = """
            network mlp(x : [2]) {
              width n
              weight W1 : [n, 2]
              weight B1 : [n]
              weight W2 : [n, n]
              weight W3 : [1, n]
              weight b : [1]
              return W3 * tanh(W2 * tanh(W1 * x + B1)) + b
            }
            """;
        var compilation = Compile($$"""
            {{Network}}
            parametrization {{parametrization}}
            train { loss mse optimizer sgd(lr: 0.1, clip: 0.1, momentum: 0.9) batch 4 steps 3 }
            """);
        var maximal = MaximalUpdate.Of(compilation.Network!, compilation.TrainingPlan!)!;
        Assert.Equal(["-1", "-1", "0", "1", "0"], maximal.Rows.Select(row => row.Rate.ToString()));
        Assert.Equal(["0", "0", "1/2", "1", "0"], maximal.Rows.Select(row => row.Initial.ToString()));

        var repaired = compilation.Network!;
        foreach (var finding in ParametrizationLint.Of(repaired, Analyzed(repaired, compilation.TrainingPlan!), maximal))
        {
            repaired = Parametrization.Substitute(repaired, new Repair([finding.Change!], Regime.FeatureLearning, string.Empty));
        }

        Assert.Empty(ParametrizationLint.Of(repaired, Analyzed(repaired, compilation.TrainingPlan!), MaximalUpdate.Of(repaired, compilation.TrainingPlan!)!));
        Assert.Equal(Regime.FeatureLearning, Analyzed(repaired, compilation.TrainingPlan!).Verdict!.Regime);
        var norm = ScalingAnalysis.Analyze(TrainingProgram.Of(repaired, compilation.TrainingPlan!)).ScaleOf("norm")!;
        Assert.Equal("0", Rational.Min(norm.Initial ?? 0, norm.Change ?? 0).ToString());
        if (Analyzed(compilation.Network!, compilation.TrainingPlan!).Verdict is { Regime: Regime.Unstable, Repair: { } repair })
        {
            Assert.Equal(repair.Regime, Analyzed(Parametrization.Substitute(compilation.Network!, repair), compilation.TrainingPlan!).Verdict!.Regime);
        }
    }

    private static ScalingResult Analyzed(Network network, TrainingPlan plan) => ScalingAnalysis.Analyze(network, plan, TrainingProgram.Of(network, plan));

    private static Compilation Compile(string text)
    {
        var compilation = Compilation.Compile(new SourceText("net.tp", text));
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        return compilation;
    }

    private static string Table(MaximalUpdate? maximal) => maximal is null ? "none"
        : string.Join('\n', [
            .. maximal.Rows.Select(row => $"{row.Name} σ {row.Initial} λ {row.Rate} ∂L/∂W {row.Gradient}"),
            .. maximal.Multipliers.Select(multiplier => $"{multiplier.Value} n^({multiplier.Power})"),
        ]);
}
