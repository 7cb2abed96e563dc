using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>One program's analysis, re-run with shifted exponents where a repair is looked for.</summary>
internal sealed class Analysis
{
    private readonly Program program;
    private readonly Loop? loop;
    private readonly ForwardPart forward;
    private readonly Dictionary<string, SignClass> sources;
    private readonly Dictionary<string, Instruction> instructions;
    private readonly LeadingTerms leadingTerms = new();
    private readonly DepthStack? stack;

    /// <param name="program">The training by gradients.</param>
    /// <param name="kind">The size of updates.</param>
    /// <param name="written">The training as it runs, whose optimizer says what decays; <paramref name="program"/> when it isn't given.</param>
    /// <param name="depth">The number of layers, where it goes to infinity after the width.</param>
    public Analysis(Program program, UpdateKind kind = UpdateKind.Gradient, Program? written = null, DepthSymbol? depth = null)
    {
        Decay = WeightDecay.Of(written ?? program);
        program = written is null ? Decay.WithoutSlots : program;
        (this.program, Kind) = (program, kind);
        var trained = program.Parameters.Where(parameter => parameter.Trained).Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        loop = program.Body.OfType<Loop>().FirstOrDefault(candidate => candidate.Carried.Any(carried => trained.Contains(carried.State.Name)));
        sources = DepthStack.Sources(program, depth);
        instructions = program.Body.Instructions().ToDictionary(instruction => instruction.Result.Name, StringComparer.Ordinal);
        var weights = program.Parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        forward = ForwardPart.Of(program, loop?.Body ?? program.Body, weights);
        stack = depth is null ? null : DepthStack.Of(program, loop?.Body ?? program.Body, depth, sources);
    }

    /// <summary>Whether it has residual streams over a number of layers that goes to infinity.</summary>
    public bool HasDepth => stack is not null;

    public Program Program => program;

    public UpdateKind Kind { get; }

    public WeightDecay Decay { get; }

    public ForwardPart Forward => forward;

    public Assessment Assess(Shifts shifts) => new(new TrainingScaling(program, loop!, forward, sources, leadingTerms, shifts, stack), instructions);

    /// <param name="repair">Whether to look for a repair.</param>
    /// <param name="searched">The training in which it is looked for (<see cref="UpdateRule.OfUnitNorm"/>); this one when it isn't given.</param>
    public ScalingResult Result(bool repair, Func<Analysis>? searched = null)
    {
        if (loop is null)
        {
            return WithoutTraining();
        }

        var assessment = Assess(Shifts.None(Kind));
        var sizes = assessment.Run.Sizes;
        var behind = program.Body.SkipWhile(statement => !ReferenceEquals(statement, loop)).Skip(1).ToList();
        sizes.Run(behind);
        var decayed = Decay.Exponents.Count == 0 ? null : assessment.Training.Decayed(Decay.Exponents);
        decayed?.Run(behind);
        var parameters = Parameters(assessment).Select(parameter => parameter with { Decay = parameter.Initial + (Decay.Exponents.TryGetValue(parameter.Name, out var taken) ? taken : (Rational?)null) }).ToValueList();
        return new ScalingResult(Values(sizes, decayed), parameters, Judgement.Of(this, assessment, decayed, parameters, InitialOutput(assessment.Training.AtStart), repair ? searched ?? (() => this) : null))
        {
            RandomScalars = RandomScalars(assessment.Training.AtStart).ToValueList(),
        };
    }

    /// <param name="assessment">The analysis.</param>
    /// <param name="brief">Leaves out what an update does further on, to features and outputs, which takes a forward pass a weight, and the size of gradients over the whole training.</param>
    /// <param name="late">Whether weights whose update does nothing in the first steps are looked at in the net that training makes, which takes the whole training.</param>
    public ValueList<ParameterScale> Parameters(Assessment assessment, bool brief = false, bool late = true) => program.Parameters.Select(parameter => ScaleOf(parameter, assessment, brief, late)).ToValueList();

    /// <summary>What the update of a weight adds to the values that it directly makes, powers of n included.</summary>
    public ValueList<UseScale> UsesOf(Parameter parameter, LoneUpdate update) => UsesOf(parameter)
        .SelectMany(instruction => forward.Scaled(instruction).Select(name => (Name: name, Missing: instruction is Instruction.MatMul && name == instruction.Result.Name ? parameter.A : 0)))
        .Distinct()
        .Select(use => new UseScale(use.Name, update.SizeOf(use.Name).Change.Exponent + use.Missing))
        .ToValueList();

    /// <summary>Whether what a weight's update does in the first steps isn't what it does later: nothing, because what it multiplies or what its gradient goes through starts at 0, or, for a number, next to nothing.</summary>
    public static bool IsLate(Parameter parameter, Rational? update, Rational? preactivation) =>
        preactivation is null || (parameter.Type.Kind == ValueKind.Scalar && preactivation > update);

    /// <summary>The weights that a value of the forward part is made from, the nearest first.</summary>
    public IEnumerable<Parameter> WeightsBehind(string name)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>([name]);
        while (open.TryDequeue(out var next))
        {
            if (!seen.Add(next))
            {
                continue;
            }

            if (program.Parameters.FirstOrDefault(parameter => parameter.Name == next) is { } weight)
            {
                yield return weight;
            }
            else if (instructions.TryGetValue(next, out var instruction))
            {
                foreach (var read in instruction.Reads())
                {
                    open.Enqueue(read);
                }
            }
        }
    }

    /// <summary>Whether a value is f, or a summand of f and of nothing else.</summary>
    public bool IsPartOfOutput(string name) => forward.Outputs.Contains(name)
        || (forward.Outputs.Any(output => SummandsOf(output)?.Contains(name) == true) && forward.Statements.Count(statement => statement.Reads().Contains(name)) == 1);

    /// <summary>Scalars that something is computed from, that are Θ(1) and only fluctuate: Moments of mean zero, times a power of n that keeps them alive.</summary>
    public IEnumerable<string> RandomScalars(Interpretation sizes)
    {
        var statements = program.Parameters.Count == 0 ? program.Body : forward.Statements;
        var read = statements.SelectMany(statement => statement.Reads()).ToHashSet(StringComparer.Ordinal);
        // A part of f is no number that something goes on from.
        read.RemoveWhere(name => !forward.Outputs.Contains(name) && IsPartOfOutput(name));
        return statements.Instructions().OfType<Instruction.Moment>()
            .Where(moment => read.Contains(moment.Result.Name) && sizes.SizeOf(moment.Result.Name).Initial.Exponent is { IsZero: true })
            .Where(moment => sizes.OfBody(moment.Body).Initial is { IsZero: false, LeadingClass.HasZeroMean: true })
            .Select(moment => moment.Result.Name);
    }

    private ScalingResult WithoutTraining()
    {
        var sizes = new Interpretation(sources, new Dictionary<string, Rational>(), leadingTerms);
        sizes.Run(program.Body);
        var parameters = program.Parameters.Select(parameter => new ParameterScale(
            parameter.Name, parameter.Role, parameter.A, parameter.B, parameter.C, parameter.Trained, InitialOf(parameter, sizes), null, null, null, false, false)).ToValueList();
        var reasons = program.Parameters.Count == 0 ? [] : Assessment.AtInitialisation(forward, sizes, instructions);
        return new ScalingResult(
            Values(sizes, null),
            parameters,
            reasons.Count == 0 ? null : new Verdict(Regime.Unstable, null, forward.Features, forward.Outputs, reasons, InitialOutput(sizes), [], null, $"unstable: {reasons[0].Text}"))
        {
            RandomScalars = RandomScalars(sizes).ToValueList(),
        };
    }

    private ValueList<ValueScale> Values(Interpretation sizes, Interpretation? decayed) => program.Body.Definitions()
        .Select(definition => new ValueScale(
            definition.Name,
            definition.Kind,
            sizes.SizeOf(definition.Name) is var size ? new Scale(size.Initial.Exponent, size.Change.Exponent) { Decay = decayed?.SizeOf(definition.Name).Change.Exponent } : null!))
        .ToValueList();

    private static Rational? InitialOf(Parameter parameter, Interpretation sizes) => sizes.SizeOf(parameter.Initial).Initial.Exponent + parameter.A;

    private ParameterScale ScaleOf(Parameter parameter, Assessment assessment, bool brief, bool late)
    {
        var training = assessment.Training;
        var initial = InitialOf(parameter, training.AtStart);
        if (!training.Weights.Contains(parameter))
        {
            return new ParameterScale(parameter.Name, parameter.Role, parameter.A, parameter.B, parameter.C, parameter.Trained, initial, null, null, null, false, false);
        }

        var alone = training.StepsOf(parameter);
        var uses = UsesOf(parameter, alone);
        var preactivation = uses.Select(use => use.Exponent).Min();
        if (late && IsLate(parameter, alone.SizeOf(parameter.Name).Change.Exponent + parameter.A, preactivation) && training.Whole.Settled)
        {
            alone = training.LateUpdateOf(parameter);
            uses = UsesOf(parameter, alone);
            preactivation = uses.Select(use => use.Exponent).Min();
        }

        return new ParameterScale(
            parameter.Name,
            parameter.Role,
            parameter.A,
            parameter.B,
            parameter.C,
            parameter.Trained,
            initial,
            alone.SizeOf(parameter.Name).Change.Exponent + parameter.A,
            preactivation,
            brief ? null : Assessment.Smallest(forward.Outputs, training.FirstStepOf(parameter).SizeOf),
            preactivation is { IsZero: true },
            !brief && Assessment.Smallest(forward.Features, alone.SizeOf) is { IsZero: true })
        {
            Uses = uses,
            Gradient = brief ? null : training.GradientOf(parameter) - parameter.A,
        };
    }

    /// <summary>The instructions that read a weight; where only copies of it are read, which the step adapts, what the network makes of these.</summary>
    private List<Instruction> UsesOf(Parameter parameter)
    {
        var direct = forward.Readers[parameter.Name].Where(instruction => instruction is not Instruction.MatrixSum && !program.Adapted.Contains(instruction.Result.Name)).ToList();
        if (direct.Count > 0)
        {
            return direct;
        }

        var instructions = forward.Statements.Instructions().ToList();
        HashSet<string> copies = [parameter.Name];
        foreach (var instruction in instructions.Where(instruction => program.Adapted.Contains(instruction.Result.Name) && instruction.Reads().Any(copies.Contains)))
        {
            copies.Add(instruction.Result.Name);
        }

        return instructions.FindAll(instruction => forward.Checked.Contains(instruction.Result.Name) && instruction.Reads().Any(copies.Contains));
    }

    /// <summary>f is a Gaussian process when it is Θ(1) and only fluctuates: what its Moments average is odd in a source, and all else that it is a sum of are Gaussian numbers.</summary>
    private InitialOutput? InitialOutput(Interpretation sizes)
    {
        var exponents = forward.Outputs.Select(output => sizes.SizeOf(output).Initial.Exponent).ToList();
        if (exponents.Count == 0 || exponents.Any(e => e is { Sign: < 0 }))
        {
            return null;
        }

        if (exponents.All(e => e is not { IsZero: true }))
        {
            return Scaling.InitialOutput.Zero;
        }

        return forward.Outputs.All(output => SummandsOf(output)?.All(IsGaussian) == true) ? Scaling.InitialOutput.GaussianProcess : null;

        bool IsGaussian(string name) => sizes.SizeOf(name).Initial.Exponent is not { IsZero: true }
            || (instructions.TryGetValue(name, out var instruction)
                ? instruction is Instruction.Moment moment && sizes.OfBody(moment.Body).Initial is { IsZero: false, LeadingClass.HasZeroMean: true }
                : program.Parameters.Any(parameter => parameter.Name == name));
    }

    /// <summary>The Moments and scalar weights (biases) that an output is a sum of, with numbers before them; null when it is anything else.</summary>
    private IReadOnlyList<string>? SummandsOf(string output)
    {
        switch (instructions.GetValueOrDefault(output))
        {
            case Instruction.Moment:
                return [output];
            case Instruction.Nonlin nonlin:
                var terms = nonlin.Body is Expr.Add sum ? sum.Terms : [nonlin.Body];
                var names = terms.SelectMany(term => (term is Expr.Multiply product ? product.Factors : [term]).Where(factor => factor is not (Expr.Constant or Expr.WidthPower)).ToList() is [Expr.Reference only] ? [only.Name] : Array.Empty<string>()).ToList();
                return names.Count == terms.Count && names.All(name => instructions.GetValueOrDefault(name) is Instruction.Moment || program.Parameters.Any(parameter => parameter.Name == name && parameter.Type.Kind == ValueKind.Scalar))
                    ? names
                    : null;
            default:
                return null;
        }
    }
}
