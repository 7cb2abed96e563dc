using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;

namespace TpCompiler.Tests.Language;

/// <summary>A product that is written several times.</summary>
public sealed class RepeatedProductTests
{
    [Fact]
    public void It_is_one_instruction_under_its_first_name()
    {
        var program = Compile("y = A * x\n z = tanh(A * x) + A * x\n w = A' * x\n m = Moment(z * (A * x) * w)");

        Assert.Equal(["y = A x", "w = A' x"], program.Body.OfType<Instruction.MatMul>().Select(product => $"{product.Result.Name} = {product.Matrix}{(product.Transposed ? "'" : "")} {product.Vector}"));
    }

    [Fact]
    public void One_that_is_named_after_its_use_keeps_the_name_that_was_read()
    {
        var program = Compile("z = x + A * x\n y = A * x\n m = Moment(z * y)");

        var product = Assert.Single(program.Body.OfType<Instruction.MatMul>());
        Assert.Contains(program.Body.OfType<Instruction.Nonlin>(), nonlin => nonlin.Result.Name == "y" && nonlin.Body.References().Single().Name == product.Result.Name);
        Assert.Empty(ProgramVerifier.Verify(program, "binding"));
    }

    [Fact]
    public void Products_with_other_vectors_are_others()
    {
        var program = Compile("u = A * (x + x)\n v = A * tanh(x)\n m = Moment(u * v)");

        Assert.Equal(2, program.Body.OfType<Instruction.MatMul>().Count());
    }

    private static TpCompiler.Ir.Program Compile(string statements)
    {
        var compilation = Compilation.Compile(new SourceText("p.tp", $"program p {{\n width n\n matrix A : [n, n] ~ normal(0, 1/n)\n vector x : [n] ~ normal(0, 1)\n {statements}\n}}\n"));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return compilation.Program!;
    }
}
