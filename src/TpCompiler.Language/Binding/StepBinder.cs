using System.Globalization;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>A <c>step</c>: scalars, as in any block, and sets of weights.</summary>
internal sealed partial class StepBinder(
    Block block,
    BlockBinder shapes,
    string network,
    IReadOnlyList<Instruction.Data> inputs,
    IReadOnlyList<Statement> forward,
    IReadOnlyList<Value> outputs,
    IReadOnlyList<Parameter> parameters,
    IEnumerable<string> taken)
{
    private readonly Dictionary<string, Meaning> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Definition> values = new(StringComparer.Ordinal);
    private readonly List<StepStatement> statements = [];
    private readonly List<string> reported = [];
    private readonly HashSet<string> slots = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, Meaning> counters = new Dictionary<string, Meaning>();
    private int placeholders;

    public StepRule? Bind(DeclarationSyntax.Step step)
    {
        Begin(step);
        var data = Inputs(step);
        ValueList<string>? returned = null;
        foreach (var (statement, at, _) in Unrolling.Of(block, step.Body.Where(s => s is not StatementSyntax.Axis)))
        {
            counters = at;
            switch (statement)
            {
                case StatementSyntax.Assignment assignment:
                    Assign(assignment);
                    break;
                case StatementSyntax.Return result:
                    returned = result.Values.Select(v => Named(v, "f")?.Expr is Expr.Reference reference ? reference.Name : null).OfType<string>().ToValueList();
                    break;
                default:
                    block.Report(Diagnostic.Create(Codes.NotAvailable, block.Place(statement.Span), "a declaration in a step").WithHelp("weights and widths are declared in the network"));
                    break;
            }
        }

        if (block.Diagnostics.HasErrors)
        {
            return null;
        }

        if (step.IsTest && statements.FirstOrDefault(statement => statement is StepStatement.Assign or StepStatement.Keep) is { } update)
        {
            block.Report(Diagnostic.Create(Codes.NotAvailable, block.Place(update.Origin.Span), "an update in a test").WithHelp("a test leaves the weights as they are; `fast = params - 0.4 * grad(…)` makes others beside them"));
            return null;
        }

        if (!step.IsTest && !statements.OfType<StepStatement.Assign>().Any())
        {
            block.Report(Diagnostic.Create(Codes.NothingToTrain, block.Place(step.Name.Span), $"the step `{step.Name.Text}` assigns no weight").WithHelp("`params = params - 0.1 * grad(loss, params)` updates all weights"));
            return null;
        }

        return new StepRule(step.Name.Text, data, slots.ToValueList(), statements.ToValueList(), returned ?? reported.ToValueList());
    }

    private void Begin(DeclarationSyntax.Step step)
    {
        block.Statements.Clear();
        block.Anonymous.Clear();
        block.Names.Clear();
        block.Later.Clear();
        block.Later.UnionWith(step.Body.OfType<StatementSyntax.Assignment>().SelectMany(a => a.Others.Prepend(a.Target)).Where(target => target.Indices.Count == 0).Select(target => target.Name.Text));
        block.Supply = new NameSupply(parameters.SelectMany(parameter => new[] { parameter.Name, parameter.Initial }).Concat([StepRule.Parameters, TrainingProgram.Step]).Concat(taken));
        if (!step.IsTest)
        {
            names[TrainingProgram.Step] = new Value(new Expr.IndexValue(TrainingProgram.Step), null, []);
        }

        foreach (var parameter in parameters)
        {
            Define(parameter.Name, new WeightSet(parameter.Name, [parameter.Name], [], true));
        }

        Define(StepRule.Parameters, new WeightSet(StepRule.Parameters, All, [], true));
        foreach (var slot in step.Slots)
        {
            if (names.ContainsKey(slot.Text))
            {
                block.Report(Codes.DuplicateName, slot.Span, slot.Text);
                continue;
            }

            slots.Add(slot.Text);
            Define(slot.Text, new WeightSet(block.Supply.Fresh(slot.Text), All, [], false));
        }
    }

    private ValueList<string> All => parameters.Select(parameter => parameter.Name).ToValueList();

    /// <summary>Names are looked up among the step's own; the block's are for the spelling of unknown ones.</summary>
    private void Define(string name, Meaning meaning) => names[name] = block.Names[name] = meaning;

    private ValueList<Instruction.Data> Inputs(DeclarationSyntax.Step step)
    {
        foreach (var axis in step.Body.OfType<StatementSyntax.Axis>())
        {
            var size = axis.Size is { } syntax ? new ExpressionBinder(block, "", names, inFunction: true).Integer(syntax) : null;
            if (size is < 1)
            {
                block.Report(Codes.InvalidDimension, axis.Size!.Span, size);
            }
            else if (block.FindAxis(axis.Name.Text) is not null || block.IsWidth(axis.Name.Text))
            {
                block.Report(Codes.DuplicateName, axis.Name.Span, axis.Name.Text);
            }
            else
            {
                block.Axes.Add(new Axis(axis.Name.Text, size));
            }
        }

        var data = new List<Instruction.Data>();
        foreach (var input in step.Inputs)
        {
            var name = input.Name.Text;
            if (names.ContainsKey(name))
            {
                block.Report(Codes.DuplicateName, input.Name.Span, name);
                continue;
            }

            names[name] = new Broken();
            if (input.Shape.OfType<ExpressionSyntax.Name>().FirstOrDefault(n => block.IsWidth(n.Text)) is { } width)
            {
                block.Report(Codes.WidthUsedAsFinite, width.Span, width.Text, "the size of an input");
                continue;
            }

            var dimensions = input.Shape.Select(d => shapes.Dimension(d, counters, declare: true)).ToList();
            if (dimensions.Contains(null))
            {
                continue;
            }

            ValueList<IndexBinder> indices = [block.BinderOf(Block.BatchAxis), .. dimensions.Where(d => d!.Axis is not null).Select(d => block.BinderOf(d!.Axis!))];
            if (indices.Distinct().Count() < indices.Count)
            {
                block.Report(Codes.ShapeMismatch, input.Span, block.Source.Slice(input.Span), "an axis stands on it twice");
                continue;
            }

            var field = new Instruction.Data(new Definition(block.Supply.Fresh(name), indices, []), name) { Origin = new Origin(input.Span) };
            data.Add(field);
            Define(name, Value(field.Result));
        }

        return data.ToValueList();
    }

    private Value Value(Definition definition)
    {
        values[definition.Name] = definition;
        return new Value(definition.AsReference(), null, definition.Indices);
    }

    private void Assign(StatementSyntax.Assignment assignment)
    {
        if (assignment.Others.Count > 0)
        {
            AssignOutputs(assignment);
            return;
        }

        if (Target(assignment.Target) is not { } name)
        {
            return;
        }

        var isSlot = slots.Contains(name);
        var isWeight = name == StepRule.Parameters || parameters.Any(parameter => parameter.Name == name);
        if (isSlot || isWeight)
        {
            Update(assignment, name, isSlot);
            return;
        }

        if (!IsNew(assignment.Target, name))
        {
            return;
        }

        if (IsSet(assignment.Value))
        {
            Define(name, Set(assignment.Value, block.Supply.Fresh(name), named: true) is { } set ? set : new Broken());
        }
        else if (Named(assignment.Value, name) is { Expr: Expr.Reference reference } value)
        {
            Define(name, value);
            reported.Add(reference.Name);
        }
        else
        {
            Define(name, new Broken());
        }
    }

    private bool IsNew(TargetSyntax target, string name)
    {
        if (names.ContainsKey(name))
        {
            block.Report(Diagnostic.Create(Codes.DuplicateName, block.Place(target.Span), name).WithHelp("only `params`, weights and slots are assigned anew"));
            return false;
        }

        return true;
    }

    /// <summary><c>f, g = net(x)</c>: a name for each output of the network.</summary>
    private void AssignOutputs(StatementSyntax.Assignment assignment)
    {
        var targets = assignment.Others.Prepend(assignment.Target).Select(target => (Syntax: target, Name: Target(target))).ToList();
        if (assignment.Value is not ExpressionSyntax.Call call || call.Function.Text != network || outputs.Count != targets.Count)
        {
            block.Report(Codes.ShapeMismatch, assignment.Span, block.Source.Slice(assignment.Span), $"there are {targets.Count} names on the left, and `{network}` has {(outputs.Count == 1 ? "one output" : $"{outputs.Count} outputs")}");
            return;
        }

        if (targets.Any(target => target.Name is null || !IsNew(target.Syntax, target.Name)))
        {
            return;
        }

        if (targets.GroupBy(target => target.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            block.Report(Diagnostic.Create(Codes.DuplicateName, block.Place(twice.Last().Syntax.Span), twice.Key!));
            return;
        }

        var values = Run(call, targets.ConvertAll(target => target.Name!));
        for (var i = 0; i < targets.Count; i++)
        {
            Define(targets[i].Name!, values is null ? new Broken() : values[i]);
            if (values?[i].Expr is Expr.Reference reference)
            {
                reported.Add(reference.Name);
            }
        }
    }

    private string? Target(TargetSyntax target)
    {
        var indices = target.Indices.Select(index => new ExpressionBinder(block, "", counters, inFunction: true).Integer(index)).ToList();
        return indices.Contains(null) ? null : indices.Count == 0 ? target.Name.Text : Families.Member(target.Name.Text, indices.Select(i => i!.Value));
    }

    private void Update(StatementSyntax.Assignment assignment, string name, bool isSlot)
    {
        if (!IsSet(assignment.Value))
        {
            if (Scalar(assignment.Value, name) is { } value)
            {
                block.Report(Codes.KindMismatch, assignment.Value.Span, $"`{block.Source.Slice(assignment.Value.Span)}`", value.Kind, "a set of weights");
            }

            return;
        }

        if (Set(assignment.Value, block.Supply.Fresh($"{name}_new"), named: false) is not { } set)
        {
            return;
        }

        if (set.Axes.Count > 0)
        {
            var axis = set.Axes[0].Axis;
            block.Report(Diagnostic.Create(Codes.ShapeMismatch, block.Place(assignment.Span), block.Source.Slice(assignment.Span), $"there is one value for each position of `{axis}`, and `{name}` has one value")
                .WithHelp($"`mean({axis}, …)` takes the mean over it"));
            return;
        }

        var wanted = isSlot || name == StepRule.Parameters ? All : [name];
        if (wanted.Any(weight => !set.Weights.Contains(weight)) || set.Weights.Count != wanted.Count)
        {
            block.Report(Codes.ShapeMismatch, assignment.Span, block.Source.Slice(assignment.Span), $"the right side has values for {List(set.Weights)}, and the left side is {List(wanted)}");
            return;
        }

        var origin = new Origin(assignment.Span, "update");
        statements.Add(isSlot ? new StepStatement.Keep(origin, ((WeightSet)names[name]).Name, set.Name) : new StepStatement.Assign(origin, set.Name, set.Weights));
    }

    private static string List(IEnumerable<string> weights) => string.Join(", ", weights.Select(weight => $"`{weight}`"));

    /// <summary>A scalar that an instruction defines.</summary>
    private Value? Named(ExpressionSyntax syntax, string name)
    {
        if (Scalar(syntax, name) is not { } value)
        {
            return null;
        }

        return value.Expr is Expr.Reference reference && values.TryGetValue(reference.Name, out var known) && known.AsReference() == reference ? value : Keep(value, name, syntax.Span);
    }

    private Value Keep(Value value, string name, Span span)
    {
        Flush();
        var definition = new Definition(block.Supply.Fresh(name), value.Indices, []);
        statements.Add(new StepStatement.Compute(new Origin(span), new Instruction.Nonlin(definition, value.Expr.RenameSumsApart(value.Indices.Select(binder => binder.Name)))));
        return Value(definition);
    }

    /// <summary>What the binder of expressions has made on the way.</summary>
    private void Flush()
    {
        foreach (var instruction in block.Statements.OfType<Instruction>())
        {
            values[instruction.Result.Name] = instruction.Result;
            statements.Add(new StepStatement.Compute(instruction.Origin ?? new Origin(default), instruction));
        }

        block.Statements.Clear();
    }

    /// <summary>An expression of scalars; calls of the network, losses and norms are carried out first and stand in it as names.</summary>
    private Value? Scalar(ExpressionSyntax syntax, string target)
    {
        var before = block.Diagnostics.Count;
        var environment = new Dictionary<string, Meaning>(names, StringComparer.Ordinal);
        foreach (var (counter, meaning) in counters)
        {
            environment[counter] = meaning;
        }

        if (Rewrite(syntax, target, environment) is { } rewritten && new ExpressionBinder(block, target, environment, inFunction: true).Value(rewritten) is { Width: null } value)
        {
            Flush();
            return value;
        }

        if (block.Diagnostics.Count == before && !names.Values.Any(meaning => meaning is Broken))
        {
            block.Report(Diagnostic.Create(Codes.KindMismatch, block.Place(syntax.Span), $"`{block.Source.Slice(syntax.Span)}`", "made of whole weights", "a scalar")
                .WithHelp("sets of weights are added, multiplied with scalars, summed over axes, and given to the network"));
        }

        return null;
    }

    private ExpressionSyntax? Rewrite(ExpressionSyntax syntax, string target, Dictionary<string, Meaning> environment)
    {
        switch (syntax)
        {
            case ExpressionSyntax.Name { Indices.Count: > 0 } n when n.Indices.All(index => index is ExpressionSyntax.Number or ExpressionSyntax.Sum or ExpressionSyntax.Name)
                && Member(n) is { } member && names.TryGetValue(member, out var meaning):
                return Placeholder(n, meaning, environment);
            case ExpressionSyntax.Call call when Special(call):
                return Carried(call, target) is { } value ? Placeholder(call, value, environment) : null;
            case ExpressionSyntax.Call call:
                var arguments = call.Arguments.Select(a => Rewrite(a.Value, "", environment) is { } inner ? a with { Value = inner } : null).ToList();
                return arguments.Contains(null) ? null : call with { Arguments = arguments.ToValueList()! };
            case ExpressionSyntax.Negate n:
                return Rewrite(n.Operand, "", environment) is { } operand ? n with { Operand = operand } : null;
            case ExpressionSyntax.Sum s:
                var terms = s.Terms.Select(t => (t.Minus, Term: Rewrite(t.Term, "", environment))).ToList();
                return terms.Any(t => t.Term is null) ? null : s with { Terms = terms.Select(t => (t.Minus, t.Term!)).ToValueList() };
            case ExpressionSyntax.Product p:
                var factors = p.Factors.Select(f => (f.Divide, Factor: Rewrite(f.Factor, "", environment))).ToList();
                return factors.Any(f => f.Factor is null) ? null : p with { Factors = factors.Select(f => (f.Divide, f.Factor!)).ToValueList() };
            case ExpressionSyntax.Power p:
                return Rewrite(p.Base, "", environment) is { } basis ? p with { Base = basis } : null;
            default:
                return syntax;
        }
    }

    /// <summary>The name of the member of a family, when the indices are known.</summary>
    private string? Member(ExpressionSyntax.Name name)
    {
        var indices = name.Indices.Select(index => new ExpressionBinder(block, "", counters, inFunction: true).Integer(index, quiet: true)).ToList();
        return indices.Contains(null) ? null : Families.Member(name.Text, indices.Select(i => i!.Value));
    }

    private ExpressionSyntax.Name Placeholder(ExpressionSyntax syntax, Meaning meaning, Dictionary<string, Meaning> environment)
    {
        var name = "#" + (placeholders++).ToString(CultureInfo.InvariantCulture);
        environment[name] = meaning;
        return new ExpressionSyntax.Name(syntax.Span, name, []);
    }

    private bool Special(ExpressionSyntax.Call call) =>
        call.Function.Text == network || call.Function.Text is "norm" or "grad" || (LossBinder.KnowsMeasure(call.Function.Text) && !block.Functions.ContainsKey(call.Function.Text));

    private Value? Carried(ExpressionSyntax.Call call, string target)
    {
        if (call.Arguments.FirstOrDefault(a => a.Name is not null) is { Name: { } named })
        {
            block.Report(Codes.UnknownSetting, named.Span, $"`{call.Function.Text}`", named.Text);
            return null;
        }

        if (call.Weights is { } weights && call.Function.Text != network)
        {
            block.Report(Codes.KindMismatch, weights.Span, $"`{block.Source.Slice(weights.Span)}`", "a set of weights", "no `;`");
            return null;
        }

        switch (call.Function.Text)
        {
            case "grad":
                block.Report(Codes.KindMismatch, call.Span, $"`{block.Source.Slice(call.Span)}`", "a gradient, with a value for each weight,", "a scalar");
                return null;
            case "norm":
                return Norm(call, target);
            case var name when name == network:
                return Run(call, [target]) is [var output] ? output : null;
            default:
                return Loss(call, target);
        }
    }

    private bool Count(ExpressionSyntax.Call call, int count)
    {
        if (call.Arguments.Count == count)
        {
            return true;
        }

        block.Report(Codes.WrongArgumentCount, call.Span, call.Function.Text, count == 1 ? "1 argument" : $"{count} arguments", $"{call.Arguments.Count}");
        return false;
    }

    private Value? Loss(ExpressionSyntax.Call call, string target)
    {
        if (!Count(call, 2) || Scalar(call.Arguments[0].Value, target) is not { } f || Scalar(call.Arguments[1].Value, target) is not { } y)
        {
            return null;
        }

        var axes = outputs.SelectMany(output => output.Indices).Where(binder => binder.Axis != Block.BatchAxis).Select(binder => binder.Axis).ToHashSet(StringComparer.Ordinal);
        var own = f.Indices.Where(binder => axes.Contains(binder.Axis)).ToList();
        return new LossBinder(block).Of(call.Function, f.Expr, y.Expr, own) is { } loss
            ? Arithmetic.Combine(loss, [f, y]) with { Indices = Arithmetic.Union([f, y]).Where(binder => !own.Contains(binder)).ToValueList() }
            : null;
    }
}
