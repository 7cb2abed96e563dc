using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Kernels of wide multilayer perceptrons, layer by layer: K¹ = σ_w² x·x̄ + σ_b², K^{l+1} = σ_w² E φ(u)φ(v) + σ_b² with (u, v) ~ N(0, K^l), and
/// the tangent kernel Σ_l (rate_l C^{l−1} + bias rate_l) Π_{k ≥ l} σ_w² E φ′(u)φ′(v) (arXiv 1806.07572; 2006.14548 for any program).
/// </summary>
public sealed class LayeredKernel
{
    private readonly LayeredNetwork network;
    private readonly GaussianMoments?[] values;
    private readonly GaussianMoments?[] slopes;
    private readonly HomogeneousLayers? homogeneous;

    /// <param name="network">The network.</param>
    /// <param name="tolerance">What quadrature tries to reach in each moment.</param>
    public LayeredKernel(LayeredNetwork network, double tolerance = 1e-13)
    {
        this.network = network;
        homogeneous = HomogeneousLayers.Of(network);
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
        if (homogeneous is not null && ManyAtATime(homogeneous, inputs) is { } fast)
        {
            return fast;
        }

        var (n, m) = (inputs.Cross.RowCount, inputs.Cross.ColumnCount);
        var left = Inputs(inputs.Left);
        var right = inputs.Same ? left : Inputs(inputs.Right);
        var (covariance, tangent) = (Matrix<double>.Build.Dense(n, m), Matrix<double>.Build.Dense(n, m));
        var (covarianceErrors, tangentErrors) = IsClosedForm ? (null, null) : (Matrix<double>.Build.Dense(n, m), Matrix<double>.Build.Dense(n, m));
        Parallel.For(0, n, i =>
        {
            for (var j = inputs.Same ? i : 0; j < m; j++)
            {
                var (k, theta, kError, thetaError) = Entry(inputs.Cross[i, j], left[i], right[j]);
                Put(covariance, k);
                Put(tangent, theta);
                Put(covarianceErrors, kError);
                Put(tangentErrors, thetaError);

                void Put(Matrix<double>? matrix, double value)
                {
                    if (matrix is not null)
                    {
                        matrix[i, j] = value;
                        if (inputs.Same)
                        {
                            matrix[j, i] = value;
                        }
                    }
                }
            }
        });
        return new KernelMatrices(covariance, tangent, covarianceErrors, tangentErrors, IsClosedForm ? ErrorKind.Exact : ErrorKind.Bound, Tier);
    }

    /// <summary>Columns in parallel, and of a symmetric matrix what lies below the diagonal; null where an input makes a layer 0, whose correlations have no meaning.</summary>
    private KernelMatrices? ManyAtATime(HomogeneousLayers layers, InnerProducts inputs)
    {
        const int Register = 8;
        var (n, m) = (inputs.Cross.RowCount, inputs.Cross.ColumnCount);
        var left = Deviations(inputs.Left);
        var right = inputs.Same ? left : Deviations(inputs.Right);
        if (left.Concat(right).Any(input => input.Contains(0)))
        {
            return null;
        }

        double[][] byLayer = [.. network.Layers.Select((_, l) => (double[])[.. left.Select(input => input[l]), .. new double[Register]])];
        var (covariance, tangent, cross) = (new double[(long)n * m], new double[(long)n * m], inputs.Cross.AsColumnMajorArray() ?? inputs.Cross.ToColumnMajorArray());
        Parallel.For(0, m, j =>
        {
            var from = inputs.Same ? j : 0;
            var k = new Span<double>(covariance, (j * n) + from, n - from);
            new Span<double>(cross, (j * n) + from, n - from).CopyTo(k);
            layers.Column(k, new Span<double>(tangent, (j * n) + from, n - from), byLayer, from, right[j]);
        });
        if (inputs.Same)
        {
            Mirror(covariance, n);
            Mirror(tangent, n);
        }

        return new KernelMatrices(Matrix<double>.Build.Dense(n, m, covariance), Matrix<double>.Build.Dense(n, m, tangent), null, null, ErrorKind.Exact, Tier);

        double[][] Deviations(Vector<double> squaredNorms) => [.. squaredNorms.Select(norm => Array.ConvertAll(layers.Variances(norm), Math.Sqrt))];
    }

    /// <summary>What lies below the diagonal copied above it, tile by tile.</summary>
    private static void Mirror(double[] matrix, int n)
    {
        const int Tile = 64;
        Parallel.For(0, (n + Tile - 1) / Tile, tile =>
        {
            for (var start = 0; start <= tile * Tile; start += Tile)
            {
                for (var row = tile * Tile; row < Math.Min(n, (tile + 1) * Tile); row++)
                {
                    for (var column = start; column < Math.Min(row, start + Tile); column++)
                    {
                        matrix[((long)row * n) + column] = matrix[((long)column * n) + row];
                    }
                }
            }
        });
    }

    /// <summary>What the layers make of an input by itself.</summary>
    /// <param name="Variance">E h² of each layer.</param>
    /// <param name="Error">Its error.</param>
    /// <param name="Gain">How far an error of E h² moves E φ² of the layer.</param>
    /// <param name="SlopeGain">Likewise E φ′².</param>
    private sealed record Input(double[] Variance, double[] Error, double[] Gain, double[] SlopeGain);

    private Input[] Inputs(Vector<double> squaredNorms)
    {
        var inputs = new Input[squaredNorms.Count];
        Parallel.For(0, inputs.Length, i => inputs[i] = Of(squaredNorms[i]));
        return inputs;
    }

    private Input Of(double squaredNorm)
    {
        var count = network.Layers.Count;
        var input = new Input(new double[count], new double[count], new double[count], new double[count]);
        var (c, error) = (squaredNorm, 0.0);
        for (var l = 0; l < count; l++)
        {
            var layer = network.Layers[l];
            if (l > 0)
            {
                var p = input.Variance[l - 1];
                var moment = values[l]!.At(p, p, p);
                c = moment.Value;
                if (!IsClosedForm)
                {
                    (input.Gain[l - 1], input.SlopeGain[l - 1]) = (Gain(values[l]!, p, moment.Value), Gain(slopes[l]!, p, slopes[l]!.At(p, p, p).Value));
                    error = moment.Error + (input.Gain[l - 1] * input.Error[l - 1]);
                }
            }

            input.Variance[l] = (layer.WeightVariance * c) + layer.BiasVariance;
            input.Error[l] = layer.WeightVariance * error;
        }

        return input;

        // A difference quotient over a small part of p: only the size of an error depends on it.
        static double Gain(GaussianMoments moments, double p, double value) => p == 0 ? 0 : Math.Abs(moments.At(1.001 * p, 1.001 * p, 1.001 * p).Value - value) / (0.001 * p);
    }

    private (double Covariance, double Tangent, double CovarianceError, double TangentError) Entry(double product, Input p, Input q)
    {
        var (k, theta, kError, thetaError) = (0.0, 0.0, 0.0, 0.0);
        for (var l = 0; l < network.Layers.Count; l++)
        {
            var layer = network.Layers[l];
            var (c, cError) = (product, 0.0);
            if (l > 0)
            {
                var (pp, qq, at) = (p.Variance[l - 1], q.Variance[l - 1], k);
                var value = values[l]!.At(pp, qq, at);
                c = value.Value;
                if (!IsClosedForm)
                {
                    var moved = Math.Max(kError, Math.Max(p.Error[l - 1], q.Error[l - 1]));
                    cError = value.Error + (2 * Math.Max(p.Gain[l - 1], q.Gain[l - 1]) * moved);
                    if (theta != 0)
                    {
                        var slope = slopes[l]!.At(pp, qq, at);
                        thetaError = layer.WeightVariance * ((Math.Abs(slope.Value) * thetaError) + (Math.Abs(theta) * (slope.Error + (2 * Math.Max(p.SlopeGain[l - 1], q.SlopeGain[l - 1]) * moved))));
                        theta *= layer.WeightVariance * slope.Value;
                    }
                }
                else if (theta != 0)
                {
                    theta *= layer.WeightVariance * slopes[l]!.At(pp, qq, at).Value;
                }
            }

            theta += (layer.WeightRate * c) + layer.BiasRate;
            thetaError += layer.WeightRate * cError;
            k = (layer.WeightVariance * c) + layer.BiasVariance;
            kError = layer.WeightVariance * cError;
        }

        return network.StartsAtZero ? (0, theta, 0, thetaError) : (k, theta, kError, thetaError);
    }
}
