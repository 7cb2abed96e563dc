using System.Diagnostics;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;
using Program = TpCompiler.Ir.Program;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Makes a <see cref="FunctionStep"/> of a written step. A run of the network becomes the value of a function; the gradient of a scalar L by a set of weights is Σ_u K(·, u) ∂L/∂f(u) over the runs whose
/// weights are made of this set (arXiv 2011.14522, section 4), with ∂L/∂f by <see cref="Backpropagation"/> on the scalars, so that gradients of gradients come out as well.
/// </summary>
internal sealed class FunctionLowering
{
    private readonly Network network;
    private readonly StepRule step;
    private readonly int kernels;
    private readonly DiagnosticBag diagnostics;
    private readonly NameSupply names;
    private readonly List<Statement> body = [];
    private readonly List<FunctionField> fields = [];
    private readonly HashSet<string> constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<int, FunctionSet>> sets = new(StringComparer.Ordinal);
    private readonly List<(Definition Value, SamplePoints Points, int Output, IReadOnlyDictionary<int, FunctionSet> Weights)> runs = [];
    private readonly Definition[] outputs;
    private int tokens;

    /// <param name="network">The network.</param>
    /// <param name="step">The step, or a test.</param>
    /// <param name="groups">The weights whose updates move f, those together that are always treated alike.</param>
    /// <param name="diagnostics">Gets what isn't available.</param>
    public FunctionLowering(Network network, StepRule step, ValueList<ValueList<string>> groups, DiagnosticBag diagnostics)
    {
        (this.network, this.step, this.diagnostics, kernels) = (network, step, diagnostics, groups.Count);
        names = new NameSupply(step.Names.Append(TrainingProgram.Step));
        outputs = [.. network.Outputs.Select(name => network.Forward.Definitions().Single(definition => definition.Name == name))];
        foreach (var state in step.Slots.Prepend(StepRule.Parameters))
        {
            sets[state] = Enumerable.Range(0, kernels).ToDictionary(kernel => kernel, _ => State(state));
        }

        foreach (var parameter in network.Parameters)
        {
            sets[parameter.Name] = sets[StepRule.Parameters].Where(pair => groups[pair.Key].Contains(parameter.Name)).ToDictionary();
        }
    }

    /// <summary>The step; null with errors in the bag.</summary>
    public FunctionStep? Lower()
    {
        var before = sets.Where(set => set.Key == StepRule.Parameters || step.Slots.Contains(set.Key)).ToDictionary(set => set.Key, set => set.Value.ToDictionary());
        body.AddRange(step.Data.Select(data => Timed(data)));
        foreach (var statement in step.Statements)
        {
            Lower(statement);
            if (diagnostics.HasErrors)
            {
                return null;
            }
        }

        var moves = before.SelectMany(state => state.Value.Where(pair => sets[state.Key][pair.Key] != pair.Value).Select(pair => Move(state.Key, pair.Key))).ToList();
        if (diagnostics.HasErrors)
        {
            return null;
        }

        var made = moves.SelectMany(move => move.States.Select(state => state.Coefficient).Concat(move.Parts.Select(part => part.Coefficients)));
        Program program = new(network.Name, network.Widths, network.Axes, [], [.. fields.Select(DataOf), new Instruction.Data(new Definition(TrainingProgram.Step, [], []), TrainingProgram.Step), .. body], [.. step.Outputs, .. made.Distinct()]);
        return new FunctionStep(DeadCode.Remove(program), fields.ToValueList(), moves.ToValueList(), step.Outputs);
    }

    private FunctionSet State(string state)
    {
        var token = NewToken();
        return new FunctionSet(token, One(token), One(state), []);
    }

    private string NewToken() => $"#{tokens++}";

    private static Dictionary<string, Expr> One(string name) => new(StringComparer.Ordinal) { [name] = Expr.One };

    private void Lower(StepStatement statement)
    {
        switch (statement)
        {
            case StepStatement.Forward forward:
                Run(forward);
                break;
            case StepStatement.Compute compute:
                body.Add(Timed(compute.Instruction with { Origin = compute.Origin }));
                break;
            case StepStatement.Gradient gradient:
                sets[gradient.Result] = sets[gradient.Set].ToDictionary(pair => pair.Key, pair => Differentiate(gradient, pair.Key, pair.Value));
                break;
            case StepStatement.Combine combine:
                Combine(combine);
                break;
            case StepStatement.Total total:
                sets[total.Result] = sets[total.Set].ToDictionary(pair => pair.Key, pair => Total(total, pair.Value));
                break;
            case StepStatement.Norm norm:
                Measure(norm);
                break;
            case StepStatement.Assign assign:
                foreach (var (kernel, set) in sets[assign.Set])
                {
                    // Weights of one group are the same set under every name that stands for them.
                    foreach (var named in sets.Where(other => other.Key == StepRule.Parameters || network.Parameters.Any(parameter => parameter.Name == other.Key)).Select(other => other.Value).Where(named => named.ContainsKey(kernel)))
                    {
                        named[kernel] = set;
                    }
                }

                break;
            case StepStatement.Keep keep:
                foreach (var (kernel, set) in sets[keep.Set])
                {
                    sets[keep.Slot][kernel] = set;
                }

                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>The step t is a number that is read, as there is no loop here.</summary>
    private static Instruction Timed(Instruction instruction) => instruction.MapExpressions(Timed);

    private static Expr Timed(Expr expr) => expr is Expr.IndexValue { Index: TrainingProgram.Step } ? new Expr.Reference(TrainingProgram.Step, []) : expr.MapChildren(Timed);

    private void Run(StepStatement.Forward forward)
    {
        var weights = new Dictionary<int, FunctionSet>(sets[StepRule.Parameters]);
        foreach (var (kernel, set) in sets[forward.Weights ?? StepRule.Parameters])
        {
            weights[kernel] = set;
        }

        if (weights.Values.FirstOrDefault(set => !set.HoldsTheWeights) is not null)
        {
            Refuse(forward.Origin, "the kernel regime of weights that have shrunk or grown (the initial weights must count once)");
            return;
        }

        for (var output = 0; output < outputs.Length; output++)
        {
            if (PointsOf(forward, output) is not { } points)
            {
                Refuse(forward.Origin, "a network that is given computed numbers, in the kernel regime,");
                return;
            }

            ValueList<IndexBinder> own = OwnAxes(output);
            Definition value = new(forward.Results[output], [.. forward.Extra, .. own], []);
            var terms = new List<Expr>();
            foreach (var (kernel, set) in weights)
            {
                foreach (var (state, factor) in set.States)
                {
                    terms.Add(factor * Field(fields.OfType<FunctionField.Value>().FirstOrDefault(field => (field.State, field.Kernel, field.Output, field.At) == (state, kernel, output, points))
                        ?? new FunctionField.Value(names.Fresh($"{state}_at"), kernel, output, points, state)));
                }

                terms.AddRange(set.Parts.Where(part => part.Output == output).Select(part => Applied(kernel, part, points)));
            }

            body.Add(new Instruction.Nonlin(value, Expr.SumOf(terms)) { Origin = forward.Origin });
            runs.Add((value, points, output, weights));
        }
    }

    /// <summary>The data that an output of this run reads; null when that is none.</summary>
    private SamplePoints? PointsOf(StepStatement.Forward forward, int output)
    {
        var needed = new HashSet<string>(StringComparer.Ordinal) { network.Outputs[output] };
        foreach (var statement in network.Forward.Reverse().OfType<Instruction>().Where(statement => needed.Contains(statement.Result.Name)))
        {
            needed.UnionWith(statement.Reads());
        }

        var input = network.Inputs.ToList().FindIndex(data => needed.Contains(data.Result.Name));
        var own = network.Inputs[input].Result.Indices.Where(binder => binder.Axis != network.BatchAxis).Select(binder => binder.Axis);
        return step.Data.FirstOrDefault(data => data.Result.Name == forward.Inputs[input].Name) is { } data && data.Result.Indices.Skip(data.Result.Indices.Count - own.Count()).Select(binder => binder.Axis).SequenceEqual(own)
            ? new SamplePoints(data, input, forward.Extra)
            : null;
    }

    private ValueList<IndexBinder> OwnAxes(int output) => outputs[output].Indices.Where(binder => binder.Axis != network.BatchAxis).ToValueList();

    private Expr.Reference Field(FunctionField field)
    {
        if (!fields.Contains(field))
        {
            fields.Add(field);
        }

        return new Expr.Reference(field.Name, DataOf(field).Result.Indices.Select(binder => (Index)binder.Name).ToValueList());
    }

    private Instruction.Data DataOf(FunctionField field) => new(
        new Definition(field.Name, [.. field.At.Axes, .. field is FunctionField.Gram gram ? Rest(gram.At, gram.Of, gram.Shared).Select(pair => pair.New) : OwnAxes(field.Output)], []),
        field.Name);

    /// <summary>The axes of the second points that are summed, with names that the first don't have.</summary>
    private static List<(IndexBinder Old, IndexBinder New)> Rest(SamplePoints at, SamplePoints of, ValueList<IndexBinder> shared)
    {
        var used = at.Axes.Concat(of.Axes).Select(binder => binder.Name).ToHashSet(StringComparer.Ordinal);
        var rest = new List<(IndexBinder, IndexBinder)>();
        foreach (var binder in of.Axes.Where(binder => !shared.Contains(binder)))
        {
            var name = IndexSubstitution.FreshName(binder.Name, used);
            used.Add(name);
            rest.Add((binder, binder with { Name = name }));
        }

        return rest;
    }

    /// <summary>Σ_u K(ξ, u) c_u at points ξ.</summary>
    private Expr Applied(int kernel, FunctionPart part, SamplePoints at)
    {
        var gram = fields.OfType<FunctionField.Gram>().FirstOrDefault(field => (field.Kernel, field.Output, field.At, field.Of, field.Shared) == (kernel, part.Output, at, part.Points, part.Kept))
            ?? new FunctionField.Gram(names.Fresh("K"), kernel, part.Output, at, part.Points, part.Kept);
        var rest = Rest(at, part.Points, part.Kept);
        var coefficient = part.Coefficient.RenameSumsApart([.. at.Axes.Select(binder => binder.Name), .. rest.Select(pair => pair.New.Name), .. OwnAxes(part.Output).Select(binder => binder.Name)])
            .ReplaceIndices(rest.ToDictionary(pair => pair.Old.Name, pair => (Index)pair.New.Name, StringComparer.Ordinal));
        return rest.Aggregate((Expr)Field(gram) * coefficient, (sum, pair) => Expr.SumOver(pair.New, sum));
    }

    private FunctionSet Differentiate(StepStatement.Gradient gradient, int kernel, FunctionSet by)
    {
        var reaching = DeadCode.Live(body, [gradient.Scalar]);
        var dependent = runs.Where(run => reaching.Contains(run.Value.Name) && run.Weights.TryGetValue(kernel, out var weights) && weights.Linear.ContainsKey(by.Token)).ToList();
        var token = NewToken();
        if (dependent.Count == 0)
        {
            return new FunctionSet(token, One(token), new Dictionary<string, Expr>(), []);
        }

        ValueList<string> wrt = [.. dependent.Select(run => run.Value.Name)];
        var known = fields.Select(field => DataOf(field).Result).Append(new Definition(TrainingProgram.Step, [], [])).ToList();
        var made = Backpropagation.Gradient(known, body, gradient.Scalar, wrt, names, [], diagnostics, constants);
        body.AddRange(made.Statements.Select(statement => statement with { Origin = gradient.Origin }));
        return new FunctionSet(token, One(token), new Dictionary<string, Expr>(), dependent.Zip(made.Names, (run, name) => new FunctionPart(
            run.Output,
            run.Points,
            run.Points.Axes.Where(gradient.Axes.Contains).ToValueList(),
            run.Weights[kernel].Linear[by.Token] * (run.Value with { Name = name }).AsReference())).ToValueList());
    }

    private void Combine(StepStatement.Combine combine)
    {
        if (FunctionSet.Terms(combine.Value, sets.ContainsKey) is not { } terms)
        {
            Refuse(combine.Origin, "an update that isn't linear in weights and gradients, in the kernel regime,");
            return;
        }

        var result = new Dictionary<int, FunctionSet>();
        foreach (var kernel in terms.Select(term => (IEnumerable<int>)sets[term.Set].Keys).Aggregate((IEnumerable<int>)Enumerable.Range(0, kernels), (some, others) => some.Intersect(others)).ToList())
        {
            var set = FunctionSet.Combination(NewToken(), [.. terms.Select(term => (Timed(term.Factor), sets[term.Set][kernel]))]);
            if (combine.IsNamed || combine.IsConstant)
            {
                set = set with { Parts = set.Parts.Select(part => part with { Coefficient = Named(combine, part) }).ToValueList() };
            }

            result[kernel] = combine.IsConstant ? set with { Linear = One(set.Token) } : set;
        }

        sets[combine.Result] = result;
    }

    /// <summary>The coefficients as a value, computed once however often they are read.</summary>
    private Expr.Reference Named(StepStatement.Combine combine, FunctionPart part)
    {
        if (part.Coefficient is Expr.Reference known && !combine.IsConstant)
        {
            return known;
        }

        ValueList<IndexBinder> indices = [.. part.Points.Axes, .. combine.Axes.Where(binder => !part.Points.Axes.Contains(binder)), .. OwnAxes(part.Output)];
        Definition value = new(names.Fresh($"{combine.Result}_at_{part.Points.Data.Result.Name}"), indices, []);
        body.Add(new Instruction.Nonlin(value, part.Coefficient.RenameSumsApart(indices.Select(binder => binder.Name))) { Origin = combine.Origin });
        if (combine.IsConstant)
        {
            constants.Add(value.Name);
        }

        return value.AsReference();
    }

    private FunctionSet Total(StepStatement.Total total, FunctionSet set)
    {
        if (set.States.Count > 0)
        {
            Refuse(total.Origin, "a sum of sets that hold weights, in the kernel regime,");
            return set;
        }

        var token = NewToken();
        return new FunctionSet(token, One(token), set.States, set.Parts.Select(part => part.Kept.Contains(total.Over)
            ? part with { Kept = part.Kept.Where(binder => binder != total.Over).ToValueList() }
            : part with { Coefficient = Expr.SumOver(total.Over, part.Coefficient) }).ToValueList());
    }

    /// <summary>norm² = Σ c K c over all pairs of points, of every output and kernel.</summary>
    private void Measure(StepStatement.Norm norm)
    {
        var squares = new List<Expr>();
        foreach (var (kernel, set) in sets[norm.Set])
        {
            if (set.States.Count > 0)
            {
                Refuse(norm.Origin, "the norm of a set that holds more than gradients");
                return;
            }

            foreach (var part in set.Parts)
            {
                foreach (var other in set.Parts.Where(other => other.Output == part.Output))
                {
                    ValueList<IndexBinder> indices = [.. part.Points.Axes, .. OwnAxes(part.Output)];
                    Definition applied = new(names.Fresh("K_" + norm.Result), indices, []);
                    body.Add(new Instruction.Nonlin(applied, Applied(kernel, other, part.Points)));
                    squares.Add(indices.Aggregate(applied.AsReference() * part.Coefficient.RenameSumsApart(indices.Select(binder => binder.Name)), (sum, binder) => Expr.SumOver(binder, sum)));
                }
            }
        }

        body.Add(new Instruction.Nonlin(new Definition(norm.Result, [], []), Expr.Pow(Expr.SumOf(squares), Rational.Half)) { Origin = norm.Origin });
    }

    private StateMove Move(string state, int kernel)
    {
        var set = sets[state][kernel];
        if (state == StepRule.Parameters && !set.HoldsTheWeights)
        {
            Refuse(step.Statements[^1].Origin, "the kernel regime of weights that shrink or grow (the initial weights must count once)");
        }

        var states = set.States.Select(pair => (pair.Key, Output($"{state}_of_{pair.Key}", [], pair.Value))).ToValueList();
        return new StateMove(state, kernel, states, set.Parts.Select(part => (part.Output, part.Points, Output($"{state}_at_{part.Points.Data.Result.Name}", [.. part.Points.Axes, .. OwnAxes(part.Output)], part.Coefficient))).ToValueList());
    }

    private string Output(string name, ValueList<IndexBinder> indices, Expr value)
    {
        Definition result = new(names.Fresh(name), indices, []);
        body.Add(new Instruction.Nonlin(result, value.RenameSumsApart(indices.Select(binder => binder.Name))));
        return result.Name;
    }

    private void Refuse(Origin origin, string what) => diagnostics.Add(Codes.NotAvailable, origin.Span, what);
}
