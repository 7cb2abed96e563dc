using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Limits.Derivation;

/// <summary>
/// The kernel regime's equations for a network of fully connected layers: the covariance K of each layer's preactivations (Neal 1996, Lee et al. 2018), the tangent kernel Θ over the
/// weights that contribute (Jacot et al. 2018; arXiv 2011.14522, section 4), and kernel gradient descent.
/// </summary>
public sealed class KernelEquations
{
    /// <summary>u and v in an expectation.</summary>
    internal static readonly Expr.Reference U = new("Z:~u", []), V = new("Z:~v", []);

    private readonly Network network;
    private readonly IReadOnlyCollection<string> contributing;
    private readonly Dictionary<string, Parameter> parameters;
    private readonly Dictionary<string, (Parameter Weight, string Feature)> products = new(StringComparer.Ordinal);
    private readonly HashSet<string> preactivations = new(StringComparer.Ordinal);
    private readonly HashSet<string> features = new(StringComparer.Ordinal);
    private readonly List<Equation> covariance = [];
    private readonly List<Equation> tangent = [];
    private readonly HashSet<string> frozen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Readout> readouts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Rational> ratios;
    private readonly string sample;
    private readonly bool saysZeros;
    private bool movesFromZero;

    private KernelEquations(Network network, IReadOnlyCollection<string> contributing, bool saysZeros)
    {
        this.network = network;
        this.saysZeros = saysZeros;
        this.contributing = contributing;
        parameters = network.Parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        ratios = network.Widths.ToDictionary(width => width.Name, width => width.Ratio, StringComparer.Ordinal);
        sample = network.Inputs.SelectMany(input => input.Result.Indices).First(binder => binder.Axis == network.BatchAxis).Name;
    }

    /// <summary>A Moment of last weights with features, or an output: its own covariance and tangent kernel, and the last weights, which make it independent of other outputs.</summary>
    private sealed record Readout(Expr Covariance, Expr Tangent, ValueList<string> Weights, ValueList<IndexBinder> Axes);

    /// <summary>The equations, or null for a network that is not a chain of fully connected layers, with outputs that have last weights of their own.</summary>
    /// <param name="network">The network.</param>
    /// <param name="contributing">The weights whose updates move f by Θ(1).</param>
    /// <param name="initial">Whether f starts as a Gaussian process or at 0.</param>
    /// <param name="plan">How it is trained; equations of training are left out where the rule is more than gradients and slots, and the title says so.</param>
    /// <param name="saysZeros">Whether they hold for samples with variance 0 too, where a closed form has a limit of its own or none.</param>
    public static LimitEquations? Derive(Network network, IReadOnlyCollection<string> contributing, Scaling.InitialOutput? initial, TrainingPlan? plan, bool saysZeros = false)
    {
        try
        {
            return new KernelEquations(network, contributing, saysZeros).Derive(initial, plan);
        }
        catch (NotLayeredException)
        {
            return null;
        }
    }

    private LimitEquations Derive(Scaling.InitialOutput? initial, TrainingPlan? plan)
    {
        if (network.Forward.Instructions().Any(instruction => instruction is Instruction.Nonlin { IsConstant: true }))
        {
            throw new NotLayeredException();
        }

        foreach (var statement in network.Forward)
        {
            switch (statement)
            {
                case Instruction.MatMul { Transposed: false } product when parameters.TryGetValue(product.Matrix.Name, out var weight) && IsKnown(product.Vector.Name):
                    products[product.Result.Name] = (weight, product.Vector.Name);
                    if (product.Result.Name is var direct && weight.A.IsZero && !network.Forward.OfType<Instruction.Nonlin>().Any(nonlin => Terms(nonlin.Body).Any(term => Split(term) is Expr.Reference r && r.Name == direct)))
                    {
                        Preactivation(direct, product.Result.AsReference());
                    }

                    break;
                case Instruction.Nonlin { Result.Kind: ValueKind.Vector } nonlin:
                    Vector(nonlin);
                    break;
                case Instruction.Moment moment:
                    readouts.Add(moment.Result.Name, ReadoutOf(moment));
                    break;
                case Instruction.Nonlin { Result.Kind: ValueKind.Scalar } sum:
                    readouts.Add(sum.Result.Name, WithBias(sum));
                    break;
                default:
                    throw new NotLayeredException();
            }
        }

        var last = new HashSet<string>(StringComparer.Ordinal);
        foreach (var output in network.Outputs)
        {
            if (!readouts.TryGetValue(output, out var readout) || !readout.Weights.All(last.Add))
            {
                throw new NotLayeredException();
            }

            // Where f starts at 0, the covariance of f itself vanishes.
            if (initial == Scaling.InitialOutput.GaussianProcess)
            {
                covariance.Add(new(K(output), Relation.Equal, readout.Covariance));
            }

            tangent.Add(new(Theta(output), Relation.Equal, readout.Tangent));
        }

        var several = network.Outputs.Count > 1;
        List<string> axes = [.. network.Outputs.SelectMany(output => readouts[output].Axes).Select(binder => binder.Name).Distinct()];

        List<EquationSection> sections =
        [
            new(initial == Scaling.InitialOutput.GaussianProcess
                ? (several ? "outputs at initialisation: independent Gaussian processes, each with its own covariance K" : "f at initialisation: a Gaussian process with covariance K of f")
                    + (axes.Count == 0 ? string.Empty : ", independent for each " + string.Join(" and ", axes))
                : (several ? "outputs start at 0" : "f starts at 0") + "; covariances of the layers at initialisation", covariance.ToValueList()),
            new("tangent kernel: the weights " + string.Join(", ", contributing) + " contribute", tangent.ToValueList()),
        ];
        if (plan is not null)
        {
            sections.Add(KernelDescent.Section(network, plan, sample, [.. network.Outputs.Select(output => new DescentOutput(output, readouts[output].Axes))]));
        }

        return new LimitEquations(network.Name, sections.ToValueList());
    }

    /// <summary>Whether a vector has a covariance: what a nonlinearity makes, or preactivations themselves where a layer has none.</summary>
    private bool IsKnown(string vector) => features.Contains(vector) || preactivations.Contains(vector);

    private static IEnumerable<Expr> Terms(Expr expr) => expr is Expr.Add add ? add.Terms : [expr];

    /// <summary>A term without its numbers and powers of n.</summary>
    private static Expr Split(Expr term) => term is Expr.Multiply product
        ? Expr.ProductOf(product.Factors.Where(factor => factor is not (Expr.Constant or Expr.WidthPower)))
        : term;

    private static IEnumerable<Expr> Factors(Expr term) => term is Expr.Multiply product ? product.Factors : [term];

    /// <summary>The square of what multiplies a term, every width in units of n; its power of n is not in it.</summary>
    private Expr Square(Expr term) => Expr.ProductOf(Factors(term).Select(factor => factor switch
    {
        Expr.Constant constant => (Expr)(constant.Value * constant.Value),
        Expr.WidthPower width => Expr.Pow(ratios[width.Width], 2 * width.Exponent),
        _ => Expr.One,
    }));

    /// <summary>
    /// σ² of a term of a preactivation with all that multiplies it, in the limit: 0 where it vanishes beside the others, as a bias does that starts too small.
    /// </summary>
    /// <param name="term">The term.</param>
    /// <param name="parameter">The weight in it.</param>
    /// <param name="sumsOverWidth">Whether the weight is multiplied by a vector, which adds a power of n.</param>
    private Expr Spread(Expr term, Parameter parameter, bool sumsOverWidth)
    {
        var power = Factors(term).OfType<Expr.WidthPower>().Aggregate(Rational.Zero, (sum, width) => sum + width.Exponent);
        var order = (2 * power) - (2 * parameter.B) + (sumsOverWidth ? 1 : 0);
        return parameter.Variance.IsZero || order.Sign < 0 ? Expr.Zero : order.IsZero ? parameter.Variance : throw new NotLayeredException();
    }

    private Expr.Reference K(string name) => new("K_" + name, [sample, sample + "'"]);

    private Expr K(string name, string first, string second) => Expr.Of("K_" + name, first, second);

    /// <summary>How many coordinates a vector has, in units of n.</summary>
    private Rational Coordinates(string vector) => ratios[network.Forward.Definitions().First(definition => definition.Name == vector).Widths[0]];

    /// <summary>Θ of a value; 0 where no weight that contributes stands before it.</summary>
    private Expr Theta(string name) => frozen.Contains(name) ? Expr.Zero : Expr.Of("Theta_" + name, sample, sample + "'");

    private void Tangent(string name, Expr kernel, string? note = null, Expr.Reference? law = null)
    {
        if (kernel.IsZero)
        {
            frozen.Add(name);
        }
        else
        {
            tangent.Add(new(Theta(name), Relation.Equal, kernel, note) { Law = law });
        }
    }

    private void Vector(Instruction.Nonlin nonlin)
    {
        var name = nonlin.Result.Name;
        if (nonlin.Body.References().Any(reference => preactivations.Contains(reference.Name)))
        {
            Feature(name, nonlin.Body);
        }
        else
        {
            Preactivation(name, nonlin.Body);
        }
    }

    private void Preactivation(string name, Expr body)
    {
        var (k, theta) = (Expr.Zero, Expr.Zero);
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var term in Terms(body))
        {
            var (square, rest) = (Square(term), Split(term));
            switch (rest)
            {
                case Expr.Reference bias when parameters.TryGetValue(bias.Name, out var parameter):
                    Once(parameter);
                    var start = square * Spread(term, parameter, sumsOverWidth: false);
                    k += start;
                    theta += Contribution(parameter, square);
                    movesFromZero |= start.IsZero && !Contribution(parameter, square).IsZero;
                    break;
                case Expr.Reference product when products.TryGetValue(product.Name, out var made):
                    Once(made.Weight);
                    square *= Coordinates(made.Feature);
                    var spread = Spread(term, made.Weight, sumsOverWidth: true);
                    k += square * spread * K(made.Feature);
                    theta += Contribution(made.Weight, square * K(made.Feature));
                    theta += square * spread * Theta(made.Feature);
                    break;
                case var product when OfInputs(product) is var (input, gram):
                    Once(input);
                    k += square * Spread(term, input, sumsOverWidth: false) * gram;
                    theta += Contribution(input, square * gram);
                    break;
                default:
                    throw new NotLayeredException();
            }
        }

        // A weight that stands here twice makes its two terms covary.
        void Once(Parameter parameter)
        {
            if (!used.Add(parameter.Name))
            {
                throw new NotLayeredException();
            }
        }

        preactivations.Add(name);
        covariance.Add(new(K(name), Relation.Equal, k));
        Tangent(name, theta);
    }

    /// <summary>Of Σ_i W[i] x[b,i], with as many sums as the input has axes: W and Σ_i x[b,i] x[b',i]; null for anything else.</summary>
    private (Parameter Weight, Expr Gram)? OfInputs(Expr expr)
    {
        var over = new List<IndexBinder>();
        while (expr is Expr.Sum sum)
        {
            over.Add(sum.Index);
            expr = sum.Body;
        }

        if (expr is not Expr.Multiply { Factors: [Expr.Reference one, Expr.Reference two] })
        {
            return null;
        }

        var (weight, data) = parameters.ContainsKey(one.Name) ? (one, two) : (two, one);
        if (!parameters.TryGetValue(weight.Name, out var parameter) || network.Inputs.All(input => input.Result.Name != data.Name)
            || over.Any(binder => !weight.Indices.Contains(binder.Name) || !data.Indices.Contains(binder.Name))
            || weight.Indices.Any(index => index is not Index.Variable { Name: var name } || over.All(binder => binder.Name != name)))
        {
            return null;
        }

        var gram = Enumerable.Reverse(over).Aggregate(data * data.RenameIndex(sample, sample + "'"), (body, binder) => Expr.SumOver(binder, body));
        return (parameter, gram);
    }

    private Expr Contribution(Parameter parameter, Expr kernel) => contributing.Contains(parameter.Name) ? kernel : Expr.Zero;

    private void Feature(string name, Expr body)
    {
        var sources = body.References().Distinct().ToList();
        if (sources is not [var h])
        {
            throw new NotLayeredException();
        }

        features.Add(name);
        var (value, slope) = (Pair(body, h, isSeenAtZero: true), Pair(Derivative.Of(body, h), h, movesFromZero) * Theta(h.Name));
        if (value.References().Concat(slope.References()).Contains(Angle(h.Name)))
        {
            var root = Expr.Pow(K(h.Name, sample, sample) * K(h.Name, sample + "'", sample + "'"), -Rational.Half);
            covariance.Add(new(Angle(h.Name), Relation.Equal, Expr.Apply("arccos", K(h.Name) * root)));
        }

        covariance.Add(new(K(name), Relation.Equal, value, Law(value, h.Name)) { Law = K(h.Name) });
        Tangent(name, slope, Law(slope, h.Name), K(h.Name));
    }

    private Expr.Reference Angle(string name) => new("theta_" + name, [sample, sample + "'"]);

    private string? Law(Expr value, string h) => value.DescendantsAndSelf().OfType<Expr.Expectation>().Any()
        ? FormattableString.Invariant($"(u, v) ~ N(0, K of {h} on {sample} and {sample}')")
        : null;

    /// <summary>E φ(u) φ(v): the closed form where there is one.</summary>
    /// <param name="phi">φ of <paramref name="h"/>.</param>
    /// <param name="h">The preactivations.</param>
    /// <param name="isSeenAtZero">False where a factor that vanishes with a variance hides what is said there.</param>
    private Expr Pair(Expr phi, Expr.Reference h, bool isSeenAtZero)
    {
        if (!phi.References().Any())
        {
            return phi * phi;
        }

        var (p, q, r) = (K(h.Name, sample, sample), K(h.Name, sample + "'", sample + "'"), K(h.Name));
        if (ClosedForms.Pair(phi, phi, h, p, q, r, Angle(h.Name)) is not { } form)
        {
            return new Expr.Expectation(phi.SubstituteReferences(_ => U) * phi.SubstituteReferences(_ => V));
        }

        return saysZeros && ((isSeenAtZero && ClosedForms.JumpsAtZero(phi, h)) || form.DescendantsAndSelf().Any(part => part is Expr.Power { Exponent.Sign: < 0 } power && (power.Base == p || power.Base == q)))
            ? WithZeros(phi, h, p, q, r)
            : form;
    }

    /// <summary>The closed form where both variances are positive, and φ(0) E φ where one is 0; a 1 stands in the closed form for a variance of 0, so that it is a number there too.</summary>
    private Expr WithZeros(Expr phi, Expr.Reference h, Expr p, Expr q, Expr r)
    {
        var atZero = phi.SubstituteReferences(_ => Expr.Zero);
        return (Positive(p) * Positive(q) * ClosedForms.Pair(phi, phi, h, Instead(p), Instead(q), r, Angle(h.Name))!)
            + (atZero * (1 - Positive(p)) * Mean(q))
            + (atZero * Positive(p) * (1 - Positive(q)) * Mean(p));

        Expr Mean(Expr variance) => (Positive(variance) * ClosedForms.Pair(phi, Expr.One, h, Instead(variance), Expr.One, Expr.Zero, Angle(h.Name))!) + ((1 - Positive(variance)) * atZero);

        static Expr Positive(Expr variance) => Expr.Apply("step", variance);
        static Expr Instead(Expr variance) => variance + 1 - Positive(variance);
    }

    private ValueList<IndexBinder> AxesOf(Definition output) => [.. output.Indices.Where(binder => binder.Name != sample)];

    private Readout ReadoutOf(Instruction.Moment moment)
    {
        var rest = Split(moment.Body) is Expr.Multiply { Factors: [Expr.Reference one, Expr.Reference two] } ? (one, two) : throw new NotLayeredException();
        var (weight, feature) = parameters.ContainsKey(rest.one.Name) ? (rest.one, rest.two) : (rest.two, rest.one);
        if (!parameters.TryGetValue(weight.Name, out var parameter) || !IsKnown(feature.Name))
        {
            throw new NotLayeredException();
        }

        // A mean over m coordinates has 1/m of the variance of each.
        var square = Square(moment.Body) / ratios[moment.Width];
        return new Readout(
            square * parameter.Variance * K(feature.Name),
            Contribution(parameter, square * K(feature.Name)) + (square * parameter.Variance * Theta(feature.Name)),
            [weight.Name],
            AxesOf(moment.Result));
    }

    /// <summary>Moments of different last weights, and biases, are independent.</summary>
    private Readout WithBias(Instruction.Nonlin sum)
    {
        var (k, theta) = (Expr.Zero, Expr.Zero);
        var weights = new List<string>();
        foreach (var term in Terms(sum.Body))
        {
            var square = Square(term);
            if (Split(term) is not Expr.Reference reference)
            {
                throw new NotLayeredException();
            }

            if (readouts.TryGetValue(reference.Name, out var part))
            {
                k += square * part.Covariance;
                theta += square * part.Tangent;
                weights.AddRange(part.Weights);
            }
            else if (parameters.TryGetValue(reference.Name, out var bias) && bias.Type.Kind == ValueKind.Scalar)
            {
                k += square * Spread(term, bias, sumsOverWidth: false);
                theta += Contribution(bias, square);
                weights.Add(bias.Name);
            }
            else
            {
                throw new NotLayeredException();
            }
        }

        return weights.Distinct().Count() == weights.Count ? new Readout(k, theta, weights.ToValueList(), AxesOf(sum.Result)) : throw new NotLayeredException();
    }

    private sealed class NotLayeredException : Exception;
}
