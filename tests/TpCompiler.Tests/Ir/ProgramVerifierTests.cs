using TpCompiler.Ir;
using TpCompiler.Symbolics;
using static TpCompiler.Tests.Ir.Block;
using Index = TpCompiler.Symbolics.Index;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Ir;

public class ProgramVerifierTests
{
    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(3, 1, true)]
    [InlineData(2, 3, true)]
    public void Programs_of_networks_are_well_formed(int hiddenLayers, int outputs, bool biases)
    {
        var (network, plan) = SampleNetworks.Mlp(
            hiddenLayers, "tanh", SampleNetworks.Ntk(hiddenLayers), 2, 3, outputs, momentum: Rational.Half, decay: Rational.Half, clip: 1, biases: biases);
        Assert.Empty(ProgramVerifier.Verify(ForwardProgram.Of(network), "forward"));
        Assert.Empty(ProgramVerifier.Verify(TrainingProgram.Of(network, plan), "training"));
    }

    [Fact]
    public void Every_kind_of_fault_is_named()
    {
        AssertFault("`x` is defined twice", block => block.Gaussian("x n"));
        AssertFault("`late` is read before it is defined", block => block.Nonlin("y n", Expr.Of("late")));
        AssertFault("`x` has 0 axes, and is read at 1 indices", block => block.Nonlin("y[b] n", Expr.Of("x", "b")));
        AssertFault("`u` has the axis `b` where the index `p` runs over `p`", block => block.Nonlin("y[p] n", Expr.Of("u", "p")));
        AssertFault("the index `b` is not bound", block => block.Nonlin("y n", Expr.Of("u", "b")));
        AssertFault("`u` is read at 3, which is outside its axis `b`", block => block.Nonlin("y n", Expr.Of("u", new Index.Fixed(3))));
        AssertFault("the index `b` hides another of the same name", block => block.Nonlin("y[b] n", Sum("b", Expr.Of("u", "b"))));
        AssertFault("`y` has the index `b` twice", block => block.Gaussian("y[b,b] n"));
        AssertFault("the index `z` runs over `z`, which is no axis", block => block.Gaussian("y[z] n"));
        AssertFault("`x` stands among coordinates of `m`", block => block.Nonlin("y m", Expr.Of("x")));
        AssertFault("`x` stands where only scalars may", block => block.Nonlin("y", Expr.Of("x")));
        AssertFault("`W` stands among coordinates of `n`", block => block.Nonlin("y n", Expr.Of("W")));
        AssertFault("`y` is a matrix, and a Nonlin makes vectors and scalars", block => block.Nonlin("y n n", 1));
        AssertFault("`y` is a vector, not a scalar", block => block.Moment("y n", Expr.Of("x")));
        AssertFault("the widths of `y`, `W` and `x` don't fit", block => block.MatMul("y n", Expr.Of("W"), Expr.Of("x"), transposed: true));
        AssertFault("`y` is not a vector made of a matrix and a vector", block => block.MatMul("y n", Expr.Of("x"), Expr.Of("x")));
        AssertFault("`x` is no vector over the rows of `y`", block => block.Matrix("y m n", new MatrixTerm.Outer(1, [], new("x", []), new("x", []))));
        AssertFault("the widths of `W` are not those of `y`", block => block.Matrix("y n m", new MatrixTerm.Scaled(1, new("W", []))));
        AssertFault("the variance of `y` is not constant", block => block.Add(new Instruction.Gaussian(new Definition("y", [], ["n"]), Expr.Of("s"))));
        AssertFault("`q` is no width", block => block.Nonlin("y n", Expr.WidthTo("q", 1)));
        AssertFault("`y` has the width `q`, which is not declared", block => block.Gaussian("y q"));
        AssertFault("`fresh` with 1 arguments is not in the table of nonlinearities", block => block.Nonlin("y n", Expr.Apply("fresh", Expr.Of("x"))));
        AssertFault("an expectation has no place in a program", block => block.Nonlin("y", new Expr.Expectation(Expr.Of("s"))));
        AssertFault("a row of `u` is looked up by `x`, which is no scalar", block => block.Nonlin("y n", Expr.Of("u", new Index.Lookup(new("x", [])))));
        AssertFault("`n` is a value and a width", block => block.Gaussian("n n"));
    }

    [Fact]
    public void Loops_are_checked_inside_and_out()
    {
        Definition state = new("w", [], ["n"]);
        Instruction step = new Instruction.Nonlin(new Definition("w_next", [], ["n"]), F("tanh", Expr.Of("w")));
        AssertFault(null, block => block.Add(new Loop("t", 2, [new(state, "x", "w_next")], [step])));
        AssertFault("the next value `x_next` of `w` is not in scope", block => block.Add(new Loop("t", 2, [new(state, "x", "x_next")], [step])));
        AssertFault("the initial value `x_0` of `w` is not in scope", block => block.Add(new Loop("t", 2, [new(state, "x_0", "w_next")], [step])));
        AssertFault("`w` and its initial value `s` differ in type", block => block.Add(new Loop("t", 2, [new(state, "s", "w_next")], [step])));
        AssertFault("the counter `b` hides another index or axis", block => block.Add(new Loop("b", 2, [new(state, "x", "w_next")], [step])));
        AssertFault("`w_next` is out of scope", block =>
        {
            block.Add(new Loop("t", 2, [new(state, "x", "w_next")], [step]));
            block.Nonlin("y n", Expr.Of("w_next"));
        });
        AssertFault(null, block =>
        {
            block.Add(new Loop("t", 2, [new(state, "x", "w_next")], [step, new Loop("r", 2, [], [new Instruction.Nonlin(new Definition("z", [], []), new Expr.IndexValue("t") * new Expr.IndexValue("r"))])]));
            block.Nonlin("y n", Expr.Of("w"));
        });
    }

    [Fact]
    public void Outputs_parameters_and_dimensions_are_checked()
    {
        var program = new Block().Program() with { Outputs = ["f"] };
        Assert.Contains("the output `f` is not defined", Messages(program));
        program = program with { Outputs = [], Widths = [new("n", 2), new("b", -1)], Axes = [new("b", 0)] };
        Assert.Equal(4, Messages(program).Count);
        var parameter = new Parameter("w", "w_0", new Definition("w", [], ["n"]), 0, 0, 0, 1, true);
        Assert.Contains("the initial value `w_0` of the parameter `w` is not defined", Messages(new Block().Program() with { Parameters = [parameter] }));
    }

    private static List<string> Messages(TensorProgram program) =>
        [.. ProgramVerifier.Verify(program, "test").Select(diagnostic => diagnostic.Message.Replace("the program after `test` is not well formed: ", string.Empty, StringComparison.Ordinal))];

    private static void AssertFault(string? expected, Action<Block> add)
    {
        var block = new Block();
        block.Gaussian("x n");
        block.Gaussian("u[b] n");
        block.Gaussian("W m n");
        block.Gaussian("s");
        add(block);
        var messages = Messages(block.Program());
        if (expected is null)
        {
            Assert.Empty(messages);
        }
        else
        {
            Assert.Contains(expected, messages);
        }
    }
}
