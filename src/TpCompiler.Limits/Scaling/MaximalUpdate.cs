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

    /// <summary>Null when none was found: when no choice of b makes the initialisation stable, or weights keep each other from moving maximally.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its loss, and its optimizer.</param>
    /// <param name="kind">The size of updates; that of the plan's optimizer when it isn't given.</param>
    /// <param name="training">The training by gradient descent, when it has been made already: with the plan's optimizer where that is one.</param>
    public static MaximalUpdate? Of(Network network, TrainingPlan plan, UpdateKind? kind = null, Program? training = null)
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
            var search = new Search(new Analysis(i == 0 && ofPlan is not null ? ofPlan : TrainingProgram.Of(trained, ofGradients), size, depth: network.Depth));
            var scales = search.Find();
            var more = search.RandomScalars().ToList();
            if (more.Count == 0)
            {
                more = (scales is null ? search.Torn() : search.Unequal(scales)) is { } one ? [one] : [];
            }

            if (more.Count > 0)
            {
                trained = more.Aggregate(trained, Scaled);
                multipliers.AddRange(more);
                continue;
            }

            var maximal = scales is not null && search.Regime == Regime.FeatureLearning && scales.All(scale => scale.Preactivation is { } e && DepthSymbol.Split(e) is { Width.IsZero: true, Depth.Sign: >= 0 })
                && scales.All(scale => LeavesDepthAlone(network, scale));
            return maximal ? new MaximalUpdate(size, scales!.Select(scale => Row(scale, size) with { Relative = search.Relative(scale) }).ToValueList(), Joined(multipliers)) { Depth = network.Depth } : null;
        }

        return null;
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

    private sealed class Search(Analysis analysis) : ParametrizationSearch(analysis, analysis.Assess(TpCompiler.Limits.Scaling.Shifts.None(analysis.Kind)), int.MaxValue)
    {
        public Regime Regime => Current.Regime;

        public bool HasDepth => Analysis.HasDepth;

        /// <summary>Logits that are divided by √n where only a mean converges.</summary>
        public IEnumerable<UseMultiplier> RandomScalars() => Analysis.RandomScalars(Current.Training.AtStart)
            .Select(name => new UseMultiplier(name, -Rational.Half, $"{name} sums n terms of mean zero: divided by √n it stays random at initialisation and diverges in training, divided by n it starts at 0 and learns"));

        /// <summary>A mean that blows up at initialisation through a weight that something else needs as large as it is.</summary>
        public UseMultiplier? Torn()
        {
            var torn = Conflict.FirstOrDefault(reason => reason.Exponent is { Sign: < 0 } && IsMoment(reason.Instruction));
            return torn is null ? null
                : new UseMultiplier(torn.Instruction, torn.Exponent!.Value, $"{SizeText.List(Analysis.WeightsBehind(torn.Instruction).Take(1).Select(weight => weight.Name).ToList())} is used elsewhere too, where it has to start larger");
        }

        /// <summary>A weight whose update is maximal in a mean alone, while its other uses stand still.</summary>
        public UseMultiplier? Unequal(ValueList<ParameterScale> scales)
        {
            foreach (var scale in scales)
            {
                var most = scale.Uses.Select(use => use.Exponent).Max();
                if (most is { } exponent && scale.Preactivation is { } least && exponent > least
                    && scale.Uses.FirstOrDefault(use => use.Exponent == least && IsMoment(use.Value)) is { } use)
                {
                    return new UseMultiplier(use.Value, least - exponent, $"{scale.Name} is used elsewhere too, where its update would vanish");
                }
            }

            return null;
        }

        private bool IsMoment(string name) => Analysis.Forward.Statements.Instructions().Any(instruction => instruction is Instruction.Moment && instruction.Result.Name == name);

        /// <summary>The weights with the exponents found; null when nothing makes the initialisation stable.</summary>
        public ValueList<ParameterScale>? Find()
        {
            if (!MendInitialisation())
            {
                return null;
            }

            ShrinkOutputWeights();

            // Output weights first: their updates are in the gradients of all the others.
            foreach (var ofFeatures in new[] { false, true, true })
            {
                var second = Current.Training.SecondStep;
                var before = Shifts;
                foreach (var scale in Analysis.Parameters(Current, brief: true).Where(scale => second.ContainsKey(scale.Name) == ofFeatures))
                {
                    if (Excess(scale) is { IsZero: false } e)
                    {
                        Shifts = Add(Change(Weight(scale.Name), AbcExponent.C, -e));
                    }
                }

                Current = Shifts == before ? Current : Analysis.Assess(Shifts);
            }

            return Analysis.Parameters(Current, brief: true)
                .Select(scale => scale with
                {
                    B = Now(Weight(scale.Name), AbcExponent.B),
                    C = Now(Weight(scale.Name), AbcExponent.C),
                    Gradient = Current.Training.GradientOf(Weight(scale.Name)) - scale.A,
                })
                .ToValueList();
        }

        /// <summary>What its update makes too large or too small: what it directly makes, or, where L layers add theirs up, whatever that makes larger.</summary>
        private Rational? Excess(ParameterScale scale) => scale.Preactivation is not { } own || !HasDepth ? scale.Preactivation
            : Rational.Min(own, Assessment.Smallest(Analysis.Forward.Checked, Current.Training.UpdateOf(Weight(scale.Name)).SizeOf) ?? own);

        /// <summary>How a weight's update changes its products, in units of what they are.</summary>
        public Rational? Relative(ParameterScale scale)
        {
            var alone = Current.Training.UpdateOf(Weight(scale.Name));
            return !HasDepth ? null : Analysis.Forward.Readers[scale.Name].OfType<Instruction.MatMul>()
                .Select(product => alone.SizeOf(product.Result.Name).Change.Exponent - Current.Training.AtStart.SizeOf(product.Result.Name).Initial.Exponent)
                .Min();
        }

        private Parameter Weight(string name) => Analysis.Program.Parameters.First(parameter => parameter.Name == name);

        private Rational Now(Parameter parameter, AbcExponent exponent) => Change(parameter, exponent, 0).To;

        /// <summary>Initial output weights of the size at which features that move by Θ(1) move f by Θ(1).</summary>
        private void ShrinkOutputWeights()
        {
            var training = Current.Training;

            // No weight gains more than features that move along with the output weights: those that feed them do, mostly, so they come first.
            var most = Assessment.Smallest(Analysis.Forward.Outputs, training.MovedAlong(Analysis.Forward.Features).SizeOf);
            Rational? least = null;
            foreach (var weight in training.Weights.Where(weight => training.SecondStep.ContainsKey(weight.Name)).Reverse())
            {
                var alone = training.FirstStepOf(weight);
                var own = Assessment.Smallest(Analysis.Forward.Outputs, alone.SizeOf) - Assessment.Smallest(Analysis.Forward.Features, alone.SizeOf);
                least = new[] { least, own }.Min();
                if (least is not null && least == most)
                {
                    break;
                }
            }

            if (least is not { IsZero: false } gain)
            {
                return;
            }

            foreach (var weight in training.Weights.Where(weight => !training.SecondStep.ContainsKey(weight.Name) && training.AtStart.SizeOf(weight.Name).Initial.Exponent is not null && weight.Type.Kind != ValueKind.Scalar))
            {
                Shifts = Add(Change(weight, AbcExponent.B, -gain));
            }

            Current = Analysis.Assess(Shifts);
        }
    }
}
