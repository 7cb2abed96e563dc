using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Numerics.KernelRegime;

public class LayeredReadingTests
{
    private static readonly Expr.Reference H = LayeredNetwork.Variable;

    [Fact]
    public void A_perceptron_in_the_ntk_parametrization_is_read_layer_by_layer()
    {
        var (network, _) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Ntk(2), inputs: 3, batch: 2, outputs: 2, variances: [1, 2, 3]);
        var tanh = Expr.Apply("tanh", H);
        Assert.Equal(
            new LayeredNetwork([new KernelLayer(null, 1, 0, 1, 0), new KernelLayer(tanh, 2, 0, 1, 0), new KernelLayer(tanh, 3, 0, 1, 0)]),
            LayeredReading.Of(network, ["W1", "W2", "W3"], startsAtZero: false));
    }

    [Fact]
    public void Biases_linear_nets_and_user_written_functions_are_read()
    {
        var (biased, _) = SampleNetworks.Mlp(2, h => h * Expr.Apply("erf", h), SampleNetworks.Ntk(2), inputs: 3, batch: 2, biases: true);
        var phi = H * Expr.Apply("erf", H);
        Assert.Equal(
            new LayeredNetwork([new KernelLayer(null, 1, 1, 0, 1), new KernelLayer(phi, 1, 1, 1, 0), new KernelLayer(phi, 1, 0, 1, 0)]),
            LayeredReading.Of(biased, ["W2", "W3", "b1"], startsAtZero: false));

        var (linear, _) = SampleNetworks.Mlp(2, "identity", SampleNetworks.Ntk(2), inputs: 1, batch: 1);
        Assert.Equal(
            new LayeredNetwork([new KernelLayer(null, 1, 0, 1, 0), new KernelLayer(H, 1, 0, 1, 0), new KernelLayer(H, 1, 0, 1, 0)]),
            LayeredReading.Of(linear, ["W1", "W2", "W3"], startsAtZero: false));
    }

    [Fact]
    public void A_net_whose_preactivations_blow_up_has_no_kernel()
    {
        var (network, _) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.PerLayer(2, (0, 0, 0), (0, 0, 0), (0, Rational.Half, 0)), inputs: 3, batch: 2);
        Assert.Null(LayeredReading.Of(network, ["W3"], startsAtZero: false));
    }

    [Fact]
    public void The_kernel_of_the_network_that_was_read_is_the_gradient_product_of_a_wide_one()
    {
        // f = n^{-1/2} Σ v relu(u·x + b); gradients with respect to v, u and b written out.
        var (network, _) = SampleNetworks.Mlp(1, "relu", SampleNetworks.Ntk(1), inputs: 2, batch: 2, variances: [new Rational(1, 2), 3], biases: true);
        var layered = LayeredReading.Of(network, ["W1", "b1", "W2"], startsAtZero: false)!;
        var inputs = Matrix<double>.Build.DenseOfRowArrays([1, 0.5], [-0.3, 0.8]);
        var kernels = new LayeredKernel(layered).Between(InnerProducts.Of(inputs, inputs, 1));
        var random = new Random(5);
        double Normal(double variance) => MathNet.Numerics.Distributions.Normal.Sample(random, 0, Math.Sqrt(variance));
        const int Width = 200_000;
        var samples = new double[Width];
        for (var alpha = 0; alpha < Width; alpha++)
        {
            var (u, b, v) = (Vector<double>.Build.Dense([Normal(0.5), Normal(0.5)]), Normal(1), Normal(3));
            var (h, k) = ((u * inputs.Row(0)) + b, (u * inputs.Row(1)) + b);
            samples[alpha] = (Math.Max(h, 0) * Math.Max(k, 0)) + (h > 0 && k > 0 ? v * v * ((inputs.Row(0) * inputs.Row(1)) + 1) : 0);
        }

        var error = MathNet.Numerics.Statistics.Statistics.StandardDeviation(samples) / Math.Sqrt(Width);
        Assert.Equal(samples.Average(), kernels.Tangent[0, 1], 5 * error);
        Assert.InRange(error, 0, 0.02);
    }
}
