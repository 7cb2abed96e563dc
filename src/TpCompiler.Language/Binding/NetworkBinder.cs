using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>A network and its training, from a file.</summary>
internal static class NetworkBinder
{
    public static (Network? Network, TrainingPlan? Plan) Bind(Block block, FileSyntax file, DeclarationSyntax.Network syntax)
    {
        var none = new Dictionary<string, Meaning>();
        var binder = new BlockBinder(block, isNetwork: true);
        block.Axes.Add(new Axis(Block.BatchAxis, null));
        var inputs = new List<Instruction.Data>();
        var inside = syntax.Body.OfType<StatementSyntax.Width>().Select(w => w.Name.Text).ToHashSet(StringComparer.Ordinal);
        foreach (var axis in syntax.Body.OfType<StatementSyntax.Axis>())
        {
            block.Axes.Add(new Axis(axis.Name.Text, null));
        }

        foreach (var input in syntax.Inputs)
        {
            if (input.Shape.OfType<ExpressionSyntax.Name>().FirstOrDefault(n => inside.Contains(n.Text)) is { } width)
            {
                block.Report(Codes.WidthUsedAsFinite, width.Span, width.Text, "the size of an input");
                block.Declare(input.Name.Text, input.Name.Span);
                block.Names[input.Name.Text] = new Broken();
                continue;
            }

            var dimensions = input.Shape.Select(d => binder.Dimension(d, none, declare: true)).ToList();
            if (!block.Declare(input.Name.Text, input.Name.Span) || dimensions.Contains(null))
            {
                block.Names.TryAdd(input.Name.Text, new Broken());
                continue;
            }

            ValueList<IndexBinder> indices = [block.BinderOf(Block.BatchAxis), .. dimensions.Where(d => d!.Axis is not null).Select(d => block.BinderOf(d!.Axis!))];
            var data = new Instruction.Data(new Definition(input.Name.Text, indices, []), input.Name.Text) { Origin = new Origin(input.Span) };
            inputs.Add(data);
            block.Inputs.Add(data.Result.Name);
            block.Names[input.Name.Text] = new Value(data.Result.AsReference(), null, indices);
        }

        binder.Declarations(syntax.Body);
        var scales = new ParametrizationBinder(block, file, syntax.Name.Text).Bind(binder.Weights, binder.Blocks);
        var parameters = new List<Parameter>();
        var initialisation = new List<Statement>();
        foreach (var weight in binder.Weights)
        {
            Weight(block, weight, scales[weight.Name], parameters, initialisation);
        }

        foreach (var blocks in binder.Blocks)
        {
            block.Names[blocks.Name] = new Blocks(blocks.Name, blocks.Parts.Select(part => (Matrix)block.Names[part]).ToValueList(), blocks.AreRows);
        }

        binder.Instructions();
        if (!binder.Returned)
        {
            block.Report(Codes.MissingReturn, syntax.Name.Span, syntax.Name.Text);
        }

        foreach (var result in binder.Results.Where(r => r.Indices.All(b => b.Axis != Block.BatchAxis)))
        {
            block.Report(Codes.KindMismatch, syntax.Name.Span, $"`{result.Expr}`", "the same for every input", "something that depends on the input");
        }

        var trains = file.Declarations.OfType<DeclarationSyntax.Train>().ToList();
        foreach (var second in trains.Skip(1))
        {
            block.Report(Codes.DuplicateSetting, second.Span, "train");
        }

        // A fixed random matrix or vector of the network is drawn once, with the weights.
        var forward = block.Statements.Where(statement => statement is not Instruction.Gaussian).ToList();
        initialisation.AddRange(block.Statements.OfType<Instruction.Gaussian>());
        var written = file.Declarations.OfType<DeclarationSyntax.Step>().Where(step => !step.IsTest).ToList();
        var tests = file.Declarations.OfType<DeclarationSyntax.Step>().Where(step => step.IsTest).ToList();
        foreach (var second in written.Skip(1).Concat(tests.Skip(1)))
        {
            block.Report(Codes.DuplicateSetting, second.Name.Span, second.IsTest ? "test" : "step");
        }

        TrainingPlan? plan;
        if (written is [var step, ..])
        {
            // The step's values have a scope of their own.
            StepRule? rule = null;
            plan = trains is [var how, ..]
                ? new TrainBinder(block, file, how).Bind(() => rule = Binder([]).Bind(step), tests is [var measured, ..] ? _ => Binder(rule!.Names).Bind(measured) : null)
                : null;
            var assigned = plan?.Written?.Statements.OfType<StepStatement.Assign>().SelectMany(assign => assign.Weights).ToHashSet(StringComparer.Ordinal);
            parameters = parameters.ConvertAll(parameter => parameter with { Trained = assigned?.Contains(parameter.Name) == true });
        }
        else
        {
            plan = trains is [var train, ..]
                ? new TrainBinder(block, file, train).Bind(binder.Results, binder.HasWeights, tests is [var measured, ..] ? found => Binder(NamesOf(found)).Bind(measured) : null)
                : null;
        }

        if (trains.Count == 0 && written.Concat(tests).FirstOrDefault() is { } alone)
        {
            block.Report(Diagnostic.Create(Codes.MissingSetting, block.Place(alone.Name.Span), $"the {(alone.IsTest ? "test" : "step")} `{alone.Name.Text}`", "train").WithHelp("`train { steps 100 }` says how often a step is taken"));
        }

        IEnumerable<string> NamesOf(TrainingPlan found) => inputs.Concat(found.Targets).Select(data => data.Result.Name).Concat(forward.Concat(found.Loss).Definitions().Select(definition => definition.Name));

        StepBinder Binder(IEnumerable<string> taken) => new(block, binder, syntax.Name.Text, inputs, forward, binder.Results, parameters, taken);

        if (block.Diagnostics.HasErrors)
        {
            return (null, null);
        }

        var axes = block.Axes.Select(a => a.Name == Block.BatchAxis ? a with { Size = plan?.BatchSize } : a).ToValueList();
        var network = new Network(
            syntax.Name.Text,
            block.Widths.ToValueList(),
            axes,
            parameters.ToValueList(),
            initialisation.ToValueList(),
            inputs.ToValueList(),
            forward.ToValueList(),
            binder.Results.Select(r => ((Expr.Reference)r.Expr).Name).ToValueList(),
            Block.BatchAxis)
        {
            Families = binder.Looped.ToValueList(),
        };
        return (network, plan);
    }

    private static void Weight(Block block, WeightShape weight, Scales scales, List<Parameter> parameters, List<Statement> initialisation)
    {
        ValueList<string> widths = weight.Dimensions.Select(d => d.Width).OfType<string>().ToValueList();
        var indices = weight.Dimensions.Where(d => d.Axis is not null).Select(d => block.BinderOf(d.Axis!)).ToValueList();
        var type = new Definition(weight.Name, indices, widths);
        var initial = type with { Name = $"{weight.Name}_0" };
        var origin = new Origin(weight.Span, "initialisation");
        parameters.Add(new Parameter(weight.Name, initial.Name, type, scales.A, scales.B, scales.C, scales.Variance, Trained: true)
        {
            RoleOfVector = weight.Role == ParameterRole.Output ? ParameterRole.Output : ParameterRole.Input,
        });
        var variance = scales.Variance * (block.Widths.Count == 0 ? Expr.One : Expr.WidthTo(block.Widths[0].Name, -2 * scales.B));
        Instruction made = !scales.Variance.IsZero ? new Instruction.Gaussian(initial, variance)
            : type.Kind == ValueKind.Matrix ? new Instruction.MatrixSum(initial, [])
            : new Instruction.Nonlin(initial, Expr.Zero);
        initialisation.Add(made with { Origin = origin });
        if (type.Kind == ValueKind.Vector)
        {
            block.Vectors.Add(weight.Name);
        }

        // A bias stands for its values, multiplier included; whatever has two dimensions multiplies from the left.
        block.Names[weight.Name] = weight.Dimensions is [var rows, var columns]
            ? new Matrix(weight.Name, rows, columns, scales.A, false)
            : new Value(
                (block.Widths.Count == 0 ? Expr.One : Expr.WidthTo(block.Widths[0].Name, -scales.A)) * type.AsReference(),
                widths.Count == 0 ? null : widths[0],
                indices,
                3,
                2);
    }
}
