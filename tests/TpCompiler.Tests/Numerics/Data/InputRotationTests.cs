using CsCheck;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Numerics.Limit;

namespace TpCompiler.Tests.Numerics.Data;

public class InputRotationTests
{
    private const int Inputs = 9;
    private const int Batch = 3;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(2, 9)]
    public void Linear_net_is_the_same_to_rounding_whether_its_inputs_are_turned_or_not(int layers, int momentum)
    {
        var program = LimitPrograms.Perceptron(layers, h => h, _ => 1, Rational.Half, 4, Inputs, Batch, new Rational(momentum, 10));
        var (plain, turned) = Both(program, new LimitSettings(), LimitEvaluator.Coefficients);
        Assert.All(plain.Zip(turned), pair => Assert.Equal(pair.First.Value, pair.Second.Value, 1e-12));
    }

    [Fact]
    public void Tanh_net_is_the_same_within_errors_whether_its_inputs_are_turned_or_not()
    {
        var program = LimitPrograms.Perceptron(2, "tanh", Rational.Half, 4, Inputs, Batch);
        var (plain, turned) = Both(program, new LimitSettings { Tolerance = 1e-3 }, LimitEvaluator.QuasiRandom);
        Assert.All(plain.Zip(turned), pair => Assert.Equal(pair.First.Value, pair.Second.Value, 4 * Math.Sqrt((pair.First.Error * pair.First.Error) + (pair.Second.Error * pair.Second.Error))));
        Assert.Contains(turned, estimate => Math.Abs(estimate.Value) > 0.1);
    }

    [Fact]
    public void An_axis_becomes_as_long_as_the_rank_of_the_samples()
    {
        var program = LimitPrograms.Perceptron(1, "tanh", Rational.Half, 2, Inputs, Batch);
        Assert.Equal(2, InputRotation.Of(program, Samples(), new Dictionary<string, int>()).Program.Axes.Single(axis => axis.Name == "input").Size);
    }

    [Fact]
    public void Samples_that_span_everything_stay_as_they_are()
    {
        var program = LimitPrograms.Perceptron(1, "tanh", Rational.Half, 2, 2, Batch);
        var samples = new Dictionary<string, SampleField> { ["x"] = new([1, 0, 1, 1, 0, 2], 3), ["y"] = new([1, 2, 3], 3) };
        var rotation = InputRotation.Of(program, samples, new Dictionary<string, int>());
        Assert.Same(samples, rotation.Samples);
        Assert.Same(program, rotation.Program);
    }

    [Fact]
    public void Positions_of_a_sequence_share_one_span()
    {
        // Samples [sequence 2, input 4, position 3] of rank 2.
        double[] a = [1, 2, 3, 4], b = [0, 1, -1, 2];
        var numbers = new double[2 * 4 * 3];
        for (var k = 0; k < numbers.Length; k++)
        {
            var (s, i, p) = (k / 12, k / 3 % 4, k % 3);
            numbers[k] = ((s + 1) * a[i]) + (p * b[i]);
        }

        IndexBinder sequence = new("s", "batch"), input = new("i", "input"), position = new("p", "position");
        var program = new Program(
            "p",
            [new Width("n", 1)],
            [new Axis("batch", 2), new Axis("input", 4), new Axis("position", 3)],
            [],
            [
                new Instruction.Gaussian(new Definition("W", [input], ["n"]), 1),
                new Instruction.Data(new Definition("x", [sequence, input, position], []), "x"),
                new Instruction.Nonlin(new Definition("h", [sequence, position], ["n"]), Expr.SumOver(input, Expr.Of("W", "i") * Expr.Of("x", "s", "i", "p"))),
                new Instruction.Moment(new Definition("f", [sequence, position], []), "n", Expr.Pow(Expr.Of("h", "s", "p"), 2)),
            ],
            ["f"]);
        var samples = new Dictionary<string, SampleField> { ["x"] = new(numbers, 2) };
        var rotation = InputRotation.Of(program, samples, new Dictionary<string, int>());
        Assert.Equal(2, rotation.Program.Axes[1].Size);
        var plain = LimitEvaluator.Evaluate(program, new BatchFeed(samples), new LimitSettings());
        var turned = LimitEvaluator.Evaluate(rotation.Program, new BatchFeed(rotation.Samples), new LimitSettings());
        Assert.All(
            plain.Records.Single().Values.Zip(turned.Records.Single().Values),
            pair => Assert.Equal(pair.First.Value, pair.Second.Value, 1e-11));
    }

    [Fact]
    public void Coordinates_in_a_span_keep_every_inner_product() =>
        Gen.Select(Gen.Double[-1, 1].Array[6].Array[4], Gen.Double[-1, 1].Array[4].Array[1, 8]).Sample((basis, mixtures) =>
        {
            double[][] vectors = [.. mixtures.Select(weights => Enumerable.Range(0, 6).Select(i => weights.Zip(basis, (w, v) => w * v[i]).Sum()).ToArray())];
            var span = OrthonormalSpan.Of(vectors, 6);
            Assert.InRange(span.Rank, 1, Math.Min(6, vectors.Length));
            foreach (var (x, y) in vectors.SelectMany(x => vectors.Select(y => (x, y))))
            {
                Assert.Equal(Dot(x, y), Dot(span.Coordinates(x), span.Coordinates(y)), 1e-12);
            }
        });

    private static double Dot(double[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();

    /// <summary>Three samples of nine numbers that span two dimensions.</summary>
    private static Dictionary<string, SampleField> Samples()
    {
        double[] a = [.. Enumerable.Range(0, Inputs).Select(i => Math.Cos(i) / 2)], b = [.. Enumerable.Range(0, Inputs).Select(i => (i % 3 - 1) / 3.0)];
        return new() { ["x"] = new([.. a, .. b, .. a.Zip(b, (x, y) => (x / 2) - y)], Batch), ["y"] = new([1, -1, 0.5], Batch) };
    }

    private static (Estimate[] Plain, Estimate[] Turned) Both(Program program, LimitSettings settings, string tier)
    {
        var samples = Samples();
        var rotation = InputRotation.Of(program, samples, settings.AxisSizes);
        return (Run(program, samples), Run(rotation.Program, rotation.Samples));

        Estimate[] Run(Program which, IReadOnlyDictionary<string, SampleField> on)
        {
            var result = LimitEvaluator.Evaluate(which, new BatchFeed(on), settings);
            Assert.Equal(tier, result.Tier);
            return [.. result.Records.SelectMany(record => record.Values)];
        }
    }
}
