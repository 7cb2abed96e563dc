using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Numerics.Limit;

public class LimitEvaluatorTests
{
    [Fact]
    public void Linear_net_trains_along_the_exact_rationals()
    {
        AssertExact([0, 1.0 / 5, 1134.0 / 3125, 1519630389729.0 / 3051757812500], Linear(1, new(1, 10), 4));
    }

    [Fact]
    public void Heavy_ball_linear_net_trains_along_the_exact_rationals()
    {
        AssertExact([0, 1.0 / 5, 1701.0 / 3125], Linear(1, new(1, 10), 3, new(9, 10)));
    }

    [Fact]
    public void Two_hidden_linear_layers_need_Zdot_of_W_and_its_transpose()
    {
        AssertExact([0, 1.5], Linear(2, Rational.Half, 2));
    }

    [Theory]
    [InlineData(2, 0.2, 7 * 0.2 + 12 * 0.2 * 0.2 * 0.2)]
    public void Monomials_reach_their_first_step_in_closed_form(int degree, double rate, double expected)
    {
        var program = LimitPrograms.Perceptron(1, h => Expr.Pow(h, degree), h => degree * Expr.Pow(h, degree - 1), Rational.Parse(rate.ToString("R", System.Globalization.CultureInfo.InvariantCulture))!.Value, 2);
        AssertWithin(expected, LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings { Tolerance = 1e-2 * expected, AllowExact = false }), 1);
    }

    [Fact]
    public void Relu_reaches_its_first_step_in_closed_form()
    {
        const double E = 0.5;
        var expected = ((E * ((Math.PI / 2) + Math.Atan(1 / E))) + (E * E / 2)) / Math.PI;
        AssertWithin(expected, Evaluate(LimitPrograms.Perceptron(1, "relu", Rational.Half, 2), 1e-4), 1);
    }

    [Fact]
    public void Tanh_net_trains_along_the_reference_values_at_the_default_tolerance()
    {
        var result = Evaluate(LimitPrograms.Perceptron(1, "tanh", Rational.Half, 5));
        Assert.InRange(result.LargestError, 0, 5e-5);
        double[] expected = [0.40102103533600, 0.61427892019097, 0.75099745385790, 0.84045997835975];
        for (var t = 1; t <= 4; t++)
        {
            AssertWithin(expected[t - 1], result, t);
        }
    }

    [Fact]
    public void Two_hidden_tanh_layers_reach_the_reference_value_at_the_default_tolerance()
    {
        var result = Evaluate(LimitPrograms.Perceptron(2, "tanh", Rational.Half, 2));
        Assert.InRange(result.LargestError, 0, 5e-5);
        AssertWithin(0.3458479750486, result, 1);
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads()
    {
        var program = LimitPrograms.Perceptron(2, "tanh", Rational.Half, 3);
        var one = LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings { Points = 1024, Threads = 1 });
        var two = LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings { Points = 1024, Threads = 2 });
        Assert.Equal(one.Records, two.Records);
    }

    [Fact]
    public void Coefficients_and_points_agree_on_a_linear_net_with_momentum_and_a_batch()
    {
        var program = LimitPrograms.Perceptron(3, h => h, _ => 1, new(1, 5), 5, 2, 3, Rational.Half);
        var exact = LimitEvaluator.Evaluate(program, new Waves(), new LimitSettings());
        var sampled = LimitEvaluator.Evaluate(program, new Waves(), new LimitSettings { AllowExact = false });
        Assert.Equal(LimitEvaluator.Coefficients, exact.Tier);
        Assert.Equal(LimitEvaluator.QuasiRandom, sampled.Tier);
        Assert.Equal(15, exact.Records.Sum(record => record.Values.Count));
        foreach (var (left, right) in exact.Records.Zip(sampled.Records))
        {
            foreach (var (value, estimate) in left.Values.Zip(right.Values))
            {
                Assert.InRange(estimate.Value, value.Value - (4 * estimate.Error) - 1e-12, value.Value + (4 * estimate.Error) + 1e-12);
            }
        }
    }

    private static LimitResult Linear(int layers, Rational rate, int steps, Rational momentum = default) =>
        LimitEvaluator.Evaluate(LimitPrograms.Perceptron(layers, h => h, _ => 1, rate, steps, momentum: momentum), new Ones(), new LimitSettings());

    private static LimitResult Evaluate(Program program, double tolerance = 5e-5) =>
        LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings { Tolerance = tolerance });

    private static void AssertExact(double[] expected, LimitResult result)
    {
        Assert.Equal(LimitEvaluator.Coefficients, result.Tier);
        Assert.Equal(expected, result.Records.Select(record => record.Values[0].Value), (x, y) => Math.Abs(x - y) <= 1e-15 * Math.Max(1, Math.Abs(x)));
    }

    private static void AssertWithin(double expected, LimitResult result, int t)
    {
        Assert.Equal(LimitShortfall.None, result.Shortfall);
        var estimate = result.Records[t].Values[0];
        Assert.InRange(estimate.Value, expected - (4 * estimate.Error), expected + (4 * estimate.Error));
    }

    /// <summary>Different numbers for different samples and fields.</summary>
    private sealed class Waves : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var i = 0; i < destination.Span.Length; i++)
            {
                destination.Span[i] = Math.Sin((field == "x" ? 1 : 2) + (1.7 * i));
            }
        }
    }
}
