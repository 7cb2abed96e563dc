using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// The search for the maximal-update parametrization of one program. It starts from the same sizes whatever the program was written with, mends what is wrong at initialisation, and
/// gives each weight the rate at which its update moves what the weight makes by Θ(1): output weights first, then those whose gradient flows in the first steps, and then, in the net that the
/// training of these makes, those whose gradient or input is 0 at the start.
/// </summary>
/// <param name="analysis">The training, every weight trained.</param>
internal sealed class MaximalSearch(Analysis analysis) : ParametrizationSearch(analysis, int.MaxValue)
{
    private readonly HashSet<string> stuck = new(StringComparer.Ordinal);

    private bool HasDepth => Analysis.HasDepth;

    /// <summary>The weights with the exponents found; null when nothing makes the initialisation stable, or some weights never move.</summary>
    public ValueList<ParameterScale>? Find()
    {
        foreach (var weight in Analysis.Program.Parameters)
        {
            if (StartOf(weight) - (weight.A + weight.B) is { IsZero: false } delta)
            {
                Shifts = Add(Change(weight, AbcExponent.B, delta));
            }
        }

        Current = Analysis.Assess(Shifts);
        if (!MendInitialisation())
        {
            return null;
        }

        Enlarge();
        ShrinkOutputWeights();
        FirstRates();
        if (!LateRates())
        {
            return null;
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

    /// <summary>Powers of n that values need, because no weight can make up for them.</summary>
    /// <param name="scales">What was found.</param>
    public IReadOnlyList<UseMultiplier> Multipliers(ValueList<ParameterScale>? scales) =>
        RandomScalars() is { Count: > 0 } random ? random
        : (scales is null ? Torn() : Unequal(scales)) is { } one ? [one]
        : Diverging();

    /// <summary>What keeps the parametrization that was found from being stable and maximal; null when nothing does.</summary>
    /// <param name="scales">What was found.</param>
    public string? ConflictOf(ValueList<ParameterScale>? scales)
    {
        if (Current.InitialReasons.Count > 0)
        {
            return $"no choice of b makes the initialisation stable: {string.Join("; and where that is mended, ", Conflict.Select(reason => reason.Text).Distinct().Take(3))}{Tied(Conflict)}";
        }

        if (stuck.Count > 0)
        {
            var names = Analysis.Program.Parameters.Select(parameter => parameter.Name).Where(stuck.Contains).ToList();
            var zeros = Analysis.Program.Parameters.Where(parameter => Current.Training.AtStart.SizeOf(parameter.Name).Initial.Exponent is null).Select(parameter => parameter.Name).ToList();
            return $"nothing moves {SizeText.List(names)}: {(names.Count == 1 ? "its gradient is" : "their gradients are")} 0 at the start and {(names.Count == 1 ? "stays" : "stay")} so"
                + (zeros.Count == 0 ? string.Empty : $" where {SizeText.List(zeros)} {(zeros.Count == 1 ? "starts" : "start")} at 0");
        }

        if (Current.Regime == Regime.Unstable)
        {
            return Current.TrainingReasons().FirstOrDefault() is { } reason
                ? $"with the update of every weight as large as what it makes allows, {reason.Text["in training ".Length..]}"
                : "with the update of every weight as large as what it makes allows, sizes keep growing from step to step";
        }

        if (scales!.FirstOrDefault(scale => scale.Preactivation is not { } e || DepthSymbol.Split(e) is not { Width.IsZero: true, Depth.Sign: >= 0 }) is { } unequal)
        {
            var uses = unequal.Uses.Select(use => $"{use.Value} by {SizeText.Of(use.Exponent)}").ToList();
            return uses.Count == 0 ? $"{unequal.Name} makes nothing that f is made from" : $"no learning rate of {unequal.Name} moves all that it makes by Θ(1): it moves {string.Join(" and ", uses)}";
        }

        return Current.Regime == Regime.FeatureLearning ? null : $"with the update of every weight as large as what it makes allows, {SizeText.List(Analysis.Forward.Features)} {(Analysis.Forward.Features.Count == 1 ? "moves" : "move")} by less than Θ(1)";

        string Tied(IEnumerable<Reason> reasons)
        {
            var shared = reasons.SelectMany(reason => Analysis.WeightsBehind(reason.Instruction).Take(1)).GroupBy(weight => weight.Name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key).ToList();
            return shared.Count == 0 ? string.Empty : $" (both by {SizeText.List(shared)})";
        }
    }

    /// <summary>How a weight's update changes its products, in units of what they are.</summary>
    public Rational? Relative(ParameterScale scale)
    {
        var alone = Current.Training.UpdateOf(Weight(scale.Name));
        return !HasDepth ? null : Analysis.Forward.Readers[scale.Name].OfType<Instruction.MatMul>()
            .Select(product => alone.SizeOf(product.Result.Name).Change.Exponent - Current.Training.AtStart.SizeOf(product.Result.Name).Initial.Exponent)
            .Min();
    }

    /// <summary>σ that the search starts from: with it products with what is Θ(1) and independent of the weight are Θ(1), and those of output weights go to 0 as n^{-1/2}.</summary>
    private Rational StartOf(Parameter weight) => weight.Role switch
    {
        ParameterRole.Hidden => Rational.Half,
        ParameterRole.Output => 1,
        _ => 0,
    };

    private bool IsOutputWeight(string name) => Analysis.Program.Parameters.Any(parameter => parameter.Name == name && parameter.Role == ParameterRole.Output);

    /// <summary>Logits that are divided by √n where only a mean converges.</summary>
    private List<UseMultiplier> RandomScalars() => [.. Analysis.RandomScalars(Current.Training.AtStart)
        .Select(name => new UseMultiplier(name, -Rational.Half, "it sums n terms of mean zero: divided by √n it stays random at initialisation and diverges in training, divided by n it starts at 0 and learns"))];

    /// <summary>A mean that blows up at initialisation through a weight that something else needs as large as it is.</summary>
    private UseMultiplier? Torn()
    {
        var torn = Current.InitialReasons.Count == 0 ? null : Conflict.FirstOrDefault(reason => reason.Exponent is { Sign: < 0 } && IsMoment(reason.Instruction));
        return torn is null ? null : new UseMultiplier(torn.Instruction, torn.Exponent!.Value, $"{SizeText.List(Analysis.WeightsBehind(torn.Instruction).Take(1).Select(weight => weight.Name).ToList())} is used elsewhere too, where it has to start larger");
    }

    /// <summary>A mean on the way that starts at 0, because a weight does, and that blows up as soon as training correlates what it sums; with all that the source writes with the same words.</summary>
    private IReadOnlyList<UseMultiplier> Diverging()
    {
        if (Current.InitialReasons.Count > 0)
        {
            return [];
        }

        var sizes = Current.Training.AfterFirstSteps;
        var moments = Analysis.Forward.Statements.OfType<Instruction.Moment>().ToList();
        var moment = moments.Find(moment => Analysis.Forward.Scalars.Contains(moment.Result.Name) && !moment.Reads().Any(IsOutputWeight)
            && sizes.SizeOf(moment.Result.Name).Change.Exponent is { Sign: < 0 } && moment.Reads().All(read => sizes.SizeOf(read).Change.Exponent is not { Sign: < 0 }));
        if (moment is null || sizes.SizeOf(moment.Result.Name).Change.Exponent is not { } power)
        {
            return [];
        }

        var reason = $"it sums n terms, and starts at 0 because a weight does: training correlates them, so that {(power == -Rational.Half ? "divided by √n" : "as it is written")} it diverges by {SizeText.Of(power)}, and divided by n it learns";
        return [.. moments.Where(other => other == moment || (other.Origin is not null && other.Origin == moment.Origin)).Select(other => new UseMultiplier(other.Result.Name, power, reason))];
    }

    /// <summary>A weight whose update is maximal in a mean alone, while its other uses stand still.</summary>
    private UseMultiplier? Unequal(ValueList<ParameterScale> scales)
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

    /// <summary>The rates of weights that the first steps move; output weights first: their updates are in the gradients of all the others.</summary>
    private void FirstRates()
    {
        var late = new HashSet<string>(StringComparer.Ordinal);
        foreach (var ofFeatures in new[] { false, true, true })
        {
            var second = Current.Training.SecondStep;
            var before = Shifts;
            foreach (var scale in Analysis.Parameters(Current, brief: true, late: false).Where(scale => second.ContainsKey(scale.Name) == ofFeatures))
            {
                if (Analysis.IsLate(Weight(scale.Name), scale.Update, scale.Preactivation))
                {
                    late.Add(scale.Name);
                }
                else if (Excess(scale.Preactivation, Current.Training.StepsOf(Weight(scale.Name))) is { IsZero: false } e)
                {
                    Shifts = Add(Change(Weight(scale.Name), AbcExponent.C, -e));
                    late.Remove(scale.Name);
                }
            }

            Current = Shifts == before ? Current : Analysis.Assess(Shifts);
        }

        Shifts = Shifts with { Held = late };
    }

    /// <summary>The rates of weights that only move once others have: each in the training of those whose rates are known.</summary>
    private bool LateRates()
    {
        while (Shifts.Held.Count > 0)
        {
            Current = Analysis.Assess(Shifts);
            if (!Current.Run.Settled)
            {
                return false;
            }

            var left = Shifts.Held.ToHashSet(StringComparer.Ordinal);
            foreach (var weight in Shifts.Held.Select(Weight).ToList())
            {
                var update = Current.Training.LateUpdateOf(weight);
                if (Excess(Analysis.UsesOf(weight, update).Select(use => use.Exponent).Min(), update) is { } e)
                {
                    left.Remove(weight.Name);
                    Shifts = e.IsZero ? Shifts : Add(Change(weight, AbcExponent.C, -e));
                }
            }

            if (left.Count == Shifts.Held.Count)
            {
                stuck.UnionWith(left);
                return false;
            }

            Shifts = Shifts with { Held = left };
            Current = Analysis.Assess(Shifts);
        }

        return true;
    }

    /// <summary>What an update makes too large or too small: what it directly makes, or, where L layers add theirs up, whatever that makes larger.</summary>
    private Rational? Excess(Rational? own, LoneUpdate update) => own is null || !HasDepth ? own
        : Rational.Min(own.Value, Assessment.Smallest(Analysis.Forward.Checked, update.SizeOf) ?? own.Value);

    private Parameter Weight(string name) => Analysis.Program.Parameters.First(parameter => parameter.Name == name);

    private Rational Now(Parameter parameter, AbcExponent exponent) => Change(parameter, exponent, 0).To;

    /// <summary>Where several weights add to a vector, each of them starts as large as that allows.</summary>
    private void Enlarge()
    {
        var before = Shifts;
        var vectors = Analysis.Forward.Activations.ToHashSet(StringComparer.Ordinal);
        foreach (var weight in Current.Training.Weights.Where(weight => weight.Type.Kind != ValueKind.Scalar))
        {
            var own = Analysis.UsesOf(weight, Current.Training.StartOf(weight)).Where(use => vectors.Contains(use.Value)).Select(use => use.Exponent).Min();
            if (own is { } e && DepthSymbol.Split(e).Width is { Sign: > 0 } small)
            {
                Shifts = Add(Change(weight, AbcExponent.B, -small));
            }
        }

        Current = Shifts == before ? Current : Analysis.Assess(Shifts);
    }

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
