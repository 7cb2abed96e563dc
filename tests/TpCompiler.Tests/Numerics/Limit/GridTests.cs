using TpCompiler.Ir;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Limit.Grids;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>The parts of a grid.</summary>
public class GridTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(14)]
    [InlineData(62)]
    public void Gauss_rule_for_the_normal_density_integrates_the_polynomials_that_it_must(int nodes)
    {
        var rule = GaussRules.Hermite(nodes);
        var moment = 1.0;
        for (var degree = 0; degree < Math.Min(2 * nodes, 20); degree += 2)
        {
            Assert.Equal(1, rule.Nodes.Zip(rule.Weights, (x, w) => w * Math.Pow(x, degree)).Sum() / moment, 1e-11);
            moment *= degree + 1;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(32)]
    public void Gauss_rule_on_an_interval_integrates_the_polynomials_that_it_must(int nodes)
    {
        var rule = GaussRules.Legendre(nodes);
        for (var degree = 0; degree < 2 * nodes; degree++)
        {
            Assert.Equal(1.0 / (degree + 1), rule.Nodes.Zip(rule.Weights, (x, w) => w * Math.Pow(x, degree)).Sum(), 1e-13);
        }
    }

    [Fact]
    public void Each_space_has_its_own_points_and_weights()
    {
        var carrier = new GridCarrier(
        [
            SpaceGrid.Tensor([GaussRules.Trapezoidal(26), GaussRules.Hermite(5), GaussRules.Trapezoidal(34)]),
            SpaceGrid.Tensor([GaussRules.Hermite(7)]),
        ]);
        double[] x = new double[carrier.Length], y = new double[carrier.Length], z = new double[carrier.Length];
        carrier.FreshGaussian(0, 0, x);
        carrier.FreshGaussian(0, 2, y);
        carrier.FreshGaussian(1, 0, z);

        Assert.Equal(26 * 5 * 34, carrier.Length);
        Assert.Equal(1, carrier.Expectation(0, x, x), 1e-7);
        Assert.Equal(0, carrier.Expectation(0, x, y), 1e-12);
        Assert.Equal(1, carrier.Expectation(1, z, z), 1e-12);
        double[] square = [.. y.Select(value => value * value)];
        Assert.Equal(3, carrier.Expectation(0, square, square), 1e-6);
        Assert.Throws<CapacityExceededException>(() => carrier.FreshGaussian(1, 1, x));
    }

    [Fact]
    public void A_run_at_other_points_follows_the_expectations_that_it_is_given()
    {
        // x1 = tanh(U), W x1 = √(E x1²) ξ: at ξ = 1 it is the deviation that the first run found.
        var program = LimitPrograms.Perceptron(2, "tanh", Rational.Half, 1);
        var tape = new ExpectationTape();
        new LimitInterpreter(program, new() { AxisSizes = new Dictionary<string, int>() }, new GridCarrier([.. Enumerable.Repeat(SpaceGrid.Tensor([.. Enumerable.Repeat(GaussRules.Trapezoidal(34), 2)]), 2)]) { Tape = tape }, 0)
            .Run(new Ones());
        var carrier = new ProbeCarrier(1, 1, 2) { Tape = tape };
        carrier.Place([[1.0], [1.0]], 0, 1);
        tape.Replay();
        var run = new LimitInterpreter(program, new() { AxisSizes = new Dictionary<string, int>(), AlsoRecord = ["h2"] }, carrier, 0).Run(new Ones());

        var deviation = Math.Sqrt(0.394294450327);
        Assert.Equal(deviation, Math.Abs(run.Records.Single(record => record.Name == "h2").Values[0]), 1e-5);
    }

    [Fact]
    public void Kinks_are_found_inside_sums_once_for_a_function_and_its_derivative()
    {
        var program = LimitPrograms.Perceptron(1, "relu", Rational.Half, 2);
        var kinks = KinkArguments.Of(program);
        var found = program.Body.Instructions().SelectMany(kinks.At).ToList();
        Assert.Equal("h1[b]", Assert.Single(found).Argument.Body.ToString());
        Assert.Empty(LimitPrograms.Perceptron(1, "tanh", Rational.Half, 2).Body.Instructions().SelectMany(KinkArguments.Of(LimitPrograms.Perceptron(1, "tanh", Rational.Half, 2)).At));
    }
}
