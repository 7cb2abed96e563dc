using System.Runtime.Intrinsics;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Layers whose functions are αx for x > 0 and βx for x &lt; 0 (relu, leaky relu, abs, linear): with cos θ the correlation, E φφ̄ = √(pq) ((α − β)² (sin θ + (π − θ) cos θ)/2π + αβ cos θ) and
/// E φ′φ̄′ = (α − β)² (π − θ)/2π + αβ (arc-cosine kernels, Cho &amp; Saul 2009), for many pairs at a time.
/// </summary>
internal sealed class HomogeneousLayers
{
    /// <summary>Correlations are ±1 when they are it to rounding: a covariance has several roundings.</summary>
    public const double NearlyOne = 1 - 1e-15;

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
            if (network.Layers[l].Nonlinearity is not { } phi || !IsHomogeneous(phi))
            {
                return null;
            }

            var function = Evaluation.Compile(phi, LayeredNetwork.Variable);
            var (alpha, beta) = (function(1), -function(-1));
            (squares[l], products[l]) = ((alpha - beta) * (alpha - beta), alpha * beta);
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
    public void Column(Span<double> covariance, Span<double> tangent, double[][] deviations, int from, double[] other)
    {
        var lanes = Vector512<double>.Count;
        var at = 0;
        for (; at + lanes <= covariance.Length; at += lanes)
        {
            var (k, theta) = Pairs(Vector512.Create<double>(covariance.Slice(at, lanes)), deviations, from + at, other);
            k.CopyTo(covariance[at..]);
            theta.CopyTo(tangent[at..]);
        }

        if (at < covariance.Length)
        {
            Span<double> rest = stackalloc double[lanes], slopes = stackalloc double[lanes];
            rest.Clear();
            covariance[at..].CopyTo(rest);
            var (k, theta) = Pairs(Vector512.Create<double>(rest), deviations, from + at, other);
            k.CopyTo(rest);
            theta.CopyTo(slopes);
            rest[..(covariance.Length - at)].CopyTo(covariance[at..]);
            slopes[..(covariance.Length - at)].CopyTo(tangent[at..]);
        }
    }

    private static bool IsHomogeneous(Expr expr) => expr switch
    {
        Expr.Reference => true,
        Expr.Call { Arguments: [var argument] } call => Nonlinearities.DegreeOf(call) == 1 && IsHomogeneous(argument),
        Expr.Multiply product => product.Factors.Count(factor => factor.References().Any()) == 1 && product.Factors.Where(factor => factor.References().Any()).All(IsHomogeneous),
        Expr.Add sum => sum.Terms.All(IsHomogeneous),
        _ => false,
    };

    private (Vector512<double> Covariance, Vector512<double> Tangent) Pairs(Vector512<double> product, double[][] deviations, int at, double[] other)
    {
        var first = network.Layers[0];
        var k = (product * first.WeightVariance) + Vector512.Create(first.BiasVariance);
        var theta = (product * first.WeightRate) + Vector512.Create(first.BiasRate);
        for (var l = 1; l < network.Layers.Count; l++)
        {
            var layer = network.Layers[l];
            var size = Vector512.LoadUnsafe(ref deviations[l - 1][at]) * other[l - 1];
            var cosine = k / size;
            var absolute = Vector512.Abs(cosine);
            absolute = Vector512.ConditionalSelect(Vector512.GreaterThan(absolute, Vector512.Create(NearlyOne)), Vector512<double>.One, absolute);
            cosine = Vector512.CopySign(absolute, cosine);
            var sine = Vector512.Sqrt((Vector512<double>.One - absolute) * (Vector512<double>.One + absolute));
            var slope = (Vector512.Create(Math.PI) - Arccosine(cosine, absolute)) * (0.5 / Math.PI);
            var c = size * (((cosine * slope) + (sine * (0.5 / Math.PI))) * squares[l] + (cosine * products[l]));
            theta = (theta * ((slope * squares[l]) + Vector512.Create(products[l])) * layer.WeightVariance) + (c * layer.WeightRate) + Vector512.Create(layer.BiasRate);
            k = (c * layer.WeightVariance) + Vector512.Create(layer.BiasVariance);
        }

        return (network.StartsAtZero ? Vector512<double>.Zero : k, theta);
    }

    /// <summary>arccos x = π/2 − arcsin x for |x| ≤ ½, and 2 arcsin √((1 − |x|)/2), or π minus it, beyond.</summary>
    private static Vector512<double> Arccosine(Vector512<double> x, Vector512<double> absolute)
    {
        var half = Vector512.Create(0.5);
        var large = Vector512.GreaterThan(absolute, half);
        var z = Vector512.ConditionalSelect(large, (Vector512<double>.One - absolute) * half, absolute * absolute);
        var t = (z * 8) - Vector512<double>.One;
        var series = Vector512.Create(ArcsineSeries[^1]);
        for (var i = ArcsineSeries.Length - 2; i >= 0; i--)
        {
            series = Vector512.FusedMultiplyAdd(series, t, Vector512.Create(ArcsineSeries[i]));
        }

        var arcsine = Vector512.Sqrt(z) * series;
        var negative = Vector512.LessThan(x, Vector512<double>.Zero);
        var right = Vector512.Create(0.5 * Math.PI);
        return Vector512.ConditionalSelect(
            large,
            Vector512.ConditionalSelect(negative, Vector512.Create(Math.PI) - (arcsine * 2), arcsine * 2),
            Vector512.ConditionalSelect(negative, right + arcsine, right - arcsine));
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
