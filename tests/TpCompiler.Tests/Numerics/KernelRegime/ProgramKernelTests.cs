using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Limit.Covariances;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Numerics.KernelRegime;

/// <summary>Kernels of any architecture from the limit of its kernel program: against wide nets, against recursions layer by layer, and against other carriers.</summary>
public class ProgramKernelTests
{
    /// <summary>How each architecture's kernel is computed, and how exactly.</summary>
    public static TheoryData<string, string> Examples => new()
    {
        { "rnn", CovarianceEvaluator.Integrals },
        { "gru", LimitEvaluator.QuasiRandom },
        { "layernorm", CovarianceEvaluator.Integrals },
        { "batchnorm", LimitEvaluator.QuasiRandom },
        { "resnet", CovarianceEvaluator.Integrals },
        { "convolution", CovarianceEvaluator.Integrals },
        { "transformer", CovarianceEvaluator.Integrals },
        { "transpose", LimitEvaluator.QuasiRandom },
        { "two_heads", CovarianceEvaluator.Integrals },
    };

    /// <summary>Both kernels of two batch-normalised relu layers, backward passes through the normalisation included, as closely as points tell.</summary>
    [Fact]
    public void Kernels_of_batch_normalised_relu_layers_are_integrals_over_a_norm()
    {
        var network = Compile("""
            function normalise(u) {
              c = u - mean(batch, u)
              return c / (mean(batch, c^2) + 1/10)^(1/2)
            }
            network net(x : [2]) {
              width n
              weight U : [n, 2]
              weight W : [n, n]
              weight V : [1, n]
              x1 = relu(normalise(U * x))
              return V * relu(normalise(W * x1))
            }
            parametrization ntk
            """);
        var kernel = KernelProgram.Of(network, ["U", "W", "V"], KernelExamples.Sizes(network), [])!;
        var result = Evaluate(kernel, network, new LimitSettings());
        Assert.Equal(CovarianceEvaluator.NormIntegrals, result.Tier);
        Assert.InRange(result.LargestError, 0, 1e-8);
        var points = Evaluate(kernel, network, new LimitSettings { AllowExact = false, Points = 1 << 12 });
        foreach (var (exact, estimate) in result.Records.SelectMany(record => record.Values.Zip(points.Records.Single(other => other.Name == record.Name).Values)))
        {
            Assert.InRange(exact.Value - estimate.Value, -(5 * estimate.Error) - 1e-6, (5 * estimate.Error) + 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Kernels_of_every_architecture_are_those_of_wide_nets(string example, string tier)
    {
        // A convolution has kernels between all pairs of positions, which a finite net sums.
        var (width, seeds) = example == "convolution" ? (96, 8) : (256, 10);
        var network = KernelExamples.Network(example);
        var kernel = KernelExamples.KernelOf(network);
        var limit = Evaluate(kernel, network, new LimitSettings { Tolerance = tier == LimitEvaluator.QuasiRandom ? 1 : 1e-4 });
        Assert.Equal(tier, limit.Tier);
        if (tier == CovarianceEvaluator.Integrals)
        {
            Assert.InRange(limit.LargestError, 0, 1e-9);
        }

        var sizes = KernelExamples.Sizes(network);
        var nets = Enumerable.Range(0, seeds).Select(seed => new Simulator<double>(kernel.Program, width, (ulong)seed, new() { AxisSizes = sizes }).Run(new KernelExamples.Samples()).Records).ToList();
        foreach (var record in limit.Records)
        {
            for (var k = 0; k < record.Values.Count; k++)
            {
                double[] sample = [.. nets.Select(records => records.Single(other => other.Name == record.Name).Values[k])];
                var mean = sample.Average();
                var error = Math.Sqrt(sample.Sum(value => (value - mean) * (value - mean)) / (seeds - 1) / seeds);

                // Its own standard error, that of the limit, and the bias of a finite net, of order 1/n.
                var allowed = (4.5 * Math.Sqrt((error * error) + Math.Pow(record.Values[k].Error, 2))) + (8.0 / width * Math.Max(1, Math.Abs(mean)));
                Assert.InRange(mean - record.Values[k].Value, -allowed, allowed);
            }
        }
    }

    [Theory]
    [InlineData("relu", 1e-12)]
    [InlineData("erf", 1e-12)]
    [InlineData("tanh", 1e-10)]
    public void The_program_of_a_perceptron_gives_the_recursion_of_its_layers(string phi, double tolerance)
    {
        var network = Compile($$"""
            network net(x : [2]) {
              width n
              weight U : [n, 2]
              weight B : [n]
              weight W : [n, n]
              weight V : [1, n]
              return V * {{phi}}(W * {{phi}}(U * x + B))
            }
            parametrization ntk { U: (variance: 2) W: (variance: 3/2) }
            """);
        string[] weights = ["U", "B", "W", "V"];
        var layered = new LayeredKernel(LayeredReading.Of(network, weights, startsAtZero: false)!);
        var inputs = Matrix<double>.Build.Dense(4, 2, (i, j) => KernelExamples.Number("x", (2 * i) + j));
        var expected = layered.Between(InnerProducts.Of(inputs, inputs, 1));
        var kernel = KernelProgram.Of(network, weights, KernelExamples.Sizes(network), [])!;
        var result = Evaluate(kernel, network, new LimitSettings());
        var found = ProgramKernel.Of(kernel, result, startsAtZero: false)!.Blocks[(0, 0)];
        Assert.InRange(result.LargestError, 0, tolerance);
        Assert.Equal(0, (found.Covariance - expected.Covariance).L2Norm(), tolerance);
        Assert.Equal(0, (found.Tangent - expected.Tangent).L2Norm(), tolerance);
        Assert.Equal(phi == "tanh" ? ErrorKind.Bound : ErrorKind.Exact, found.Kind);
    }

    /// <summary>
    /// f = V W'W U ξ, by hand: E ‖W'W ξ‖² = 2‖ξ‖² (Wishart), so that V and U contribute 2 ξ·ξ̄ each; W contributes E dg₂dg₂ E x₁x̄₁ + E dg₃dg₃ E x₂x̄₂ with dg₃ = V, dg₂ = W V, x₁ = U ξ, x₂ = W U ξ, which is 1 + 1, the
    /// terms of the one use with the other being 0.
    /// </summary>
    [Fact]
    public void A_matrix_that_is_used_twice_contributes_by_both_uses()
    {
        var network = Compile("""
            network net(x : [2]) {
              width n
              weight U : [n, 2]
              weight W : [n, n]
              weight V : [1, n]
              return V * (W' * (W * (U * x)))
            }
            parametrization ntk
            """);
        var kernel = KernelProgram.Of(network, ["U", "W", "V"], KernelExamples.Sizes(network), [])!;
        var found = ProgramKernel.Of(kernel, Evaluate(kernel, network, new LimitSettings()), startsAtZero: false)!.Blocks[(0, 0)];
        var inputs = Matrix<double>.Build.Dense(found.Tangent.RowCount, 2, (i, j) => KernelExamples.Number("x", (2 * i) + j));
        var products = inputs * inputs.Transpose();
        Assert.Equal(0, (found.Covariance - (2 * products)).L2Norm(), 1e-12);
        Assert.Equal(0, (found.Tangent - (6 * products)).L2Norm(), 1e-12);
    }

    [Fact]
    public void A_recurrent_nets_gaussian_process_has_its_known_values_to_rounding()
    {
        double[] expected = [0.46455905439754, 0.1118301818817359, 0.5355688912265966, 0.1588527815330338, 0.2273112269030986];
        var program = LimitProgram.Of(Language.ExampleTests.Compile("rnn_process.tp").Program!).Program!;
        var result = LimitEvaluator.Evaluate(program, NoData.Instance, new LimitSettings());
        foreach (var (value, record) in expected.Zip(result.Records))
        {
            var estimate = Assert.Single(record.Values);
            Assert.Equal(CovarianceEvaluator.ClosedForms, record.Tier ?? result.Tier);
            Assert.Equal(value, estimate.Value, 2e-14);
            Assert.InRange(estimate.Error, 0, 1e-12);
        }
    }

    /// <summary>½ on the diagonal and ½ J₁(−1/(B − 1)) beside it, J₁ the arc-cosine function of order 1 (arXiv 1902.08129).</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void The_kernel_of_batch_normalisation_is_the_arc_cosine_function_at_minus_one_over_B_minus_one(int batch)
    {
        var result = CovarianceEvaluator.Evaluate(BatchNormalised(batch, "relu", "10^(-20)", "h"), NoData.Instance, _ => batch, CancellationToken.None)!;
        var cosine = -1.0 / (batch - 1);
        var expected = 0.5 / Math.PI * (Math.Sqrt(1 - (cosine * cosine)) + ((Math.PI - Math.Acos(cosine)) * cosine));
        Assert.Equal(CovarianceEvaluator.NormIntegrals, result.Tier);
        Assert.Equal(0.5, result.Records[0].Values[0].Value, 1e-12);
        Assert.Equal(batch == 4 ? 0.0847482940210831 : expected, result.Records[1].Values[0].Value, 1e-12);
        Assert.Equal(expected, result.Records[1].Values[0].Value, 1e-12);
        Assert.All(result.Records.Take(2), record => Assert.InRange(record.Values[0].Error, 0, 1e-12));
    }

    /// <summary>Samples that are not alike, ε that counts, functions of both degrees, and what gradients ask for: points know nothing of tilted Gaussians.</summary>
    [Theory]
    [InlineData("relu", "1/10")]
    [InlineData("leaky_relu", "2")]
    [InlineData("abs", "1/1000")]
    [InlineData("step", "1/2")]
    public void Batch_normalised_covariances_agree_with_quasi_random_points(string phi, string epsilon)
    {
        var limit = BatchNormalised(4, phi, epsilon, "h + 3/4 * h[0]");
        var result = CovarianceEvaluator.Evaluate(limit, NoData.Instance, _ => 4, CancellationToken.None)!;
        Assert.Equal(CovarianceEvaluator.NormIntegrals, result.Tier);
        var points = LimitEvaluator.Evaluate(limit, NoData.Instance, new LimitSettings { AllowExact = false, Tolerance = 1e-3 });
        foreach (var (exact, estimate) in result.Records.SelectMany(record => record.Values).Zip(points.Records.SelectMany(record => record.Values)))
        {
            Assert.InRange(exact.Error, 0, 1e-7);
            Assert.InRange(exact.Value - estimate.Value, -(5 * estimate.Error) - 1e-6, (5 * estimate.Error) + 1e-6);
        }
    }

    private static Program BatchNormalised(int batch, string phi, string epsilon, string mixed) => LimitProgram.Of(Compilation.Compile(new SourceText("net.tp", $$"""
        program normalised {
          width n
          axis samples = {{batch}}
          vector h : [n, samples] ~ normal(0, 1)
          vector g : [n] ~ normal(0, 1)
          m = {{mixed}}
          c = m - mean(samples, m)
          x = {{phi}}(c / (mean(samples, c^2) + {{epsilon}})^(1/2))
          y = x[1] * c[0] * c[1] * c[2] * x[2] / (mean(samples, c^2) + {{epsilon}})^(3/2)
          z = (g + h[1])^2 * x[1] / (mean(samples, c^2) + {{epsilon}})
          return Moment(x[0]^2), Moment(x[0] * x[1]), Moment(y), Moment(z), Moment((mean(samples, c^2) + {{epsilon}})^(1/2) * x[2])
        }
        """)).Program!).Program!;

    /// <summary>Residual, tied and transposed weights, functions with kinks: points know nothing of covariances.</summary>
    [Theory]
    [InlineData("h + relu(W * h)")]
    [InlineData("W * tanh(W' * abs(W * h))")]
    [InlineData("relu(W * h + 3/10 * h) * erf(h) + h^2")]
    public void Covariances_agree_with_quasi_random_points(string feature)
    {
        var program = Compilation.Compile(new SourceText("net.tp", $$"""
            program words {
              width n
              matrix W : [n, n] ~ normal(0, 1/n)
              vector h : [n] ~ normal(0, 1)
              x = {{feature}}
              y = W * x
              return Moment(x), Moment(x^2), Moment(h * x), Moment(y * relu(y)), Moment(y * h)
            }
            """)).Program!;
        var limit = LimitProgram.Of(program).Program!;
        var result = CovarianceEvaluator.Evaluate(limit, NoData.Instance, _ => 1, CancellationToken.None)!;
        Assert.NotNull(result);
        var points = LimitEvaluator.Evaluate(limit, NoData.Instance, new LimitSettings { AllowExact = false, Tolerance = 1e-3 });
        foreach (var (exact, estimate) in result.Records.SelectMany(record => record.Values).Zip(points.Records.SelectMany(record => record.Values)))
        {
            Assert.InRange(exact.Error, 0, 1e-10);
            Assert.InRange(exact.Value - estimate.Value, -(5 * estimate.Error) - 1e-6, (5 * estimate.Error) + 1e-6);
        }
    }

    private static LimitResult Evaluate(KernelProgram kernel, Network network, LimitSettings settings)
    {
        var limit = LimitProgram.Of(kernel.Program);
        Assert.True(limit.Program is not null, $"{limit.Obstacle?.Result.Name}: {limit.Reason}");
        return LimitEvaluator.Evaluate(limit.Program!, new KernelExamples.Samples(), settings with { AxisSizes = KernelExamples.Sizes(network) });
    }

    private static Network Compile(string text)
    {
        var compilation = Compilation.Compile(new SourceText("net.tp", text));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return compilation.Network!;
    }
}
