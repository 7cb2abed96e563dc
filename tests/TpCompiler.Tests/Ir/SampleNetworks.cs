using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Ir;

/// <summary>Multilayer perceptrons and training plans, made without the language.</summary>
internal static class SampleNetworks
{
    /// <summary>Standard parametrization, learning rate η n^{-c}.</summary>
    public static IReadOnlyList<(Rational A, Rational B, Rational C)> Standard(int hiddenLayers, Rational c) =>
        PerLayer(hiddenLayers, (0, 0, c), (0, Rational.Half, c), (0, Rational.Half, c));

    /// <summary>NTK parametrization.</summary>
    public static IReadOnlyList<(Rational A, Rational B, Rational C)> Ntk(int hiddenLayers) =>
        PerLayer(hiddenLayers, (0, 0, 0), (Rational.Half, 0, 0), (Rational.Half, 0, 0));

    /// <summary>Mean field, one hidden layer.</summary>
    public static IReadOnlyList<(Rational A, Rational B, Rational C)> MeanField() => [(0, 0, -1), (1, 0, -1)];

    /// <summary>Maximal update parametrization.</summary>
    public static IReadOnlyList<(Rational A, Rational B, Rational C)> Mup(int hiddenLayers) =>
        PerLayer(hiddenLayers, (-Rational.Half, Rational.Half, 0), (0, Rational.Half, 0), (Rational.Half, Rational.Half, 0));

    public static IReadOnlyList<(Rational A, Rational B, Rational C)> PerLayer(
        int hiddenLayers,
        (Rational A, Rational B, Rational C) input,
        (Rational A, Rational B, Rational C) hidden,
        (Rational A, Rational B, Rational C) output) => [input, .. Enumerable.Repeat(hidden, hiddenLayers - 1), output];

    /// <summary>
    /// h1[b] = n^{-a} Σ_i W1[i] x[b,i], x1 = φ(h1), h2 = n^{-a} W2 x1, …, f[b] = n^{-a} W{L+1} xL[b] (f[b,o] with more than one output).
    /// Data fields: <c>x</c> over (batch, input), <c>y</c> over (batch) or (batch, output). The loss is ½(f − y)², a sum over outputs and a mean over the batch.
    /// </summary>
    /// <param name="hiddenLayers">L.</param>
    /// <param name="phi">A name of the table of nonlinearities; <c>identity</c> for a linear net.</param>
    /// <param name="perLayer">(a, b, c) of layers 1 … L + 1.</param>
    /// <param name="inputs">Size of the axis <c>input</c>.</param>
    /// <param name="batch">Size of the axis <c>batch</c>.</param>
    /// <param name="outputs">Size of the axis <c>output</c>; 1 leaves it out.</param>
    /// <param name="steps">T.</param>
    /// <param name="rate">η; 1/2 when left out.</param>
    /// <param name="momentum">β; none when left out.</param>
    /// <param name="decay">λ: w ← (1 − ηλ) w − …</param>
    /// <param name="clip">The bound of the global norm of the gradient.</param>
    /// <param name="variances">σ² of layers 1 … L + 1; all 1 when left out.</param>
    /// <param name="biases">Whether each hidden layer has a bias vector, with the exponents of an input layer and variance 1.</param>
    public static (Network Network, TrainingPlan Plan) Mlp(
        int hiddenLayers,
        string phi,
        IReadOnlyList<(Rational A, Rational B, Rational C)> perLayer,
        int inputs,
        int batch,
        int outputs = 1,
        int steps = 4,
        Rational? rate = null,
        Rational? momentum = null,
        Rational? decay = null,
        Rational? clip = null,
        IReadOnlyList<Rational>? variances = null,
        bool biases = false) =>
        Mlp(hiddenLayers, h => Nonlinearities.Apply(phi, [h], [])!, perLayer, inputs, batch, outputs, steps, rate, momentum, decay, clip, variances, biases);

    /// <summary>The same with φ as a function of expressions: <c>h => h * h</c>.</summary>
    public static (Network Network, TrainingPlan Plan) Mlp(
        int hiddenLayers,
        Func<Expr, Expr> phi,
        IReadOnlyList<(Rational A, Rational B, Rational C)> perLayer,
        int inputs,
        int batch,
        int outputs = 1,
        int steps = 4,
        Rational? rate = null,
        Rational? momentum = null,
        Rational? decay = null,
        Rational? clip = null,
        IReadOnlyList<Rational>? variances = null,
        bool biases = false)
    {
        var b = new IndexBinder("b", "batch");
        var i = new IndexBinder("i", "input");
        ValueList<IndexBinder> o = outputs == 1 ? [] : [new IndexBinder("o", "output")];
        ValueList<string> n = ["n"];
        var parameters = new List<Parameter>();
        var initialisation = new List<Statement>();
        var forward = new List<Statement>();

        void Weight(Definition type, (Rational A, Rational B, Rational C) abc, Rational variance, ParameterRole role = ParameterRole.Input)
        {
            var initial = type with { Name = type.Name + "_0" };
            parameters.Add(new Parameter(type.Name, initial.Name, type, abc.A, abc.B, abc.C, variance, Trained: true) { RoleOfVector = role });
            initialisation.Add(variance.IsZero
                ? type.Kind == ValueKind.Matrix ? new Instruction.MatrixSum(initial, []) : new Instruction.Nonlin(initial, 0)
                : new Instruction.Gaussian(initial, variance * Expr.WidthTo("n", -2 * abc.B)));
        }

        Expr Bias(int layer)
        {
            if (!biases)
            {
                return 0;
            }

            Weight(new Definition($"b{layer}", [], n), perLayer[0], 1);
            return Expr.WidthTo("n", -perLayer[0].A) * Expr.Of($"b{layer}");
        }

        for (var layer = 1; layer <= hiddenLayers; layer++)
        {
            var abc = perLayer[layer - 1];
            var multiplier = Expr.WidthTo("n", -abc.A);
            var h = new Definition($"h{layer}", [b], n);
            if (layer == 1)
            {
                Weight(new Definition("W1", [i], n), abc, variances?[0] ?? 1);
                forward.Add(new Instruction.Nonlin(h, (multiplier * Expr.SumOver(i, Expr.Of("W1", "i") * Expr.Of("x", "b", "i"))) + Bias(1)));
            }
            else
            {
                Weight(new Definition($"W{layer}", [], ["n", "n"]), abc, variances?[layer - 1] ?? 1);
                var bias = Bias(layer);
                var plain = abc.A.IsZero && bias.IsZero;
                var product = plain ? h : h with { Name = $"g{layer}" };
                forward.Add(new Instruction.MatMul(product, new Expr.Reference($"W{layer}", []), false, new Expr.Reference($"x{layer - 1}", ["b"])));
                if (!plain)
                {
                    forward.Add(new Instruction.Nonlin(h, (multiplier * product.AsReference()) + bias));
                }
            }

            forward.Add(new Instruction.Nonlin(new Definition($"x{layer}", [b], n), phi(h.AsReference())));
        }

        var readout = new Definition($"W{hiddenLayers + 1}", o, n);
        Weight(readout, perLayer[hiddenLayers], variances?[hiddenLayers] ?? 1, ParameterRole.Output);
        var f = new Definition("f", [b, .. o], []);
        forward.Add(new Instruction.Moment(f, "n", Expr.WidthTo("n", 1 - perLayer[hiddenLayers].A) * readout.AsReference() * Expr.Of($"x{hiddenLayers}", "b")));

        ValueList<Axis> axes = [new("batch", batch), new("input", inputs), .. outputs == 1 ? Array.Empty<Axis>() : [new Axis("output", outputs)]];
        var network = new Network(
            "mlp",
            [new Width("n", 1)],
            axes,
            parameters.ToValueList(),
            initialisation.ToValueList(),
            [new Instruction.Data(new Definition("x", [b, i], []), "x")],
            forward.ToValueList(),
            ["f"],
            "batch");

        var y = f with { Name = "y" };
        Expr square = Rational.Half * Expr.Pow(f.AsReference() - y.AsReference(), 2);
        var summed = o.Aggregate(square, (body, binder) => Expr.SumOver(binder, body));
        var loss = new Instruction.Nonlin(new Definition("loss", [], []), new Rational(1, batch) * Expr.SumOver(b, summed));
        var plan = new TrainingPlan(
            [new Instruction.Data(y, "y")],
            [loss],
            "loss",
            Sgd(rate ?? Rational.Half, momentum, decay, clip),
            rate ?? Rational.Half,
            batch,
            steps,
            Source: null);
        return (network, plan);
    }

    /// <summary>m ← β m + min(1, clip/norm) g, w ← (1 − ηλ) w − rate · m; what is null is left out.</summary>
    public static UpdateRule Sgd(Rational rate, Rational? momentum = null, Rational? decay = null, Rational? clip = null)
    {
        Expr g = Expr.Of("g");
        if (clip is { } bound)
        {
            g *= Nonlinearities.Apply("min", [Expr.One, bound / Expr.Of("norm")], [])!;
        }

        var assignments = new List<Assignment>();
        if (momentum is { } beta)
        {
            assignments.Add(new Assignment("m", (beta * Expr.Of("m")) + g));
            g = Expr.Of("m");
        }

        assignments.Add(new Assignment("w", ((1 - (rate * (decay ?? 0))) * Expr.Of("w")) - (Expr.Of("rate") * g)));
        return new UpdateRule("sgd", momentum is null ? [] : ["m"], assignments.ToValueList());
    }
}
