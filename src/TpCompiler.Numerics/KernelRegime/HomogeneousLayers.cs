using System.Runtime.Intrinsics;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Layers whose functions are αx for x > 0 and βx for x &lt; 0 (<see cref="HomogeneousFunction"/>), for many pairs at a time. 1 − |ρ| goes from layer to layer beside the covariance: near ρ = ±1 the covariance has lost the angle.
/// </summary>
internal sealed class HomogeneousLayers
{
    /// <summary>Where 1 − |ρ| of two inputs is below this, it is computed from the inputs themselves.</summary>
    private const double NearOne = 0.005;

    private static readonly double[] ArcsineSeries = Series();

    private readonly LayeredNetwork network;
    private readonly double[] squares;
    private readonly double[] products;

    private HomogeneousLayers(LayeredNetwork network, double[] squares, double[] products) => (this.network, this.squares, this.products) = (network, squares, products);

    /// <summary>Null when a function is another one.</summary>
    public static HomogeneousLayers? Of(LayeredNetwork network)
    {
        var (squares, products) = (new double[network.Layers.Count], new double[network.Layers.Count]);
        for (var l = 1; l < network.Layers.Count; l++)
        {
            if (network.Layers[l].Nonlinearity is not { } phi || HomogeneousFunction.Of(phi, LayeredNetwork.Variable) is not { IsLinear: true } function)
            {
                return null;
            }

            (squares[l], products[l]) = (function.Square, function.Product);
        }

        return new HomogeneousLayers(network, squares, products);
    }

    /// <summary>E h² of each layer for an input with this squared norm.</summary>
    public double[] Variances(double squaredNorm)
    {
        var variances = new double[network.Layers.Count];
        for (var l = 0; l < variances.Length; l++)
        {
            var c = l == 0 ? squaredNorm : variances[l - 1] * ((0.5 * squares[l]) + products[l]);
            variances[l] = (network.Layers[l].WeightVariance * c) + network.Layers[l].BiasVariance;
        }

        return variances;
    }

    /// <summary>Both kernels of many inputs with one.</summary>
    /// <param name="covariance">x·x̄ for each; E f f̄ afterwards.</param>
    /// <param name="tangent">K.</param>
    /// <param name="deviations">For each layer √(E h²) of each input, none 0, with room for a register behind them.</param>
    /// <param name="from">Where in <paramref name="deviations"/> the inputs begin.</param>
    /// <param name="other">√(E h²) of the one input, layer by layer.</param>
    /// <param name="complement">1 − ρ² of the first layer for an input, by its number among <paramref name="deviations"/>, and the one.</param>
    public void Column(Span<double> covariance, Span<double> tangent, double[][] deviations, int from, double[] other, Func<int, double> complement)
    {
        var lanes = Vector512<double>.Count;
        var at = 0;
        for (; at + lanes <= covariance.Length; at += lanes)
        {
            var (k, theta) = Pairs(Vector512.Create<double>(covariance.Slice(at, lanes)), deviations, from + at, other, complement);
            k.CopyTo(covariance[at..]);
            theta.CopyTo(tangent[at..]);
        }

        if (at < covariance.Length)
        {
            Span<double> rest = stackalloc double[lanes], slopes = stackalloc double[lanes];
            rest.Clear();
            covariance[at..].CopyTo(rest);
            var (k, theta) = Pairs(Vector512.Create<double>(rest), deviations, from + at, other, complement);
            k.CopyTo(rest);
            theta.CopyTo(slopes);
            rest[..(covariance.Length - at)].CopyTo(covariance[at..]);
            slopes[..(covariance.Length - at)].CopyTo(tangent[at..]);
        }
    }

    private (Vector512<double> Covariance, Vector512<double> Tangent) Pairs(Vector512<double> product, double[][] deviations, int at, double[] other, Func<int, double> complement)
    {
        var first = network.Layers[0];
        var (one, two) = (Vector512<double>.One, Vector512.Create(2.0));
        var k = (product * first.WeightVariance) + Vector512.Create(first.BiasVariance);
        var theta = (product * first.WeightRate) + Vector512.Create(first.BiasRate);
        var size = Vector512.LoadUnsafe(ref deviations[0][at]) * other[0];

        // 1 − |ρ|.
        var versine = one - Vector512.Min(Vector512.Abs(k / size), one);
        if (Vector512.LessThanAny(versine, Vector512.Create(NearOne)))
        {
            versine = FromInputs(versine, at, complement);
        }

        for (var l = 1; l < network.Layers.Count; l++)
        {
            var layer = network.Layers[l];
            var (square, linear, part) = (squares[l], products[l], squares[l] / (2 * Math.PI));

            // Of the angle τ with the nearer end of the axis: θ, or π − θ where ρ < 0.
            var cosine = one - versine;
            var sine = Vector512.Sqrt(versine * (two - versine));
            var angle = Angle(versine, cosine);
            var rest = (sine - (angle * cosine)) * part;
            var negative = Vector512.LessThan(k, Vector512<double>.Zero);
            var slope = Vector512.ConditionalSelect(negative, angle, Vector512.Create(Math.PI) - angle) * (0.5 / Math.PI);

            // a − κ and κ, κ = c for variances 1 and a its value at ρ = 1.
            var gap = Vector512.ConditionalSelect(negative, Vector512.Create((0.5 * square) + (2 * linear)) - (versine * linear), versine * ((0.5 * square) + linear)) - rest;
            var kappa = Vector512.ConditionalSelect(negative, rest - (cosine * linear), Vector512.Create((0.5 * square) + linear) - gap);
            var c = size * kappa;
            theta = (theta * ((slope * square) + Vector512.Create(linear)) * layer.WeightVariance) + (c * layer.WeightRate) + Vector512.Create(layer.BiasRate);
            k = (c * layer.WeightVariance) + Vector512.Create(layer.BiasVariance);
            if (l + 1 < network.Layers.Count)
            {
                // √(pq) − |k| of the next layer; of the bias that is b (√p − √q)² over a sum, p and q without it, and 2b more where k < 0.
                var (weight, bias) = (layer.WeightVariance, layer.BiasVariance);
                var gain = Math.Sqrt(weight * ((0.5 * square) + linear));
                var (own, others) = (Vector512.LoadUnsafe(ref deviations[l - 1][at]) * gain, Vector512.Create(other[l - 1] * gain));
                var next = Vector512.LoadUnsafe(ref deviations[l][at]) * other[l];
                var ofBias = (own - others) * (own - others) * bias / (next + Vector512.Create(bias) + (own * others));
                var sum = (versine * linear) + Vector512.Create(0.5 * square) + rest;
                var opposite = Vector512.LessThan(k, Vector512<double>.Zero);
                var away = (size * weight * Vector512.ConditionalSelect(opposite, sum, gap)) + ofBias + Vector512.ConditionalSelect(opposite, Vector512.Create(2 * bias), Vector512<double>.Zero);
                versine = Vector512.Max(Vector512.Min(away / next, one), Vector512<double>.Zero);
                size = next;
            }
        }

        return (network.StartsAtZero ? Vector512<double>.Zero : k, theta);
    }

    /// <summary>1 − |ρ| from inputs where it is small.</summary>
    private static Vector512<double> FromInputs(Vector512<double> versine, int at, Func<int, double> complement)
    {
        for (var lane = 0; lane < Vector512<double>.Count; lane++)
        {
            if (versine[lane] < NearOne && complement(at + lane) is var square)
            {
                versine = versine.WithElement(lane, square / (1 + Math.Sqrt(1 - square)));
            }
        }

        return versine;
    }

    /// <summary>arccos x for 0 ≤ x ≤ 1: π/2 − arcsin x for x ≤ ½, and 2 arcsin √((1 − x)/2) beyond.</summary>
    private static Vector512<double> Angle(Vector512<double> versine, Vector512<double> cosine)
    {
        var half = Vector512.Create(0.5);
        var large = Vector512.GreaterThan(cosine, half);
        var z = Vector512.ConditionalSelect(large, versine * half, cosine * cosine);
        var t = (z * 8) - Vector512<double>.One;
        var series = Vector512.Create(ArcsineSeries[^1]);
        for (var i = ArcsineSeries.Length - 2; i >= 0; i--)
        {
            series = Vector512.FusedMultiplyAdd(series, t, Vector512.Create(ArcsineSeries[i]));
        }

        var arcsine = Vector512.Sqrt(z) * series;
        return Vector512.ConditionalSelect(large, arcsine * 2, Vector512.Create(0.5 * Math.PI) - arcsine);
    }

    /// <summary>arcsin(√z)/√z for 0 ≤ z ≤ ¼ as a polynomial in t = 8z − 1, through its values at Chebyshev points: to 2e-16, since its singularity at z = 1 lies far away.</summary>
    private static double[] Series()
    {
        const int Count = 16;
        var coefficients = new double[Count];
        double[] before = [1, .. new double[Count - 1]], now = [0, 1, .. new double[Count - 2]];
        for (var n = 0; n < Count; n++)
        {
            // The coefficient of the n-th Chebyshev polynomial, and that polynomial in powers of t.
            var sum = 0.0;
            for (var k = 0; k < Count; k++)
            {
                var angle = Math.PI * (k + 0.5) / Count;
                var root = Math.Sqrt((Math.Cos(angle) + 1) / 8);
                sum += Math.Asin(root) / root * Math.Cos(n * angle);
            }

            var polynomial = n == 0 ? before : now;
            for (var i = 0; i < Count; i++)
            {
                coefficients[i] += (n == 0 ? 1.0 : 2.0) / Count * sum * polynomial[i];
            }

            if (n > 0)
            {
                double[] next = [.. before.Select((value, i) => (i == 0 ? 0 : 2 * now[i - 1]) - value)];
                (before, now) = (now, next);
            }
        }

        return coefficients;
    }
}
