using TpCompiler.Ir;
using TpCompiler.Symbolics;
using static TpCompiler.Tests.Ir.Block;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Tests.Ir;

public class SimplificationTests
{
    [Fact]
    public void Copies_are_read_as_their_originals_with_their_indices_put_back()
    {
        var block = new Block();
        var w = block.Gaussian("W n n");
        block.Gaussian("x[b,p] n");
        var m = block.Matrix("M n n", new MatrixTerm.Scaled(1, w));
        var y = block.Nonlin("y[p,b] n", Expr.Of("x", "b", "p"));
        var z = block.MatMul("z[b] n", m, At(y, new Index.Fixed(2), "b"));
        block.Moment("f[b]", z * At(y, new Index.Fixed(1), "b"));
        var program = block.Program("f");
        var simple = Simplification.Simplify(program);
        Assert.Equal(["W", "x", "z", "f"], simple.Body.Definitions().Select(definition => definition.Name));
        Assert.Empty(ProgramVerifier.Verify(simple, "simplification"));
        Assert.Equal(Run(program), Run(simple));

        static double[] Run(TpCompiler.Ir.Program program) => NaiveInterpreter.Run(program, 4, NaiveInterpreter.Seeded(2)).Values["f"].Data;
    }

    [Fact]
    public void State_that_only_keeps_itself_alive_is_removed()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), inputs: 2, batch: 3, momentum: Rational.Half);
        var program = TrainingProgram.Of(network, plan);
        var loop = program.Body.OfType<Loop>().Single();
        var idle = loop with
        {
            Carried = loop.Carried.Add(new Carried(new Definition("idle", [], ["n"]), "W3_0", "idle_next")),
            Body = loop.Body.Add(new Instruction.Nonlin(new Definition("idle_next", [], ["n"]), F("tanh", Expr.Of("idle")))),
        };
        var grown = program with { Body = [.. program.Body.Where(statement => statement is Instruction), idle] };
        Assert.Empty(ProgramVerifier.Verify(grown, "test"));
        Assert.Equal(program, DeadCode.Remove(grown));
        Assert.Equal(program, Simplification.Simplify(program));
    }

    [Fact]
    public void Two_loops_of_two_steps_train_like_one_loop_of_four()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), inputs: 2, batch: 3, steps: 3, momentum: Rational.Half);
        var flat = TrainingProgram.Of(network, plan);
        var loop = flat.Body.OfType<Loop>().Single();
        var nested = flat with
        {
            Body =
            [
                .. flat.Body.Where(statement => statement is Instruction),
                new Loop(
                    "s",
                    2,
                    loop.Carried.Select(c => new Carried(c.State with { Name = c.State.Name + "_s" }, c.Initial, c.State.Name)).ToValueList(),
                    [loop with { Count = 2, Carried = loop.Carried.Select(c => c with { Initial = c.State.Name + "_s" }).ToValueList() }]),
            ],
        };
        Assert.Empty(ProgramVerifier.Verify(nested, "test"));
        var expected = NaiveInterpreter.Run(flat, 4, NaiveInterpreter.Seeded(2)).Series("f", 0);
        Assert.Equal(4, expected.Length);
        Assert.Equal(expected, NaiveInterpreter.Run(nested, 4, NaiveInterpreter.Seeded(2)).Series("f", 0));
    }

    [Fact]
    public void The_table_of_values_knows_loops_and_state()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), inputs: 2, batch: 3);
        var program = TrainingProgram.Of(network, plan);
        var table = ValueTable.Of(program);
        var loop = program.Body.OfType<Loop>().Single();
        Assert.Equal([loop], table["h1"].Loops);
        Assert.Equal("W2_next", table["W2"].Carried!.Next);
        Assert.Null(table["W2"].Instruction);
        Assert.Equal(ValueKind.Matrix, table.KindOf("W2_next"));
        Assert.Empty(table["W2_0"].Loops);
        Assert.Null(table.Find("W4"));
    }
}
