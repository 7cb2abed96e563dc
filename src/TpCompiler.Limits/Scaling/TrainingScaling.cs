using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>What training has added to a carried value.</summary>
internal sealed record Increment(Terms Vector, IReadOnlyList<MatrixFactors> Matrix)
{
    public static readonly Increment None = new(Terms.Zero, []);

    public static Increment Join(Increment x, Increment y) =>
        new(Terms.Sum(x.Vector, y.Vector), Interpretation.Joined(x.Matrix.Concat(y.Matrix)));

    /// <summary>The exponent of its entries; null when there are none.</summary>
    public Rational? Exponent => Matrix.Count == 0 ? Vector.Exponent : Matrix.Select(factor => factor.Left.Initial.Exponent + factor.Right.Initial.Exponent).Min();

    public Increment Times(Rational exponent) =>
        new(Vector.Times(exponent), Matrix.Select(factor => factor with { Left = factor.Left.Map(terms => terms.Times(exponent)) }).ToList());

    /// <summary>The sum of as much from every layer.</summary>
    public Increment OverLayers(DepthStack depth) =>
        new(depth.OverLayers(Vector), Matrix.Select(factor => factor with { Left = factor.Left.Map(depth.OverLayers) }).ToList());

    public bool Same(Increment other) => Vector.Equals(other.Vector) && Matrix.SequenceEqual(other.Matrix);
}

/// <summary>Sizes over a whole training.</summary>
/// <param name="Settled">Whether they are a fixed point.</param>
/// <param name="Sizes">An iteration with them.</param>
/// <param name="State">What training adds to the carried values.</param>
internal sealed record TrainingRun(bool Settled, Interpretation Sizes, IReadOnlyDictionary<string, Increment> State);

/// <summary>The training loop of a program, iterated with sizes.</summary>
internal sealed class TrainingScaling
{
    /// <summary>Sizes of a stable program settle within a few steps, each of which hands on what another one added; more means that they keep falling.</summary>
    private const int MaximalIterations = 24;

    private readonly Interpretation start;
    private readonly Loop loop;
    private readonly Shifts shifts;
    private readonly Dictionary<string, Instruction> body;
    private TrainingRun? whole;
    private (Interpretation Sizes, IReadOnlyDictionary<string, Increment> Second)? firstSteps;
    private readonly Dictionary<string, Rational> updates = new(StringComparer.Ordinal);
    private readonly IReadOnlyCollection<SignClass> signs;
    private readonly LeadingTerms leadingTerms;
    private readonly DepthStack? depth;
    private readonly Dictionary<Instruction, Response?> responses = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, LoneUpdate> firstStepOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LoneUpdate> stepsOf = new(StringComparer.Ordinal);
    private readonly Dictionary<Instruction, Response?> lateResponses = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, LoneUpdate> lateUpdateOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Increment> held = new(StringComparer.Ordinal);
    private Interpretation? trained;

    public TrainingScaling(Program program, Loop loop, ForwardPart forward, IReadOnlyDictionary<string, SignClass> sources, LeadingTerms leadingTerms, Shifts shifts, DepthStack? depth = null)
    {
        (this.loop, this.shifts, this.leadingTerms, this.depth, Forward) = (loop, shifts, leadingTerms, depth, forward);
        signs = [.. sources.Values];
        body = loop.Body.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        Weights = program.Parameters.Where(parameter => parameter.Trained && loop.Carried.Any(carried => carried.State.Name == parameter.Name)).ToList();
        var initialShifts = program.Parameters.ToDictionary(parameter => parameter.Initial, parameter => shifts.Initial.GetValueOrDefault(parameter.Name), StringComparer.Ordinal);
        start = new Interpretation(sources, initialShifts, leadingTerms, depth: depth);
        start.Run(program.Body.TakeWhile(statement => !ReferenceEquals(statement, loop)));
        AtStart = Iterate(new Dictionary<string, Increment>(), firstOrder: false);
        FirstStep = Next(AtStart);
    }

    public ForwardPart Forward { get; }

    public IReadOnlyList<Parameter> Weights { get; }

    /// <summary>Iteration 0.</summary>
    public Interpretation AtStart { get; }

    /// <summary>What the first step adds.</summary>
    public Dictionary<string, Increment> FirstStep { get; }

    /// <summary>
    /// The first effects of training, each linear in an update: hidden weights moved by gradients of the initial net and of the net whose output weights have been updated
    /// once. The size of the features' change here is the paper's n^{-r}, for unstable training too.
    /// </summary>
    public Interpretation AfterFirstSteps => (firstSteps ??= FirstSteps()).Sizes;

    /// <summary>What a step adds to the weights behind features once the output weights have been updated.</summary>
    public IReadOnlyDictionary<string, Increment> SecondStep => (firstSteps ??= FirstSteps()).Second;

    /// <summary>The sizes over the whole training: a fixed point, or where it was left because something is unstable or keeps growing.</summary>
    public TrainingRun Whole => whole ??= Settle();

    public bool BlowsUp(Interpretation sizes) => Forward.Checked.Any(name => sizes.SizeOf(name).Change.Exponent is { Sign: < 0 });

    private TrainingRun Settle()
    {
        var state = FirstStep;
        for (var i = 0; ; i++)
        {
            var sizes = Iterate(state, firstOrder: false);
            if (i == MaximalIterations || BlowsUp(sizes))
            {
                return new TrainingRun(false, sizes, state);
            }

            var next = Join(state, Next(sizes));
            if (loop.Carried.All(carried => next[carried.State.Name].Same(state[carried.State.Name])))
            {
                return new TrainingRun(true, sizes, state);
            }

            state = next;
        }
    }

    private LoneUpdate Alone(Parameter weight, Increment change)
    {
        var alone = AtStart.Moved(instruction => ResponseOf(instruction, AtStart, responses));
        SetState(alone, loop.Carried.First(carried => carried.State.Name == weight.Name), change);
        return new LoneUpdate(alone, Forward, [weight.Name]);
    }

    /// <summary>
    /// What the whole training adds to one weight, in the net that the training makes: for a weight whose update has nothing to act on at the start, because what it multiplies starts at 0. It is
    /// told for weights that are held (<see cref="Shifts.Held"/>) too: what the training of the others would add to them.
    /// </summary>
    public LoneUpdate LateUpdateOf(Parameter weight)
    {
        if (!lateUpdateOf.TryGetValue(weight.Name, out var known))
        {
            trained ??= Whole.Sizes.AsStart();
            var change = held.TryGetValue(weight.Name, out var kept) ? kept : Whole.State.GetValueOrDefault(weight.Name, Increment.None);
            var alone = trained.Moved(instruction => ResponseOf(instruction, trained, lateResponses));
            if (weight.Type.Kind == ValueKind.Matrix)
            {
                alone.Set(weight.Name, trained.MatrixOf(weight.Name) with { Learned = change.Matrix });
            }
            else
            {
                alone.Set(weight.Name, trained.SizeOf(weight.Name) with { Change = change.Vector });
            }

            lateUpdateOf.Add(weight.Name, known = new LoneUpdate(alone, Forward, [weight.Name]));
        }

        return known;
    }

    /// <summary>What a weight's initial value adds to the values that it makes.</summary>
    public LoneUpdate StartOf(Parameter weight)
    {
        var alone = AtStart.Moved(instruction => ResponseOf(instruction, AtStart, responses));
        var state = loop.Carried.First(carried => carried.State.Name == weight.Name);
        if (weight.Type.Kind == ValueKind.Matrix)
        {
            var matrix = start.MatrixOf(state.Initial);
            alone.Set(weight.Name, matrix with { Decayed = matrix.Gaussians });
        }
        else
        {
            var size = start.SizeOf(state.Initial);
            alone.Set(weight.Name, size with { Change = size.Initial });
        }

        return new LoneUpdate(alone, Forward, [weight.Name]);
    }

    /// <summary>The first step of one weight, all others as at the start.</summary>
    public LoneUpdate FirstStepOf(Parameter weight)
    {
        if (!firstStepOf.TryGetValue(weight.Name, out var known))
        {
            firstStepOf.Add(weight.Name, known = Alone(weight, FirstStep[weight.Name]));
        }

        return known;
    }

    /// <summary>The first two steps of one weight, all others as at the start: the second with the gradient that the updated output weights give.</summary>
    public LoneUpdate StepsOf(Parameter weight)
    {
        if (!stepsOf.TryGetValue(weight.Name, out var known))
        {
            stepsOf.Add(weight.Name, known = SecondStep.TryGetValue(weight.Name, out var second) ? Alone(weight, Increment.Join(FirstStep[weight.Name], second)) : FirstStepOf(weight));
        }

        return known;
    }

    /// <summary>The first two steps of one weight; for one that these leave where it is, such as the keys of queries that start at 0, what the whole training adds to it.</summary>
    public LoneUpdate UpdateOf(Parameter weight) =>
        StepsOf(weight) is var steps && steps.SizeOf(weight.Name).Change.Exponent is null && Whole.Settled ? LateUpdateOf(weight) : steps;

    /// <summary>These values moved by Θ(1) at the start, in a direction that correlates with everything; nothing before them moves.</summary>
    public LoneUpdate MovedAlong(IReadOnlyCollection<string> names)
    {
        var moved = AtStart.Moved(instruction => ResponseOf(instruction, AtStart, responses));
        foreach (var name in names)
        {
            moved.Set(name, AtStart.SizeOf(name) with { Change = Terms.Of(0, SignClass.OfNone(signs)) });
        }

        return new LoneUpdate(moved, Forward, names);
    }

    public Interpretation Iterate(IReadOnlyDictionary<string, Increment> state, bool firstOrder, IReadOnlySet<string>? frozen = null)
    {
        var iteration = start.With(firstOrder, frozen);
        SetState(iteration, state);
        iteration.Run(loop.Body);
        return iteration;
    }

    /// <summary>An iteration with weights that decay has taken a part of, and that have learned nothing.</summary>
    /// <param name="decay">For each weight that decays, the exponent of this part.</param>
    public Interpretation Decayed(IReadOnlyDictionary<string, Rational> decay)
    {
        var iteration = start.With(first: false, freeze: null);
        foreach (var carried in loop.Carried)
        {
            var exponent = decay.TryGetValue(carried.State.Name, out var known) ? known : (Rational?)null;
            if (carried.State.Kind == ValueKind.Matrix)
            {
                var matrix = start.MatrixOf(carried.Initial);
                iteration.Set(carried.State.Name, exponent is { } e ? matrix with { Decayed = [.. matrix.Gaussians.Select(term => term with { Exponent = term.Exponent + e })] } : matrix);
            }
            else
            {
                var size = start.SizeOf(carried.Initial);
                iteration.Set(carried.State.Name, exponent is { } e ? size with { Change = size.Initial.Times(e) } : size);
            }
        }

        iteration.Run(loop.Body);
        return iteration;
    }

    private static Dictionary<string, Increment> Join(IReadOnlyDictionary<string, Increment> x, IReadOnlyDictionary<string, Increment> y) =>
        x.Keys.Union(y.Keys, StringComparer.Ordinal).ToDictionary(
            name => name,
            name => Increment.Join(x.GetValueOrDefault(name, Increment.None), y.GetValueOrDefault(name, Increment.None)),
            StringComparer.Ordinal);

    private (Interpretation Sizes, IReadOnlyDictionary<string, Increment> Second) FirstSteps()
    {
        var frozen = Forward.Outputs.ToHashSet(StringComparer.Ordinal);
        var moving = Weights.Where(weight => Forward.BehindFeatures.Contains(weight.Name)).Select(weight => weight.Name).ToHashSet(StringComparer.Ordinal);
        var readout = Weights.Where(weight => !moving.Contains(weight.Name)).ToDictionary(weight => weight.Name, weight => FirstStep[weight.Name], StringComparer.Ordinal);
        var second = Next(Iterate(readout, firstOrder: true, frozen));
        foreach (var name in readout.Keys)
        {
            second.Remove(name);
        }

        return (Iterate(Join(FirstStep, second), firstOrder: true, frozen), second);
    }

    private void SetState(Interpretation interpretation, IReadOnlyDictionary<string, Increment> state)
    {
        foreach (var carried in loop.Carried)
        {
            SetState(interpretation, carried, state.GetValueOrDefault(carried.State.Name, Increment.None));
        }
    }

    private void SetState(Interpretation interpretation, Carried carried, Increment change)
    {
        if (carried.State.Kind == ValueKind.Matrix)
        {
            interpretation.Set(carried.State.Name, start.MatrixOf(carried.Initial) with { Learned = change.Matrix });
        }
        else
        {
            interpretation.Set(carried.State.Name, start.SizeOf(carried.Initial) with { Change = change.Vector });
        }
    }

    private Response? ResponseOf(Instruction instruction, Interpretation at, Dictionary<Instruction, Response?> known)
    {
        if (!known.TryGetValue(instruction, out var response))
        {
            known.Add(instruction, response = Response.Of(instruction, at.SizeOf, leadingTerms));
        }

        return response;
    }

    /// <summary>What an iteration adds to the carried values: the next value without its own part linear in the present one, which decays but isn't learned.</summary>
    private Dictionary<string, Increment> Next(Interpretation iteration)
    {
        var increments = new Dictionary<string, Increment>(StringComparer.Ordinal);
        foreach (var carried in loop.Carried)
        {
            var name = carried.State.Name;
            var increment = body.GetValueOrDefault(carried.Next) switch
            {
                Instruction.MatrixSum sum => new Increment(Terms.Zero, Added(iteration.Sum(sum, term => term is not MatrixTerm.Scaled scaled || scaled.Matrix.Name != name))),
                Instruction.Nonlin nonlin => new Increment(iteration.OfBody(WithoutOwnTerm(nonlin.Body, name)).Total, []),
                _ when carried.State.Kind != ValueKind.Matrix => new Increment(iteration.SizeOf(carried.Next).Total, []),
                _ => new Increment(Terms.Zero, Added(iteration.MatrixOf(carried.Next))),
            };
            if (depth?.Shared.Contains(name) == true)
            {
                increment = increment.OverLayers(depth);
            }

            Note(name, increment);
            increment = Sized(increment, name).Times(shifts.Rate.GetValueOrDefault(name));
            if (shifts.Held.Contains(name))
            {
                held[name] = Increment.Join(held.GetValueOrDefault(name, Increment.None), increment);
                increment = Increment.None;
            }

            increments.Add(name, increment);
        }

        return increments;
    }

    private static IReadOnlyList<MatrixFactors> Added(MatrixSize sum) => Interpretation.Joined(sum.Factors.Concat(sum.Learned)
        .Select(factor => new MatrixFactors(factor.Site, new Size(factor.Left.Total, Terms.Zero), new Size(factor.Right.Total, Terms.Zero))));

    /// <summary>The exponent of the entries of ∂L/∂w over the whole training; null when it is 0. For plain gradient descent: momentum is as large.</summary>
    public Rational? GradientOf(Parameter weight)
    {
        _ = (AfterFirstSteps, Whole);
        return updates.TryGetValue(weight.Name, out var exponent) ? exponent - weight.C : null;
    }

    private void Note(string name, Increment increment)
    {
        if (increment.Exponent is { } exponent && (!updates.TryGetValue(name, out var before) || exponent < before))
        {
            updates[name] = exponent;
        }
    }

    /// <summary>
    /// The update in the size that the optimizer gives it. Entries of sign(u vᵀ) are Θ(1), and it has the signs of u and v, so it correlates with what v correlates with
    /// (arXiv 2308.01814); the orthogonalised u vᵀ is u vᵀ/(|u||v|), with entries Θ(1/n).
    /// </summary>
    private Increment Sized(Increment increment, string name)
    {
        if (shifts.Kind == UpdateKind.Gradient || Weights.FirstOrDefault(weight => weight.Name == name) is not { } weight)
        {
            return increment;
        }

        if (increment.Matrix.Count == 0)
        {
            return increment.Vector.IsZero ? increment : new Increment(increment.Vector.Through(ParityKind.Odd, weight.C), []);
        }

        var wanted = shifts.Kind == UpdateKind.Orthogonal ? weight.C + 1 : weight.C;
        return increment.Exponent is { } present ? increment.Times(wanted - present) : increment;
    }

    private static Expr WithoutOwnTerm(Expr next, string state)
    {
        return Expr.SumOf((next is Expr.Add add ? add.Terms : (IEnumerable<Expr>)[next]).Where(term => !IsOwn(term)));

        bool IsOwn(Expr term) => term switch
        {
            Expr.Reference reference => reference.Name == state,
            Expr.Multiply product => product.Factors.Count(Mentions) == 1 && product.Factors.Any(IsOwn),
            _ => false,
        };

        bool Mentions(Expr expr) => expr.References().Any(reference => reference.Name == state);
    }
}
