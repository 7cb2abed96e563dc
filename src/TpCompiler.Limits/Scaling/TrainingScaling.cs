using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>What training has added to a carried value.</summary>
internal sealed record Increment(Terms Vector, IReadOnlyList<MatrixFactors> Matrix)
{
    public static readonly Increment None = new(Terms.Zero, []);

    public static Increment Join(Increment x, Increment y) =>
        new(Terms.Sum(x.Vector, y.Vector), Interpretation.Joined(x.Matrix.Concat(y.Matrix)));

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
    private readonly IReadOnlyList<(Statement Statement, IReadOnlyList<string> Reads)> forwardReads;
    private readonly Dictionary<string, Interpretation> firstStepOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Interpretation> updateOf = new(StringComparer.Ordinal);

    public TrainingScaling(Program program, Loop loop, ForwardPart forward, IReadOnlyDictionary<string, int> sources, Shifts shifts)
    {
        (this.loop, this.shifts, Forward) = (loop, shifts, forward);
        body = loop.Body.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        Weights = program.Parameters.Where(parameter => parameter.Trained && loop.Carried.Any(carried => carried.State.Name == parameter.Name)).ToList();
        forwardReads = forward.Statements.Select(statement => (statement, (IReadOnlyList<string>)statement.Reads().ToList())).ToList();
        var initialShifts = program.Parameters.ToDictionary(parameter => parameter.Initial, parameter => shifts.Initial.GetValueOrDefault(parameter.Name), StringComparer.Ordinal);
        start = new Interpretation(sources, initialShifts);
        start.Run(program.Body.TakeWhile(statement => !ReferenceEquals(statement, loop)));
        AtStart = Iterate(new Dictionary<string, Increment>(), firstOrder: false);
        FirstStep = Next(AtStart);
        (AfterFirstSteps, SecondStep) = FirstSteps();
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
    public Interpretation AfterFirstSteps { get; }

    /// <summary>What a step adds to the weights behind features once the output weights have been updated.</summary>
    public IReadOnlyDictionary<string, Increment> SecondStep { get; }

    /// <summary>The sizes over the whole training: a fixed point, or where it was left because something is unstable or keeps growing.</summary>
    public TrainingRun Run(Func<Interpretation, bool> isUnstable)
    {
        var state = FirstStep;
        for (var i = 0; ; i++)
        {
            var sizes = Iterate(state, firstOrder: false);
            if (i == MaximalIterations || isUnstable(sizes))
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

    private Interpretation Alone(Parameter weight, Increment change)
    {
        var alone = AtStart.With(first: true, freeze: null);
        SetState(alone, new Dictionary<string, Increment> { [weight.Name] = change });
        var moved = new HashSet<string>(StringComparer.Ordinal) { weight.Name };
        foreach (var (statement, reads) in forwardReads)
        {
            if (reads.Any(moved.Contains))
            {
                alone.Run(statement);
                moved.UnionWith(new[] { statement }.Definitions().Select(definition => definition.Name));
            }
        }

        return alone;
    }

    /// <summary>The first step of one weight, all others as at the start.</summary>
    public Interpretation FirstStepOf(Parameter weight)
    {
        if (!firstStepOf.TryGetValue(weight.Name, out var known))
        {
            firstStepOf.Add(weight.Name, known = Alone(weight, FirstStep[weight.Name]));
        }

        return known;
    }

    /// <summary>The first two steps of one weight, all others as at the start: the second with the gradient that the updated output weights give.</summary>
    public Interpretation UpdateOf(Parameter weight)
    {
        if (!updateOf.TryGetValue(weight.Name, out var known))
        {
            updateOf.Add(weight.Name, known = SecondStep.TryGetValue(weight.Name, out var second)
                ? Alone(weight, Increment.Join(FirstStep[weight.Name], second))
                : FirstStepOf(weight));
        }

        return known;
    }

    public Interpretation Iterate(IReadOnlyDictionary<string, Increment> state, bool firstOrder, IReadOnlySet<string>? frozen = null)
    {
        var iteration = start.With(firstOrder, frozen);
        SetState(iteration, state);
        iteration.Run(loop.Body);
        return iteration;
    }

    private static Dictionary<string, Increment> Join(IReadOnlyDictionary<string, Increment> x, IReadOnlyDictionary<string, Increment> y) =>
        x.Keys.Union(y.Keys, StringComparer.Ordinal).ToDictionary(
            name => name,
            name => Increment.Join(x.GetValueOrDefault(name, Increment.None), y.GetValueOrDefault(name, Increment.None)),
            StringComparer.Ordinal);

    private (Interpretation Sizes, Dictionary<string, Increment> Second) FirstSteps()
    {
        var frozen = Forward.Outputs.ToHashSet(StringComparer.Ordinal);
        var moving = Weights.Where(weight => Forward.Features.Any(feature =>
            !FirstStepOf(weight).SizeOf(feature).Change.IsZero)).Select(weight => weight.Name).ToHashSet(StringComparer.Ordinal);
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
            var change = state.GetValueOrDefault(carried.State.Name, Increment.None);
            if (carried.State.Kind == ValueKind.Matrix)
            {
                interpretation.Set(carried.State.Name, start.MatrixOf(carried.Initial) with { Learned = change.Matrix });
            }
            else
            {
                interpretation.Set(carried.State.Name, start.SizeOf(carried.Initial) with { Change = change.Vector });
            }
        }
    }

    /// <summary>What an iteration adds to the carried values: the next value without its own part linear in the present one, which decays but isn't learned.</summary>
    private Dictionary<string, Increment> Next(Interpretation iteration)
    {
        var increments = new Dictionary<string, Increment>(StringComparer.Ordinal);
        foreach (var carried in loop.Carried)
        {
            var name = carried.State.Name;
            var shift = shifts.Rate.GetValueOrDefault(name);
            increments.Add(name, body.GetValueOrDefault(carried.Next) switch
            {
                Instruction.MatrixSum sum => new Increment(Terms.Zero, Added(iteration.Sum(sum, term => term is not MatrixTerm.Scaled scaled || scaled.Matrix.Name != name), shift)),
                Instruction.Nonlin nonlin => new Increment(iteration.OfBody(WithoutOwnTerm(nonlin.Body, name)).Total.Times(shift), []),
                _ when carried.State.Kind != ValueKind.Matrix => new Increment(iteration.SizeOf(carried.Next).Total.Times(shift), []),
                _ => new Increment(Terms.Zero, Added(iteration.MatrixOf(carried.Next), shift)),
            });
        }

        return increments;
    }

    private static IReadOnlyList<MatrixFactors> Added(MatrixSize sum, Rational shift) => Interpretation.Joined(sum.Factors.Concat(sum.Learned)
        .Select(factor => new MatrixFactors(factor.Site, new Size(factor.Left.Total.Times(shift), Terms.Zero), new Size(factor.Right.Total, Terms.Zero))));

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
