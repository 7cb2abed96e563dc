using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;
using TpCompiler.Tests.Language;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Tests.Numerics.Simulation;

/// <summary>The simulator against the plain interpreter of the tests, on the same random numbers: every output at every iteration, to rounding.</summary>
public class NaiveComparisonTests
{
    private const ulong Seed = 5;

    public static TheoryData<string> Networks => ["plain", "deep relu", "biases and outputs", "everything", "standard", "cubic"];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Training_equals_the_plain_interpreter(string name)
    {
        var (network, plan) = name switch
        {
            "plain" => SampleNetworks.Mlp(1, "gelu", SampleNetworks.MeanField(), 2, 3),
            "deep relu" => SampleNetworks.Mlp(4, "relu", SampleNetworks.Mup(4), 3, 5, rate: new Rational(1, 4)),
            "biases and outputs" => SampleNetworks.Mlp(2, "erf", SampleNetworks.Ntk(2), 5, 4, outputs: 3, biases: true, momentum: new Rational(9, 10)),
            "everything" => SampleNetworks.Mlp(
                3, "silu", SampleNetworks.Mup(3), 6, 4, outputs: 2, steps: 6, momentum: Rational.Half, decay: new Rational(1, 10), clip: new Rational(1, 5),
                variances: [2, 2, 2, 0], biases: true),
            "standard" => SampleNetworks.Mlp(2, "softplus", SampleNetworks.Standard(2, 1), 4, 9, decay: new Rational(1, 100)),
            _ => SampleNetworks.Mlp(2, h => h + (new Rational(1, 10) * h * h * h), SampleNetworks.Mup(2), 2, 2, rate: new Rational(1, 50)),
        };
        Compare(TrainingProgram.Of(network, plan), 23, 1e-12);
    }

    [Fact]
    public void Adam_equals_the_plain_interpreter()
    {
        var (network, plan) = SampleNetworks.Mlp(3, "tanh", SampleNetworks.Mup(3), 3, 4, steps: 4);
        Compare(TrainingProgram.Of(network, plan with { Rule = ExampleTests.Compile("adam.tp").TrainingPlan!.Rule }), 19, 1e-9);
    }

    [Fact]
    public void Two_widths_and_a_matrix_with_its_transpose_equal_the_plain_interpreter()
    {
        IndexBinder p = new("p", "position");
        var body = new Statement[]
        {
            new Instruction.Gaussian(new("A", [], ["m", "n"]), 2 * Expr.WidthTo("n", -1)),
            new Instruction.Gaussian(new("x", [p], ["n"]), 1),
            new Instruction.MatMul(new("y", [p], ["m"]), new("A", []), false, new("x", [new Index.Shifted("p", 1)])),
            new Instruction.Nonlin(new("u", [p], ["m"]), Expr.Apply("tanh", Expr.Of("y", "p") + Expr.Of("y", new Index.Fixed(0)))),
            new Instruction.MatMul(new("z", [p], ["n"]), new("A", []), true, new("u", ["p"])),
            new Instruction.Moment(new("q", [p, new("r", "position")], []), "n", Expr.Of("z", "p") * Expr.Of("x", "r")),
            new Instruction.Nonlin(new("a", [p, new("r", "position")], []),
                Expr.Apply("exp", Expr.Of("q", "p", "r")) / Expr.SumOver(new("s", "position"), Expr.Apply("exp", Expr.Of("q", "p", "s")))),
            new Instruction.Nonlin(new("v", [p], ["n"]), Expr.SumOver(new("r", "position"), Expr.Of("a", "p", "r") * Expr.Of("z", "r"))),
            new Instruction.Moment(new("k", [p], []), "m", Expr.SumOver(new("r", "position"), Expr.Of("u", "p") * Expr.Of("y", "r") * Expr.Of("a", "r", "p"))),
            new Instruction.Moment(new("w", [], []), "n", Expr.SumOver(p, Expr.Pow(Expr.Of("v", "p"), 2))),
        };
        Compare(new("attention", [new("n", 1), new("m", new Rational(3, 2))], [new("position", 6)], [], body.ToValueList(), ["q", "a", "k", "w"]), 20, 1e-12);
    }

    [Fact]
    public void Matrices_over_an_axis_with_updates_of_their_own_equal_the_plain_interpreter()
    {
        // Per-task inner steps: W[k] ← W[k] − Σ_b u[k,b] x[b]ᵀ/n, starting from one W.
        IndexBinder k = new("k", "task"), b = new("b", "batch");
        var inner = new Loop("s", 3, [new(new("V", [k], ["n", "n"]), "V0", "V1")],
        [
            new Instruction.MatMul(new("g", [k, b], ["n"]), new("V", ["k"]), false, new("x", ["b"])),
            new Instruction.Nonlin(new("u", [k, b], ["n"]), Expr.Apply("tanh", Expr.Of("g", "k", "b")) * (1 + new Expr.IndexValue("k") + new Expr.IndexValue("s"))),
            new Instruction.MatMul(new("d", [k, b], ["n"]), new("V", ["k"]), true, new("u", ["k", "b"])),
            new Instruction.Moment(new("m", [k, b], []), "n", Expr.Of("d", "k", "b") * Expr.Of("x", "b")),
            new Instruction.MatrixSum(new("V1", [k], ["n", "n"]),
                [new MatrixTerm.Scaled(new Rational(9, 10), new("V", ["k"])), new MatrixTerm.Outer(-Expr.Of("m", "k", "b") * Expr.WidthTo("n", -1), [b], new("u", ["k", "b"]), new("x", ["b"]))]),
        ]);
        var body = new Statement[]
        {
            new Instruction.Gaussian(new("W", [], ["n", "n"]), Expr.WidthTo("n", -1)),
            new Instruction.Gaussian(new("x", [b], ["n"]), 1),
            new Instruction.MatrixSum(new("V0", [k], ["n", "n"]), [new MatrixTerm.Scaled(1, new("W", []))]),
            inner,
            new Instruction.MatMul(new("e", [k], ["n"]), new("V", ["k"]), false, new("x", [new Index.Fixed(1)])),
            new Instruction.MatMul(new("e0", [], ["n"]), new("W", []), false, new("x", [new Index.Fixed(1)])),
            new Instruction.Moment(new("o", [k], []), "n", Expr.Of("e", "k") * Expr.Of("e0")),
        };
        Compare(new("tasks", [new("n", 1)], [new("task", 2), new("batch", 3)], [], body.ToValueList(), ["m", "o"]), 25, 1e-12);
    }

    private static void Compare(TpCompiler.Ir.Program program, int width, double tolerance)
    {
        var naive = NaiveInterpreter.Run(program, width, (instruction, iteration, indices) => instruction is Instruction.Data
            ? DataEntry(instruction.Result, program, indices)
            : GaussianEntry(instruction.Result, program, width, iteration, indices));
        var result = new Simulator<double>(program, width, Seed, new()).Run(new Feed());

        Assert.Null(result.Failure);
        foreach (var output in program.Outputs)
        {
            var expected = naive.Reported[output].SelectMany(array => array.Data).ToArray();
            SimulatorTests.AssertClose(expected, [.. result.Records.Where(record => record.Name == output).SelectMany(record => record.Values)], tolerance);
        }
    }

    private static int Flat(Definition definition, TpCompiler.Ir.Program program, int width, ValueList<int> indices)
    {
        var sizes = definition.Indices.Select(index => program.Axes.Single(axis => axis.Name == index.Axis).Size!.Value)
            .Concat(definition.Widths.Select(name => Simulator<double>.WidthOf(program.Widths.Single(w => w.Name == name), width)));
        return sizes.Zip(indices).Aggregate(0, (flat, pair) => (flat * pair.First) + pair.Second);
    }

    private static double GaussianEntry(Definition definition, TpCompiler.Ir.Program program, int width, ValueList<int> iteration, ValueList<int> indices)
    {
        var number = new double[1];
        new Philox(Seed, Streams.Of(definition.Name, iteration.AsSpan())).Normal(number, Flat(definition, program, width, indices));
        return number[0];
    }

    private static double DataEntry(Definition definition, TpCompiler.Ir.Program program, ValueList<int> indices) =>
        Math.Sin((1.7 * Flat(definition, program, 1, indices)) + definition.Name[0]);

    private sealed class Feed : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var i = 0; i < destination.Span.Length; i++)
            {
                destination.Span[i] = Math.Sin((1.7 * i) + field[0]);
            }
        }
    }
}
