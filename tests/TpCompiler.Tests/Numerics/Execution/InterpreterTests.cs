using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Tests.Numerics.Execution;

public class InterpreterTests
{
    private static readonly IndexBinder B = new("b", "batch");
    private static readonly IndexBinder I = new("i", "input");
    private static readonly IndexBinder C = new("c", "class");

    [Fact]
    public void Softmax_of_large_scalars_neither_overflows_nor_loses_digits()
    {
        var logits = Data("f", B, C);
        var probability = Nonlin("p", [B, C], [], Expr.Apply("exp", Expr.Of("f", "b", "c"))
            / Expr.SumOver(new("k", "class"), Expr.Apply("exp", Expr.Of("f", "b", "k"))));
        var logSum = Nonlin("l", [B], [], Expr.Apply("log", Expr.SumOver(C, Expr.Apply("exp", Expr.Of("f", "b", "c")))));
        double[] f = [1000, 1001, 998, -2000, -2003, -2000.5];
        var run = Run([logits, probability, logSum], ["p", "l"], new Feed(("f", f)), ("batch", 2), ("class", 3));

        for (var b = 0; b < 2; b++)
        {
            var max = f.Skip(3 * b).Take(3).Max();
            var sum = f.Skip(3 * b).Take(3).Sum(x => Math.Exp(x - max));
            for (var c = 0; c < 3; c++)
            {
                Assert.Equal(Math.Exp(f[(3 * b) + c] - max) / sum, Last(run, "p")[(3 * b) + c], 15);
            }

            Assert.Equal(max + Math.Log(sum), Last(run, "l")[b], 12);
        }
    }

    [Fact]
    public void Logistic_loss_written_with_exp_and_log_is_finite_far_out()
    {
        var z = Data("z", B);
        var loss = Nonlin("loss", [B], [], Expr.Apply("log", 1 + Expr.Apply("exp", -Expr.Of("z", "b"))));
        var slope = Nonlin("slope", [B], [], -Expr.Apply("exp", -Expr.Of("z", "b")) / (1 + Expr.Apply("exp", -Expr.Of("z", "b"))));
        var run = Run([z, loss, slope], ["loss", "slope"], new Feed(("z", [-1e4, 0, 1e4])), ("batch", 3));

        Assert.Equal([1e4, Math.Log(2), 0], Last(run, "loss"));
        Assert.Equal([-1, -0.5, 0], Last(run, "slope"));
    }

    [Fact]
    public void Bodies_with_sums_shifts_and_lookups_equal_loops_over_indices()
    {
        const int Width = 1111;
        var u = new Instruction.Gaussian(new("u", [I], ["n"]), new Rational(9, 4));
        var x = Data("x", B, I);
        var token = Data("token", B);
        var body = Expr.Apply("tanh", Expr.SumOver(I, Expr.Of("u", "i") * Expr.Of("x", "b", "i")) + Rational.Half)
            + (3 * new Expr.Reference("u", [new Index.Lookup(new("token", ["b"]))]));
        var h = Nonlin("h", [B], ["n"], body);
        var v = Nonlin("v", [I], ["n"], Expr.Pow(Expr.Of("u", "i"), 3) - new Expr.Reference("u", [new Index.Shifted("i", 1)]));
        var gram = new Instruction.Moment(new("g", [B, new("a", "batch")], []), "n", Expr.Of("h", "b") * Expr.Of("h", "a"));
        var norm = new Instruction.Moment(new("m", [], []), "n", Expr.SumOver(I, Expr.Pow(Expr.Of("v", "i"), 2) * Expr.Of("x", new Index.Fixed(1), "i")));
        double[] inputs = [0.5, -1, 2, 0.25, 3, -0.125];
        var run = Run([u, x, token, h, v, gram, norm], ["u", "h", "v", "g", "m"],
            new Feed(("x", inputs), ("token", [2, 0])), Width, ("batch", 2), ("input", 3));

        var (us, hs, vs) = (Last(run, "u"), new double[2 * Width], new double[3 * Width]);
        for (var k = 0; k < Width; k++)
        {
            for (var b = 0; b < 2; b++)
            {
                var sum = Enumerable.Range(0, 3).Sum(i => us[(i * Width) + k] * inputs[(b * 3) + i]);
                hs[(b * Width) + k] = Math.Tanh(sum + 0.5) + (3 * us[((b == 0 ? 2 : 0) * Width) + k]);
            }

            for (var i = 0; i < 3; i++)
            {
                vs[(i * Width) + k] = Math.Pow(us[(i * Width) + k], 3) - (i == 2 ? 0 : us[((i + 1) * Width) + k]);
            }
        }

        AssertClose(hs, Last(run, "h"), 1e-13);
        AssertClose(vs, Last(run, "v"), 1e-13);
        AssertClose([.. from b in Enumerable.Range(0, 2) from a in Enumerable.Range(0, 2) select Enumerable.Range(0, Width).Sum(k => hs[(b * Width) + k] * hs[(a * Width) + k]) / Width],
            Last(run, "g"), 1e-13);
        AssertClose([Enumerable.Range(0, Width).Sum(k => Enumerable.Range(0, 3).Sum(i => vs[(i * Width) + k] * vs[(i * Width) + k] * inputs[3 + i])) / Width],
            Last(run, "m"), 1e-12);
    }

    [Fact]
    public void A_state_that_two_loops_carry_keeps_its_value_while_its_matrix_is_updated_in_place()
    {
        // W ← W + u uᵀ three times; W u before the loop, in it, and of the initial W after it.
        var w = new Instruction.Gaussian(new("w", [], ["n", "n"]), Expr.WidthTo("n", -1));
        var u = new Instruction.Gaussian(new("u", [], ["n"]), 1);
        var inside = new Instruction.MatMul(new("y", [], ["n"]), new("W", []), Transposed: false, new("u", []));
        var moment = new Instruction.Moment(new("m", [], []), "n", Expr.Of("u") * Expr.Of("y"));
        var next = new Instruction.MatrixSum(new("W1", [], ["n", "n"]),
            [new MatrixTerm.Scaled(1, new("W", [])), new MatrixTerm.Outer(Expr.WidthTo("n", -1), [], new("u", []), new("u", []))]);
        var loop = new Loop("t", 3, [new(new("W", [], ["n", "n"]), "w", "W1")], [inside, moment, next]);
        var after = new Instruction.MatMul(new("z", [], ["n"]), new("w", []), Transposed: true, new("u", []));
        var last = new Instruction.Moment(new("k", [], []), "n", Expr.Of("u") * Expr.Of("z"));
        var size = new Instruction.Moment(new("s", [], []), "n", Expr.Pow(Expr.Of("u"), 2));
        var run = Run([w, u, loop, after, last, size], ["m", "k", "s"], NoData.Instance, 40);

        var (k, s) = (Last(run, "k")[0], Last(run, "s")[0]);
        var m = run.Records.Where(record => record.Name == "m").Select(record => record.Values[0]).ToArray();
        AssertClose([k, k + (s * s), k + (2 * s * s)], m, 1e-13);
    }

    [Fact]
    public void A_number_that_is_not_finite_ends_the_run_and_says_where()
    {
        var x0 = Data("x", B);
        var one = Nonlin("x1", [B], [], Expr.Of("s", "b") * 1_000_000_000);
        var next = Nonlin("x2", [B], [], Expr.Pow(Expr.Of("x1", "b"), 9));
        var loop = new Loop("t", 50, [new(new("s", [B], []), "x", "x2")], [one, next]);
        var run = Run([x0, loop], ["x1"], new Feed(("x", [1, 2])), ("batch", 2));

        Assert.Equal("x2", run.Failure!.Instruction.Result.Name);
        Assert.Equal([1], run.Failure.Iteration);
        Assert.Equal(double.PositiveInfinity, run.Failure.Value);
        Assert.Equal(2, run.Records.Count);
    }

    private static Instruction.Data Data(string name, params IndexBinder[] indices) => new(new(name, indices.ToValueList(), []), name);

    private static Instruction.Nonlin Nonlin(string name, ValueList<IndexBinder> indices, ValueList<string> widths, Expr body) =>
        new(new(name, indices, widths), body);

    private static ExecutionResult Run(ValueList<Statement> body, ValueList<string> outputs, IDataFeed feed, params (string, int)[] axes) =>
        Run(body, outputs, feed, 16, axes);

    private static ExecutionResult Run(ValueList<Statement> body, ValueList<string> outputs, IDataFeed feed, int width, params (string Name, int Size)[] axes)
    {
        var program = new TpCompiler.Ir.Program("test", [new("n", 1)], axes.Select(axis => new Axis(axis.Name, axis.Size)).ToValueList(), [], body, outputs);
        return new PlainInterpreter(program, width).Run(feed);
    }

    private static ValueList<double> Last(ExecutionResult run, string name) => run.Records.Last(record => record.Name == name).Values;

    private static void AssertClose(IReadOnlyList<double> expected, IReadOnlyList<double> actual, double tolerance)
    {
        Assert.Equal(expected.Count, actual.Count);
        Assert.All(Enumerable.Range(0, expected.Count), i => Assert.Equal(expected[i], actual[i], tolerance * (1 + Math.Abs(expected[i]))));
    }

    private sealed class Feed(params (string Field, double[] Numbers)[] fields) : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) =>
            fields.Single(pair => pair.Field == field).Numbers.CopyTo(destination.Span);
    }

    /// <summary>Matrices as plain two-dimensional arrays, numbers by a small recurrence: enough to test the walk.</summary>
    private sealed class PlainInterpreter(TpCompiler.Ir.Program program, int width) : Interpreter<double, double[,]>(program, new())
    {
        private ulong state = 1;

        protected override int Coordinates(string name) => width;

        protected override double WidthValue(string name) => width;

        protected override void GaussianVector(Definition definition, double variance, Span<double> rows)
        {
            foreach (ref var entry in rows)
            {
                state = (state * 6364136223846793005) + 1442695040888963407;
                entry = Math.Sqrt(12 * variance) * ((state >> 11) / 9007199254740992.0 - 0.5);
            }
        }

        protected override void GaussianScalar(Definition definition, double variance, Span<double> numbers) => GaussianVector(definition, variance, numbers);

        protected override double[,] GaussianMatrix(Definition definition, int position, double variance)
        {
            var entries = new double[width * width];
            GaussianVector(definition, variance, entries.AsSpan());
            var matrix = new double[width, width];
            Buffer.BlockCopy(entries, 0, matrix, 0, 8 * entries.Length);
            return matrix;
        }

        protected override void MatMul(double[,] matrix, bool transposed, ReadOnlySpan<double> x, Span<double> y, int count)
        {
            for (var b = 0; b < count; b++)
            {
                for (var i = 0; i < width; i++)
                {
                    y[(b * width) + i] = 0;
                    for (var j = 0; j < width; j++)
                    {
                        y[(b * width) + i] += (transposed ? matrix[j, i] : matrix[i, j]) * x[(b * width) + j];
                    }
                }
            }
        }

        protected override double[,] MatrixSum(
            Definition definition, int position, IReadOnlyList<ScaledMatrix<double[,]>> matrices, IReadOnlyList<OuterFactors<double>> factors)
        {
            var sum = matrices is [{ IsLastUse: true, Coefficient: 1 }] ? matrices[0].Matrix : new double[width, width];
            for (var i = 0; i < width; i++)
            {
                for (var j = 0; j < width; j++)
                {
                    sum[i, j] += matrices.Where(term => term.Matrix != sum).Sum(term => term.Coefficient * term.Matrix[i, j]);
                    foreach (var term in factors)
                    {
                        for (var k = 0; k < term.Coefficients.Length; k++)
                        {
                            sum[i, j] += term.Coefficients[k] * term.Left.Span[(k * width) + i] * term.Right.Span[(k * width) + j];
                        }
                    }
                }
            }

            return sum;
        }
    }
}
