using System.Diagnostics;
using Antlr4.Runtime;
using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;
using G = TpCompiler.Language.Generated.TensorProgramParser;

namespace TpCompiler.Language.Syntax;

/// <summary>ANTLR's tree, which is well formed here, as records.</summary>
internal sealed class TreeBuilder(Offsets offsets, DiagnosticBag diagnostics)
{
    private const int LongestNumber = 200;

    public FileSyntax File(G.FileContext file) => new(new Span(0, offsets.Text.Length), file.declaration().Select(Declaration).ToValueList());

    private DeclarationSyntax Declaration(G.DeclarationContext context) => context.GetChild(0) switch
    {
        G.ProgramContext p => new DeclarationSyntax.Program(Place(p), Name(p.name()), Statements(p.statement())),
        G.NetworkContext n => new DeclarationSyntax.Network(
            Place(n), Name(n.name()), n.input().Select(Input).ToValueList(), Statements(n.statement())),
        G.FunctionContext f => new DeclarationSyntax.Function(Place(f), Name(f.name(0)), f.name().Skip(1).Select(Name).ToValueList(), f.assignment().Select(Assignment).ToValueList(), Expression(f.expression())),
        G.ParametrizationContext p => new DeclarationSyntax.Parametrization(
            Place(p), p.name() is { } name ? Name(name) : null, p.children.Any(child => child.GetText() == "role" && child is Antlr4.Runtime.Tree.ITerminalNode), Entries(p.entries())),
        G.OptimizerContext o => new DeclarationSyntax.Optimizer(
            Place(o),
            Name(o.name()),
            o.parameter().Select(p => new ParameterSyntax(Place(p), Name(p.name()), p.expression() is { } value ? Expression(value) : null)).ToValueList(),
            o.slot().Select(s => Name(s.name())).ToValueList(),
            o.assignment().Select(Assignment).ToValueList()),
        G.TrainContext t => new DeclarationSyntax.Train(Place(t), t.setting().Select(Setting).ToValueList()),
        G.StepContext s => new DeclarationSyntax.Step(
            Place(s),
            Name(s.name()),
            s.input().Select(Input).ToValueList(),
            s.slot().Select(slot => Name(slot.name())).ToValueList(),
            s.children.Select(child => child switch
            {
                G.AxisContext a => (StatementSyntax?)Axis(a),
                G.AssignmentContext a => Assignment(a),
                G.LoopContext l => Loop(l),
                G.ResultContext r => Result(r),
                _ => null,
            }).OfType<StatementSyntax>().ToValueList())
        { IsTest = s.Start.Text == "test" },
        _ => throw new UnreachableException(),
    };

    private ValueList<EntrySyntax> Entries(G.EntriesContext? entries) => entries is null
        ? []
        : entries.entry().Select(e => new EntrySyntax(Place(e), Target(e.target()), e.argument().Select(Argument).ToValueList())).ToValueList();

    private SettingSyntax Setting(G.SettingContext s)
    {
        var name = new NameSyntax(Place(s.settingName()), s.settingName().GetText());
        return s.STRING() is { } text
            ? new SettingSyntax(Place(s), name, s.name() is { } kind ? Name(kind) : null, text.GetText()[1..^1], null) { Count = s.NUMBER() is { } count ? new ExpressionSyntax.Number(offsets.Of(count.Symbol), Number(count.GetText(), offsets.Of(count.Symbol))) : null }
            : new SettingSyntax(Place(s), name, null, null, Expression(s.expression()));
    }

    private ValueList<StatementSyntax> Statements(IEnumerable<G.StatementContext> statements) => statements.Select(Statement).ToValueList();

    private StatementSyntax Statement(G.StatementContext context) => context.GetChild(0) switch
    {
        G.WidthContext w => new StatementSyntax.Width(Place(w), Name(w.name()), w.expression() is { } ratio ? Expression(ratio) : null),
        G.AxisContext a => Axis(a),
        G.RandomContext r => new StatementSyntax.Random(Place(r), r.Start.Text, Target(r.target()), Shape(r.shape()), Expression(r.expression())),
        G.WeightContext w => new StatementSyntax.Weight(Place(w), Target(w.target()), Shape(w.shape())),
        G.AssignmentContext a => Assignment(a),
        G.LoopContext l => Loop(l),
        G.ResultContext r => Result(r),
        _ => throw new UnreachableException(),
    };

    private StatementSyntax.Axis Axis(G.AxisContext a) => new(Place(a), Name(a.name()), a.expression() is { } size ? Expression(size) : null);

    private StatementSyntax.Loop Loop(G.LoopContext l) => new(Place(l), Name(l.name()), Expression(l.expression(0)), Expression(l.expression(1)), Statements(l.statement()));

    private StatementSyntax.Return Result(G.ResultContext r) => new(Place(r), r.expression().Select(Expression).ToValueList());

    private InputSyntax Input(G.InputContext i) => new(Place(i), Name(i.name()), Shape(i.shape()));

    private StatementSyntax.Assignment Assignment(G.AssignmentContext a) => new(Place(a), Target(a.target(0)), Expression(a.expression())) { Others = a.target().Skip(1).Select(Target).ToValueList() };

    private TargetSyntax Target(G.TargetContext t) => new(Place(t), Name(t.name()), Indices(t.indices()));

    private ValueList<ExpressionSyntax> Indices(G.IndicesContext? indices) => indices is null ? [] : indices.expression().Select(Expression).ToValueList();

    private ValueList<ExpressionSyntax> Shape(G.ShapeContext? shape) => shape is null ? [] : shape.expression().Select(Expression).ToValueList();

    private ArgumentSyntax Argument(G.ArgumentContext a)
    {
        var values = a.expression().Select(Expression).ToList();
        return a.GetChild(1)?.GetText() == "in" && a.name() is { } counter
            ? new ArgumentSyntax(Place(a), null, new ExpressionSyntax.Range(Place(a), Name(counter), values[0], values[1]))
            : new ArgumentSyntax(
                Place(a),
                a.name() is { } name ? Name(name) : null,
                a.comparison() is { } relation ? new ExpressionSyntax.Comparison(Span.Cover(values[0].Span, values[1].Span), relation.GetText(), values[0], values[1]) : values[0]);
    }

    private ExpressionSyntax Expression(G.ExpressionContext context) => context.product() is [var only]
        ? Product(only)
        : new ExpressionSyntax.Sum(Place(context), context.product().Select((p, i) => (i > 0 && context.GetChild((2 * i) - 1).GetText() == "-", Product(p))).ToValueList());

    private ExpressionSyntax Product(G.ProductContext context) => context.factor() is [var only]
        ? Factor(only)
        : new ExpressionSyntax.Product(Place(context), context.factor().Select((f, i) => (i > 0 && context.GetChild((2 * i) - 1).GetText() == "/", Factor(f))).ToValueList());

    private ExpressionSyntax Factor(G.FactorContext context)
    {
        var postfixes = context.postfix();
        var value = Postfix(postfixes[0]);
        if (postfixes.Length > 1)
        {
            var exponent = Postfix(postfixes[1]);
            var caret = Enumerable.Range(0, context.ChildCount).First(i => context.GetChild(i).GetText() == "^");
            exponent = context.GetChild(caret + 1).GetText() == "-" ? new ExpressionSyntax.Negate(exponent.Span, exponent) : exponent;
            value = new ExpressionSyntax.Power(Span.Cover(value.Span, exponent.Span), value, exponent);
        }

        var minuses = Enumerable.Range(0, context.ChildCount).TakeWhile(i => context.GetChild(i) is Antlr4.Runtime.Tree.ITerminalNode).Count();
        return minuses % 2 == 0 ? value : new ExpressionSyntax.Negate(Place(context), value);
    }

    private ExpressionSyntax Postfix(G.PostfixContext context)
    {
        var value = Primary(context.primary());
        return context.ChildCount % 2 == 1 ? value : new ExpressionSyntax.Transpose(Place(context), value);
    }

    private ExpressionSyntax Primary(G.PrimaryContext context)
    {
        if (context.NUMBER() is { } number)
        {
            return new ExpressionSyntax.Number(Place(context), Number(number.GetText(), Place(context)));
        }

        if (context.expression() is { } inner)
        {
            return Expression(inner);
        }

        return context.arguments() is { } arguments
            ? new ExpressionSyntax.Call(Place(context), Name(context.name()), arguments.argument().Select(Argument).ToValueList())
            {
                Weights = arguments.expression() is { } weights ? Expression(weights) : null,
            }
            : new ExpressionSyntax.Name(Place(context), context.name().GetText(), Indices(context.indices()));
    }

    private Rational Number(string text, Span span)
    {
        var value = text.Length <= LongestNumber ? Rational.Parse(text) : null;
        if (value is { } number && (number.IsZero || double.IsNormal(number.ToDouble())))
        {
            return number;
        }

        diagnostics.Add(Codes.InvalidNumber, span, text.Length > 40 ? text[..40] + "…" : text, text.Length > LongestNumber ? $"it has more than {LongestNumber} characters" : "it lies beyond 1e-307 … 1e308, which runs count with");
        return Rational.One;
    }

    private NameSyntax Name(G.NameContext context) => new(Place(context), context.GetText());

    private Span Place(ParserRuleContext context) => offsets.Of(context);
}
