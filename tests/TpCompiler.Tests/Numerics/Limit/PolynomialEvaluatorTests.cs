using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Numerics.Limit;

public class PolynomialEvaluatorTests
{
    [Fact]
    public void Linear_net_trains_along_the_exact_rationals()
    {
        var f = Outputs(LimitPrograms.Perceptron(1, h => h, _ => 1, new(1, 10), 4));
        Assert.Equal([0, new(1, 5), new(1134, 3125), Rational.Parse("1519630389729/3051757812500")!.Value], f);
    }

    [Fact]
    public void Heavy_ball_linear_net_trains_along_the_exact_rationals()
    {
        Assert.Equal([0, new(1, 5), new(1701, 3125)], Outputs(LimitPrograms.Perceptron(1, h => h, _ => 1, new(1, 10), 3, momentum: new(9, 10))));
    }

    [Fact]
    public void Two_hidden_linear_layers_need_Zdot_of_W_and_its_transpose()
    {
        Assert.Equal([0, new(3, 2)], Outputs(LimitPrograms.Perceptron(2, h => h, _ => 1, Rational.Half, 2)));
    }

    [Theory]
    [InlineData(2, 7, 12)]
    [InlineData(3, 42, 4050)]
    public void Monomials_reach_their_first_step_exactly(int degree, int linear, int cubic)
    {
        Rational e = new(1, 10);
        var f = Outputs(LimitPrograms.Perceptron(1, h => Expr.Pow(h, degree), h => degree * Expr.Pow(h, degree - 1), e, 2));
        Assert.Equal([0, (linear * e) + (cubic * e * e * e)], f);
    }

    [Fact]
    public void Quadratic_net_of_two_hidden_layers_agrees_with_points()
    {
        var program = LimitPrograms.Perceptron(2, h => h + (new Rational(1, 4) * Expr.Pow(h, 2)), h => 1 + (Rational.Half * h), new(1, 20), 2);
        var exact = Outputs(program);
        var sampled = LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings { Tolerance = 1e-3, AllowExact = false });
        var estimate = sampled.Records[1].Values[0];
        Assert.InRange(estimate.Value, exact[1].ToDouble() - (4 * estimate.Error), exact[1].ToDouble() + (4 * estimate.Error));
    }

    [Theory]
    [InlineData(1, 6)]
    [InlineData(2, 4)]
    [InlineData(3, 3)]
    public void Many_steps_of_deep_linear_nets_with_both_Zdots_are_those_of_coefficients(int layers, int steps)
    {
        var program = LimitPrograms.Perceptron(layers, h => h, _ => 1, new(1, 5), steps, momentum: new(1, 2));
        var coefficients = LimitEvaluator.Evaluate(program, new Ones(), new LimitSettings());
        Assert.Equal(LimitEvaluator.Coefficients, coefficients.Tier);
        Assert.Equal(Outputs(program).Select(value => value.ToDouble()), coefficients.Records.Select(record => record.Values[0].Value), (x, y) => Math.Abs(x - y) < 1e-12);
    }

    [Fact]
    public void Transpose_of_a_matrix_sees_the_cube_that_the_matrix_made()
    {
        Statement[] body =
        [
            new Instruction.Gaussian(new Definition("A", [], ["n", "n"]), Expr.WidthTo("n", -1)),
            new Instruction.Gaussian(new Definition("x", [], ["n"]), 1),
            new Instruction.MatMul(new Definition("h", [], ["n"]), (Expr.Reference)Expr.Of("A"), false, (Expr.Reference)Expr.Of("x")),
            new Instruction.Nonlin(new Definition("y", [], ["n"]), Expr.Pow(Expr.Of("h"), 3)),
            new Instruction.MatMul(new Definition("z", [], ["n"]), (Expr.Reference)Expr.Of("A"), true, (Expr.Reference)Expr.Of("y")),
            new Instruction.Moment(new Definition("m", [], []), "n", Expr.Pow(Expr.Of("z"), 2)),
        ];
        Assert.Equal([24], Outputs(new TpCompiler.Ir.Program("cube", [new Width("n", 1)], [], [], body.ToValueList(), ["m"])));
    }

    [Fact]
    public void Numbers_of_too_many_digits_are_left_to_other_tiers()
    {
        // Of few monomials each, but a rate of 52 binary digits makes every step's numbers many times as long as those before it.
        Rational rate = new(4503599627370497, 45035996273704960);
        var program = LimitPrograms.Perceptron(1, h => Expr.Pow(h, 3), h => 3 * Expr.Pow(h, 2), rate, 30);
        Assert.True(PolynomialEvaluator.IsPolynomial(program));
        Assert.Null(PolynomialEvaluator.Evaluate(program, new Ones()));
        Assert.NotNull(PolynomialEvaluator.Evaluate(LimitPrograms.Perceptron(1, h => Expr.Pow(h, 3), h => 3 * Expr.Pow(h, 2), rate, 2), new Ones()));
    }

    [Fact]
    public void Anything_but_a_polynomial_is_left_to_other_tiers()
    {
        Assert.Null(PolynomialEvaluator.Evaluate(LimitPrograms.Perceptron(1, "tanh", 1, 1), new Ones()));
    }

    private static Rational[] Outputs(TpCompiler.Ir.Program program) =>
        [.. PolynomialEvaluator.Evaluate(program, new Ones())!.SelectMany(record => record.Values)];
}
