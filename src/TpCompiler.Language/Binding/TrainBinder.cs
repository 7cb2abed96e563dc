using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>A <c>train</c> block. The loss is a mean over the batch and a sum over outputs.</summary>
internal sealed class TrainBinder(Block block, FileSyntax file, DeclarationSyntax.Train train)
{
    private const int MostSteps = TrainingPlan.MostSteps;
    private const string Analogies = "analogies";

    private static readonly string[] OfEveryTraining = ["data", "batch", "steps", "epochs", "validation", "test", "epoch", "min_count", "subsample", "embedding"];

    private static readonly string[] OfText = ["epochs", "min_count", "subsample"];

    private static readonly string[] Names = [.. OfEveryTraining, "loss", "optimizer"];

    private static readonly string[] DataKinds = ["csv", "images", "tasks", "rotated_tasks", "text"];

    private static readonly string[] HeldOutKinds = [.. DataKinds.Where(kind => kind != "text"), Analogies];

    private readonly Dictionary<string, SettingSyntax> settings = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Meaning> declared = new(block.Names, StringComparer.Ordinal);
    private string? embedding;

    /// <param name="outputs">What the network returns.</param>
    /// <param name="hasWeights">Whether there is something to train.</param>
    /// <param name="test">Binds the file's test; called with the plan when everything else is right.</param>
    public TrainingPlan? Bind(IReadOnlyList<Value> outputs, bool hasWeights, Func<TrainingPlan, StepRule?>? test)
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
        if (source?.Kind == "text")
        {
            block.Report(Diagnostic.Create(Codes.NotAvailable, block.Place(settings["data"].Kind!.Span), "a text without a `step`").WithHelp("a `step` in place of `loss` and `optimizer` names the words that it reads"));
        }

        _ = Text(source);
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
        // The test's values have a scope of their own.
        var name = block.Supply.Fresh("loss");
        var mean = new Instruction.Nonlin(new Definition(name, [], []), count * Expr.SumOver(b, body)) { Origin = new Origin(loss.Span, "loss") };
        return Measured(new TrainingPlan(targets, [mean], name, optimizer.Value.Rule, optimizer.Value.Rate, batch, steps.Value, source) { LossName = LossBinder.NameOf(loss.Value) }, test);
    }

    /// <summary>A plan whose step is written out.</summary>
    public TrainingPlan? Bind(Func<StepRule?> written, Func<TrainingPlan, StepRule?>? test)
    {
        Settings(OfEveryTraining, "`train` beside a step of its own");
        if (!settings.ContainsKey("steps") && !settings.ContainsKey("epochs"))
        {
            block.Report(Codes.MissingSetting, train.Span, "`train`", "steps");
        }

        // How many steps an epoch of a text takes is known when it has been read.
        var (batch, source) = (Whole("batch", 1), Source());
        var steps = settings.ContainsKey("steps") ? Whole("steps", 0) : 1;
        var at = block.Axes.FindIndex(axis => axis.Name == Block.BatchAxis);
        block.Axes[at] = block.Axes[at] with { Size = batch };
        var step = block.Diagnostics.HasErrors ? null : written();
        return step is null || steps is null ? null : Measured(new TrainingPlan([], [], "", UpdateRule.PlainGradient, 1, batch, steps.Value, source) { Written = step, Text = Text(source) }, test);
    }

    /// <summary>How a text is read; null for other data.</summary>
    private TextReading? Text(DataSource? source)
    {
        var (count, epochs) = (Whole("min_count", 1), Whole("epochs", 1));
        var subsample = settings.TryGetValue("subsample", out var setting) ? Fraction(setting) : TextReading.UsualSubsample;
        if (source?.Kind == "text")
        {
            if (settings.ContainsKey("steps") && settings.TryGetValue("epochs", out var twice))
            {
                block.Report(Diagnostic.Create(Codes.DuplicateSetting, block.Place(twice.Span), "steps").WithRelated(block.Place(settings["steps"].Span), "first set here").WithHelp("either `steps`, the number of centre words, or `epochs`, passes over the text"));
            }

            return subsample is null ? null : new TextReading(count ?? TextReading.UsualMinCount, subsample.Value, epochs);
        }

        if (OfText.FirstOrDefault(settings.ContainsKey) is { } needless)
        {
            block.Report(Diagnostic.Create(Codes.NotAvailable, block.Place(settings[needless].Span), $"`{needless}` without a text").WithHelp("`data text \"corpus.txt\"` names one; other data counts `steps`"));
        }

        return null;
    }

    /// <summary>A number above 0.</summary>
    private Rational? Fraction(SettingSyntax setting)
    {
        if (setting.Value is { } value && new ExpressionBinder(block, "", new Dictionary<string, Meaning>(), inFunction: true).Value(value) is { Expr: Expr.Constant { Value: { Sign: > 0 } number } })
        {
            return number;
        }

        block.Report(Codes.SettingOutOfRange, setting.Span, setting.Name.Text, "a number above 0", $"`{block.Source.Slice(setting.Value?.Span ?? setting.Span)}`");
        return null;
    }

    /// <summary>The weight whose rows analogies compare; empty, with an error, where they have none.</summary>
    private string Embedding()
    {
        if (embedding is not null)
        {
            return embedding;
        }

        embedding = "";
        if (!settings.TryGetValue("embedding", out var setting))
        {
            block.Report(Diagnostic.Create(Codes.MissingSetting, block.Place(train.Span), "`train` with analogies", "embedding").WithHelp("`embedding U` names the weight that has a row for each word"));
        }
        else if (setting.Value is ExpressionSyntax.Name { Text: var name } && declared.GetValueOrDefault(name) is Matrix { Rows.IsWide: true, Columns.Axis: not null, Transposed: false })
        {
            embedding = name;
        }
        else
        {
            block.Report(Codes.SettingOutOfRange, setting.Span, "embedding", "a weight `[n, words]` of the network", $"`{block.Source.Slice(setting.Value?.Span ?? setting.Span)}`");
        }

        return embedding;
    }

    /// <summary>With what is measured on data that nothing is learned from.</summary>
    private TrainingPlan? Measured(TrainingPlan plan, Func<TrainingPlan, StepRule?>? test)
    {
        var (validation, tested, epoch) = (HeldOut("validation", plan.BatchSize), HeldOut("test", plan.BatchSize), Whole("epoch", 1));
        var isEmbedding = (validation ?? tested)?.Embedding is not null;
        if (isEmbedding)
        {
            test = null;
        }
        else if (settings.TryGetValue("embedding", out var unread))
        {
            block.Report(Diagnostic.Create(Codes.MissingSetting, block.Place(unread.Span), "the setting `embedding`", "test").WithHelp("`test analogies \"questions-words.txt\"` compares its rows"));
        }

        if (test is null && !isEmbedding && new[] { "validation", "test", "epoch" }.FirstOrDefault(settings.ContainsKey) is { } needless)
        {
            block.Report(Diagnostic.Create(Codes.MissingSetting, block.Place(settings[needless].Span), $"the setting `{needless}`", "test").WithHelp("`test NAME(x : [d], y) { … }` beside `train` says what is measured"));
        }

        if (test is not null && validation is null && tested is null)
        {
            block.Report(Diagnostic.Create(Codes.MissingSetting, block.Place(train.Span), "`train` with a test", "test").WithHelp("`test \"new.csv\"` names the data that it is measured on"));
        }

        var measured = block.Diagnostics.HasErrors ? null : test?.Invoke(plan);
        return block.Diagnostics.HasErrors ? null : plan with { Test = measured, Validation = validation, TestData = tested, Epoch = epoch };
    }

    private HeldOutData? HeldOut(string name, int? batch)
    {
        if (!settings.TryGetValue(name, out var setting) || Source(name) is not { } source)
        {
            return null;
        }

        if (source.Kind == Analogies)
        {
            return new HeldOutData(source, null) { Embedding = Embedding() };
        }

        int? count = setting.Count is null ? null : new ExpressionBinder(block, "", new Dictionary<string, Meaning>(), inFunction: true).Integer(setting.Count);
        if (count < 1 || count > MostSteps)
        {
            block.Report(Codes.SettingOutOfRange, setting.Count!.Span, $"{name}, the number of samples,", $"between 1 and {MostSteps}", count!);
        }
        else if (count % batch is not (null or 0))
        {
            block.Report(Codes.SettingOutOfRange, setting.Count!.Span, $"{name}, the number of samples,", $"a multiple of the batch of {batch}", count!);
        }
        else if (count is null && source.Kind.EndsWith("tasks", StringComparison.Ordinal))
        {
            block.Report(Diagnostic.Create(Codes.MissingSetting, block.Place(setting.Span), $"`{name}` with tasks, which have no end,", "a number of tasks").WithHelp($"`{name} {source.Kind} \"{source.Path}\" 640`"));
        }

        return new HeldOutData(source, count);
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

    private DataSource? Source() => Source("data");

    private DataSource? Source(string name)
    {
        if (!settings.TryGetValue(name, out var data))
        {
            return null;
        }

        if (name == "data" && data.Count is { } count)
        {
            block.Report(Diagnostic.Create(Codes.UnknownSetting, block.Place(count.Span), "`data`", block.Source.Slice(count.Span)).WithHelp("`steps` and `batch` say how much of it is read"));
        }

        if (data.Text is null)
        {
            block.Report(Diagnostic.Create(Codes.SettingOutOfRange, block.Place(data.Span), name, "a path in quotes", $"`{block.Source.Slice(data.Value!.Span)}`"));
            return null;
        }

        var kinds = name == "data" ? DataKinds : HeldOutKinds;
        if (data.Kind is { } kind && !kinds.Contains(kind.Text))
        {
            block.Report(Diagnostic.Create(Codes.NotAvailable, block.Place(kind.Span), $"data of the kind `{kind.Text}`").WithSpelling(kind.Text, kinds));
        }

        return new DataSource(data.Kind?.Text ?? "csv", data.Text, block.Place(data.Span));
    }
}
