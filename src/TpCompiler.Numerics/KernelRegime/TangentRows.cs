using System.Numerics.Tensors;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// The tangent kernel of <see cref="LayeredKernel"/>, a row at a time over many samples: closed forms as vectorised passes, quadrature entry by entry where there are none.
/// </summary>
public sealed class TangentRows
{
    private const string P = "p", Q = "q", R = "r", Angle = "angle";

    /// <summary>Correlations are ±1 when they are it to rounding: a covariance has several roundings.</summary>
    private const double NearlyOne = 1 - 1e-15;

    private static readonly Expr.Reference VarianceU = new(P, []), VarianceV = new(Q, []), Covariance = new(R, []), Arccos = new(Angle, []);

    private readonly LayeredNetwork network;
    private readonly GaussianMoments?[] values;
    private readonly GaussianMoments?[] slopes;
    private readonly SpanFormula?[] formulas;
    private readonly double disturbance;
    private double largestError;

    /// <param name="network">The network.</param>
    /// <param name="disturbance">How far each integral without a closed form is off, to see how errors spread.</param>
    public TangentRows(LayeredNetwork network, double disturbance = 0)
    {
        (this.network, this.disturbance) = (network, disturbance);
        var layers = network.Layers.Select(layer => layer.Nonlinearity).ToList();
        var variable = LayeredNetwork.Variable;
        values = [.. layers.Select(phi => phi is null ? null : new GaussianMoments(phi, phi, variable))];
        slopes = [.. layers.Select(phi => phi is not null && Derivative.Of(phi, variable) is var prime ? new GaussianMoments(prime, prime, variable) : null)];
        formulas = [.. layers.Select(phi => phi is null ? null : FormulaOf(phi))];
    }

    /// <summary>How many variances a sample has: one for each layer below the output.</summary>
    public int Layers => network.Layers.Count - 1;

    /// <summary>Whether every moment has a closed form.</summary>
    public bool IsClosedForm => values.Concat(slopes).All(moments => moments is null or { IsClosedForm: true });

    /// <summary>A bound on the error of each integral so far, in units of its disturbance.</summary>
    public double LargestError => largestError;

    /// <summary>K = slope · x·x̄ + constant, of linear nets; null for others.</summary>
    public (double Slope, double Constant)? Affine
    {
        get
        {
            (double Slope, double Constant) k = (0, 0), theta = (0, 0);
            for (var l = 0; l < network.Layers.Count; l++)
            {
                var layer = network.Layers[l];
                var square = 1.0;
                if (layer.Nonlinearity is { } phi)
                {
                    var factor = phi / LayeredNetwork.Variable;
                    if (factor.References().Any())
                    {
                        return null;
                    }

                    square = Math.Pow(factor.ToDouble(), 2);
                }

                (double Slope, double Constant) c = l == 0 ? (1, 0) : (square * k.Slope, square * k.Constant);
                var back = layer.WeightVariance * square;
                theta = ((back * theta.Slope) + (layer.WeightRate * c.Slope), (back * theta.Constant) + (layer.WeightRate * c.Constant) + layer.BiasRate);
                k = (layer.WeightVariance * c.Slope, (layer.WeightVariance * c.Constant) + layer.BiasVariance);
            }

            return theta;
        }
    }

    /// <summary>E h² of each layer below the output, for an input of this squared norm.</summary>
    public double[] Variances(double squaredNorm)
    {
        var own = new double[Layers];
        var c = squaredNorm;
        for (var l = 0; l < own.Length; l++)
        {
            c = l == 0 ? c : Integral(values[l]!, own[l - 1], own[l - 1], own[l - 1]);
            own[l] = (network.Layers[l].WeightVariance * c) + network.Layers[l].BiasVariance;
        }

        return own;
    }

    /// <summary>What a thread needs, for rows of at most so many samples.</summary>
    public sealed class Workspace(TangentRows rows, int length)
    {
        internal SpanFormula.Workspace?[] Formulas { get; } = [.. rows.formulas.Select(formula => formula is null ? null : new SpanFormula.Workspace(formula, length))];

        internal double[] Covariance { get; } = new double[length];

        internal double[] Bound { get; } = new double[length];

        internal double[] Rate { get; } = new double[length];
    }

    /// <summary>Replaces inner products of an input with others by K.</summary>
    /// <param name="own">The input's variances.</param>
    /// <param name="others">For each layer the others' variances, as many as products at least.</param>
    /// <param name="products">x·x̄ on entry, K on return.</param>
    /// <param name="workspace">The thread's.</param>
    public void Fill(ReadOnlySpan<double> own, ReadOnlySpan<ReadOnlyMemory<double>> others, Span<double> products, Workspace workspace)
    {
        var length = products.Length;
        var k = workspace.Covariance.AsSpan(0, length);
        var theta = workspace.Rate.AsSpan(0, length);
        for (var l = 0; l < network.Layers.Count; l++)
        {
            var layer = network.Layers[l];
            if (l == 0)
            {
                TensorPrimitives.Multiply(products, layer.WeightVariance, k);
                TensorPrimitives.Add(k, layer.BiasVariance, k);
                TensorPrimitives.Multiply(products, layer.WeightRate, theta);
                TensorPrimitives.Add(theta, layer.BiasRate, theta);
            }
            else if (formulas[l] is { } formula && own[l - 1] > 0 && others[l - 1].Span[..length].IndexOf(0.0) < 0)
            {
                Closed(formula, workspace.Formulas[l]!, layer, own[l - 1], others[l - 1].Span[..length], k, theta, workspace);
            }
            else
            {
                for (var j = 0; j < length; j++)
                {
                    var q = others[l - 1].Span[j];
                    theta[j] *= theta[j] == 0 ? 0 : layer.WeightVariance * Integral(slopes[l]!, own[l - 1], q, k[j]);
                    var c = Integral(values[l]!, own[l - 1], q, k[j]);
                    theta[j] += (layer.WeightRate * c) + layer.BiasRate;
                    k[j] = (layer.WeightVariance * c) + layer.BiasVariance;
                }
            }
        }

        theta.CopyTo(products);
    }

    private double Integral(GaussianMoments moments, double p, double q, double r)
    {
        var moment = moments.At(p, q, r);
        if (moments.IsClosedForm)
        {
            return moment.Value;
        }

        // Threads may race here: the largest stays in the end.
        for (var seen = largestError; Disturbance.Relative(moment.Value, moment.Error) is var error && error > seen;)
        {
            var before = Interlocked.CompareExchange(ref largestError, error, seen);
            if (before == seen)
            {
                break;
            }

            seen = before;
        }

        return Disturbance.Of(moment.Value, disturbance);
    }

    private static SpanFormula? FormulaOf(Expr phi)
    {
        var prime = Derivative.Of(phi, LayeredNetwork.Variable);
        return ClosedForms.Pair(phi, phi, LayeredNetwork.Variable, VarianceU, VarianceV, Covariance, Arccos) is { } value
            && ClosedForms.Pair(prime, prime, LayeredNetwork.Variable, VarianceU, VarianceV, Covariance, Arccos) is { } slope
                ? new SpanFormula([value, slope], [P, Q, R, Angle], [Q, R, Angle])
                : null;
    }

    /// <summary>One layer: Θ ← σ_w² E φ′φ̄′ Θ + rate E φφ̄ + bias rate, K ← σ_w² E φφ̄ + σ_b².</summary>
    private static void Closed(
        SpanFormula formula, SpanFormula.Workspace own, KernelLayer layer, double p, ReadOnlySpan<double> q, Span<double> k, Span<double> theta, Workspace workspace)
    {
        // |r| ≤ √(pq), and r/√(pq) to be no more than 1 after rounding.
        var length = k.Length;
        var bound = workspace.Bound.AsSpan(0, length);
        TensorPrimitives.Multiply(q, p, bound);
        TensorPrimitives.Sqrt(bound, bound);
        TensorPrimitives.Min(k, bound, k);
        TensorPrimitives.Negate(bound, bound);
        TensorPrimitives.Max(k, bound, k);
        if (formula.Variable(own, Angle) is { IsEmpty: false } angle)
        {
            TensorPrimitives.Divide(k, bound, bound);
            TensorPrimitives.Negate(bound, bound);
            TensorPrimitives.Min(bound, 1.0, bound);
            TensorPrimitives.Max(bound, -1.0, bound);
            foreach (ref var correlation in bound)
            {
                // arccos makes 1e-8 of a rounding there.
                correlation = Math.Abs(correlation) > NearlyOne ? Math.Sign(correlation) : correlation;
            }

            Elementwise.Arccos<double>(bound, angle);
        }

        if (formula.Variable(own, P) is { IsEmpty: false } number)
        {
            number[0] = p;
        }

        Copy(q, formula.Variable(own, Q));
        Copy(k, formula.Variable(own, R));
        formula.Evaluate(own, length);
        var value = formula.Result(own, 0);
        var slope = formula.Result(own, 1);
        if (slope.Length > 1)
        {
            TensorPrimitives.Multiply(theta, slope[..length], theta);
            TensorPrimitives.Multiply(theta, layer.WeightVariance, theta);
        }
        else
        {
            TensorPrimitives.Multiply(theta, layer.WeightVariance * slope[0], theta);
        }

        if (value.Length > 1)
        {
            TensorPrimitives.MultiplyAdd(value[..length], layer.WeightRate, theta, theta);
            TensorPrimitives.Multiply(value[..length], layer.WeightVariance, k);
        }
        else
        {
            TensorPrimitives.Add(theta, layer.WeightRate * value[0], theta);
            k.Fill(layer.WeightVariance * value[0]);
        }

        TensorPrimitives.Add(theta, layer.BiasRate, theta);
        TensorPrimitives.Add(k, layer.BiasVariance, k);
    }

    private static void Copy(ReadOnlySpan<double> from, Span<double> to)
    {
        if (!to.IsEmpty)
        {
            from.CopyTo(to);
        }
    }
}
