using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Numerics.Simulation;

/// <summary>What is hoisted; that nothing changes by it, the comparisons of the simulator with plain loops show.</summary>
public class SharedCallsTests
{
    [Fact]
    public void A_training_step_computes_the_tanh_of_each_layer_once()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), inputs: 4, batch: 3, steps: 2);
        var program = TrainingProgram.Of(network, plan);

        Assert.True(Tanhs(program) > 2);
        var hoisted = SharedCalls.Hoist(program);
        Assert.Equal(2, Tanhs(hoisted));
        Assert.Empty(ProgramVerifier.Verify(hoisted, "hoisting"));
    }

    [Fact]
    public void A_call_at_a_neighbour_stays_where_it_is_since_outside_of_the_axis_it_is_of_0()
    {
        DiagnosticBag diagnostics = new();
        var program = ProgramReader.Read(
            new SourceText(
                "neighbours.ir",
                """
                program neighbours
                width n 1
                axis p 3
                h[p] : n = gaussian 1
                y[p] : n = nonlin cos(h[p+1])
                z[p] : n = nonlin h[p] * cos(h[p+1])
                f[p] = moment n: y[p] * z[p]
                outputs f
                """),
            diagnostics);

        Assert.Empty(diagnostics);
        Assert.Equal(program, SharedCalls.Hoist(program!));
    }

    private static int Tanhs(TensorProgram program) => program.Body.Instructions()
        .SelectMany(instruction => instruction.Expressions())
        .Sum(expr => Parts(expr).OfType<Expr.Call>().Count(call => call.Function == "tanh"));

    private static IEnumerable<Expr> Parts(Expr expr) => expr.Children.SelectMany(Parts).Prepend(expr);
}
