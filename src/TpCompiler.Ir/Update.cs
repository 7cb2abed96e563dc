using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>An <see cref="UpdateRule"/> as instructions, weight by weight.</summary>
internal sealed class Update(Network network, TrainingPlan plan, NameSupply names, ValueTable table, DiagnosticBag diagnostics)
{
    private const string Weight = "w";
    private const string Gradient = "g";
    private const string Rate = "rate";
    private const string Size = "size";

    private readonly List<Statement> initialisation = [];
    private readonly List<Carried> carried = [];
    private readonly List<Statement> statements = [];

    /// <summary>The declaration of the weight whose update is written down.</summary>
    private Origin? origin;

    /// <summary>The slots at the start: zeros.</summary>
    public IReadOnlyList<Statement> Initialisation => initialisation;

    /// <summary>Weights, each followed by its slots.</summary>
    public IReadOnlyList<Carried> Carried => carried;

    /// <summary>The statements that compute the next weights and slots.</summary>
    public IReadOnlyList<Statement> Statements(IEnumerable<(Parameter Parameter, string Gradient)> weights)
    {
        var list = weights.ToList();
        var assignments = plan.Rule.Assignments;
        Expr.Reference? norm = null;
        if (plan.Rule.ReadsNorm)
        {
            var first = statements.Count;
            norm = GradientNorm.Emit(network, list, table, names, statements);
            StandForTheNorm(first);
        }

        assignments = WithoutNumbers(assignments, norm);
        if (norm is not null)
        {
            var first = statements.Count;
            assignments = Hoisted(assignments, norm);
            StandForTheNorm(first);
        }

        foreach (var (parameter, gradient) in list)
        {
            origin = network.Initialisation.OfType<Instruction>().FirstOrDefault(instruction => instruction.Result.Name == parameter.Initial)?.Origin;
            var slots = Slots(parameter, assignments);
            carried.Add(parameter.Type.Kind == ValueKind.Matrix
                ? new Carried(parameter.Type, parameter.Initial, MatrixUpdate(parameter, gradient, slots, assignments))
                : new Carried(parameter.Type, parameter.Initial, VectorUpdate(parameter, gradient, slots, assignments)));
            carried.AddRange(slots.Values.Select(slot => new Carried(slot.State, slot.Initial, slot.Next)));
        }

        return statements;
    }

    /// <summary>Statements from one on come from the loss, of whose gradient they are the norm.</summary>
    private void StandForTheNorm(int first)
    {
        if (plan.Loss.OfType<Instruction>().FirstOrDefault(instruction => instruction.Result.Name == plan.LossValue)?.Origin is { } loss)
        {
            for (var i = first; i < statements.Count; i++)
            {
                statements[i] = statements[i] with { Origin = loss with { Note = "norm of the gradient" } };
            }
        }
    }

    private static bool Mentions(Expr expr, string name) => expr.References().Any(reference => reference.Name == name);

    /// <summary>The slots that are numbers, computed once for all weights; the assignments that are left read them.</summary>
    private ValueList<Assignment> WithoutNumbers(ValueList<Assignment> assignments, Expr.Reference? norm)
    {
        var numbers = new Dictionary<string, Definition>(StringComparer.Ordinal);
        var present = new Dictionary<string, Expr>(StringComparer.Ordinal);
        foreach (var name in plan.Rule.Numbers)
        {
            var state = new Definition(names.Fresh(name), [], []);
            numbers.Add(name, state);
            present.Add(name, state.AsReference());
        }

        var left = new List<Assignment>();
        foreach (var assignment in assignments)
        {
            var value = assignment.Value.SubstituteReferences(reference => present.GetValueOrDefault(reference.Name, reference));
            if (numbers.TryGetValue(assignment.Target, out var state))
            {
                present[assignment.Target] = Emit(new Instruction.Nonlin(state with { Name = NextName(state) }, value.SubstituteReferences(reference => reference.Name == UpdateRule.GlobalNorm ? norm! : reference)));
            }
            else
            {
                left.Add(assignment with { Value = value });
            }
        }

        foreach (var (name, state) in numbers)
        {
            var initial = state with { Name = names.Fresh(state.Name + "_0") };
            initialisation.Add(new Instruction.Nonlin(initial, Expr.Zero));
            carried.Add(new Carried(state, initial.Name, ((Expr.Reference)present[name]).Name));
        }

        return left.ToValueList();
    }

    /// <summary>n^{c - k}, k the wide sides of the weight: as large as its gradient where its update is maximal.</summary>
    private Expr SizeOf(Parameter parameter) => Expr.WidthTo(network.Widths[0].Name, parameter.C - parameter.Type.Widths.Count);

    private Expr RateOf(Parameter parameter) => plan.LearningRate * Expr.WidthTo(network.Widths[0].Name, -parameter.C);

    /// <summary>State for the slots whose old values are read; the others are abbreviations within a step.</summary>
    private Dictionary<string, Slot> Slots(Parameter parameter, ValueList<Assignment> assignments)
    {
        var slots = new Dictionary<string, Slot>(StringComparer.Ordinal);
        foreach (var name in plan.Rule.Slots.Except(plan.Rule.Numbers))
        {
            var firstRead = IndexWhere(assignment => Mentions(assignment.Value, name));
            var firstWrite = IndexWhere(assignment => assignment.Target == name);
            if (firstRead > firstWrite || firstRead == assignments.Count)
            {
                continue;
            }

            var state = parameter.Type with { Name = names.Fresh($"{name}_{parameter.Name}") };
            var initial = state with { Name = names.Fresh(state.Name + "_0") };
            initialisation.Add(state.Kind == ValueKind.Matrix ? new Instruction.MatrixSum(initial, []) : new Instruction.Nonlin(initial, Expr.Zero));
            slots.Add(name, new Slot(state, initial.Name) { Next = state.Name });
        }

        return slots;

        int IndexWhere(Func<Assignment, bool> test) => assignments.TakeWhile(assignment => !test(assignment)).Count();
    }

    private string VectorUpdate(Parameter parameter, string gradient, Dictionary<string, Slot> slots, ValueList<Assignment> assignments)
    {
        var type = parameter.Type;
        var values = new Dictionary<string, Expr>(StringComparer.Ordinal)
        {
            [Weight] = type.AsReference(),
            [Gradient] = new Expr.Reference(gradient, type.AsReference().Indices),
            [Rate] = RateOf(parameter),
            [Size] = SizeOf(parameter),
        };
        foreach (var (name, slot) in slots)
        {
            values.Add(name, slot.State.AsReference());
        }

        var next = type.Name;
        foreach (var assignment in assignments)
        {
            var value = assignment.Value.SubstituteReferences(reference => values.GetValueOrDefault(reference.Name, reference));
            values[assignment.Target] = Keep(type, assignment.Target, slots, ref next) is { } result ? Emit(new Instruction.Nonlin(result, value), StateOf(assignment.Target)) : value;
        }

        return next == type.Name ? Emit(new Instruction.Nonlin(type with { Name = NextName(type) }, type.AsReference())).Name : next;

        string StateOf(string target) => target == Weight ? type.Name : slots[target].State.Name;
    }

    private string MatrixUpdate(Parameter parameter, string gradient, Dictionary<string, Slot> slots, ValueList<Assignment> assignments)
    {
        var type = parameter.Type;
        var values = new List<(string Name, ValueList<MatrixTerm> Terms)> { (Weight, Whole(type)) };
        values.AddRange(slots.Select(slot => (slot.Key, Whole(slot.Value.State))));
        values.Add((Gradient, ((Instruction.MatrixSum)table[gradient].Instruction!).Terms));
        var next = type.Name;
        foreach (var assignment in assignments)
        {
            var value = assignment.Value.SubstituteReferences(reference => reference.Name == Rate ? RateOf(parameter) : reference.Name == Size ? SizeOf(parameter) : reference);
            if ((LinearCombination(value, values) ?? WithOuterNonlin(value, type, gradient, values)) is not { } terms)
            {
                diagnostics.Add(Codes.NotAvailable, default(Location), $"an update of a matrix that isn't linear in the weight (`{assignment.Target}` of `{parameter.Name}` under `{plan.Rule.Name}`)");
                break;
            }

            if (Keep(type, assignment.Target, slots, ref next) is { } result)
            {
                Emit(new Instruction.MatrixSum(result, terms), StateOf(assignment.Target));
                terms = Whole(result);
            }

            var known = values.FindIndex(entry => entry.Name == assignment.Target);
            values.RemoveAll(entry => entry.Name == assignment.Target);
            values.Insert(known < 0 ? values.Count : known, (assignment.Target, terms));
        }

        return next == type.Name ? Emit(new Instruction.MatrixSum(type with { Name = NextName(type) }, Whole(type))).Name : next;

        string StateOf(string target) => target == Weight ? type.Name : slots[target].State.Name;
    }

    /// <summary>
    /// The terms that are linear as they are, the others entry by entry in an <see cref="Instruction.OuterNonlin"/>: ψ(g, slots), which are sums of factors or functions of them. Null where these
    /// terms read the weight, which is Gaussian at the start.
    /// </summary>
    private ValueList<MatrixTerm>? WithOuterNonlin(Expr value, Definition type, string gradient, List<(string Name, ValueList<MatrixTerm> Terms)> values)
    {
        var terms = value is Expr.Add sum ? sum.Terms : [value];
        var linear = terms.Where(term => LinearCombination(term, values) is not null).ToList();
        var entries = Expr.SumOf(terms.Except(linear));
        if (Mentions(entries, Weight))
        {
            return null;
        }

        var body = entries.SubstituteReferences(reference => values.FindIndex(entry => entry.Name == reference.Name) switch
        {
            < 0 => reference,
            _ when reference.Name == Gradient => new Expr.Reference(gradient, []),
            var known when values[known].Terms is [MatrixTerm.Scaled { Coefficient.IsOne: true } whole] => whole.Matrix,
            var known => Emit(new Instruction.MatrixSum(type with { Name = names.Fresh($"{reference.Name}_{type.Name}_now") }, values[known].Terms)),
        });
        var made = Emit(new Instruction.OuterNonlin(type with { Name = names.Fresh("psi_" + type.Name) }, body));
        return [.. LinearCombination(Expr.SumOf(linear), values)!, new MatrixTerm.Scaled(Expr.One, made)];
    }

    /// <summary>Where an assignment's value goes: to the next weight, the next state of a slot, or nowhere (null).</summary>
    private Definition? Keep(Definition type, string target, Dictionary<string, Slot> slots, ref string next)
    {
        if (target == Weight)
        {
            next = NextName(type);
            return type with { Name = next };
        }

        return slots.TryGetValue(target, out var slot) ? type with { Name = slot.Next = NextName(slot.State) } : null;
    }

    private string NextName(Definition state) => names.Fresh(state.Name + "_next");

    /// <param name="instruction">What is appended.</param>
    /// <param name="state">The weight or slot whose next value it is; null for what stands in between.</param>
    private Expr.Reference Emit(Instruction instruction, string? state = null)
    {
        statements.Add(state is null || origin is null ? instruction : instruction with { Origin = Origin.OfUpdate(origin.Span, state) });
        return instruction.Result.AsReference();
    }

    private static ValueList<MatrixTerm> Whole(Definition matrix) => [new MatrixTerm.Scaled(Expr.One, matrix.AsReference())];

    /// <summary>value as Σ coefficient · matrix; null when it isn't linear.</summary>
    internal static ValueList<MatrixTerm>? LinearCombination(Expr value, List<(string Name, ValueList<MatrixTerm> Terms)> values)
    {
        var coefficients = values.ToDictionary(entry => entry.Name, _ => Expr.Zero, StringComparer.Ordinal);
        if (!Collect(value, Expr.One))
        {
            return null;
        }

        var scaled = new Dictionary<Expr.Reference, Expr>();
        var outer = new List<MatrixTerm>();
        foreach (var (name, terms) in values.Where(entry => !coefficients[entry.Name].IsZero))
        {
            foreach (var term in terms)
            {
                switch (term)
                {
                    case MatrixTerm.Scaled s:
                        scaled[s.Matrix] = scaled.GetValueOrDefault(s.Matrix, Expr.Zero) + (coefficients[name] * s.Coefficient);
                        break;
                    case MatrixTerm.Outer o:
                        outer.Add(o with { Coefficient = coefficients[name] * o.Coefficient });
                        break;
                }
            }
        }

        return [.. scaled.Where(pair => !pair.Value.IsZero).Select(pair => new MatrixTerm.Scaled(pair.Value, pair.Key)), .. outer];

        bool IsTensor(Expr expr) => expr.References().Any(reference => coefficients.ContainsKey(reference.Name));

        bool Collect(Expr expr, Expr factor)
        {
            switch (expr)
            {
                case Expr.Constant { Value.IsZero: true }:
                    return true;
                case Expr.Reference reference when coefficients.TryGetValue(reference.Name, out var sum):
                    coefficients[reference.Name] = sum + factor;
                    return true;
                case Expr.Add add:
                    return add.Terms.All(term => Collect(term, factor));
                case Expr.Multiply product when product.Factors.Where(IsTensor).ToList() is [var tensor]:
                    return Collect(tensor, factor * Expr.ProductOf(product.Factors.Where(other => !IsTensor(other))));
                default:
                    return false;
            }
        }
    }

    /// <summary>The assignments with <c>norm</c> replaced; what depends on it alone, such as min(1, clip/norm), becomes a scalar computed once.</summary>
    private ValueList<Assignment> Hoisted(ValueList<Assignment> assignments, Expr.Reference norm)
    {
        var scalars = new Dictionary<Expr, Expr>();
        return assignments.Select(assignment => assignment with { Value = Hoist(assignment.Value) }).ToValueList();

        Expr Hoist(Expr expr)
        {
            if (expr is Expr.Reference reference)
            {
                return reference.Name == UpdateRule.GlobalNorm ? norm : reference;
            }

            if (expr is Expr.Multiply product && !IsScalar(expr))
            {
                var scalar = Expr.ProductOf(product.Factors.Where(IsScalar));
                return Expr.ProductOf([Hoist(scalar), .. product.Factors.Where(factor => !IsScalar(factor)).Select(Hoist)]);
            }

            if (!IsScalar(expr))
            {
                return expr.MapChildren(Hoist);
            }

            if (!scalars.TryGetValue(expr, out var known))
            {
                known = Emit(new Instruction.Nonlin(new Definition(names.Fresh("scale"), [], []), expr.SubstituteReferences(_ => norm)));
                scalars.Add(expr, known);
            }

            return known;
        }

        static bool IsScalar(Expr expr) => expr.References().Any() && expr.References().All(reference => reference.Name == UpdateRule.GlobalNorm);
    }

    /// <summary>A slot of one weight.</summary>
    private sealed record Slot(Definition State, string Initial)
    {
        public required string Next { get; set; }
    }
}
