using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>The kernels of a network between two sets of inputs.</summary>
/// <param name="Covariance">E f₀ f̄₀, when f₀ is a Gaussian process, N × M.</param>
/// <param name="Tangent">K of f_{t+1} = f_t − η K ∂L/∂f_t, N × M.</param>
/// <param name="Error">A bound on the error that quadrature leaves in a single layer's moments; 0 when all forms are closed.</param>
public sealed record KernelMatrices(Matrix<double> Covariance, Matrix<double> Tangent, double Error);

/// <summary>
/// Kernels of wide multilayer perceptrons, layer by layer: K¹ = σ_w² x·x̄ + σ_b², K^{l+1} = σ_w² E φ(u)φ(v) + σ_b² with (u, v) ~ N(0, K^l), and
/// the tangent kernel Σ_l (rate_l C^{l−1} + bias rate_l) Π_{k ≥ l} σ_w² E φ′(u)φ′(v) (arXiv 1806.07572; 2006.14548 for any program).
/// </summary>
public sealed class LayeredKernel
{
    private readonly LayeredNetwork network;
    private readonly GaussianMoments?[] values;
    private readonly GaussianMoments?[] slopes;

    /// <param name="network">The network.</param>
    /// <param name="tolerance">What quadrature tries to reach in each moment.</param>
    public LayeredKernel(LayeredNetwork network, double tolerance = 1e-13)
    {
        this.network = network;
        var variable = LayeredNetwork.Variable;
        values = [.. network.Layers.Select(layer => layer.Nonlinearity is { } phi ? new GaussianMoments(phi, phi, variable, tolerance) : null)];
        slopes = [.. network.Layers.Select(layer => layer.Nonlinearity is { } phi && Derivative.Of(phi, variable) is var prime ? new GaussianMoments(prime, prime, variable, tolerance) : null)];
    }

    /// <summary>Whether every moment has a closed form.</summary>
    public bool IsClosedForm => values.Concat(slopes).All(moments => moments is null or { IsClosedForm: true });

    /// <summary>How its numbers are computed.</summary>
    public string Tier => TierOf(IsClosedForm);

    /// <summary>How the numbers of kernels are computed, in words.</summary>
    public static string TierOf(bool isClosedForm) => isClosedForm ? "closed forms" : "quadrature";

    /// <summary>Both kernels between the two sets; rows in parallel.</summary>
    public KernelMatrices Between(InnerProducts inputs)
    {
        var (n, m) = (inputs.Cross.RowCount, inputs.Cross.ColumnCount);
        var left = Variances(inputs.Left);
        var right = inputs.Same ? left : Variances(inputs.Right);
        var covariance = Matrix<double>.Build.Dense(n, m);
        var tangent = Matrix<double>.Build.Dense(n, m);
        var errors = new double[n];
        Parallel.For(0, n, i =>
        {
            for (var j = inputs.Same ? i : 0; j < m; j++)
            {
                var (k, theta, error) = Entry(inputs.Cross[i, j], left[i], right[j]);
                covariance[i, j] = k;
                tangent[i, j] = theta;
                errors[i] = Math.Max(errors[i], error);
                if (inputs.Same)
                {
                    covariance[j, i] = k;
                    tangent[j, i] = theta;
                }
            }
        });
        return new KernelMatrices(covariance, tangent, IsClosedForm ? 0 : errors.DefaultIfEmpty().Max());
    }

    /// <summary>E h² of each layer, for each input.</summary>
    private double[][] Variances(Vector<double> squaredNorms)
    {
        var variances = new double[squaredNorms.Count][];
        Parallel.For(0, squaredNorms.Count, i =>
        {
            var c = squaredNorms[i];
            var own = new double[network.Layers.Count];
            for (var layer = 0; layer < own.Length; layer++)
            {
                c = layer == 0 ? c : values[layer]!.At(own[layer - 1], own[layer - 1], own[layer - 1]).Value;
                own[layer] = (network.Layers[layer].WeightVariance * c) + network.Layers[layer].BiasVariance;
            }

            variances[i] = own;
        });
        return variances;
    }

    private (double Covariance, double Tangent, double Error) Entry(double product, double[] p, double[] q)
    {
        var (k, theta, error) = (0.0, 0.0, 0.0);
        for (var l = 0; l < network.Layers.Count; l++)
        {
            var layer = network.Layers[l];
            var c = product;
            if (l > 0)
            {
                var value = values[l]!.At(p[l - 1], q[l - 1], k);
                c = value.Value;
                if (theta != 0)
                {
                    var slope = slopes[l]!.At(p[l - 1], q[l - 1], k);
                    theta *= layer.WeightVariance * slope.Value;
                    error = Math.Max(error, slope.Error);
                }

                error = Math.Max(error, value.Error);
            }

            theta += (layer.WeightRate * c) + layer.BiasRate;
            k = (layer.WeightVariance * c) + layer.BiasVariance;
        }

        return (network.StartsAtZero ? 0 : k, theta, error);
    }
}
