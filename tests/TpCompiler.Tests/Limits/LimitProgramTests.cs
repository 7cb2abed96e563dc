using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Limits;

public class LimitProgramTests
{
    [Fact]
    public void Linear_mup_net_trains_along_the_exact_rationals()
    {
        var f = Exact(SampleNetworks.Mlp(1, "identity", SampleNetworks.Mup(1), 1, 1, steps: 3, rate: new(1, 10)));
        Assert.Equal([0, new(1, 5), new(1134, 3125), Rational.Parse("1519630389729/3051757812500")!.Value], f);
    }

    [Fact]
    public void Heavy_ball_in_mup_trains_along_the_exact_rationals()
    {
        var f = Exact(SampleNetworks.Mlp(1, "identity", SampleNetworks.Mup(1), 1, 1, steps: 2, rate: new(1, 10), momentum: new(9, 10)));
        Assert.Equal([0, new(1, 5), new(1701, 3125)], f);
    }

    [Fact]
    public void Mean_field_and_mup_have_one_limit()
    {
        var (mean, mup) = (SampleNetworks.MeanField(), SampleNetworks.Mup(1));
        Assert.Equal(Exact(SampleNetworks.Mlp(1, "identity", mean, 2, 2)), Exact(SampleNetworks.Mlp(1, "identity", mup, 2, 2)));
    }

    [Theory]
    [InlineData(1, new[] { 0.40102103533600, 0.61427892019097, 0.75099745385790, 0.84045997835975 })]
    [InlineData(2, new[] { 0.3458479750486 })]
    public void Tanh_mup_net_reaches_the_reference_values(int layers, double[] expected)
    {
        var (network, plan) = SampleNetworks.Mlp(layers, "tanh", SampleNetworks.Mup(layers), 1, 1, steps: expected.Length, rate: Rational.Half);
        var limit = LimitProgram.Of(TrainingProgram.Of(network, plan)).Program!;
        var f = LimitEvaluator.Evaluate(limit, new Ones(), new LimitSettings()).Records.Where(record => record.Name == "f").Select(record => record.Values[0]).ToList();
        Assert.Equal(0, f[0].Value, 4 * f[0].Error);
        for (var t = 1; t <= expected.Length; t++)
        {
            Assert.InRange(f[t].Error, 0, 5e-5);
            Assert.InRange(f[t].Value, expected[t - 1] - (4 * f[t].Error), expected[t - 1] + (4 * f[t].Error));
        }
    }

    [Fact]
    public void Limit_program_holds_no_power_of_the_width_but_that_of_outer_terms_and_matrices()
    {
        var (network, plan) = SampleNetworks.Mlp(3, "tanh", SampleNetworks.Mup(3), 2, 4, outputs: 2, momentum: Rational.Half, decay: new(1, 100), clip: 1, biases: true);
        var limit = LimitProgram.Of(TrainingProgram.Of(network, plan)).Program!;
        foreach (var instruction in limit.Body.Instructions())
        {
            var powers = instruction.Expressions().SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.WidthPower>().ToList();
            Assert.True(
                powers.Count == 0 || (instruction is Instruction.MatrixSum or Instruction.Gaussian { Result.Kind: ValueKind.Matrix } && powers.All(power => power.Exponent == -1)),
                instruction.ToString());
        }
    }

    [Fact]
    public void A_shift_of_abc_has_the_same_limit_program()
    {
        var shifts = new Rational[] { new(1, 3), -1, new(5, 2) };
        var shifted = SampleNetworks.Mup(2).Select((layer, l) => (layer.A + shifts[l], layer.B - shifts[l], layer.C - (2 * shifts[l]))).ToList();
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), 2, 2, clip: 1, momentum: Rational.Half);
        var (other, otherPlan) = SampleNetworks.Mlp(2, "tanh", shifted, 2, 2, clip: 1, momentum: Rational.Half);
        Assert.Equal(Values(network, plan), Values(other, otherPlan), (x, y) => Math.Abs(x - y) < 1e-12);

        static double[] Values(Network network, TrainingPlan plan) =>
            [.. LimitEvaluator.Evaluate(LimitProgram.Of(TrainingProgram.Of(network, plan)).Program!, new Ones(), new LimitSettings { Points = 256 }).Records.SelectMany(r => r.Values).Select(v => v.Value)];
    }

    [Fact]
    public void Output_that_blows_up_has_no_limit_program_and_is_named()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Standard(2, 0), 1, 1);
        var result = LimitProgram.Of(TrainingProgram.Of(network, plan));
        Assert.Null(result.Program);
        Assert.Equal("f", result.Obstacle!.Result.Name);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Limit_program_at_a_finite_width_is_the_raw_one_where_nothing_vanishes(int layers)
    {
        var (network, plan) = SampleNetworks.Mlp(layers, "tanh", SampleNetworks.Mup(layers), 2, 3, outputs: 2, momentum: Rational.Half, decay: new(1, 100), clip: 1, biases: true);
        Assert.InRange(Distance(TrainingProgram.Of(network, plan), 7), 0, 1e-12);
    }

    [Fact]
    public void Limit_program_leaves_out_what_falls_with_the_width()
    {
        // With a = b = 0 in the first layer its update is Θ(1/n).
        var layers = SampleNetworks.Mup(2).Select((abc, layer) => layer == 0 ? (0, 0, 0) : abc).ToList();
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", layers, 2, 3);
        var raw = TrainingProgram.Of(network, plan);
        var (narrow, wide) = (Distance(raw, 16), Distance(raw, 256));
        Assert.True(narrow > 1e-6, "something is left out");
        Assert.InRange(wide, 0, narrow / 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Limit_program_is_its_own_limit_program(int layers)
    {
        var (network, plan) = SampleNetworks.Mlp(layers, "tanh", SampleNetworks.Mup(layers), 2, 3, momentum: Rational.Half, clip: 1, biases: true);
        var limit = LimitProgram.Of(TrainingProgram.Of(network, plan)).Program!;
        Assert.Equal(ProgramPrinter.Print(limit), ProgramPrinter.Print(LimitProgram.Of(limit).Program!));
    }

    /// <summary>How far f of the raw program and of the limit program are apart when both run at width n from the same Gaussians.</summary>
    private static double Distance(TpCompiler.Ir.Program raw, int width)
    {
        var limit = LimitProgram.Of(raw).Program!;
        var (x, y) = (NaiveInterpreter.Run(raw, width, NaiveInterpreter.Seeded(1)), NaiveInterpreter.Run(limit, width, NaiveInterpreter.Seeded(1)));
        return x.Reported["f"].Zip(y.Reported["f"], (f, g) => f.Data.Zip(g.Data, (u, v) => Math.Abs(u - v)).Max()).Max();
    }

    private static Rational[] Exact((Network Network, TrainingPlan Plan) net)
    {
        var limit = LimitProgram.Of(TrainingProgram.Of(net.Network, net.Plan));
        return [.. PolynomialEvaluator.Evaluate(limit.Program!, new Ones())!.Where(record => record.Name == "f").SelectMany(record => record.Values)];
    }
}
