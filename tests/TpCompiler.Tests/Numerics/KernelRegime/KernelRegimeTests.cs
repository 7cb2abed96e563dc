using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Numerics.KernelRegime;

public class KernelRegimeTests
{
    private static readonly Expr Relu = Expr.Apply("relu", LayeredNetwork.Variable);

    private static readonly Matrix<double> Inputs = Matrix<double>.Build.DenseOfRowArrays([1, 0], [0.6, 0.8], [-1, 2]);

    private static KernelMatrices Kernels(int hiddenLayers, Expr phi, double weightVariance = 2, double biasVariance = 0) =>
        new LayeredKernel(LayeredNetwork.Ntk(hiddenLayers, phi, weightVariance, biasVariance)).Between(InnerProducts.Of(Inputs, Inputs, 0.5));

    [Theory]
    [InlineData(1, 0.677547567766512608, 1.10044722658599268, -0.0682129923315521086)]
    [InlineData(2, 0.733433785825562243, 1.54441630067721021, 0.822747354705378207)]
    public void Relu_kernels_have_their_known_values(int hiddenLayers, double k01, double theta01, double theta02)
    {
        var kernels = Kernels(hiddenLayers, Relu);
        Assert.Equal(k01, kernels.Covariance[0, 1], 1e-12);
        Assert.Equal(theta01, kernels.Tangent[0, 1], 1e-12);
        Assert.Equal(theta02, kernels.Tangent[0, 2], 1e-12);
        Assert.InRange(kernels.Error, 0, 1e-13);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal((hiddenLayers + 1) * kernels.Covariance[i, i], kernels.Tangent[i, i], 1e-12);
            Assert.Equal(kernels.Tangent[i, 0], kernels.Tangent[0, i]);
        }
    }

    /// <summary>Pairs in registers against one moment at a time, symmetric and not, of more inputs than a register and a rest; equal and opposite inputs among them.</summary>
    [Theory]
    [InlineData("relu(h)", false)]
    [InlineData("2^(1/2) * leaky_relu(h, 1/10)", true)]
    [InlineData("abs(h) + 1/3 * h", true)]
    public void Many_pairs_at_a_time_are_the_moments_one_by_one(string phi, bool biased)
    {
        var random = new Random(5);
        var x = Matrix<double>.Build.Dense(21, 3, (i, _) => i == 20 ? 0 : random.NextDouble() - 0.5);
        x.SetRow(20, -x.Row(3));
        x.SetRow(7, x.Row(2));
        var y = x.SubMatrix(4, 13, 0, 3);
        var network = LayeredNetwork.Ntk(3, ExprReader.Read(phi).Expr!, 1.7, biased ? 0.2 : 0);
        var kernel = new LayeredKernel(network);
        foreach (var products in new[] { InnerProducts.Of(x, x, 0.3), InnerProducts.Of(x, y, 0.3) })
        {
            var (fast, slow) = (kernel.Between(products), OneByOne(network, products));
            Assert.Equal(0, (fast.Covariance - slow.Covariance).L2Norm(), 1e-12);
            Assert.Equal(0, (fast.Tangent - slow.Tangent).L2Norm(), 1e-6);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Linear_kernels_are_inner_products(int hiddenLayers)
    {
        var kernels = Kernels(hiddenLayers, LayeredNetwork.Variable, weightVariance: 1);
        var products = 0.5 * Inputs * Inputs.Transpose();
        Assert.Equal(0, (kernels.Covariance - products).L2Norm(), 1e-14);
        Assert.Equal(0, (kernels.Tangent - ((hiddenLayers + 1) * products)).L2Norm(), 1e-13);
    }

    private static (Matrix<double> Covariance, Matrix<double> Tangent) OneByOne(LayeredNetwork network, InnerProducts inputs)
    {
        var phi = network.Layers[1].Nonlinearity!;
        var (values, slopes) = (new GaussianMoments(phi, phi, LayeredNetwork.Variable), new GaussianMoments(Derivative.Of(phi, LayeredNetwork.Variable), Derivative.Of(phi, LayeredNetwork.Variable), LayeredNetwork.Variable));
        var (covariance, tangent) = (inputs.Cross.Clone(), inputs.Cross.Clone());
        for (var i = 0; i < covariance.RowCount; i++)
        {
            for (var j = 0; j < covariance.ColumnCount; j++)
            {
                var (w, b) = (network.Layers[0].WeightVariance, network.Layers[0].BiasVariance);
                var (p, q, k) = ((w * inputs.Left[i]) + b, (w * inputs.Right[j]) + b, (w * inputs.Cross[i, j]) + b);
                var theta = k;
                for (var l = 1; l < network.Layers.Count; l++)
                {
                    theta *= w * slopes.At(p, q, k).Value;
                    (p, q, k) = ((w * values.At(p, p, p).Value) + b, (w * values.At(q, q, q).Value) + b, (w * values.At(p, q, k).Value) + b);
                    theta += k;
                }

                (covariance[i, j], tangent[i, j]) = (k, theta);
            }
        }

        return (covariance, tangent);
    }

    [Theory]
    [InlineData("erf(h)")]
    [InlineData("gelu(h)")]
    [InlineData("tanh(h)")]
    [InlineData("h^2 + sin(h)")]
    public void The_tangent_kernel_is_the_covariance_of_the_gradients_of_a_wide_net(string phi)
    {
        // The recursion written down again with moments by Monte Carlo, each layer's kernel estimated from features of a wide random net.
        var expr = ExprReader.Read(phi).Expr!;
        var kernels = Kernels(1, expr, weightVariance: 1.5, biasVariance: 0.3);
        var (value, prime) = (Evaluation.Compile(expr, LayeredNetwork.Variable), Evaluation.Compile(Derivative.Of(expr, LayeredNetwork.Variable), LayeredNetwork.Variable));
        var random = new Random(17);
        const int Width = 100_000;
        double Normal() => MathNet.Numerics.Distributions.Normal.Sample(random, 0, 1);
        var (x, y) = (Inputs.Row(0), Inputs.Row(2));
        var (features, slopes) = (new double[Width], new double[Width]);
        for (var alpha = 0; alpha < Width; alpha++)
        {
            var weights = Vector<double>.Build.Dense(2, _ => Math.Sqrt(1.5 / 2) * Normal());
            var bias = Math.Sqrt(0.3) * Normal();
            var (u, v) = ((weights * x) + bias, (weights * y) + bias);
            features[alpha] = value(u) * value(v);
            slopes[alpha] = prime(u) * prime(v);
        }

        var input = (1.5 * 0.5 * (x * y)) + 0.3;
        var (c, s) = (features.Average(), slopes.Average());
        var error = 1.5 * ((Deviation(features) + (Math.Abs(input) * Deviation(slopes))) / Math.Sqrt(Width));
        Assert.Equal((1.5 * c) + 0.3, kernels.Covariance[0, 2], 5 * error);
        Assert.Equal((1.5 * c) + 0.3 + (1.5 * s * input), kernels.Tangent[0, 2], 5 * error);

        static double Deviation(double[] sample) => MathNet.Numerics.Statistics.Statistics.StandardDeviation(sample);
    }

    [Fact]
    public void A_layer_that_does_not_train_adds_nothing()
    {
        var full = LayeredNetwork.Ntk(2, Relu, 2, 0);
        var lastOnly = new LayeredNetwork(full.Layers.Select((layer, l) => l == 2 ? layer : layer with { WeightRate = 0 }).ToValueList());
        var kernels = new LayeredKernel(lastOnly).Between(InnerProducts.Of(Inputs, Inputs, 0.5));
        Assert.Equal(0, (kernels.Covariance - kernels.Tangent).L2Norm(), 1e-15);
    }

    [Fact]
    public void Equal_and_opposite_and_zero_inputs_are_finite()
    {
        var inputs = Matrix<double>.Build.DenseOfRowArrays([1, 0.1], [1, 0.1], [-1, -0.1], [0, 0]);
        foreach (var phi in new[] { "relu(h)", "erf(h)", "tanh(h)", "abs(h)", "elu(h, 1)" })
        {
            var kernels = new LayeredKernel(LayeredNetwork.Ntk(3, ExprReader.Read(phi).Expr!, 2, 0), 1e-9).Between(InnerProducts.Of(inputs, inputs, 0.5));
            Assert.True(kernels.Tangent.Enumerate().All(double.IsFinite), phi);
            Assert.Equal(kernels.Tangent[0, 0], kernels.Tangent[0, 1], 1e-7);
        }
    }

    [Fact]
    public void Two_samples_of_opposite_sign_are_learnt_at_the_rate_of_their_eigenvalue()
    {
        // The loss is a mean over two samples, so that η = 0.2 is 0.1 a sample.
        var theta = Kernels(1, Relu).Tangent.SubMatrix(0, 2, 0, 2);
        var y = Matrix<double>.Build.DenseOfColumnArrays([1, -1]);
        var zero = Matrix<double>.Build.Dense(2, 1);
        var (training, test) = (zero, zero);
        var dynamics = new SquaredErrorDynamics(theta, theta, 0.2);
        for (var t = 0; t <= 30; t++)
        {
            var expected = (1 - Math.Pow(1 - (0.1 * 0.89955277341400732), t)) * y;
            Assert.Equal(0, (training - expected).L2Norm(), 1e-12);
            Assert.Equal(0, (test - expected).L2Norm(), 1e-12);
            Assert.Equal(0, (dynamics.Training(t, zero, y) - expected).L2Norm(), 1e-12);
            Assert.Equal(0, (dynamics.Test(t, zero, zero, y) - expected).L2Norm(), 1e-12);
            (training, test) = Descend(theta, theta, training, test, y, 0.2);
        }
    }

    [Fact]
    public void The_closed_form_of_squared_error_is_the_iteration_on_test_samples_with_several_outputs()
    {
        var random = new Random(3);
        Matrix<double> Random(int rows, int columns) => Matrix<double>.Build.Dense(rows, columns, (_, _) => random.NextDouble() - 0.5);
        var (train, test, y, f0, g0) = (Random(6, 3), Random(4, 3), Random(6, 2), Random(6, 2), Random(4, 2));
        var kernel = new LayeredKernel(LayeredNetwork.Ntk(2, Expr.Apply("erf", LayeredNetwork.Variable), 1.8, 0.2));
        var onTraining = kernel.Between(InnerProducts.Of(train, train, 1)).Tangent;
        var onTest = kernel.Between(InnerProducts.Of(test, train, 1)).Tangent;
        var (training, onOthers) = (f0, g0);
        var dynamics = new SquaredErrorDynamics(onTraining, onTest, 0.7);
        for (var t = 0; t < 200; t++)
        {
            (training, onOthers) = Descend(onTraining, onTest, training, onOthers, y, 0.7);
        }

        Assert.Equal(0, (dynamics.Training(200, f0, y) - training).L2Norm(), 1e-12);
        Assert.Equal(0, (dynamics.Test(200, g0, f0, y) - onOthers).L2Norm(), 1e-12);
    }

    /// <summary>f − η K ∂L/∂f for half the mean of (f − y)²: one step on the training samples, and on others.</summary>
    private static (Matrix<double> Training, Matrix<double> Others) Descend(
        Matrix<double> onTraining, Matrix<double> onOthers, Matrix<double> training, Matrix<double> others, Matrix<double> y, double rate)
    {
        var gradient = rate / y.RowCount * (training - y);
        return (training - (onTraining * gradient), others - (onOthers * gradient));
    }

    [Fact]
    public void A_posterior_passes_through_the_data_and_is_the_end_of_training_the_last_layer()
    {
        var train = Inputs;
        var test = Matrix<double>.Build.DenseOfRowArrays([0.6, 0.8], [1, 1]);
        var kernel = new LayeredKernel(LayeredNetwork.Ntk(2, Expr.Apply("erf", LayeredNetwork.Variable), 2, 0.1));
        var k = kernel.Between(InnerProducts.Of(train, train, 0.5)).Covariance;
        var cross = kernel.Between(InnerProducts.Of(test, train, 0.5)).Covariance;
        var process = new GaussianProcess(k, cross, kernel.Between(InnerProducts.Of(test, test, 0.5)).Covariance);
        var y = Matrix<double>.Build.DenseOfColumnArrays([1, -1, 0.5]);
        var posterior = process.Condition(y);
        Assert.Equal(0, posterior.Jitter);
        Assert.Equal(-1, posterior.Mean[0, 0], 1e-10);
        Assert.Equal(0, posterior.Covariance[0, 0], 1e-10);
        Assert.InRange(posterior.Covariance[1, 1], 1e-6, process.Test[1, 1]);

        // With only the last layer trained the tangent kernel is the covariance, and training to the end is sampling from the posterior.
        var trained = process.AfterTraining(new SquaredErrorDynamics(k, cross, 0.5), 1e7, y);
        Assert.Equal(0, (trained.Mean - posterior.Mean).L2Norm(), 1e-8);
        Assert.Equal(0, (trained.Covariance - posterior.Covariance).L2Norm(), 1e-8);

        var doubled = new GaussianProcess(
            Matrix<double>.Build.Dense(2, 2, 1.0), Matrix<double>.Build.Dense(1, 2, 1.0), Matrix<double>.Build.Dense(1, 1, 1.0)).Condition(Matrix<double>.Build.Dense(2, 1, 1.0));
        Assert.True(doubled.Jitter > 0);
        Assert.Equal(1, doubled.Mean[0, 0], 1e-6);
    }
}
