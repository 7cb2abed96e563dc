using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Language;

public sealed class ExampleTests
{
    public static TheoryData<string> Examples() => [.. Directory.EnumerateFiles(Path.Combine(Checkout.Root, "examples"), "*.tp").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_compiles_without_a_diagnostic(string name)
    {
        var compilation = Compile(name);
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        Assert.True(compilation.Program is not null || compilation.TrainingProgram is not null);
        Assert.StartsWith("// ", File.ReadAllText(PathOf(name)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_two_hidden_layer_example_is_the_network_written_without_the_language()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), inputs: 2, batch: 4, steps: 10);
        var compilation = Compile("mlp.tp");
        Assert.Equal(network.Forward, Renamed(compilation.Network!.Forward));
        Assert.Equal(network.Parameters.Select(p => (p.A, p.B, p.C, p.Role)), compilation.Network.Parameters.Select(p => (p.A, p.B, p.C, p.Role)));
        Assert.Equal(network.Initialisation, Renamed(compilation.Network.Initialisation));
        Assert.Equal(plan.Loss, Renamed(compilation.TrainingPlan!.Loss));
        Assert.Equal(plan.LearningRate, compilation.TrainingPlan.LearningRate);
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void What_an_example_lowers_to_is_well_formed(string name)
    {
        var compilation = Compile(name);
        foreach (var program in new[] { compilation.Program, compilation.ForwardProgram, compilation.TrainingProgram }.OfType<TpCompiler.Ir.Program>())
        {
            Assert.Empty(ProgramVerifier.Verify(program, "lower").Select(d => d.ToString()));
        }
    }

    [Fact]
    public void Settings_of_sgd_give_the_same_update_as_the_rule_written_by_hand()
    {
        var rule = Compile("momentum.tp").TrainingPlan!.Rule;
        var expected = SampleNetworks.Sgd(new Rational(1, 10), new Rational(9, 10), new Rational(1, 1000), Rational.Half);
        Assert.Equal(expected.Assignments, rule.Assignments);
        Assert.Equal(expected.Slots, rule.Slots);
    }

    [Fact]
    public void Words_in_a_matrix_lower_to_products_with_it_and_its_transpose()
    {
        var program = Compile("wishart.tp").Program!;
        Assert.Equal(["m1", "m2", "m3", "m4", "m5"], program.Outputs);
        Assert.Equal(
            ["y1 A False z0", "z1 A True y1", "y2 A False z1"],
            program.Body.OfType<Instruction.MatMul>().Take(3).Select(m => $"{m.Result.Name} {m.Matrix.Name} {m.Transposed} {m.Vector.Name}"));
    }

    [Fact]
    public void Every_instruction_of_an_example_says_where_it_comes_from()
    {
        var network = Compile("transpose.tp").Network!;
        Assert.All(network.Forward.Concat(network.Initialisation), statement => Assert.NotNull(statement.Origin));
    }

    internal static Compilation Compile(string name) => Compilation.Compile(new SourceText(name, File.ReadAllText(PathOf(name))));

    internal static string PathOf(string name) => Path.Combine(Checkout.Root, "examples", name);

    /// <summary>The example's axis d is called input there, and nothing there has an origin.</summary>
    private static ValueList<Statement> Renamed(ValueList<Statement> statements)
    {
        return statements.Select(s => Rename(s) with { Origin = null }).ToValueList();

        static Statement Rename(Statement statement) => statement switch
        {
            Instruction.Gaussian g => g with { Result = Renamed(g.Result) },
            Instruction.Nonlin n => n with { Result = Renamed(n.Result), Body = Body(n.Body) },
            _ => statement,
        };

        static Definition Renamed(Definition d) => d with { Indices = d.Indices.Select(b => b.Axis == "d" ? b with { Axis = "input" } : b).ToValueList() };

        static Expr Body(Expr e) => e is Expr.Sum { Index: { Axis: "d" } index } sum ? Expr.SumOver(index with { Axis = "input" }, sum.Body) : e.MapChildren(Body);
    }
}
