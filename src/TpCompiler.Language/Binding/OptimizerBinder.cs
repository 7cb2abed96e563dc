using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Prelude;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>An optimizer of the prelude or of the file, with its settings in place, as an update rule.</summary>
internal sealed class OptimizerBinder(Block block, FileSyntax file)
{
    private const string Infinity = "infinity";

    private static readonly string[] Given = ["w", "g", "rate", "norm", "size"];

    public (UpdateRule Rule, Expr Rate)? Bind(SettingSyntax setting)
    {
        if (setting.Value is not ExpressionSyntax.Call call)
        {
            block.Report(Diagnostic.Create(Codes.MissingSetting, block.Place(setting.Span), "an optimizer", "lr").WithHelp("write `optimizer sgd(lr: 0.1)`"));
            return null;
        }

        var own = file.Declarations.OfType<DeclarationSyntax.Optimizer>().ToList();
        var all = own.Select(o => (o, block.Source)).Concat(PreludeFiles.Optimizers.Select(o => (o, PreludeFiles.All[1].Source))).ToList();
        var (optimizer, source) = all.FirstOrDefault(o => o.o.Name.Text == call.Function.Text);
        if (optimizer is null)
        {
            block.Report(Diagnostic.Create(Codes.UnknownOptimizer, block.Place(call.Function.Span), call.Function.Text)
                .WithSpelling(call.Function.Text, all.Select(o => o.o.Name.Text))
                .WithNote($"there are {string.Join(", ", all.Select(o => $"`{o.o.Name.Text}`"))}; momentum is a setting of `sgd`"));
            return null;
        }

        if (Arguments(optimizer, call) is not { } values)
        {
            return null;
        }

        ValueList<Assignment> settings = [.. optimizer.Parameters.Select(parameter => parameter.Name.Text).Where(name => name != "lr").Select(name => new Assignment(name, values[name]))];
        foreach (var name in Given)
        {
            values.TryAdd(name, Expr.Of(name));
        }

        foreach (var slot in optimizer.Slots)
        {
            values[slot.Text] = Expr.Of(slot.Text);
        }

        var assignments = new List<Assignment>();
        var body = new Rule(block, source, values);
        foreach (var assignment in optimizer.Assignments)
        {
            if (!block.HasOneTarget(assignment) || body.Evaluate(assignment.Value) is not { } value)
            {
                return null;
            }

            var target = assignment.Target.Name.Text;
            if (target == "w" || optimizer.Slots.Any(s => s.Text == target))
            {
                assignments.Add(new Assignment(target, value));
            }
            else
            {
                values[target] = value;
            }
        }

        return (new UpdateRule(optimizer.Name.Text, optimizer.Slots.Select(s => s.Text).ToValueList(), assignments.ToValueList()) { Settings = settings }, values["lr"]);
    }

    private Dictionary<string, Expr>? Arguments(DeclarationSyntax.Optimizer optimizer, ExpressionSyntax.Call call)
    {
        var values = new Dictionary<string, Expr>(StringComparer.Ordinal);
        var fine = true;
        var step = new Rule(block, block.Source, new Dictionary<string, Expr> { [TrainingProgram.Step] = new Expr.IndexValue(TrainingProgram.Step) });
        for (var i = 0; i < call.Arguments.Count; i++)
        {
            var argument = call.Arguments[i];
            var name = argument.Name?.Text ?? (i < optimizer.Parameters.Count ? optimizer.Parameters[i].Name.Text : "");
            if (optimizer.Parameters.All(p => p.Name.Text != name))
            {
                block.Report(Diagnostic.Create(Codes.UnknownSetting, block.Place(argument.Span), $"`{optimizer.Name.Text}`", argument.Name?.Text ?? $"{i + 1}")
                    .WithSpelling(name, optimizer.Parameters.Select(p => p.Name.Text)));
                fine = false;
            }
            else if (step.Evaluate(argument.Value) is not { } value)
            {
                fine = false;
            }
            else if (!values.TryAdd(name, value))
            {
                block.Report(Codes.DuplicateSetting, argument.Span, name);
                fine = false;
            }
            else if (value is Expr.Constant { Value: var number } && Range(name, number) is { } range)
            {
                block.Report(Codes.SettingOutOfRange, argument.Value.Span, name, range, $"`{block.Source.Slice(argument.Value.Span)}`");
                fine = false;
            }
        }

        foreach (var parameter in optimizer.Parameters.Where(p => !values.ContainsKey(p.Name.Text)))
        {
            if (parameter.Default is { } given && new Rule(block, block.Source, new Dictionary<string, Expr>()).Evaluate(given) is { } value)
            {
                values[parameter.Name.Text] = value;
            }
            else if (parameter.Default is null && fine)
            {
                block.Report(Codes.MissingSetting, call.Span, $"`{optimizer.Name.Text}`", parameter.Name.Text);
                fine = false;
            }
        }

        if (fine && !values.ContainsKey("lr"))
        {
            block.Report(Codes.MissingSetting, optimizer.Name.Span, $"the optimizer `{optimizer.Name.Text}`", "lr");
            fine = false;
        }

        return fine ? values : null;
    }

    private static string? Range(string name, Rational value) => name switch
    {
        "lr" when value.Sign <= 0 => "more than 0",
        "momentum" when value.Sign < 0 || value >= 1 => "at least 0 and less than 1",
        "beta1" or "beta2" when value.Sign < 0 || value >= 1 => "at least 0 and less than 1",
        "epsilon" when value.Sign < 0 => "0 or more",
        "weight_decay" when value.Sign < 0 => "0 or more",
        "clip" when value.Sign <= 0 => "more than 0",
        _ => null,
    };

    /// <summary>Right-hand sides. <c>infinity</c> stays a name until <c>min</c> drops it.</summary>
    private sealed class Rule(Block block, SourceText source, IReadOnlyDictionary<string, Expr> values)
    {
        private static readonly Expr Endless = Expr.Of(Infinity);

        public Expr? Evaluate(ExpressionSyntax syntax)
        {
            var result = Of(syntax);
            if (result is Expr.Constant { Value: var c } && (c.Numerator.GetBitLength() > Arithmetic.MostBits || c.Denominator.GetBitLength() > Arithmetic.MostBits))
            {
                block.Diagnostics.Add(Codes.ProgramTooLarge, new Location(source, syntax.Span), Arithmetic.MostBits, "binary digits in a constant");
                return null;
            }

            return result;
        }

        private Expr? Of(ExpressionSyntax syntax)
        {
            switch (syntax)
            {
                case ExpressionSyntax.Number n:
                    return n.Value;
                case ExpressionSyntax.Name { Indices.Count: 0 } n when values.TryGetValue(n.Text, out var value):
                    return value;
                case ExpressionSyntax.Name { Text: Infinity, Indices.Count: 0 }:
                    return Endless;
                case ExpressionSyntax.Name n:
                    block.Report(Diagnostic.Create(Codes.UnknownName, new Location(source, n.Span), n.Text).WithSpelling(n.Text, values.Keys));
                    return null;
                case ExpressionSyntax.Negate n:
                    return Evaluate(n.Operand) is { } operand ? -operand : null;
                case ExpressionSyntax.Sum s:
                    var terms = s.Terms.Select(t => (t.Minus, Value: Evaluate(t.Term))).ToList();
                    return terms.Any(t => t.Value is null) ? null : Expr.SumOf(terms.Select(t => t.Minus ? -t.Value! : t.Value!));
                case ExpressionSyntax.Product p:
                    return Product(p);
                case ExpressionSyntax.Power p:
                    return Power(p);
                case ExpressionSyntax.Call c:
                    return Call(c);
                default:
                    block.Diagnostics.Add(Codes.NotAvailable, new Location(source, syntax.Span), "a transpose, comparison or range in an optimizer");
                    return null;
            }
        }

        private Expr? Product(ExpressionSyntax.Product product)
        {
            var factors = product.Factors.Select(f => (f.Divide, Value: Evaluate(f.Factor))).ToList();
            if (factors.Any(f => f.Value is null))
            {
                return null;
            }

            return factors.Any(f => !f.Divide && f.Value == Endless) ? Endless : Expr.ProductOf(factors.Select(f => f.Divide ? Expr.Pow(f.Value!, -1) : f.Value!));
        }

        private Expr? Power(ExpressionSyntax.Power power)
        {
            if (Evaluate(power.Base) is not { } basis || Evaluate(power.Exponent) is not { } exponent)
            {
                return null;
            }

            if (exponent is Expr.Constant { Value: var k } && k.Abs <= 64 && k.Denominator <= 64)
            {
                return Expr.Pow(basis, k);
            }

            block.Diagnostics.Add(Codes.InvalidConstant, new Location(source, power.Exponent.Span), source.Slice(power.Exponent.Span), "an exponent is a rational number, at most 64, with a denominator of at most 64");
            return null;
        }

        private Expr? Call(ExpressionSyntax.Call call)
        {
            var arguments = call.Arguments.Select(a => Evaluate(a.Value)).ToList();
            if (arguments.Any(a => a is null))
            {
                return null;
            }

            if (call.Function.Text == "min" && arguments.Contains(Endless) && arguments.Count == 2)
            {
                return arguments.Find(a => a != Endless) ?? Endless;
            }

            var result = Nonlinearities.Apply(call.Function.Text, arguments!, []);
            if (result is null)
            {
                block.Report(Diagnostic.Create(Codes.UnknownFunction, new Location(source, call.Span), call.Function.Text).WithSpelling(call.Function.Text, Nonlinearities.Names));
            }

            return result;
        }
    }
}
