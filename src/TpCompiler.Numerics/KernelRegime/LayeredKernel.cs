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
    private readonly HomogeneousFunction?[] functions;
    private readonly HomogeneousLayers? homogeneous;

    /// <param name="network">The network.</param>
    /// <param name="tolerance">What quadrature tries to reach in each moment.</param>
    public LayeredKernel(LayeredNetwork network, double tolerance = 1e-13)
    {
        this.network = network;
        homogeneous = HomogeneousLayers.Of(network);
        var variable = LayeredNetwork.Variable;
        functions = [.. network.Layers.Select(layer => layer.Nonlinearity is { } phi ? HomogeneousFunction.Of(phi, variable) : null)];
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
        var (covarianceErrors, tangentErrors) = (Matrix<double>.Build.Dense(n, m), Matrix<double>.Build.Dense(n, m));
        Parallel.For(0, n, i =>
        {
            for (var j = inputs.Same ? i : 0; j < m; j++)
            {
                var (k, theta, kError, thetaError) = Entry(inputs.Cross[i, j], inputs.Covariance(i, j, network.Layers[0].WeightVariance, network.Layers[0].BiasVariance), left[i], right[j]);
                Put(covariance, k);
                Put(tangent, theta);
                Put(covarianceErrors, kError);
                Put(tangentErrors, thetaError);

                void Put(Matrix<double> matrix, double value)
                {
                    matrix[i, j] = value;
                    if (inputs.Same)
                    {
                        matrix[j, i] = value;
                    }
                }
            }
        });

        // The root of a rounding, where functions jump and samples are nearly the same, is more than one.
        var isExact = IsClosedForm && KernelMatrices.AreOfRounding(covariance, covarianceErrors) && KernelMatrices.AreOfRounding(tangent, tangentErrors);
        return isExact
            ? new KernelMatrices(covariance, tangent, null, null, ErrorKind.Exact, Tier)
            : new KernelMatrices(covariance, tangent, covarianceErrors, tangentErrors, ErrorKind.Bound, Tier);
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
            layers.Column(
                k, new Span<double>(tangent, (j * n) + from, n - from), byLayer, from, right[j], i => i < n ? inputs.Covariance(i, j, network.Layers[0].WeightVariance, network.Layers[0].BiasVariance).Complement : 1);
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
                (input.Gain[l - 1], input.SlopeGain[l - 1]) = (Gain(values[l]!, p, moment.Value), Gain(slopes[l]!, p, slopes[l]!.At(p, p, p).Value));
                error = moment.Error + (input.Gain[l - 1] * input.Error[l - 1]);
            }

            input.Variance[l] = (layer.WeightVariance * c) + layer.BiasVariance;
            input.Error[l] = layer.WeightVariance * error;
        }

        return input;

        // A difference quotient over a small part of p: only the size of an error depends on it.
        static double Gain(GaussianMoments moments, double p, double value) => p == 0 ? 0 : Math.Abs(moments.At(1.001 * p, 1.001 * p, 1.001 * p).Value - value) / (0.001 * p);
    }

    /// <param name="product">x·x̄.</param>
    /// <param name="pair">The covariance of the first layer.</param>
    /// <param name="p">What layers make of x.</param>
    /// <param name="q">What they make of x̄.</param>
    private (double Covariance, double Tangent, double CovarianceError, double TangentError) Entry(double product, CovariancePair pair, Input p, Input q)
    {
        var first = network.Layers[0];
        var (k, theta, kError, thetaError) = (pair.R, (first.WeightRate * product) + first.BiasRate, 0.0, 0.0);
        for (var l = 1; l < network.Layers.Count; l++)
        {
            var layer = network.Layers[l];
            var value = values[l]!.At(pair);
            var moved = Math.Max(kError, Math.Max(p.Error[l - 1], q.Error[l - 1]));
            var cError = value.Error + (2 * Math.Max(p.Gain[l - 1], q.Gain[l - 1]) * moved);
            if (theta != 0)
            {
                var slope = slopes[l]!.At(pair);
                thetaError = layer.WeightVariance * ((Math.Abs(slope.Value) * thetaError) + (Math.Abs(theta) * (slope.Error + (2 * Math.Max(p.SlopeGain[l - 1], q.SlopeGain[l - 1]) * moved))));
                theta *= layer.WeightVariance * slope.Value;
            }

            theta += (layer.WeightRate * value.Value) + layer.BiasRate;
            thetaError += layer.WeightRate * cError;
            k = (layer.WeightVariance * value.Value) + layer.BiasVariance;
            kError = layer.WeightVariance * cError;
            if (l + 1 < network.Layers.Count)
            {
                pair = Next(pair, l, value.Value, cError, p, q);
            }
        }

        return network.StartsAtZero ? (0, theta, 0, thetaError) : (k, theta, kError, thetaError);
    }

    /// <summary>The covariance of the next layer: 1 − ρ² from that of this one where the angle decides it, else from what it is left of E φφ̄ beside E φ² and E φ̄², with that error.</summary>
    /// <param name="pair">The covariance of the layer below.</param>
    /// <param name="l">The layer.</param>
    /// <param name="c">E φφ̄.</param>
    /// <param name="error">Its error.</param>
    /// <param name="p">What layers make of x.</param>
    /// <param name="q">What they make of x̄.</param>
    private CovariancePair Next(CovariancePair pair, int l, double c, double error, Input p, Input q)
    {
        var (weight, bias) = (network.Layers[l].WeightVariance, network.Layers[l].BiasVariance);
        var (pp, qq, r) = (p.Variance[l], q.Variance[l], (weight * c) + bias);
        var (cp, cq) = (Math.Max(0, pp - bias) / weight, Math.Max(0, qq - bias) / weight);
        if (pair is { Complement: 0, Error: 0, R: > 0 } && pair.P == pair.Q)
        {
            return new(pp, qq, r, 0, 0);
        }

        if (weight == 0 || cp == 0 || cq == 0)
        {
            return CovariancePair.Of(pp, qq, r);
        }

        var size = Math.Sqrt(cp) * Math.Sqrt(cq);
        double complement, off;
        if (functions[l] is { } function)
        {
            (complement, off) = function.Complement(pair);
        }
        else
        {
            var correlation = Math.Min(1, Math.Abs(c) / size);
            complement = (1 - correlation) * (1 + correlation);
            off = (2 * error / size) + (p.Error[l] / pp) + (q.Error[l] / qq) + (4 * Rounding);
        }

        if (bias > 0)
        {
            // pq − r² with the bias: σ_w⁴ (c_p c_q − c²) + σ_w² σ_b² ((√c_p − √c_q)² + 2 (√(c_p c_q) − c)).
            var distance = Math.Sqrt(cp) - Math.Sqrt(cq);
            var root = Math.Sqrt(1 - complement);
            var apart = c < 0 ? 1 + root : complement / (1 + root);
            (complement, off) = (
                weight * ((weight * cp * cq * complement) + (bias * ((distance * distance) + (2 * size * apart)))) / (pp * qq),
                weight * ((weight * cp * cq) + (2 * bias * size)) * off / (pp * qq));
        }

        return new(pp, qq, r, Math.Clamp(complement, 0, 1), off);
    }

    private const double Rounding = 2.2204460492503131e-16;
}
