using CsCheck;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Symbolics;

public class NormalFormTests
{
    private static readonly Expr.Reference X = ExprGen.X;

    private static readonly Expr.Reference Y = ExprGen.Y;

    private static readonly Gen<Expr> Small = ExprGen.OfXAndY;

    private static double At(Expr expr, double x, double y) => Evaluation.Compile(expr, [X, Y])([x, y]);

    /// <summary>Equal to rounding, where the first is defined and no overflow or cancellation of huge terms hides it.</summary>
    private static void Same(double expected, double actual, double scale)
    {
        if (double.IsFinite(expected) && double.IsFinite(scale) && scale < 1e100)
        {
            Assert.Equal(expected, actual, 1e-9 * (1 + scale));
        }
    }

    [Fact]
    public void Sums_products_and_powers_keep_their_value() =>
        Gen.Select(Small.Array[2, 4], ExprGen.Rationals, Gen.Double[-2, 2], Gen.Double[0.1, 2]).Sample((parts, exponent, x, y) =>
        {
            var values = parts.Select(part => At(part, x, y)).ToArray();
            Same(values.Sum(), At(Expr.SumOf(parts), x, y), values.Sum(Math.Abs));
            Same(values.Aggregate((a, b) => a * b), At(Expr.ProductOf(parts), x, y), values.Select(v => 1 + Math.Abs(v)).Aggregate((a, b) => a * b) * 1e3);
            var power = Evaluation.RealPower(exponent)(values[0]);
            if (!exponent.IsZero && !parts[0].IsZero && Math.Abs(values[0]) is > 1e-6 and < 1e6)
            {
                Same(power, At(Expr.Pow(parts[0], exponent), x, y), 1e3 * Math.Abs(power) * (1 + (1 / Math.Abs(values[0]))));
            }
        }, iter: 400);

    [Fact]
    public void Adding_and_multiplying_in_any_order_gives_one_expression() =>
        Gen.Select(ExprGen.Any, ExprGen.Any, ExprGen.Any).Sample((a, b, c) =>
        {
            Assert.Equal(a + (b + c), c + b + a);
            Assert.Equal(a * (b * c), c * b * a);
            Assert.Equal(Expr.ProductOf([a, b, c]), a * (c * b));
            Assert.Equal(a - b, -(b - a));
            Assert.Equal(Expr.Zero, a + b - b - a);
            Assert.Equal(Expr.Pow(a * b, 2), Expr.Pow(a, 2) * Expr.Pow(b, 2));
            Assert.Equal(ExprPrinter.Print(a * b), ExprPrinter.Print(b * a));
        }, iter: 400);

    [Fact]
    public void An_expression_built_again_from_its_parts_is_the_same() => ExprGen.Any.Sample(expr => Assert.Equal(expr, Again(expr)), iter: 400);

    [Fact]
    public void The_order_is_total() => Gen.Select(ExprGen.Any, ExprGen.Any, ExprGen.Any).Sample((a, b, c) =>
    {
        var order = ExprOrder.Instance;
        Assert.Equal(Math.Sign(order.Compare(a, b)), -Math.Sign(order.Compare(b, a)));
        Assert.Equal(a.Equals(b), order.Compare(a, b) == 0);
        Assert.Equal(0, order.Compare(a, Again(a)));
        Assert.False(order.Compare(a, b) <= 0 && order.Compare(b, c) <= 0 && order.Compare(a, c) > 0);
    }, iter: 400);

    [Theory]
    [InlineData("8^(1/2)", "2 * 2^(1/2)")]
    [InlineData("2^(-1/2)", "1/2 * 2^(1/2)")]
    [InlineData("12^(1/2) * 3^(1/2)", "6")]
    [InlineData("(2 * pi)^(-1/2) * (2 * pi)^(-1/2)", "1/2 / pi")]
    [InlineData("(4 * x + 4 * y)^(1/2)", "2 * (x + y)^(1/2)")]
    [InlineData("(2 * x + 2 * y) * x", "2 * x * (x + y)")]
    [InlineData("(y - x)^2", "(x - y)^2")]
    [InlineData("(x * y)^(1/2) * (x * y)^(1/2) / x", "y")]
    [InlineData("(x^2)^(1/2)", "(x^2)^(1/2)")]
    [InlineData("(x^3)^(1/2)", "x^(3/2)")]
    [InlineData("tanh(-x) + tanh(x)", "0")]
    [InlineData("tanh'(-x)", "tanh'(x)")]
    [InlineData("cos(y - x)", "cos(x - y)")]
    [InlineData("exp(0)", "1")]
    [InlineData("sum(i, 2 * n^(-1/2) * a[i]) - n^(-1/2) * sum(i, 2 * a[i])", "0")]
    [InlineData("E[3 * x] + E[2]", "2 + 3 * E[x]")]
    [InlineData("-3 * (x - 2)", "6 - 3 * x")]
    public void Identities_are_seen(string text, string normal)
    {
        Assert.Equal(normal, ExprPrinter.Print(ExprReader.Read(text, "n").Expr!));
    }

    [Fact]
    public void A_sum_of_ten_thousand_terms_can_be_built()
    {
        var sum = Expr.SumOf(Enumerable.Range(0, 10_000).Select(i => (i + 1) * Expr.Of("x" + i) * Expr.Apply("tanh", Expr.Of("x" + i))));
        var product = sum * X;
        Assert.Equal(Expr.Zero, product - (X * sum));
    }

    private static Expr Again(Expr expr) => expr.MapChildren(Again);
}
