using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// A layer h = W x + b of a wide multilayer perceptron, x = φ(h of the layer below), or the input below the first.
/// </summary>
/// <param name="Nonlinearity">φ, a function of <see cref="LayeredNetwork.Variable"/>, between the layer below and this one; null for the first layer.</param>
/// <param name="WeightVariance">σ_w²: E h h̄ = σ_w² C + σ_b², where C is the mean over coordinates of x x̄ (for the first layer the inner product of the inputs as it is given to <see cref="LayeredKernel"/>).</param>
/// <param name="BiasVariance">σ_b².</param>
/// <param name="WeightRate">What this layer's weights contribute to the tangent kernel, in units of C times the backward moment: 0 when scaling says that they don't; σ_w² in the NTK
/// parametrization where the trained numbers have variance 1; 1 where the trained numbers have variance σ_w².</param>
/// <param name="BiasRate">Likewise for the biases.</param>
public sealed record KernelLayer(Expr? Nonlinearity, double WeightVariance, double BiasVariance, double WeightRate, double BiasRate);

/// <summary>A wide multilayer perceptron at initialisation.</summary>
/// <param name="Layers">The last layer is the output, L hidden layers make L + 1.</param>
/// <param name="StartsAtZero">Whether f₀ → 0, its variance vanishing with the width; the output's σ_w² then still scales what comes back to the hidden layers.</param>
public sealed record LayeredNetwork(ValueList<KernelLayer> Layers, bool StartsAtZero = false)
{
    /// <summary>The argument of the nonlinearities.</summary>
    public static readonly Expr.Reference Variable = new("h", []);

    /// <summary>One φ and one pair of variances in all layers, in the NTK parametrization (arXiv 1806.07572): every layer contributes.</summary>
    public static LayeredNetwork Ntk(int hiddenLayers, Expr nonlinearity, double weightVariance, double biasVariance) => new(
        Enumerable.Range(0, hiddenLayers + 1)
            .Select(layer => new KernelLayer(layer == 0 ? null : nonlinearity, weightVariance, biasVariance, weightVariance, biasVariance))
            .ToValueList());
}
