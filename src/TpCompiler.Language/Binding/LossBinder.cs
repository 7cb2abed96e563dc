using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>The loss of one sample, summed over outputs.</summary>
internal sealed class LossBinder(Block block)
{
    private static readonly Expr TableSlope = new Rational(984, 1000);
    private static readonly Expr TableShift = new Rational(192, 1000);

    private static readonly string[] Named = ["mse", "cross_entropy", "logistic", "logistic_table"];

    /// <summary>The name of a named loss; null for an expression.</summary>
    public static string? NameOf(ExpressionSyntax loss) => loss is ExpressionSyntax.Name { Indices.Count: 0 } name && Named.Contains(name.Text) ? name.Text : null;

    public Expr? Of(ExpressionSyntax loss, IReadOnlyList<Value> outputs, ValueList<Instruction.Data> targets)
    {
        if (loss is not ExpressionSyntax.Name { Indices.Count: 0 } name || (!Named.Contains(name.Text) && NamesOf(outputs, targets).ContainsKey(name.Text)))
        {
            return Written(loss, outputs, targets);
        }

        if (!Named.Contains(name.Text))
        {
            var example = block.Functions.ContainsKey(name.Text) ? $"{name.Text}(f - y)" : "(f - y)^2 / 2";
            block.Report(Diagnostic.Create(Codes.UnknownLoss, block.Place(loss.Span), name.Text).WithSpelling(name.Text, Named).WithHelp($"any expression of f and y is a loss too: `{example}`"));
            return null;
        }

        var terms = new List<Expr>();
        for (var i = 0; i < outputs.Count; i++)
        {
            var own = outputs[i].Indices.Where(binder => binder.Axis != Block.BatchAxis).ToList();
            if (Of(new NameSyntax(name.Span, name.Text), outputs[i].Expr, targets[i].Result.AsReference(), own) is not { } term)
            {
                return null;
            }

            terms.Add(term);
        }

        return Expr.SumOf(terms);
    }

    /// <summary>Whether it is the name of a loss.</summary>
    public static bool Knows(string name) => Named.Contains(name);

    /// <summary>Whether it is the name of a loss, or of what is measured without being one.</summary>
    public static bool KnowsMeasure(string name) => Knows(name) || name == "accuracy";

    /// <summary>A named loss of an output f with the target y, summed over <paramref name="own"/>.</summary>
    public Expr? Of(NameSyntax name, Expr f, Expr y, IReadOnlyList<IndexBinder> own)
    {
        switch (name.Text)
        {
            case "mse":
                return Over(own, Rational.Half * Expr.Pow(f - y, 2));
            case "logistic":
                return Over(own, Expr.Apply("softplus", -(y * f)));
            case "logistic_table":
                // The program of arXiv 2011.14522 looks σ(f) up in a table whose index an integer division makes too small: it reads σ(0.984 f − 0.192).
                return Over(own, (Expr.Apply("softplus", (TableSlope * f) - TableShift) / TableSlope) - (Rational.Half * (1 + y) * f));
            case "cross_entropy" when own.Count > 0:
                // −Σ_c y_c log softmax(f)_c, softmax over the last axis.
                var classes = own[^1];
                var other = classes with { Name = classes.Name + "'" };
                var logSum = Expr.Apply("log", Expr.SumOver(other, Expr.Apply("exp", f.RenameIndex(classes.Name, other.Name))));
                return Over(own, y * (logSum - f));
            case "accuracy" when own.Count > 0:
                // 1 where the target's class is above every other, Σ_c (1 − y_c) (1 − step(Σ_k y_k f_k − f_c)) = 0; else 0.
                var given = own[^1];
                var label = given with { Name = given.Name + "'" };
                var score = Expr.SumOver(label, y.RenameIndex(given.Name, label.Name) * f.RenameIndex(given.Name, label.Name));
                return Over(own.Take(own.Count - 1), 1 - Expr.Apply("sign", Expr.SumOver(given, (1 - y) * (1 - Expr.Apply("step", score - f)))));
            case "accuracy":
                return Expr.Apply("step", y * f);
            default:
                block.Report(Diagnostic.Create(Codes.LossShapeMismatch, block.Place(name.Span), "`cross_entropy`", "a number for each class", "one number")
                    .WithHelp("with two classes and labels 1 and -1 the loss is `logistic`"));
                return null;
        }
    }

    /// <summary>What an expression may read: f and y (f1, y1, … with several outputs), and the outputs by their own names.</summary>
    private static Dictionary<string, Meaning> NamesOf(IReadOnlyList<Value> outputs, ValueList<Instruction.Data> targets)
    {
        var names = new Dictionary<string, Meaning>(StringComparer.Ordinal);
        if (outputs.Count == 0)
        {
            // What is wrong with the outputs has been said.
            names["f"] = names["y"] = new Broken();
        }

        for (var i = 0; i < outputs.Count; i++)
        {
            var suffix = outputs.Count == 1 ? "" : $"{i + 1}";
            names["f" + suffix] = outputs[i];
            names[((Expr.Reference)outputs[i].Expr).Name] = outputs[i];
            names["y" + suffix] = new Value(targets[i].Result.AsReference(), null, targets[i].Result.Indices);
        }

        return names;
    }

    /// <summary>An expression of f and y.</summary>
    private Expr? Written(ExpressionSyntax loss, IReadOnlyList<Value> outputs, ValueList<Instruction.Data> targets)
    {
        var names = NamesOf(outputs, targets);
        var before = block.Statements.Count;
        if (new ExpressionBinder(block, "loss", names, inFunction: true).Value(loss) is not { } value)
        {
            return null;
        }

        if (block.Statements.Count != before || value.Width is not null)
        {
            block.Report(Codes.LossShapeMismatch, loss.Span, $"`{block.Source.Slice(loss.Span)}`", "an expression of f and y alone", "scalars");
            return null;
        }

        return Over(value.Indices.Where(binder => binder.Axis != Block.BatchAxis), value.Expr);
    }

    private static Expr Over(IEnumerable<IndexBinder> axes, Expr body) => axes.Reverse().Aggregate(body, (sum, binder) => Expr.SumOver(binder, sum));
}
