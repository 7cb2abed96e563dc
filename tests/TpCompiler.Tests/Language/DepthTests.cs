using TpCompiler.Diagnostics;
using TpCompiler.Language;

namespace TpCompiler.Tests.Language;

/// <summary>The depth of a net as a number with a name.</summary>
public sealed class DepthTests
{
    [Theory]
    [InlineData("L^(-1/2)", "3^(-1/2)")]
    [InlineData("1 / L", "1/3")]
    [InlineData("(1/3)", "1/3")]
    public void An_axis_is_its_size_in_loops_factors_and_names_of_layers(string named, string number) =>
        Assert.Equal(Body("3", number), Body("L", named));

    [Fact]
    public void A_loop_without_a_known_end_is_said_to_be_wrong()
    {
        var compilation = Compilation.Compile(new SourceText("d.tp", Text("M", "1").Replace("axis L = 3", "axis L = 3 axis M", StringComparison.Ordinal)));

        Assert.True(compilation.Diagnostics.HasErrors);
    }

    private static string Body(string depth, string factor)
    {
        var compilation = Compilation.Compile(new SourceText("d.tp", Text(depth, factor)));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return TpCompiler.Ir.ProgramPrinter.Print(compilation.TrainingProgram!);
    }

    private static string Text(string depth, string factor) =>
        $"network d(x : [d]) {{\n width n\n axis L = 3\n weight U : [n, d]\n weight V : [1, n]\n h[0] = U * x\n for l in 1..{depth} {{\n weight W[l] : [n, n]\n h[l] = h[l - 1] + {factor} * W[l] * tanh(h[l - 1])\n }}\n return V * h[{depth}]\n}}\nparametrization mup\ntrain {{ loss mse optimizer sgd(lr: 0.1) steps 2 }}\n";
}
