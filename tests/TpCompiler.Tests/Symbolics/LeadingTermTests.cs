using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Symbolics;

public class LeadingTermTests
{
    private static readonly Expr.Reference X = new("x", []);

    private static Expr Read(string text) => ExprReader.Read(text, "n", "m").Expr!;

    [Theory]
    [InlineData("tanh(x)", "1", "x")]
    [InlineData("relu(x)", "1", "relu(x)")]
    [InlineData("leaky_relu(x, 1/10)", "1", "leaky_relu(x, 1/10)")]
    [InlineData("step(x)", "0", "step(x)")]
    [InlineData("abs(x) * tanh(x)", "2", "x * abs(x)")]
    [InlineData("cos(x)", "0", "1")]
    [InlineData("cos(x) - 1", "2", "-1/2 * x^2")]
    [InlineData("exp(x) - 1 - x - 1/2 * x^2", "3", "1/6 * x^3")]
    [InlineData("gelu(x)", "1", "1/2 * x")]
    [InlineData("silu(x)", "1", "1/2 * x")]
    [InlineData("softplus(x)", "0", "log(2)")]
    [InlineData("softsign(x)", "1", "x")]
    [InlineData("elu(x, 2)", "1", "x * step(x) + 2 * x * (1 - step(x))")]
    [InlineData("relu(x)^3", "3", "relu(x)^3")]
    [InlineData("tanh'(x)", "0", "1")]
    [InlineData("tanh''(x)", "1", "-2 * x")]
    [InlineData("(1 + x)^(1/2) - 1", "1", "1/2 * x")]
    [InlineData("sin(x) / x", "0", "1")]
    [InlineData("x^2 * gaussian(x)", "2", "x^2")]
    [InlineData("tanh(x) - x", "3", "-1/3 * x^3")]
    public void The_first_term_that_does_not_vanish_decides(string text, string order, string term)
    {
        var leading = LeadingTerm.AtZero(Read(text), X);
        Assert.Equal(new LeadingTerm(Rational.Parse(order)!.Value, Read(term)), leading);
    }

    [Theory]
    [MemberData(nameof(NonlinearityTests.Unary), MemberType = typeof(NonlinearityTests))]
    public void The_leading_term_of_every_function_is_its_limit(string name)
    {
        var expr = Nonlinearities.Apply(name, [X], [])!;
        if (LeadingTerm.AtZero(expr, X) is not { } leading)
        {
            Assert.True(name is "log");
            return;
        }

        var (value, term) = (Evaluation.Compile(expr, X), Evaluation.Compile(leading.Coefficient, X));
        foreach (var side in name == "sqrt" ? new[] { 1.0 } : [1.0, -1.0])
        {
            const double Epsilon = 1e-6;
            Assert.Equal(term(side), value(side * Epsilon) / Math.Pow(Epsilon, leading.Order.ToDouble()), 2e-6);
        }
    }

    [Theory]
    [InlineData("n^(-1/2) * x + v", "0", "v")]
    [InlineData("x + y * n^(-1/2) * tanh(v)", "1", "x + y * tanh(v)")]
    [InlineData("tanh(v + y) - tanh(v)", "1/2", "y * tanh'(v)")]
    [InlineData("relu(big + v)", "-1", "relu(big)")]
    [InlineData("relu(big + v) - relu(big)", "0", "v * relu'(big)")]
    [InlineData("tanh(big)", "0", "sign(big)")]
    [InlineData("x * gelu(big)", "0", "x * relu(big)")]
    [InlineData("m / n", "0", "3")]
    [InlineData("sum(i, x * v[i] + y)", "1/2", "sum(i, y)")]
    [InlineData("1 / (x + y)", "-1/2", "1 / y")]
    public void Weights_say_how_fast_each_reference_vanishes(string text, string order, string term)
    {
        var leading = LeadingTerm.Of(
            Read(text),
            reference => reference.Name switch { "x" => 1, "y" => Rational.Half, "big" => -1, _ => 0 },
            width => width == "m" ? 3 : 1);
        Assert.Equal(new LeadingTerm(Rational.Parse(order)!.Value, Read(term)), leading);
    }

    [Fact]
    public void What_is_not_known_is_not_guessed()
    {
        Assert.Null(LeadingTerm.Of(Read("sin(big)"), _ => -1, _ => 1));
        Assert.Null(LeadingTerm.AtZero(Read("log(x)"), X));
    }

    [Theory]
    [InlineData("tanh(x)", ParityKind.Odd)]
    [InlineData("tanh'(x)", ParityKind.Even)]
    [InlineData("x * tanh(x)", ParityKind.Even)]
    [InlineData("x^3 + sin(x) * v", ParityKind.Odd)]
    [InlineData("x + x^2", ParityKind.Neither)]
    [InlineData("relu(x^2)", ParityKind.Even)]
    [InlineData("relu(x)", ParityKind.Neither)]
    [InlineData("v", ParityKind.Even)]
    public void Parity_follows_the_expression(string text, ParityKind parity) => Assert.Equal(parity, Parity.Of(Read(text), X));
}
