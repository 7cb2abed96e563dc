using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>Exponents of programs that are not plain MLPs.</summary>
public class ScalingArchitectureTests
{
    private static readonly ValueList<string> N = ["n"];

    [Fact]
    public void Words_in_one_matrix_have_moments_of_size_one_and_odd_words_fluctuate()
    {
        ValueList<string> square = ["n", "n"];
        var a = new Expr.Reference("A", []);
        var program = new Program(
            "wishart",
            [new Width("n", 1)],
            [],
            [],
            [
                new Instruction.Gaussian(new Definition("A", [], square), Expr.WidthTo("n", -1)),
                new Instruction.Gaussian(new Definition("x", [], N), 1),
                new Instruction.MatMul(new Definition("y", [], N), a, false, new Expr.Reference("x", [])),
                new Instruction.MatMul(new Definition("z", [], N), a, true, new Expr.Reference("y", [])),
                new Instruction.Moment(new Definition("xz", [], []), "n", Expr.Of("x") * Expr.Of("z")),
                new Instruction.Moment(new Definition("xy", [], []), "n", Expr.Of("x") * Expr.Of("y")),
                new Instruction.Nonlin(new Definition("c", [], []), Expr.Apply("cos", Expr.Of("xy")) - 1),
            ],
            ["xz", "xy", "c"]);
        var result = ScalingAnalysis.Analyze(program);
        Assert.Null(result.Verdict);
        Assert.Equal((Rational?)0, result.ScaleOf("xz")!.Initial);
        Assert.Equal(Rational.Half, result.ScaleOf("xy")!.Initial);
        Assert.Equal((Rational?)1, result.ScaleOf("c")!.Initial);
        Assert.Null(result.ScaleOf("c")!.Change);
    }

    [Theory]
    [InlineData("mup", Regime.FeatureLearning)]
    [InlineData("ntk", Regime.KernelRegime)]
    public void Residual_branches_tied_weights_and_normalised_features_keep_the_class(string name, Regime regime)
    {
        var (network, plan) = SampleNetworks.Mlp(3, "tanh", GoldenClassificationTests.Layers(name, 3, 0), inputs: 2, batch: 2);

        // The third layer uses W2 again; W3 goes. x3 = x2 + φ(h3), divided by its root mean square.
        var b = new IndexBinder("b", "batch");
        var forward = network.Forward.Select(statement => statement is Instruction.MatMul { Matrix.Name: "W3" } product ? product with { Matrix = new Expr.Reference("W2", []) } : statement)
            .SelectMany(statement => statement is Instruction.Nonlin { Result.Name: "x3" } x3
                ? new Statement[]
                {
                    x3 with { Result = new Definition("s3", [b], N), Body = x3.Body + Expr.Of("x2", "b") },
                    new Instruction.Moment(new Definition("m3", [b], []), "n", Expr.Pow(Expr.Of("s3", "b"), 2)),
                    x3 with { Body = Expr.Of("s3", "b") * Expr.Pow(Expr.Of("m3", "b"), -Rational.Half) },
                }
                : [statement]).ToValueList();
        var tied = network with
        {
            Parameters = network.Parameters.Where(parameter => parameter.Name != "W3").ToValueList(),
            Initialisation = network.Initialisation.Where(statement => statement is not Instruction { Result.Name: "W3_0" }).ToValueList(),
            Forward = forward,
        };
        var result = ScalingAnalysis.Analyze(TrainingProgram.Of(tied, plan));
        Assert.Equal(regime, result.Verdict!.Regime);
        Assert.Equal(name == "mup" ? 0 : Rational.Half, result.Verdict.R);
        Assert.Equal(["x3"], result.Verdict.Features);
    }

    [Fact]
    public void Sizes_of_a_mup_net_at_initialisation_and_in_training()
    {
        var result = GoldenClassificationTests.Analyze("mup", 2, 0);
        Assert.Equal(new Scale(0, 0), result.ScaleOf("h2"));
        Assert.Equal(new Scale(Rational.Half, 0), result.ScaleOf("f"));
        Assert.Equal(new Scale(1, 1), result.ScaleOf("dx2"));
        Assert.Equal(new Scale(Rational.Half, 1), result.ScaleOf("W2"));
        Assert.Equal(new Scale(0, null), result.ScaleOf("x"));
    }

    [Fact]
    public void Output_weights_that_start_at_zero_learn_features_too()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), 2, 2, variances: [1, 1, 0]);
        var result = ScalingAnalysis.Analyze(TrainingProgram.Of(network, plan));
        Assert.Equal((Regime.FeatureLearning, InitialOutput.Zero), (result.Verdict!.Regime, result.Verdict.InitialOutput!.Value));
        Assert.Null(result.ScaleOf("f")!.Initial);
    }

    [Theory]
    [InlineData("logistic")]
    [InlineData("cross entropy")]
    public void The_loss_does_not_matter(string loss)
    {
        foreach (var (name, regime) in new[] { ("mup", Regime.FeatureLearning), ("ntk", Regime.KernelRegime) })
        {
            var (network, plan) = SampleNetworks.Mlp(2, "relu", GoldenClassificationTests.Layers(name, 2, 0), 2, 2, outputs: 3);
            var b = new IndexBinder("b", "batch");
            var o = new IndexBinder("o", "output");
            Expr f = Expr.Of("f", "b", "o"), y = Expr.Of("y", "b", "o");
            var body = loss == "logistic"
                ? Expr.SumOver(o, Expr.Apply("softplus", -(y * f)))
                : Expr.Apply("log", Expr.SumOver(o, Expr.Apply("exp", f))) - Expr.SumOver(o, y * f);
            var other = plan with { Loss = [new Instruction.Nonlin(new Definition("loss", [], []), Rational.Half * Expr.SumOver(b, body))] };
            Assert.Equal(regime, ScalingAnalysis.Analyze(TrainingProgram.Of(network, other)).Verdict!.Regime);
        }
    }
}
