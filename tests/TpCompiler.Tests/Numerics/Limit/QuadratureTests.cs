using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>The grid against values computed elsewhere, against points, and against its own bound.</summary>
public class QuadratureTests
{
    [Fact]
    public void Tanh_net_trains_along_the_reference_values_to_ten_digits()
    {
        var result = Evaluate(LimitPrograms.Perceptron(1, "tanh", Rational.Half, 5));

        double[] expected = [0.40102103533600, 0.61427892019097, 0.75099745385790, 0.84045997835975];
        for (var t = 1; t <= 4; t++)
        {
            AssertWithinBound(expected[t - 1], result, t, 1e-9);
        }
    }

    [Fact]
    public void Two_hidden_tanh_layers_reach_the_reference_value_which_needs_both_Zdots_to_ten_digits() =>
        AssertWithinBound(0.3458479750486, Evaluate(LimitPrograms.Perceptron(2, "tanh", Rational.Half, 2)), 1, 1e-9);

    [Fact]
    public void Three_hidden_layers_agree_with_quasi_random_points_and_are_far_more_exact()
    {
        var program = LimitPrograms.Perceptron(3, "tanh", Rational.Half, 2);
        var grid = Evaluate(program);
        var points = LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings { AllowExact = false });

        Assert.Equal(LimitEvaluator.QuasiRandom, points.Tier);
        var (value, estimate) = (grid.Records[1].Values[0].Value, points.Records[1].Values[0]);
        AssertWithinBound(value, grid, 1, 1e-8);
        Assert.InRange(value, estimate.Value - (4 * estimate.Error), estimate.Value + (4 * estimate.Error));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public void Once_they_converge_the_distance_of_two_grids_bounds_the_error_of_the_finer(int numerator, int denominator)
    {
        var program = LimitPrograms.Perceptron(1, "tanh", new Rational(numerator, denominator), 4);
        var exact = Evaluate(program);
        ExecutionResult[] runs = [.. QuadratureGrid.Nodes.SkipLast(3).Select(nodes => OnGrid(program, nodes))];
        LimitResult[] results = [.. runs.Zip(runs.Skip(1), (coarse, fine) => QuadratureGrid.Between(coarse, fine, 0))];
        LimitResult[] trusted = [.. results.Skip(1).Where((result, i) => QuadratureGrid.Converges(results[i].LargestError, result.LargestError))];

        Assert.True(trusted.Length >= 2);
        foreach (var (close, far) in trusted.SelectMany(result => exact.Records.Zip(result.Records)))
        {
            Assert.InRange(far.Values[0].Value, close.Values[0].Value - far.Values[0].Error - 1e-11, close.Values[0].Value + far.Values[0].Error + 1e-11);
        }
    }

    [Fact]
    public void A_kink_is_left_to_points()
    {
        var result = LimitEvaluator.Evaluate(LimitPrograms.Perceptron(1, "relu", Rational.Half, 2), new Ones(), new LimitSettings { Tolerance = 1e-3 });
        Assert.Equal(LimitEvaluator.QuasiRandom, result.Tier);
    }

    [Fact]
    public void The_weights_of_a_grid_are_those_of_independent_standard_Gaussians()
    {
        var carrier = new GridCarrier(24, 3);
        var (x, y) = (new double[carrier.Length], new double[carrier.Length]);
        carrier.FreshGaussian(0, 0, x);
        carrier.FreshGaussian(0, 2, y);

        Assert.Equal(1, carrier.Expectation(x, x), 1e-6);
        Assert.Equal(0, carrier.Expectation(x, y), 1e-12);
        double[] square = [.. x.Select(value => value * value)];
        Assert.Equal(3, carrier.Expectation(square, square), 1e-5);
        Assert.Throws<CapacityExceededException>(() => carrier.FreshGaussian(0, 3, x));
    }

    private static LimitResult Evaluate(TensorProgram program)
    {
        var result = LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings());
        Assert.Equal(LimitEvaluator.Quadrature, result.Tier);
        Assert.Equal(LimitShortfall.None, result.Shortfall);
        return result;
    }

    private static ExecutionResult OnGrid(TensorProgram program, int nodes) =>
        new LimitInterpreter(program, new ExecutionSettings(), new GridCarrier(nodes, 2), 0).Run(new Ones());

    private static void AssertWithinBound(double expected, LimitResult result, int t, double precision)
    {
        var estimate = result.Records[t].Values[0];
        Assert.Equal(ErrorKind.Bound, estimate.Kind);
        Assert.InRange(estimate.Error, 0, precision);
        Assert.InRange(estimate.Value, expected - estimate.Error - 1e-14, expected + estimate.Error + 1e-14);
    }

    private sealed class Ones : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) => destination.Span.Fill(1);
    }
}
