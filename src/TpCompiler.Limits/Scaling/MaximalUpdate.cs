using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>The maximal-update parametrization of one weight, without saying how it is shared out over a, b and c.</summary>
/// <param name="Name">The weight.</param>
/// <param name="Role">Which of its sides are wide.</param>
/// <param name="A">a of the program.</param>
/// <param name="Initial">σ: its entries W start as Θ(n^{-σ}), with σ = a + b; null when they start at 0.</param>
/// <param name="Rate">λ: 2a + c for gradients, a + c for updates of a size of their own.</param>
/// <param name="Gradient">The exponent of the entries of ∂L/∂W; null when it is 0.</param>
public sealed record MaximalUpdateRow(string Name, ParameterRole Role, Rational A, Rational? Initial, Rational Rate, Rational? Gradient)
{
    /// <summary>The exponent of ΔW x over W x, where layers add up: more than 0 where a larger update would blow up with depth, so that each layer stays linear in it. Null for what is no matrix product.</summary>
    public Rational? Relative { get; init; }

    /// <summary>How the source writes it, in a loop over layers.</summary>
    public string Family { get; init; } = Name;
}

/// <summary>A power of n that a value has to be multiplied with, because no parametrization of the weights alone makes it maximal.</summary>
/// <param name="Value">The value: logits, or the readout by a weight that is also an embedding.</param>
/// <param name="Power">The exponent of n.</param>
/// <param name="Reason">Why, in the program's own words.</param>
public sealed record UseMultiplier(string Value, Rational Power, string Reason);

/// <summary>
/// The maximal-update parametrization (arXiv 2011.14522, section 5; 2203.03466) of one network: stable, and each weight's update as large as stability allows. It is
/// solved for with the scaling analysis of this very network, not looked up by role.
/// </summary>
/// <param name="Kind">The size of updates that it is for.</param>
/// <param name="Rows">One a weight, in the order of the source.</param>
/// <param name="Multipliers">What the program itself has to change, apart from its weights' exponents.</param>
public sealed record MaximalUpdate(UpdateKind Kind, ValueList<MaximalUpdateRow> Rows, ValueList<UseMultiplier> Multipliers)
{
    /// <summary>The same for all layers of a network, where it was found for a few.</summary>
    /// <param name="few">The network with a <see cref="DepthSymbol"/> that it was found for.</param>
    /// <param name="all">The network as it is written.</param>
    public MaximalUpdate ForAll(Network few, Network all)
    {
        var byFamily = Rows.ToLookup(row => few.FamilyOf(row.Name));
        return this with
        {
            Rows = all.Parameters.SelectMany(parameter => byFamily[all.FamilyOf(parameter.Name)].TakeLast(1).Select(row => row with { Name = parameter.Name, A = parameter.A, Family = all.FamilyOf(parameter.Name) })).ToValueList(),
        };
    }

    private const int MostMultipliers = 16;

    /// <summary>The number of layers, whose exponents are then parts of all exponents here; null where it is a number.</summary>
    public DepthSymbol? Depth { get; init; }

    /// <summary>Null when there is none: <see cref="Derive"/> says why.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its loss, and its optimizer.</param>
    /// <param name="kind">The size of updates; that of the plan's optimizer when it isn't given.</param>
    /// <param name="training">The training by gradient descent, when it has been made already: with the plan's optimizer where that is one.</param>
    public static MaximalUpdate? Of(Network network, TrainingPlan plan, UpdateKind? kind = null, Program? training = null) => Derive(network, plan, kind, training).Maximal;

    /// <summary>The parametrization, or what contradicts what: no choice of b makes the initialisation stable, weights keep each other from moving, or uses of one weight ask for different sizes.</summary>
    /// <inheritdoc cref="Of"/>
    public static (MaximalUpdate? Maximal, string? Conflict) Derive(Network network, TrainingPlan plan, UpdateKind? kind = null, Program? training = null)
    {
        var ofPlan = plan.Written is null && !plan.Rule.ReadsNorm && network.Parameters.All(parameter => parameter.Trained) && (plan.Rule.Kind != UpdateKind.Gradient || (kind ?? UpdateKind.Gradient) == UpdateKind.Gradient)
            ? training
            : null;
        if (plan.Written is not null)
        {
            plan = SquaredError(network);
        }

        var size = kind ?? plan.Rule.Kind;
        var ofGradients = size == UpdateKind.Gradient && plan.Rule.Kind == UpdateKind.Gradient ? plan with { Rule = plan.Rule.OfUnitNorm } : plan with { Rule = UpdateRule.PlainGradient };
        var trained = network with { Parameters = network.Parameters.Select(parameter => parameter with { Trained = true }).ToValueList() };
        var multipliers = new List<UseMultiplier>();
        for (var i = 0; i <= MostMultipliers; i++)
        {
            var analysis = new Analysis(i == 0 && ofPlan is not null ? ofPlan : TrainingProgram.Of(trained, ofGradients), size, depth: network.Depth);
            var search = new MaximalSearch(analysis);
            var scales = search.Find();
            if (search.Multipliers(scales) is { Count: > 0 } more)
            {
                trained = more.Aggregate(trained, Scaled);
                multipliers.AddRange(more);
                continue;
            }

            var conflict = search.ConflictOf(scales);
            return conflict is null && scales!.All(scale => LeavesDepthAlone(network, scale))
                ? (new MaximalUpdate(size, scales!.Select(scale => Row(scale, size) with { Relative = search.Relative(scale) }).ToValueList(), Joined(multipliers)) { Depth = network.Depth }, null)
                : (null, conflict ?? "weights outside of the layers would have powers of the number of layers");
        }

        return (null, $"more than {MostMultipliers} powers of n at values");
    }

    /// <summary>A stream that stays and moves by Θ(1) passes on what comes in: a weight outside of the layers with powers of their number means that the analysis lost track of which layers something comes from.</summary>
    private static bool LeavesDepthAlone(Network network, ParameterScale scale) =>
        network.Depth is not { } depth || depth.Weights.Contains(scale.Name) || (DepthSymbol.Split(scale.B).Depth.IsZero && DepthSymbol.Split(scale.C).Depth.IsZero);

    /// <summary>Whether the network has residual streams over its <see cref="Network.Depth"/>.</summary>
    public static bool HasDepth(Network network, TrainingPlan plan) =>
        new Analysis(TrainingProgram.Of(network, plan with { Written = null, Rule = UpdateRule.PlainGradient }), depth: network.Depth).HasDepth;

    /// <summary>Gradient descent on ½(f − y)²: how large updates may be is a matter of the network, whatever a written step does with its gradients.</summary>
    private static TrainingPlan SquaredError(Network network)
    {
        var names = new NameSupply(network.Initialisation.Concat(network.Inputs).Concat(network.Forward).Definitions().Select(definition => definition.Name)
            .Concat(network.Parameters.Select(parameter => parameter.Name)));
        var outputs = network.Outputs.Select(output => network.Forward.Definitions().First(definition => definition.Name == output)).ToList();
        var targets = outputs.Select(output => new Instruction.Data(output with { Name = names.Fresh("y") }, "y")).ToList();
        var loss = new Definition(names.Fresh("loss"), [], []);
        var errors = outputs.Zip(targets, (f, y) => f.Indices.Aggregate(Rational.Half * Expr.Pow(f.AsReference() - y.Result.AsReference(), 2), (sum, binder) => Expr.SumOver(binder, sum)));
        return new TrainingPlan(targets.ToValueList(), [new Instruction.Nonlin(loss, Expr.SumOf(errors))], loss.Name, UpdateRule.PlainGradient, 1, null, 1, null);
    }

    /// <summary>The network with one of its means multiplied.</summary>
    private static Network Scaled(Network network, UseMultiplier multiplier) => network with
    {
        Forward = network.Forward.Select(statement => statement is Instruction.Moment moment && moment.Result.Name == multiplier.Value
            ? moment with { Body = Expr.WidthTo(network.Widths[0].Name, multiplier.Power) * moment.Body }
            : statement).ToValueList(),
    };

    private static ValueList<UseMultiplier> Joined(IEnumerable<UseMultiplier> multipliers) => multipliers
        .GroupBy(multiplier => multiplier.Value, StringComparer.Ordinal)
        .Select(group => group.Last() with { Power = group.Aggregate(Rational.Zero, (sum, one) => sum + one.Power) })
        .ToValueList();

    private static MaximalUpdateRow Row(ParameterScale scale, UpdateKind kind) => new(
        scale.Name,
        scale.Role,
        scale.A,
        scale.Initial,
        (kind == UpdateKind.Gradient ? 2 * scale.A : scale.A) + scale.C,
        scale.Gradient);
}
