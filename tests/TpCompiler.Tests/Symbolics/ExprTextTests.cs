using CsCheck;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Symbolics;

public class ExprTextTests
{
    [Fact]
    public void Reading_what_was_printed_gives_the_same_expression() => ExprGen.Any.Sample(expr =>
    {
        var text = ExprPrinter.Print(expr);
        var result = ExprReader.Read(text, "n");
        Assert.True(result.Error is null, $"{text} at {result.End}: {result.Error}");
        Assert.Equal(expr, result.Expr);
        Assert.Equal(text, ExprPrinter.Print(result.Expr!));
    }, iter: 1_000);

    [Theory]
    [InlineData("n^(-1/2) * sum(i:input, W1[i] * x[b,i])", "Σ_i W1[i] x[b,i] / √n")]
    [InlineData("a - b", "a − b")]
    [InlineData("1 - tanh(h)^2", "1 − tanh(h)²")]
    [InlineData("1/2 * (f - y)^2", "½ (f − y)²")]
    [InlineData("a / (b * c)", "a / (b c)")]
    [InlineData("a / (b + c)", "a / (b + c)")]
    [InlineData("2/7 * tanh'''(x)", "(2/7) tanh′′′(x)")]
    [InlineData("sum(s<t, u[s] * v[s]) * sum(i, w[i])", "(Σ_i w[i]) Σ_{s<t} u[s] v[s]")]
    [InlineData("-x", "−x")]
    [InlineData("1 - relu(1 - c / norm)", "min(1, c / norm)")]
    [InlineData("x + relu(h - x)", "max(x, h)")]
    [InlineData("2 * x + 2 * relu(h - x)", "2 max(x, h)")]
    [InlineData("1 - relu(x)", "1 − relu(x)")]
    [InlineData("u + relu(h - x)", "u + relu(h − x)")]
    [InlineData("sum(s<t, u[s]) + w * (a + b)", "w (a + b) + Σ_{s<t} u[s]")]
    [InlineData("(2 * pi)^(-1/2) * x", "x / √(2 π)")]
    [InlineData("2^(-1/2) * x", "x / √2")]
    [InlineData("U[token[b]] + x[p-1]", "U[token[b]] + x[p-1]")]
    public void Equations_read_as_people_write_them(string ascii, string unicode)
    {
        var expr = ExprReader.Read(ascii, "n").Expr!;
        Assert.Equal(unicode, ExprPrinter.Print(expr, ExprStyle.Unicode));
    }

    [Theory]
    [InlineData("1/2 * x^2 / pi", @"\frac{x^{2}}{2 \, \pi}")]
    [InlineData("x^(1/2) * tanh'(h1[b])", @"\sqrt{x} \, \tanh'\left(h_{1,b}\right)")]
    [InlineData("sum(s<t, eta * u[s])", @"\sum_{s < t} \eta \, u_{s}")]
    [InlineData("E[a * b]", @"\mathbb{E}\left[a \, b\right]")]
    public void Latex_is_what_a_paper_has(string ascii, string latex) =>
        Assert.Equal(latex, ExprPrinter.Print(ExprReader.Read(ascii).Expr!, ExprStyle.Latex));

    [Theory]
    [InlineData("", 0)]
    [InlineData("a +", 3)]
    [InlineData("a b", 2)]
    [InlineData("(a", 2)]
    [InlineData("a / 0", 5)]
    [InlineData("rlu(x)", 3)]
    [InlineData("`a", 0)]
    [InlineData("x[99999999999]", 13)]
    public void Text_that_is_no_expression_gives_an_error_at_its_place(string text, int position)
    {
        var result = ExprReader.Read(text);
        Assert.NotNull(result.Error);
        Assert.Equal(position, result.End);
    }

    [Fact]
    public void Deep_nesting_is_an_error_and_no_crash()
    {
        Assert.NotNull(ExprReader.Read(new string('(', 100_000) + "x" + new string(')', 100_000)).Error);
        Assert.NotNull(ExprReader.Read(string.Concat(Enumerable.Repeat("tanh(", 100_000))).Error);
    }
}
