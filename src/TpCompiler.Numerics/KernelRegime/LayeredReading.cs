using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>An output of a network as layers.</summary>
/// <param name="Name">The output.</param>
/// <param name="Input">The field of the input that it reads.</param>
/// <param name="Axes">Its axes besides the batch.</param>
/// <param name="Layers">From the input to it.</param>
public sealed record OutputLayers(string Name, string Input, ValueList<string> Axes, LayeredNetwork Layers);

/// <summary>Recognises a chain of layers in a network's forward instructions.</summary>
public static class LayeredReading
{
    /// <summary>
    /// The network as layers, in units in which the kernel's η is the plan's learning rate: the inner product of two inputs is the plain x·x̄, and n^{-c} and the n of the inner products over widths
    /// have cancelled in every contributing weight; a sum over a width counts its ratio to n. Null when it isn't a chain of fully connected layers with one input and one output (residual sums, several matrices in a
    /// layer), or isn't Θ(1) at initialisation.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="contributing">The weights whose updates move f by Θ(1).</param>
    /// <param name="startsAtZero">Whether f₀ → 0.</param>
    public static LayeredNetwork? Of(Network network, IReadOnlyCollection<string> contributing, bool startsAtZero)
    {
        if (network.Inputs.Count != 1 || network.Outputs.Count != 1 || network.Forward.Instructions().Any(instruction => instruction is Instruction.Nonlin { IsConstant: true }))
        {
            return null;
        }

        try
        {
            return new Reader(network, contributing, startsAtZero).Read();
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>
    /// Every output as layers, by itself, where no kernel couples two of them: weights that only one of two outputs has, the last ones, are independent of the other's and have mean 0.
    /// Null when one of them is no such chain, or two share their last weights.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    public static ValueList<OutputLayers>? OfOutputs(Network network, IReadOnlyCollection<string> contributing, bool startsAtZero)
    {
        var read = new List<OutputLayers>();
        var last = new HashSet<string>(StringComparer.Ordinal);
        var roles = network.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Role, StringComparer.Ordinal);
        foreach (var output in network.Outputs)
        {
            var needed = new HashSet<string>(StringComparer.Ordinal) { output };
            var forward = new List<Statement>();
            foreach (var instruction in network.Forward.Reverse().OfType<Instruction>().Where(instruction => needed.Contains(instruction.Result.Name)))
            {
                forward.Insert(0, instruction);
                needed.UnionWith(instruction.Reads());
            }

            ValueList<Instruction.Data> inputs = [.. network.Inputs.Where(input => needed.Contains(input.Result.Name))];
            if (Of(network with { Forward = [.. forward], Outputs = [output], Inputs = inputs }, contributing, startsAtZero) is not { } layers
                || !needed.Where(name => roles.TryGetValue(name, out var role) && role is ParameterRole.Output or ParameterRole.Scalar).All(last.Add))
            {
                return null;
            }

            var axes = forward.Definitions().Single(definition => definition.Name == output).Indices.Select(binder => binder.Axis).Where(axis => axis != network.BatchAxis);
            read.Add(new OutputLayers(output, inputs[0].Field, axes.ToValueList(), layers));
        }

        return read.ToValueList();
    }

    /// <summary>number · n^Exponent, n the first width.</summary>
    private readonly record struct Multiplier(double Number, Rational Exponent);

    /// <summary>A function φ(h) of the preactivations of a layer.</summary>
    private sealed record Feature(int Layer, Expr Phi);

    private sealed class Reader(Network network, IReadOnlyCollection<string> contributing, bool startsAtZero)
    {
        private readonly Dictionary<string, Parameter> parameters = network.Parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        private readonly Dictionary<string, Feature> features = new(StringComparer.Ordinal);
        private readonly Dictionary<string, (Parameter Weight, Feature Feature)> products = new(StringComparer.Ordinal);
        private readonly Dictionary<string, KernelLayer> readouts = new(StringComparer.Ordinal);
        private readonly Dictionary<Expr, int> known = [];
        private readonly List<KernelLayer> layers = [];

        public LayeredNetwork Read()
        {
            foreach (var statement in network.Forward)
            {
                switch (statement)
                {
                    case Instruction.MatMul { Transposed: false } product when parameters.TryGetValue(product.Matrix.Name, out var weight):
                        products[product.Result.Name] = (weight, FeatureOf(product.Vector));
                        break;
                    case Instruction.Nonlin { Result.Kind: ValueKind.Vector } nonlin:
                        features[nonlin.Result.Name] = Function(nonlin.Body);
                        break;
                    case Instruction.Moment moment:
                        readouts[moment.Result.Name] = Readout(moment);
                        break;
                    case Instruction.Nonlin { Result.Kind: ValueKind.Scalar } nonlin:
                        readouts[nonlin.Result.Name] = WithBias(nonlin.Body);
                        break;
                    default:
                        throw new NotSupportedException();
                }
            }

            return readouts.TryGetValue(network.Outputs[0], out var output)
                ? new LayeredNetwork([.. layers, output], startsAtZero)
                : throw new NotSupportedException();
        }

        private Feature FeatureOf(Expr.Reference vector) => features.GetValueOrDefault(vector.Name) ?? Function(vector);

        private Feature Function(Expr body)
        {
            int? layer = null;
            var phi = Extract(body);
            return new Feature(layer ?? throw new NotSupportedException(), phi);

            Expr Extract(Expr expr)
            {
                if (expr is Expr.Reference reference && features.TryGetValue(reference.Name, out var feature))
                {
                    Use(feature.Layer);
                    return feature.Phi;
                }

                if (Preactivation(expr) is { } preactivation)
                {
                    Use(preactivation);
                    return LayeredNetwork.Variable;
                }

                return expr is Expr.Reference or Expr.Sum or Expr.IndexValue or Expr.WidthPower ? throw new NotSupportedException() : expr.MapChildren(Extract);
            }

            void Use(int used) => layer = layer is null || layer == used ? used : throw new NotSupportedException();
        }

        /// <summary>The layer that a sum of weights times features or inputs and of biases is; null when the expression isn't one.</summary>
        private int? Preactivation(Expr expr)
        {
            if (known.TryGetValue(expr, out var layer))
            {
                return layer;
            }

            KernelLayer? weights = null;
            var (biasVariance, biasRate) = (0.0, 0.0);
            foreach (var term in expr is Expr.Add sum ? sum.Terms : [expr])
            {
                var (multiplier, rest) = Split(term);
                switch (rest)
                {
                    case Expr.Reference reference when products.TryGetValue(reference.Name, out var product) && weights is null:
                        if (product.Feature.Layer != layers.Count - 1)
                        {
                            throw new NotSupportedException();
                        }

                        weights = Layer(product.Feature.Phi, product.Weight, multiplier, product.Weight.Type.Widths[1]);
                        break;
                    case Expr.Reference reference when parameters.TryGetValue(reference.Name, out var bias) && bias.Type is { Kind: ValueKind.Vector, Indices.Count: 0 }:
                        var part = Layer(null, bias, multiplier, null);
                        biasVariance += part.WeightVariance;
                        biasRate += part.WeightRate;
                        break;
                    default:
                        if (weights is not null || InputWeight(rest) is not { } input)
                        {
                            return null;
                        }

                        weights = Layer(null, input, multiplier, null);
                        break;
                }
            }

            if (weights is null || (weights.Nonlinearity is null) != (layers.Count == 0))
            {
                throw new NotSupportedException();
            }

            layers.Add(weights with { BiasVariance = biasVariance, BiasRate = biasRate });
            return known[expr] = layers.Count - 1;
        }

        /// <summary>Σ_i W[i] x[b, i], with as many sums as the input has axes.</summary>
        private Parameter? InputWeight(Expr expr)
        {
            var bound = new HashSet<string>(StringComparer.Ordinal);
            while (expr is Expr.Sum sum)
            {
                bound.Add(sum.Index.Name);
                expr = sum.Body;
            }

            return expr is Expr.Multiply { Factors: [Expr.Reference first, Expr.Reference second] }
                ? Weight(first, second) ?? Weight(second, first)
                : null;

            Parameter? Weight(Expr.Reference weight, Expr.Reference input) =>
                parameters.TryGetValue(weight.Name, out var parameter) && input.Name == network.Inputs[0].Result.Name
                && weight.Indices.All(index => index is Symbolics.Index.Variable v && bound.Contains(v.Name)) && weight.Indices.Count == bound.Count
                && input.Indices.Count(index => index is Symbolics.Index.Variable v && bound.Contains(v.Name)) == bound.Count
                    ? parameter
                    : null;
        }

        /// <summary>f = (1/n) Σ_α coefficient V_α φ(h_α).</summary>
        private KernelLayer Readout(Instruction.Moment moment)
        {
            var weight = moment.Body.References().FirstOrDefault(reference => parameters.TryGetValue(reference.Name, out var p) && p.Type.Kind == ValueKind.Vector && p.Role == ParameterRole.Output)
                ?? throw new NotSupportedException();
            var (multiplier, rest) = Split(moment.Body / weight);
            if (rest.References().Any(reference => reference.Name == weight.Name) || Function(rest) is not { } feature || feature.Layer != layers.Count - 1)
            {
                throw new NotSupportedException();
            }

            // n^{-1} of the mean; whether what is left is Θ(1) or vanishes is known from scaling.
            var mean = new Multiplier(multiplier.Number / RatioOf(moment.Width), multiplier.Exponent - 1);
            return Layer(feature.Phi, parameters[weight.Name], mean, moment.Width, isOutput: true);
        }

        /// <summary>f = moment + scalar biases.</summary>
        private KernelLayer WithBias(Expr body)
        {
            KernelLayer? readout = null;
            var (variance, rate) = (0.0, 0.0);
            foreach (var term in body is Expr.Add sum ? sum.Terms : [body])
            {
                var (multiplier, rest) = Split(term);
                if (rest is not Expr.Reference reference)
                {
                    throw new NotSupportedException();
                }

                if (readouts.TryGetValue(reference.Name, out var moment) && readout is null && multiplier.Exponent.IsZero)
                {
                    var square = multiplier.Number * multiplier.Number;
                    readout = moment with { WeightVariance = square * moment.WeightVariance, WeightRate = square * moment.WeightRate, BiasVariance = square * moment.BiasVariance, BiasRate = square * moment.BiasRate };
                }
                else if (parameters.TryGetValue(reference.Name, out var bias) && bias.Type.Kind == ValueKind.Scalar)
                {
                    var part = Layer(null, bias, multiplier, null);
                    variance += part.WeightVariance;
                    rate += part.WeightRate;
                }
                else
                {
                    throw new NotSupportedException();
                }
            }

            return readout is null ? throw new NotSupportedException() : readout with { BiasVariance = readout.BiasVariance + variance, BiasRate = readout.BiasRate + rate };
        }

        private double RatioOf(string width) => network.Widths.First(known => known.Name == width).Ratio.ToDouble();

        /// <param name="phi">The function of the layer before; null for the inputs.</param>
        /// <param name="weight">The weight.</param>
        /// <param name="multiplier">What it is multiplied with.</param>
        /// <param name="summed">The width that is summed over; null for none.</param>
        /// <param name="isOutput">Whether it gives f.</param>
        private KernelLayer Layer(Expr? phi, Parameter weight, Multiplier multiplier, string? summed, bool isOutput = false)
        {
            var square = multiplier.Number * multiplier.Number * (summed is null ? 1 : RatioOf(summed));
            var variance = weight.Variance.ToDouble() * square;
            var exponent = (2 * multiplier.Exponent) - (2 * weight.B) + (summed is null ? 0 : 1);
            if (!isOutput && variance != 0 && exponent.Sign != 0)
            {
                variance = exponent.Sign < 0 && summed is null && phi is null && weight.Type.Indices.Count == 0 ? 0 : throw new NotSupportedException();
            }

            return new KernelLayer(phi, variance, 0, contributing.Contains(weight.Name) ? square : 0, 0);
        }

        private (Multiplier Multiplier, Expr Body) Split(Expr term)
        {
            var factors = term is Expr.Multiply product ? product.Factors : [term];
            var exponent = factors.OfType<Expr.WidthPower>().Aggregate(Rational.Zero, (sum, power) => sum + power.Exponent);
            var numbers = factors.Where(factor => factor is not Expr.WidthPower && IsNumber(factor)).ToList();
            var ratios = factors.OfType<Expr.WidthPower>().Aggregate(1.0, (product, power) => product * Math.Pow(RatioOf(power.Width), power.Exponent.ToDouble()));
            return (new Multiplier(ratios * Expr.ProductOf(numbers).ToDouble(), exponent), Expr.ProductOf(factors.Where(factor => factor is not Expr.WidthPower && !IsNumber(factor))));
        }

        private static bool IsNumber(Expr factor) => factor is Expr.Constant or Expr.Pi or Expr.Power { Base: Expr.Constant or Expr.Pi };
    }
}
