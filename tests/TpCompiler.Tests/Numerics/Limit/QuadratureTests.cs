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

    [Fact]
    public void Two_steps_of_two_hidden_layers_are_four_dimensions_and_come_out_to_eight_digits_as_written_out_by_hand()
    {
        var byHand = new TwoHiddenTanhLayers(rate: 0.5, spacing: 0.23).Outputs();
        Assert.Equal(0.3458479750486, byHand.First, 1e-10);

        // At spacings of 0.14 and 0.12 by hand comes out to 0.53555708436937 both times.
        Assert.Equal(0.53555708436937, byHand.Second, 1e-9);
        var result = Evaluate(LimitPrograms.Perceptron(2, "tanh", Rational.Half, 3), 1e-8);
        AssertWithinBound(0.3458479750486, result, 1, 1e-8);
        AssertWithinBound(0.53555708436937, result, 2, 1e-8);
    }

    [Theory]
    [InlineData(1, "tanh", 1, 2)]
    [InlineData(1, "tanh", 3, 2)]
    [InlineData(2, "tanh", 1, 1)]
    [InlineData(1, "relu", 1, 1)]
    [InlineData(1, "abs", 1, 2)]
    public void Bounds_of_coarse_grids_hold(int layers, string phi, int numerator, int denominator)
    {
        var program = LimitPrograms.Perceptron(layers, phi, new Rational(numerator, denominator), layers == 1 ? 4 : 2);
        var exact = Evaluate(program);
        foreach (var tolerance in new[] { 1e-2, 1e-4, 1e-6 })
        {
            var coarse = LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings { Tolerance = tolerance, SmallGridGoal = 1 });
            Assert.Equal(LimitEvaluator.Quadrature, coarse.Tier);
            Assert.InRange(coarse.LargestError, 0, tolerance);
            foreach (var (close, far) in exact.Records.Zip(coarse.Records))
            {
                Assert.InRange(far.Values[0].Value, close.Values[0].Value - far.Values[0].Error - 1e-9, close.Values[0].Value + far.Values[0].Error + 1e-9);
            }
        }
    }

    [Fact]
    public void A_tolerance_that_no_grid_reaches_is_said_to_be_missed()
    {
        var result = LimitEvaluator.Evaluate(LimitPrograms.Perceptron(2, "tanh", Rational.Half, 3), new Ones(), new LimitSettings { Tolerance = 1e-10, MaxPoints = 1 << 11 });
        Assert.Equal(LimitShortfall.Tolerance, result.Shortfall);
        Assert.True(result.LargestError > 1e-10);
    }

    private static LimitResult Evaluate(TensorProgram program, double tolerance = 5e-5)
    {
        var result = LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings { Tolerance = tolerance });
        Assert.Equal(LimitEvaluator.Quadrature, result.Tier);
        Assert.Equal(LimitShortfall.None, result.Shortfall);
        return result;
    }

    private static void AssertWithinBound(double expected, LimitResult result, int t, double precision)
    {
        var estimate = result.Records[t].Values[0];
        Assert.Equal(ErrorKind.Bound, estimate.Kind);
        Assert.InRange(estimate.Error, 0, precision);
        Assert.InRange(estimate.Value, expected - estimate.Error - 1e-14, expected + estimate.Error + 1e-14);
    }
}
