using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>The class of a training program under a parametrization, and what forces it.</summary>
internal sealed class Assessment
{
    private readonly TrainingScaling training;
    private readonly ForwardPart forward;
    private readonly IReadOnlyDictionary<string, Instruction> instructions;

    public Assessment(TrainingScaling training, IReadOnlyDictionary<string, Instruction> instructions)
    {
        (this.training, this.instructions, forward) = (training, instructions, training.Forward);
        InitialReasons = AtInitialisation(forward, training.AtStart, instructions);
    }

    public Regime Regime => InitialReasons.Count > 0 || !Run.Settled || training.BlowsUp(training.AfterFirstSteps) ? Regime.Unstable
        : Smallest(forward.Outputs, Run.Sizes.SizeOf) is not { IsZero: true } ? Regime.Trivial
        : Smallest(forward.Features, Run.Sizes.SizeOf) is { IsZero: true } ? Regime.FeatureLearning
        : Regime.KernelRegime;

    public Rational? R => InitialReasons.Count > 0 ? null : Smallest(forward.Features, training.AfterFirstSteps.SizeOf);

    /// <summary>The whole training.</summary>
    public TrainingRun Run => training.Whole;

    public TrainingScaling Training => training;

    public ValueList<Reason> InitialReasons { get; }

    /// <summary>What is of the wrong size before training.</summary>
    public static ValueList<Reason> AtInitialisation(ForwardPart forward, Interpretation sizes, IReadOnlyDictionary<string, Instruction> instructions)
    {
        var reasons = new List<Reason>();
        foreach (var name in forward.Activations)
        {
            // What vanishes with depth alone is a branch, of which there are L.
            if (sizes.SizeOf(name).Initial.Exponent is { IsZero: false } e && !(e.Sign > 0 && DepthSymbol.Split(e).Width.IsZero))
            {
                Add(name, e, $"at initialisation {name} is {SizeText.Of(e)}: it {(e.Sign < 0 ? "blows up" : "vanishes")} as the width grows");
            }
        }

        foreach (var name in forward.Scalars.Concat(forward.Outputs))
        {
            if (sizes.SizeOf(name).Initial.Exponent is { Sign: < 0 } e)
            {
                Add(name, e, $"at initialisation {name} is {SizeText.Of(e)}: it blows up as the width grows");
            }
        }

        return reasons.ToValueList();

        void Add(string name, Rational exponent, string text) =>
            reasons.Add(new Reason(name, instructions.GetValueOrDefault(name)?.Origin, name, exponent, Phase.Initialisation, text));
    }

    /// <summary>Weights whose update alone changes a value by this much, in the first steps.</summary>
    public IEnumerable<string> Movers(string name, Rational exponent) => training.Weights
        .Where(weight => Effect(weight, name) == exponent)
        .Select(weight => weight.Name);

    /// <summary>How far a weight's update alone changes a value: f in the net at the start, as of all weights alike.</summary>
    public Rational? Effect(Parameter weight, string name) =>
        (training.Forward.Outputs.Contains(name) ? training.StepsOf(weight) : training.UpdateOf(weight)).SizeOf(name).Change.Exponent;

    public ValueList<Reason> TrainingReasons()
    {
        // A bounded activation saturates, and doesn't move as far as the first order says.
        var blowing = InOrder.Where(name => Run.Sizes.SizeOf(name).Change.Exponent is { Sign: < 0 }).ToList();
        if (blowing.Count == 0)
        {
            blowing = InOrder.Where(name => training.AfterFirstSteps.SizeOf(name).Change.Exponent is { Sign: < 0 }).ToList();
        }

        return blowing.Select(name =>
        {
            var e = Rational.Min(Run.Sizes.SizeOf(name).Change.Exponent ?? 0, training.AfterFirstSteps.SizeOf(name).Change.Exponent ?? 0);
            return ReasonFor(name, e, $"in training {SizeText.Moves(Movers(name, e).ToList(), name)} by {SizeText.Of(e)}: it blows up as the width grows");
        }).ToValueList();
    }

    /// <summary>A scalar of a Tensor Program converges to a number: one that keeps a random limit is outside of the theory, and training adds what correlates to it.</summary>
    public Reason RandomAtStart(string name)
    {
        var moved = new[] { Run.Sizes, training.AfterFirstSteps }.Select(sizes => sizes.SizeOf(name).Change.Exponent).Min();
        var then = moved is null ? "training leaves it there" : $"training moves it by {SizeText.Of(moved)}";
        return new Reason(
            name,
            instructions.GetValueOrDefault(name)?.Origin,
            name,
            0,
            Phase.Initialisation,
            $"at initialisation {name} is a random Gaussian number: it sums n terms of mean zero and divides by √n, so no law of large numbers holds; {then}");
    }

    public Reason ReasonFor(string name, Rational? exponent, string text) =>
        new(name, instructions.GetValueOrDefault(name)?.Origin, $"the change of {name}", exponent, Phase.Training, text);

    /// <summary>What must not blow up, as the program computes it: causes before consequences.</summary>
    private IEnumerable<string> InOrder
    {
        get
        {
            var judged = forward.Checked.ToHashSet(StringComparer.Ordinal);
            return forward.Statements.Definitions().Select(definition => definition.Name).Where(judged.Contains);
        }
    }

    public static Rational? Smallest(IEnumerable<string> names, Func<string, Size> sizeOf) => names
        .Select(name => sizeOf(name).Change.Exponent)
        .OfType<Rational>()
        .Select(e => (Rational?)e)
        .DefaultIfEmpty(null)
        .Min();
}
