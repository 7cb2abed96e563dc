using System.Diagnostics;
using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>A <see cref="StepRule"/> as the instructions of one iteration.</summary>
internal sealed class StepLowering
{
    private readonly Network network;
    private readonly StepRule step;
    private readonly NameSupply names;
    private readonly IReadOnlyList<Definition> given;
    private readonly DiagnosticBag diagnostics;
    private readonly List<Statement> body = [];
    private readonly List<Statement> initialisation = [];
    private readonly Dictionary<string, Dictionary<string, Member>> sets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> next = new(StringComparer.Ordinal);
    private readonly SortedSet<string> adapted = new(StringComparer.Ordinal);
    private readonly HashSet<string> constants = new(StringComparer.Ordinal);
    private readonly List<(Parameter Parameter, string Slot, Definition State, string Initial)> slots = [];

    public StepLowering(Network network, StepRule step, NameSupply names, IReadOnlyList<Definition> given, DiagnosticBag diagnostics)
    {
        (this.network, this.step, this.names, this.diagnostics) = (network, step, names, diagnostics);
        sets[StepRule.Parameters] = [];
        foreach (var parameter in network.Parameters)
        {
            var member = Named(parameter.Type, []);
            sets[StepRule.Parameters].Add(parameter.Name, member);
            sets[parameter.Name] = new Dictionary<string, Member>(StringComparer.Ordinal) { [parameter.Name] = member };
        }

        foreach (var slot in step.Slots)
        {
            sets[slot] = [];
            foreach (var parameter in network.Parameters)
            {
                var state = parameter.Type with { Name = names.Fresh($"{slot}_{parameter.Name}") };
                var initial = state with { Name = names.Fresh(state.Name + "_0") };
                initialisation.Add(state.Kind == ValueKind.Matrix ? new Instruction.MatrixSum(initial, []) : new Instruction.Nonlin(initial, Expr.Zero));
                slots.Add((parameter, slot, state, initial.Name));
                sets[slot].Add(parameter.Name, Named(state, []));
            }
        }

        this.given = [.. given, .. slots.Select(slot => slot.State)];
    }

    /// <summary>What networks have been run with in place of their weights.</summary>
    public IEnumerable<string> Adapted => adapted;

    /// <summary>The slots at the start: zeros.</summary>
    public IReadOnlyList<Statement> Initialisation => initialisation;

    /// <summary>The value of a set for one weight.</summary>
    /// <param name="Type">A value of this name exists when <see cref="Exists"/>.</param>
    /// <param name="Extra">The axes in front of those of the weight.</param>
    /// <param name="Value">The coordinates, for a vector or scalar.</param>
    /// <param name="Terms">What it sums, for a matrix.</param>
    /// <param name="Exists">Whether an instruction defines it: that of a gradient is read by its factors alone.</param>
    private sealed record Member(Definition Type, ValueList<IndexBinder> Extra, Expr Value, ValueList<MatrixTerm> Terms, bool Exists = true);

    /// <summary>The statements of an iteration.</summary>
    public IReadOnlyList<Statement> Statements()
    {
        body.AddRange(step.Data);
        foreach (var statement in step.Statements)
        {
            switch (statement)
            {
                case StepStatement.Forward forward:
                    Run(forward);
                    break;
                case StepStatement.Compute compute:
                    body.Add(compute.Instruction with { Origin = compute.Origin });
                    break;
                case StepStatement.Gradient gradient:
                    Differentiate(gradient);
                    break;
                case StepStatement.Combine combine:
                    sets[combine.Result] = Combine(combine);
                    break;
                case StepStatement.Total total:
                    sets[total.Result] = sets[total.Set].ToDictionary(pair => pair.Key, pair => Sum(pair.Value, total.Over), StringComparer.Ordinal);
                    break;
                case StepStatement.Norm norm:
                    Measure(norm);
                    break;
                case StepStatement.Assign assign:
                    foreach (var (weight, member) in Replace(sets[assign.Set], weight => weight, assign.Origin))
                    {
                        sets[StepRule.Parameters][weight] = sets[weight][weight] = member;
                    }

                    break;
                case StepStatement.Keep keep:
                    foreach (var (weight, member) in Replace(sets[keep.Set], weight => slots.First(slot => slot.Slot == keep.Slot && slot.Parameter.Name == weight).State.Name, keep.Origin))
                    {
                        sets[keep.Slot][weight] = member;
                    }

                    break;
                default:
                    throw new UnreachableException();
            }
        }

        return body;
    }

    /// <summary>Weights, each followed by its slots.</summary>
    public IEnumerable<Carried> Carried()
    {
        foreach (var parameter in network.Parameters)
        {
            if (parameter.Trained && next.TryGetValue(parameter.Name, out var value))
            {
                yield return new Carried(parameter.Type, parameter.Initial, value);
            }

            foreach (var slot in slots.Where(slot => slot.Parameter == parameter))
            {
                yield return new Carried(slot.State, slot.Initial, next.GetValueOrDefault(slot.State.Name, slot.State.Name));
            }
        }
    }

    private static ValueList<MatrixTerm> Whole(Definition matrix, ValueList<IndexBinder> extra) =>
        matrix.Kind == ValueKind.Matrix ? [new MatrixTerm.Scaled(Expr.One, new Expr.Reference(matrix.Name, extra.Select(binder => (Index)binder.Name).ToValueList()))] : [];

    private void Run(StepStatement.Forward forward)
    {
        var members = new Dictionary<string, Member>(sets[StepRule.Parameters], StringComparer.Ordinal);
        foreach (var (name, member) in sets[forward.Weights ?? StepRule.Parameters])
        {
            members[name] = member;
        }

        var weights = members.Where(pair => pair.Value.Type.Name != pair.Key).ToDictionary(pair => pair.Key, pair => (pair.Value.Type, pair.Value.Extra), StringComparer.Ordinal);
        adapted.UnionWith(weights.Values.Select(weight => weight.Type.Name));
        AddNew(ForwardPass.Of(network, forward, weights, names), forward.Results);
    }

    /// <summary>What an earlier run of the network has computed from the same values is read there: its gradient is then one, too.</summary>
    private void AddNew(IEnumerable<Statement> pass, ValueList<string> results)
    {
        var known = new Dictionary<Statement, string>();
        foreach (var instruction in body.OfType<Instruction>())
        {
            known.TryAdd(Nameless(instruction), instruction.Result.Name);
        }

        var renamed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var statement in pass)
        {
            var instruction = (Instruction)(renamed.Count == 0 ? statement : statement.RenameValues(renamed.GetValueOrDefault));
            if (instruction is Instruction.Gaussian || results.Contains(instruction.Result.Name) || !known.TryGetValue(Nameless(instruction), out var earlier))
            {
                body.Add(instruction);
            }
            else
            {
                renamed.Add(instruction.Result.Name, earlier);
            }
        }

        static Instruction Nameless(Instruction instruction) => instruction with { Result = instruction.Result with { Name = "" }, Origin = null };
    }

    /// <summary>
    /// With one gradient for each position of <c>keep</c>, the weight is differentiated by as if it had these axes: W[b] where W is read, b standing for the very task that reads it.
    /// </summary>
    private void Differentiate(StepStatement.Gradient gradient)
    {
        var set = sets[gradient.Set];
        var members = set.Where(pair => pair.Value.Exists).ToList();
        ValueList<IndexBinder> own = members[0].Value.Extra;
        var keep = gradient.Axes.Where(binder => !own.Contains(binder)).ToValueList();
        var wrt = members.Select(pair => pair.Value.Type.Name).ToList();
        IReadOnlyList<Statement> block = body;
        IReadOnlyList<Definition> known = given;
        var between = Between(wrt, gradient.Scalar);
        if (between.Count == 0)
        {
            diagnostics.Add(Codes.NotDifferentiable, gradient.Origin.Span, gradient.Scalar, $"it doesn't depend on `{gradient.Shown}`");
            sets[gradient.Result] = set;
            return;
        }

        if (keep.Count > 0)
        {
            if (Shared(between, keep) is { } shared)
            {
                diagnostics.Add(Codes.NotAvailable, gradient.Origin.Span, $"a gradient for each position of `{keep[0].Axis}` where the positions meet, in `{shared}`,");
                sets[gradient.Result] = set;
                return;
            }

            block = body.Select(statement => statement is Instruction instruction && (between.Contains(instruction.Result.Name) || wrt.Contains(instruction.Result.Name)) ? AtTasks(instruction) : statement).ToList();
            known = [.. members.Where(pair => pair.Value.Extra.Count == 0).Select(pair => WithTasks(pair.Value.Type)), .. given.Where(definition => !wrt.Contains(definition.Name))];
        }

        var gradients = Backpropagation.Gradient(known, block, gradient.Scalar, wrt, names, [TrainingProgram.Step], diagnostics, constants);
        var made = gradients.Statements.Select(statement => keep.Count > 0 && statement is Instruction instruction ? Without(instruction) : statement).ToList();
        body.AddRange(made.Select(statement => statement.Origin is null ? statement : statement with { Origin = new Origin(gradient.Origin.Span, statement.Origin.Note) }));
        var result = new Dictionary<string, Member>(StringComparer.Ordinal);
        foreach (var ((name, member), dw) in members.Zip(gradients.Names))
        {
            var parameter = Parameter(name);
            var rate = Expr.WidthTo(network.Widths[0].Name, -parameter.C);
            var instruction = body.Instructions().Last(made => made.Result.Name == dw);
            var extra = instruction.Result.Indices.Take(instruction.Result.Indices.Count - parameter.Type.Indices.Count).ToValueList();
            result.Add(name, new Member(
                instruction.Result,
                extra,
                rate * instruction.Result.AsReference(),
                instruction is Instruction.MatrixSum sum ? Scaled(sum.Terms, rate) : [],
                Exists: false));
        }

        sets[gradient.Result] = result;

        Definition WithTasks(Definition definition) => wrt.Contains(definition.Name) ? definition with { Indices = [.. keep, .. definition.Indices] } : definition;

        Instruction AtTasks(Instruction instruction) => instruction.MapExpressions(expr => expr.SubstituteReferences(reference => wrt.Contains(reference.Name)
            ? reference with { Indices = [.. keep.Select(binder => (Index)binder.Name), .. reference.Indices] }
            : reference)) with
        { Result = WithTasks(instruction.Result) };

        Instruction Without(Instruction instruction) => instruction.MapExpressions(expr => expr.SubstituteReferences(reference => wrt.Contains(reference.Name)
            ? reference with { Indices = reference.Indices.Skip(keep.Count).ToValueList() }
            : reference));
    }

    /// <summary>The instructions through which the scalar depends on the values.</summary>
    private HashSet<string> Between(IEnumerable<string> values, string scalar)
    {
        var dependent = values.ToHashSet(StringComparer.Ordinal);
        foreach (var statement in body.OfType<Instruction>().Where(statement => !constants.Contains(statement.Result.Name) && statement.Reads().Any(dependent.Contains)))
        {
            dependent.Add(statement.Result.Name);
        }

        dependent.IntersectWith(DeadCode.Live(body, [scalar]));
        dependent.ExceptWith(values);
        return dependent;
    }

    /// <summary>An instruction that doesn't belong to one task each.</summary>
    private string? Shared(HashSet<string> between, ValueList<IndexBinder> keep)
    {
        foreach (var instruction in body.OfType<Instruction>().Where(instruction => between.Contains(instruction.Result.Name)))
        {
            var over = (instruction as Instruction.MatrixSum)?.Terms.OfType<MatrixTerm.Outer>().SelectMany(term => term.Over) ?? [];
            var bound = instruction.Expressions().SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Sum>().Select(sum => sum.Index).Concat(over);
            if (keep.Any(binder => !instruction.Result.Indices.Contains(binder)) || bound.Any(binder => keep.Any(task => task.Axis == binder.Axis)))
            {
                return instruction.Result.Name;
            }
        }

        return null;
    }

    private Parameter Parameter(string name) => network.Parameters.First(parameter => parameter.Name == name);

    private static ValueList<MatrixTerm> Scaled(IEnumerable<MatrixTerm> terms, Expr factor) => terms.Select(term => term with { Coefficient = factor * term.Coefficient }).ToValueList();

    private Dictionary<string, Member> Combine(StepStatement.Combine combine)
    {
        var result = new Dictionary<string, Member>(StringComparer.Ordinal);
        var read = combine.Value.References().Select(reference => reference.Name).Where(sets.ContainsKey).Distinct()
            .OrderBy(set => set == StepRule.Parameters || network.Parameters.Any(parameter => parameter.Name == set) ? 0 : 1).ToList();
        foreach (var name in read.Select(set => sets[set].Keys).Aggregate((IEnumerable<string>)sets[StepRule.Parameters].Keys, (some, others) => some.Intersect(others)).ToList())
        {
            var parameter = Parameter(name);
            var extra = combine.Axes;
            var type = new Definition(combine.IsNamed ? names.Fresh($"{name}_{combine.Result}") : combine.Result, [.. extra, .. parameter.Type.Indices], parameter.Type.Widths);
            var value = combine.Value.SubstituteReferences(reference => sets.TryGetValue(reference.Name, out var set) ? set[name].Value : reference)
                .RenameSumsApart([TrainingProgram.Step, .. type.Indices.Select(binder => binder.Name)]);
            ValueList<MatrixTerm> terms = [];
            if (type.Kind == ValueKind.Matrix)
            {
                var values = read.Select(set => (set, Apart(sets[set][name].Terms, type))).ToList();
                if (Update.LinearCombination(combine.Value, values) is not { } linear)
                {
                    diagnostics.Add(Codes.NotAvailable, combine.Origin.Span, $"an update of a matrix that isn't linear in weights and gradients (`{name}`)");
                    return sets[StepRule.Parameters];
                }

                terms = linear;
            }

            if (!combine.IsNamed)
            {
                result.Add(name, new Member(type, extra, value, terms, Exists: false));
                continue;
            }

            body.Add((type.Kind == ValueKind.Matrix ? (Instruction)new Instruction.MatrixSum(type, terms) : new Instruction.Nonlin(type, value)) with { Origin = combine.Origin });
            if (combine.IsConstant)
            {
                constants.Add(type.Name);
            }

            result.Add(name, Named(type, extra));
        }

        return result;
    }

    private static Member Named(Definition type, ValueList<IndexBinder> extra) => new(type, extra, type.AsReference(), Whole(type, extra));

    private static ValueList<MatrixTerm> Apart(ValueList<MatrixTerm> terms, Definition type) => terms
        .Select(term => term is MatrixTerm.Outer outer ? outer.RenamedApart([TrainingProgram.Step, .. type.Indices.Select(binder => binder.Name)]) : term).ToValueList();

    /// <summary>Σ over the axis; a matrix that has it is taken apart into its factors first.</summary>
    private Member Sum(Member member, IndexBinder over)
    {
        var extra = member.Extra.Where(binder => binder != over).ToValueList();
        return new Member(
            member.Type with { Indices = member.Type.Indices.Where(binder => binder != over).ToValueList() },
            extra,
            Expr.SumOver(over, member.Value),
            member.Terms.SelectMany(term => Sum(term, over)).ToValueList(),
            Exists: false);
    }

    private IEnumerable<MatrixTerm> Sum(MatrixTerm term, IndexBinder over)
    {
        switch (term)
        {
            case MatrixTerm.Outer outer:
                return [outer with { Over = [over, .. outer.Over] }];
            case MatrixTerm.Scaled scaled when !scaled.Matrix.FreeIndices().Contains(over.Name):
                return [scaled with { Coefficient = Expr.SumOver(over, scaled.Coefficient) }];
            case MatrixTerm.Scaled scaled:
                var definition = body.OfType<Instruction.MatrixSum>().Last(sum => sum.Result.Name == scaled.Matrix.Name);
                return Scaled(definition.Terms, scaled.Coefficient).SelectMany(inner => Sum(inner, over));
            default:
                throw new UnreachableException();
        }
    }

    private void Measure(StepStatement.Norm norm)
    {
        var squares = new List<Expr>();
        foreach (var (name, member) in sets[norm.Set])
        {
            if (member.Terms.SelectMany(TakenApart).ToList() is var factors && factors.Any(term => term is MatrixTerm.Scaled))
            {
                diagnostics.Add(Codes.NotAvailable, norm.Origin.Span, $"the norm of a set that holds more than gradients (`{name}`)");
                return;
            }

            squares.Add(Expr.WidthTo(network.Widths[0].Name, Parameter(name).C) * GradientNorm.SquareOf(member.Type, member.Value, factors.Cast<MatrixTerm.Outer>().ToList(), name, names, body));
        }

        body.Add(new Instruction.Nonlin(new Definition(norm.Result, [], []), Expr.Pow(Expr.SumOf(squares), Rational.Half)) { Origin = norm.Origin });
    }

    /// <summary>The factors of a matrix that the step has made.</summary>
    private IEnumerable<MatrixTerm> TakenApart(MatrixTerm term) =>
        term is MatrixTerm.Scaled scaled && body.OfType<Instruction.MatrixSum>().LastOrDefault(sum => sum.Result.Name == scaled.Matrix.Name) is { } definition
            ? Scaled(definition.Terms, scaled.Coefficient).SelectMany(TakenApart)
            : [term];

    private List<(string Weight, Member Member)> Replace(Dictionary<string, Member> set, Func<string, string> state, Origin origin)
    {
        var made = new List<(string, Member)>();
        foreach (var (name, member) in set)
        {
            var type = Parameter(name).Type with { Name = names.Fresh(state(name) + "_next") };
            next[state(name)] = type.Name;
            body.Add((type.Kind == ValueKind.Matrix ? (Instruction)new Instruction.MatrixSum(type, member.Terms) : new Instruction.Nonlin(type, member.Value)) with { Origin = origin });
            made.Add((name, Named(type, [])));
        }

        return made;
    }
}
