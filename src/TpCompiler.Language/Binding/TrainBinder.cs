using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>A <c>train</c> block. The loss is a mean over the batch and a sum over outputs.</summary>
internal sealed class TrainBinder(Block block, FileSyntax file, DeclarationSyntax.Train train)
{
    private const int MostSteps = TrainingPlan.MostSteps;

    private static readonly string[] Names = ["data", "loss", "optimizer", "batch", "steps"];

    private readonly Dictionary<string, SettingSyntax> settings = new(StringComparer.Ordinal);

    public TrainingPlan? Bind(IReadOnlyList<Value> outputs, bool hasWeights)
    {
        Settings(Names, "`train`");
        if (!hasWeights)
        {
            block.Report(Codes.NothingToTrain, train.Span, "the network has no weights");
        }

        foreach (var needed in new[] { "loss", "optimizer", "steps" }.Where(needed => !settings.ContainsKey(needed)))
        {
            block.Report(Codes.MissingSetting, train.Span, "`train`", needed);
        }

        var batch = Whole("batch", 1);
        var steps = Whole("steps", 0);
        var source = Source();
        var optimizer = settings.TryGetValue("optimizer", out var chosen) ? new OptimizerBinder(block, file).Bind(chosen) : null;
        if (!settings.TryGetValue("loss", out var loss) || loss.Value is null)
        {
            if (loss is not null)
            {
                block.Report(Codes.UnknownLoss, loss.Span, block.Source.Slice(loss.Span));
            }

            return null;
        }

        var targets = Targets(outputs);
        var body = new LossBinder(block).Of(loss.Value, outputs, targets);
        if (body is null || optimizer is null || steps is null)
        {
            return null;
        }

        var b = block.BinderOf(Block.BatchAxis);
        Expr count = batch is { } size ? new Rational(1, size) : Expr.Pow(Expr.SumOver(b, Expr.One), -1);
        var name = block.Supply.Fresh("loss");
        var mean = new Instruction.Nonlin(new Definition(name, [], []), count * Expr.SumOver(b, body)) { Origin = new Origin(loss.Span, "loss") };
        return new TrainingPlan(targets, [mean], name, optimizer.Value.Rule, optimizer.Value.Rate, batch, steps.Value, source) { LossName = LossBinder.NameOf(loss.Value) };
    }

    /// <summary>A plan whose step is written out.</summary>
    public TrainingPlan? Bind(Func<StepRule?> written)
    {
        Settings(["data", "batch", "steps"], "`train` beside a step of its own");
        if (!settings.ContainsKey("steps"))
        {
            block.Report(Codes.MissingSetting, train.Span, "`train`", "steps");
        }

        var (batch, steps, source) = (Whole("batch", 1), Whole("steps", 0), Source());
        var at = block.Axes.FindIndex(axis => axis.Name == Block.BatchAxis);
        block.Axes[at] = block.Axes[at] with { Size = batch };
        var step = block.Diagnostics.HasErrors ? null : written();
        return step is null || steps is null ? null : new TrainingPlan([], [], "", UpdateRule.PlainGradient, 1, batch, steps.Value, source) { Written = step };
    }

    private void Settings(string[] known, string place)
    {
        foreach (var setting in train.Settings)
        {
            if (!known.Contains(setting.Name.Text))
            {
                block.Report(Diagnostic.Create(Codes.UnknownSetting, block.Place(setting.Name.Span), place, setting.Name.Text).WithSpelling(setting.Name.Text, known));
            }
            else if (!settings.TryAdd(setting.Name.Text, setting))
            {
                block.Report(Diagnostic.Create(Codes.DuplicateSetting, block.Place(setting.Span), setting.Name.Text).WithRelated(block.Place(settings[setting.Name.Text].Span), "first set here"));
            }
        }
    }

    /// <summary>y for one output, y1, y2, … for several, each with its output's axes.</summary>
    private ValueList<Instruction.Data> Targets(IReadOnlyList<Value> outputs) => outputs.Select((output, i) =>
    {
        var name = block.Supply.Fresh(outputs.Count == 1 ? "y" : $"y{i + 1}");
        return new Instruction.Data(new Definition(name, output.Indices, []), name) { Origin = new Origin(train.Span, "target") };
    }).ToValueList();

    private int? Whole(string name, int least)
    {
        if (!settings.TryGetValue(name, out var setting))
        {
            return null;
        }

        if (setting.Value is null || new ExpressionBinder(block, "", new Dictionary<string, Meaning>(), inFunction: true).Integer(setting.Value) is not { } value)
        {
            if (setting.Value is null)
            {
                block.Report(Codes.SettingOutOfRange, setting.Span, name, "a whole number", "a text");
            }

            return null;
        }

        if (value < least || value > MostSteps)
        {
            block.Report(Codes.SettingOutOfRange, setting.Value.Span, name, $"between {least} and {MostSteps}", value);
            return null;
        }

        return value;
    }

    private DataSource? Source()
    {
        if (!settings.TryGetValue("data", out var data))
        {
            return null;
        }

        if (data.Text is null)
        {
            block.Report(Diagnostic.Create(Codes.SettingOutOfRange, block.Place(data.Span), "data", "a path in quotes", $"`{block.Source.Slice(data.Value!.Span)}`"));
            return null;
        }

        if (data.Kind is { Text: not ("images" or "csv") } kind)
        {
            block.Report(Codes.NotAvailable, kind.Span, $"data of the kind `{kind.Text}`");
        }

        return new DataSource(data.Kind?.Text ?? "csv", data.Text);
    }
}
