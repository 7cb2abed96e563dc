using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;

namespace TpCompiler.Tests.Language;

/// <summary>Streams side by side against the same network written with a weight for each.</summary>
public sealed class ConcatenationTests
{
    private const string Blocks = "weight W : [n, n + m]\n weight V : [1, n + m]\n";
    private const string Apart = "weight W_1 : [n, n]\n weight W_2 : [n, m]\n weight V_1 : [1, n]\n weight V_2 : [1, m]\n";

    [Fact]
    public void A_weight_in_blocks_is_a_weight_for_each_stream()
    {
        Assert.Equal(
            Printed(Apart + "x1 = tanh(W_1 * u + W_2 * v)\n return V_1 * x1 + V_2 * v"),
            Printed(Blocks + "x1 = tanh(W * concat(u, v))\n return V * concat(x1, v)"));
    }

    [Fact]
    public void What_is_done_to_each_coordinate_is_done_to_each_part()
    {
        Assert.Equal(
            Printed(Apart + "z_1 = 2 * relu(u) + s - 1\n z_2 = 2 * relu(v) + s - 1\n return V_1 * z_1^2 + V_2 * z_2^2"),
            Printed(Blocks + "z = 2 * relu(concat(u, v)) + s - 1\n return V * z^2"));
    }

    [Fact]
    public void A_mean_counts_each_part_with_its_width()
    {
        Assert.Equal(
            Printed(Apart + "k = 1/3 * Moment(u) + 2/3 * Moment(v)\n return V_1 * (k * u) + V_2 * (k * v)"),
            Printed(Blocks + "k = Moment(concat(u, v))\n return V * (k * concat(u, v))"));
    }

    [Fact]
    public void The_transpose_of_a_weight_in_blocks_makes_streams()
    {
        Assert.Equal(
            Printed(Apart + "x1 = tanh(W_1 * u + W_2 * v)\n q_1 = W_1' * x1\n q_2 = W_2' * x1\n return V_1 * tanh(q_1) + V_2 * tanh(q_2)"),
            Printed(Blocks + "x1 = tanh(W * concat(u, v))\n q = W' * x1\n return V * tanh(q)"));
    }

    [Fact]
    public void A_block_for_an_input_is_an_input_weight()
    {
        var network = Compile("weight W : [n, n + 3]\n weight V : [1, n]\n return V * tanh(W * concat(u, x))").Network!;

        Assert.Equal([ParameterRole.Hidden, ParameterRole.Input], network.Parameters.Where(parameter => parameter.Name.StartsWith('W')).Select(parameter => parameter.Role));
    }

    [Fact]
    public void An_entry_for_the_whole_weight_is_one_for_each_block()
    {
        var network = Compile(Blocks + "return V * (W' * u)", "parametrization mup { W: (c: 1) }").Network!;

        Assert.Equal(["1", "1"], network.Parameters.Where(parameter => parameter.Name.StartsWith('W')).Select(parameter => parameter.C.ToString()));
    }

    [Theory]
    [InlineData("return V * (W * u)", "`W` is [n, n + m]")]
    [InlineData("return V * concat(u, W * concat(u, v, v))", "streams over n + m + m")]
    [InlineData("return V * (concat(u, v) + u)", "streams over n + m")]
    [InlineData("return concat(u, v)", "streams side by side")]
    [InlineData("return V * concat(u)", "2 streams or more")]
    [InlineData("k = Moment(concat(u, x))\n return V * (k * concat(u, v))", "has no width")]
    public void What_does_not_fit_is_said(string statements, string said)
    {
        var compilation = Compilation.Compile(Text(Blocks + statements, "parametrization mup"));

        Assert.Contains(compilation.Diagnostics, diagnostic => diagnostic.ToString()!.Contains(said, StringComparison.Ordinal));
    }

    private static string Printed(string statements) => ProgramPrinter.Print(Compile(statements).TrainingProgram!);

    private static Compilation Compile(string statements, string parametrization = "parametrization mup")
    {
        var compilation = Compilation.Compile(Text(statements, parametrization));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return compilation;
    }

    private static SourceText Text(string statements, string parametrization) => new(
        "c.tp",
        $"network c(x : [3]) {{\n width n\n width m = 2 * n\n weight P : [n, 3]\n weight Q : [m, 3]\n u = tanh(P * x)\n v = tanh(Q * x)\n s = x[0]\n {statements}\n}}\n{parametrization}\ntrain {{ loss mse optimizer sgd(lr: 0.1) steps 2 }}\n");
}
