using System.Text.RegularExpressions;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Tests.Language;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>Limits of recurrent, normalised, residual and attentive programs: against values found independently, and against finite nets.</summary>
public class ArchitectureLimitTests
{
    [Fact]
    public void A_recurrent_net_at_initialisation_is_the_gaussian_process_of_its_tied_weights()
    {
        double[] expected = [0.46455905439754, 0.1118301818817359, 0.5355688912265966, 0.1588527815330338, 0.2273112269030986];
        AssertValues(expected, "rnn_process.tp", 1e-4);
    }

    [Fact]
    public void Batch_normalisation_and_relu_have_the_arc_cosine_kernel_of_centred_samples()
    {
        AssertValues([0.5, 0.0847482940210831], "batchnorm_kernel.tp", 1e-12);
    }

    /// <summary>Values of the first step of Adam, which is a step of signs: η = ½, ξ = y = 1.</summary>
    [Theory]
    [InlineData("U * x", "sign_sgd(lr: 1/2)", 0.79788456080287)]
    [InlineData("tanh(U * x)", "sign_sgd(lr: 1/2)", 0.48482372920886)]
    [InlineData("U * x", "adam(lr: 1/2, epsilon: 0)", 0.79788456080287)]
    [InlineData("tanh(U * x)", "adamw(lr: 1/2, epsilon: 0, weight_decay: 0)", 0.48482372920886)]
    public void The_first_step_of_signs_has_its_known_value(string features, string optimizer, double expected)
    {
        var compilation = Compilation.Compile(new SourceText("sign.tp", $$"""
            network sign(x : [1]) {
              width n
              weight U : [n, 1]
              weight V : [1, n]
              return V * {{features}}
            }
            parametrization mup { all: (c: 1/2) }
            train { loss mse optimizer {{optimizer}} steps 1 batch 1 }
            """));
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        var result = LimitEvaluator.Evaluate(LimitProgram.Of(compilation.TrainingProgram!).Program!, new Ones(), new LimitSettings { Tolerance = 1e-4 });
        var f = result.Records.Where(record => record.Name == "f").SelectMany(record => record.Values).ToArray();
        Assert.InRange(f[1].Error, 0, 1e-4);
        Assert.InRange(f[1].Value - expected, -4e-4, 4e-4);
    }

    [Theory]
    [InlineData("resnet.tp")]
    [InlineData("rnn.tp")]
    [InlineData("layernorm.tp")]
    [InlineData("tied.tp")]
    [InlineData("transformer.tp")]
    [InlineData("adam.tp")]
    [InlineData("feedback_alignment.tp")]
    [InlineData("autoencoder.tp")]
    [InlineData("conv1d.tp")]
    [InlineData("rmsnorm.tp")]
    [InlineData("multihead.tp")]
    [InlineData("concat.tp")]
    [InlineData("depth_mup.tp")]
    [InlineData("gru.tp")]
    [InlineData("batchnorm.tp")]
    public void Finite_nets_train_as_the_limit_does(string example) => AssertTrainsAsItsLimit(ExampleTests.Compile(example).TrainingProgram!, width: 384, seeds: 12, tolerance: 1e-2);

    /// <summary>What is linear in gradient, slots and weight: two architectures an optimizer, every kind of use of a weight at least once. Two steps tell momentum from none.</summary>
    [Theory]
    [InlineData("rnn.tp", "sgd(lr: 0.4, momentum: 0.5, weight_decay: 0.2)")]
    [InlineData("autoencoder.tp", "sgd(lr: 0.4, momentum: 0.5, weight_decay: 0.2)")]
    [InlineData("conv1d.tp", "nesterov(lr: 0.4, momentum: 0.5, clip: 0.3)")]
    [InlineData("transformer.tp", "nesterov(lr: 0.4, momentum: 0.5, clip: 0.3)")]
    [InlineData("resnet.tp", "sgd(lr: 0.4, l2: 0.3, clip: 0.2)")]
    [InlineData("tied.tp", "sgd(lr: 0.4, l2: 0.3, clip: 0.2)")]
    [InlineData("layernorm.tp", "nesterov(lr: 0.4, momentum: 0.5, l2: 0.2)")]
    [InlineData("concat.tp", "nesterov(lr: 0.4, momentum: 0.5, l2: 0.2)")]
    [InlineData("convolution.tp", "nesterov(lr: 4, momentum: 0.5, l2: 0.02)")]
    public void Every_architecture_trains_as_its_limit_with_other_optimizers(string example, string optimizer)
    {
        var text = Regex.Replace(File.ReadAllText(ExampleTests.PathOf(example)), @"optimizer +\w+\(.*?\)(?=\s)", "optimizer " + optimizer);
        var compilation = Compilation.Compile(new SourceText(example, Regex.Replace(text, @"steps +\d+", "steps 2")));
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        AssertTrainsAsItsLimit(compilation.TrainingProgram!, width: 256, seeds: 10, tolerance: 3e-2);
    }

    private static void AssertTrainsAsItsLimit(TpCompiler.Ir.Program program, int width, int seeds, double tolerance)
    {
        var sizes = program.Axes.Where(axis => axis.Size is null).ToDictionary(axis => axis.Name, axis => axis.Name == "d" ? 2 : 4);
        var limit = LimitEvaluator.Evaluate(LimitProgram.Of(program).Program!, new Samples(), new LimitSettings { Tolerance = tolerance, AxisSizes = sizes });
        var f = limit.Records.Where(record => record.Name == "f").SelectMany(record => record.Values).ToArray();
        var runs = Enumerable.Range(0, seeds).Select(seed => new Simulator<double>(program, width, (ulong)seed, new() { AxisSizes = sizes }).Run(new Samples())
            .Records.Where(record => record.Name == "f").SelectMany(record => record.Values).ToArray()).ToArray();
        Assert.Contains(f, estimate => Math.Abs(estimate.Value) > 0.02);
        for (var k = 0; k < f.Length; k++)
        {
            var mean = runs.Average(run => run[k]);
            var error = Math.Sqrt(runs.Sum(run => (run[k] - mean) * (run[k] - mean)) / (seeds - 1) / seeds);

            // Its own standard error, that of the limit, and the bias of a finite net, of order 1/n.
            var allowed = (4.5 * Math.Sqrt((error * error) + (f[k].Error * f[k].Error))) + (5.0 / width);
            Assert.InRange(mean, f[k].Value - allowed, f[k].Value + allowed);
        }
    }

    /// <summary>
    /// sign(dW) of one sample is sign(dh_α) sign(x_β), of rank one: a hidden matrix's entrywise update is then an outer product, whose limit needs no pairs of points. Linear net, ξ = y = 1,
    /// signs of V χ and U: Δf = η (E|V| · E|U|) from W alone, and E|V|, E|U| = √(2/π).
    /// </summary>
    [Fact]
    public void Signs_of_a_hidden_gradient_move_the_output_by_the_product_of_absolute_moments()
    {
        var compilation = Compilation.Compile(new SourceText("sign.tp", """
            network sign(x : [1]) {
              width n
              weight U : [n, 1]
              weight W : [n, n]
              weight V : [1, n]
              return V * W * U * x
            }
            parametrization mup { all: (c: 30) W: (c: 1) }
            train { loss mse optimizer sign_sgd(lr: 1/2) steps 1 batch 1 }
            """));
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        var result = LimitEvaluator.Evaluate(LimitProgram.Of(compilation.TrainingProgram!).Program!, new Ones(), new LimitSettings { Tolerance = 1e-3 });
        var f = result.Records.Where(record => record.Name == "f").SelectMany(record => record.Values).ToArray();
        Assert.InRange(f[1].Error, 0, 1e-3);
        Assert.InRange(f[1].Value - (1 / Math.PI), -3e-3, 3e-3);
    }

    [Fact]
    public void Feedback_alignment_sends_errors_back_through_its_own_matrix_alone()
    {
        var products = ExampleTests.Compile("feedback_alignment.tp").TrainingProgram!.Body.Instructions().OfType<Instruction.MatMul>();
        Assert.Equal(["W x1 forward", "B dh2 backward"], products.Select(product => $"{product.Matrix.Name} {product.Vector.Name} {(product.Transposed ? "backward" : "forward")}"));
    }

    private static void AssertValues(double[] expected, string example, double tolerance)
    {
        var program = LimitProgram.Of(ExampleTests.Compile(example).Program!).Program!;
        var result = LimitEvaluator.Evaluate(program, new Samples(), new LimitSettings { Tolerance = tolerance });
        var values = result.Records.SelectMany(record => record.Values).ToArray();
        Assert.Equal(expected.Length, values.Length);
        for (var k = 0; k < expected.Length; k++)
        {
            Assert.InRange(values[k].Error, 0, tolerance);
            Assert.InRange(values[k].Value - expected[k], -tolerance, tolerance);
        }
    }

    /// <summary>Whole numbers below 4 for tokens, classes one by one for their targets, and otherwise numbers of size 1.</summary>
    private sealed class Samples : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            int[] tokens = [0, 0, 1, 1, 2, 1, 3, 1, 3, 2, 3, 0];
            for (var i = 0; i < destination.Span.Length; i++)
            {
                destination.Span[i] = field == "token" ? tokens[i % tokens.Length]
                    : field == "y" && destination.Span.Length == 16 ? (i % 4 == (2 + (i / 4)) % 4 ? 1 : 0)
                    : Math.Sin((field == "x" ? 1 : 2) + (1.7 * i));
            }
        }
    }
}
