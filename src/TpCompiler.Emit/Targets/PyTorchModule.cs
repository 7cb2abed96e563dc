using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>
/// A network and its training in PyTorch: an <c>nn.Module</c>, the optimizer as a <c>torch.optim.Optimizer</c> written from its rule, parameter groups with the derived
/// learning rates, and a loop that several processes can share.
/// </summary>
internal sealed class PyTorchModule
{
    private CodeWriter writer = new();
    private readonly PythonExpressions expressions;
    private readonly Network network;
    private readonly TrainingPlan plan;
    private readonly List<TensorStatement> code;
    private readonly string n;
    private string batchOf;

    /// <summary>The weights, then matrices that are drawn once and stay.</summary>
    private readonly List<(string Name, Definition Type, Expr? Variance)> held;
    private readonly PyTorchOptimizer optimizer;
    private Refusal? refusal;

    private PyTorchModule(Network network, TrainingPlan plan, TensorCode code)
    {
        (this.network, this.plan, this.code) = (network, plan, [.. code.Body]);
        held =
        [
            .. network.Parameters.Select(parameter => (parameter.Name, parameter.Type, Gaussian(parameter.Initial)?.Variance)),
            .. network.Initialisation.OfType<Instruction.Gaussian>().Where(gaussian => network.Parameters.All(parameter => parameter.Initial != gaussian.Result.Name))
                .Select(gaussian => (gaussian.Result.Name, gaussian.Result, (Expr?)gaussian.Variance)),
        ];
        HashSet<string> weights = [.. held.Select(weight => weight.Name)];
        expressions = new PythonExpressions(
            PythonLibrary.PyTorch, name => weights.Contains(name) || network.Widths.Any(width => width.Name == name) ? "self." + PythonNames.Of(name) : PythonNames.Of(name), Size)
        {
            IsSharded = true,
        };
        optimizer = new PyTorchOptimizer(plan.Rule, plan.LearningRate);
        batchOf = PythonNames.Of(network.Inputs[0].Result.Name);
        n = PythonNames.Of(network.Widths[0].Name);
    }

    public static (string? Text, Refusal? Refusal) Write(Network network, TrainingPlan plan)
    {
        Program forward = new(network.Name, network.Widths, network.Axes, network.Parameters, [.. network.Inputs, .. plan.Targets, .. network.Forward, .. plan.Loss], []);
        var (code, unsaid) = ProgramLowering.Of(forward);
        if (code is null)
        {
            return (null, unsaid);
        }

        PyTorchModule module = new(network, plan, code);
        module.Write();
        return module.refusal is { } refusal ? (null, refusal) : (module.writer.ToString(), null);
    }

    private static string Arguments(IEnumerable<string> names) => string.Join(", ", names.Select(PythonNames.Of));

    private Instruction.Gaussian? Gaussian(string name) => network.Initialisation.OfType<Instruction.Gaussian>().FirstOrDefault(gaussian => gaussian.Result.Name == name);

    private void Write()
    {
        CodeWriter body = writer;
        WriteModule();
        WriteOptimizer();
        WriteTraining();
        WriteMain();
        if ((expressions.Missing) is { } function)
        {
            refusal ??= new Refusal(network.Name, $"PyTorch has no `{function}`");
        }

        string text = body.ToString();
        writer = new CodeWriter();
        writer.Line($"\"\"\"The network {network.Name} in PyTorch: module, optimizer and training.\n").Line(PyTorchProcesses.Documentation(sharesBatches: IsSumOverSamples()));
        writer.Line("`--weights` takes the initial weights and `--data` the samples of an .npz file, as `tpc run --save FILE.npz` writes them." + (LeftOut.Of(plan) is { } left ? "\n" + left : string.Empty) + "\n\"\"\"");
        writer.Line(PyTorchProcesses.Imports + PyTorchProcesses.Of(text)).Line().Line();
        foreach (var (name, definition) in PythonLibrary.PyTorch.Definitions.Where(definition => text.Contains(definition.Key + "(", StringComparison.Ordinal)))
        {
            writer.Line(definition).Line().Line();
        }

        writer.Line(text.TrimEnd('\n'));
    }

    /// <summary>Whether the loss is c Σ_b of what belongs to sample b: then shares of a batch add up.</summary>
    private bool IsSumOverSamples()
    {
        bool meet = network.Forward.OfType<Instruction>().Concat(plan.Loss.OfType<Instruction>().SkipLast(1)).SelectMany(instruction => instruction.Expressions())
            .SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Sum>().Any(sum => sum.Index.Axis == network.BatchAxis);
        Expr? loss = (plan.Loss.LastOrDefault() as Instruction.Nonlin)?.Body;
        return !meet && loss is not null && (loss is Expr.Multiply product ? product.Factors : [loss]).Where(factor => factor.References().Any()).ToList() is [Expr.Sum last] && last.Index.Axis == network.BatchAxis;
    }

    /// <summary>How many positions an axis has, and how many coordinates of a width are here.</summary>
    private string Size(string dim) => network.Axes.FirstOrDefault(axis => axis.Name == dim) is { } axis
        ? axis.Size?.ToString(CultureInfo.InvariantCulture) ?? (dim != network.BatchAxis ? "self." + PythonNames.Of(dim) : LossCountsSamples && batchOf == PythonNames.Of(network.Outputs[0]) ? "batch" : $"len({batchOf})")
        : $"processes.part(self.{PythonNames.Of(dim)})";

    /// <summary>Whether the loss divides by the number of samples, which is not the number of those that a process has.</summary>
    private bool LossCountsSamples => network.Axes.First(axis => axis.Name == network.BatchAxis).Size is null
        && code.Skip(network.Inputs.Count + plan.Targets.Count + network.Forward.Count).OfType<TensorStatement.Assign>().SelectMany(assign => assign.Value.DescendantsAndSelf()).Any(part => part is TensorExpr.Extent extent && extent.Axis == network.BatchAxis);

    private string LossArguments => Arguments(network.Outputs.Concat(plan.Targets.Select(target => target.Result.Name))) + (LossCountsSamples ? ", batch" : string.Empty);

    private IEnumerable<Axis> OpenAxes => network.Axes.Where(axis => axis.Size is null && axis.Name != network.BatchAxis);

    private void WriteModule()
    {
        string open = string.Concat(OpenAxes.Select(axis => ", " + PythonNames.Of(axis.Name)));
        writer.Line($"class {Type}(nn.Module):").In();
        writer.Line($"\"\"\"W = n^-a w, w ~ N(0, s n^-2b), learning rate lr n^-c. A weight has its finite axes first and its widths last.\"\"\"\n");
        writer.Line("# Where the rows of a wide layer are.");
        writer.Line($"rows = {{{string.Join(", ", held.Where(weight => weight.Type.Widths.Count > 0).Select(weight => $"\"{PythonNames.Of(weight.Name)}\": {-weight.Type.Widths.Count}"))}}}\n");
        writer.Line($"def __init__(self, {n}{open}):").In().Line("super().__init__()").Line($"self.{n} = {n}");
        foreach (Width width in network.Widths.Skip(1))
        {
            writer.Line($"self.{PythonNames.Of(width.Name)} = max(1, round({expressions.Print((Expr)width.Ratio).Replace("self.", string.Empty, StringComparison.Ordinal)} * {n}))");
        }

        foreach (Axis axis in OpenAxes)
        {
            writer.Line($"self.{PythonNames.Of(axis.Name)} = {PythonNames.Of(axis.Name)}");
        }

        foreach (var (name, type, _) in held)
        {
            string shape = string.Join(", ", [.. type.Indices.Select(index => Size(index.Axis)), .. type.Widths.Select((width, side) => side == 0 ? Size(width) : "self." + PythonNames.Of(width))]);
            Parameter? parameter = network.Parameters.FirstOrDefault(parameter => parameter.Name == name);
            writer.Line(parameter is null ? "# drawn once, not trained" : $"# {parameter.Role.ToString().ToLowerInvariant()} weight: a = {parameter.A}, b = {parameter.B}, c = {parameter.C}");
            writer.Line($"self.{PythonNames.Of(name)} = nn.Parameter(torch.empty({(shape.Length == 0 ? "()" : shape)}){(parameter is { Trained: true } ? string.Empty : ", requires_grad=False")})");
        }

        writer.Line("self.reset_parameters()").Out().Line();
        WriteInitialisation();
        WriteGroups();
        writer.Line($"def forward(self, {Arguments(network.Inputs.Select(input => input.Result.Name))}):").In();
        int given = network.Inputs.Count + plan.Targets.Count;
        List<TensorStatement> forward = [.. code.Skip(given).Take(network.Forward.Count)];
        string first = PythonNames.Of(network.Parameters[0].Name);
        WriteKind(forward, "self." + first);
        WriteAssignments(forward);
        writer.Line($"return {Arguments(network.Outputs)}").Out().Out().Line().Line();
        batchOf = PythonNames.Of(network.Outputs[0]);
        writer.Line($"def loss_of({LossArguments}):").In();
        List<TensorStatement> loss = [.. code.Skip(given + network.Forward.Count)];
        WriteKind(loss, batchOf);
        WriteAssignments(loss);
        writer.Line($"return {PythonNames.Of(plan.LossValue)}").Out().Line().Line();
    }

    /// <summary>Where new arrays lie, and their precision, as far as the statements ask for it.</summary>
    private void WriteKind(IEnumerable<TensorStatement> statements, string like)
    {
        string text = string.Join('\n', statements.OfType<TensorStatement.Assign>().Select(assign => expressions.Print(assign.Value)));
        string[] kind = [.. new[] { "device", "dtype" }.Where(name => PythonNames.Mentions(text, name))];
        if (kind.Length > 0)
        {
            writer.Line($"{string.Join(", ", kind)} = {string.Join(", ", kind.Select(name => like + "." + name))}");
        }
    }

    private void WriteInitialisation()
    {
        string zeros = string.Join(", ", held.Where(weight => weight.Variance is null).Select(weight => $"\"{PythonNames.Of(weight.Name)}\""));
        string renamed = string.Join(", ", held.Where(weight => PythonNames.Of(weight.Name) != weight.Name).Select(weight => $"\"{PythonNames.Of(weight.Name)}\": \"{weight.Name}\""));
        writer.Line("def reset_parameters(self):").In().Line("\"\"\"The same net for a seed, however many processes hold it.\"\"\"");
        foreach (var (name, _, variance) in held)
        {
            writer.Line(variance is null ? $"nn.init.zeros_(self.{PythonNames.Of(name)})" : $"self.draw(\"{PythonNames.Of(name)}\", {expressions.Deviation(variance)})");
        }

        writer.Out().Line();
        writer.Line(""""
            @torch.no_grad()
            def draw(self, name, deviation):
                w, dim = self.get_parameter(name), self.rows.get(name)
                shape = [size * (processes.shards if axis - w.dim() == dim else 1) for axis, size in enumerate(w.shape)]
                w.copy_(processes.mine(deviation * torch.randn(shape), dim))

            @torch.no_grad()
            def load(self, weights):
                """Initial weights by name, each with its whole width."""
                for name, w in self.named_parameters():
                    dim = self.rows.get(name)
                    shape = [size * (processes.shards if axis - w.dim() == dim else 1) for axis, size in enumerate(w.shape)]
                    {known}w.copy_(processes.mine(torch.from_numpy(weights[{saved}]).reshape(shape), dim))

            """"
            .Replace("{known}", zeros.Length > 0 ? $"if name not in {{{zeros}}}:\n            " : string.Empty, StringComparison.Ordinal)
            .Replace("{saved}", renamed.Length > 0 ? $"{{{renamed}}}.get(name, name)" : "name", StringComparison.Ordinal));
    }

    private void WriteGroups()
    {
        writer.Line("def parameter_groups(self, t=0):").In();
        string[] own = [.. optimizer.GroupSettings.Select(setting => setting.Key)];
        writer.Line($"\"\"\"For this optimizer{(own.Contains("decay") ? " (torch.optim has none with such a decay)" : " or one of torch.optim")}: each trained weight with its learning rate{string.Concat(own.Select(key => " and " + key))} at this width, in step t.\"\"\"").Line("return [").In();
        foreach (Parameter parameter in network.Parameters.Where(parameter => parameter.Trained))
        {
            Expr rate = plan.LearningRate * Expr.WidthTo(network.Widths[0].Name, -parameter.C);
            string norm = parameter.C.IsZero || !UsesNorm ? string.Empty : $", \"norm_weight\": {expressions.Print(Expr.WidthTo(network.Widths[0].Name, -parameter.C))}";
            string size = optimizer.ReadsSize ? $", \"size\": {expressions.Print(Expr.WidthTo(network.Widths[0].Name, parameter.C - parameter.Type.Widths.Count))}" : string.Empty;
            writer.Line($"{{\"name\": \"{parameter.Name}\", \"params\": [self.{PythonNames.Of(parameter.Name)}], \"lr\": {Print(rate)}{norm}{size}{Settings(parameter)}}},");
        }

        writer.Out().Line("]").Out().Line();
    }

    /// <summary>The settings at this width: decay is as wide as 1/rate, so that their product has no width, and epsilon is as wide as the gradient.</summary>
    private string Settings(Parameter parameter) => string.Concat(optimizer.GroupSettings.Select(setting =>
        $", \"{setting.Key}\": {Print(setting.Value * Expr.WidthTo(network.Widths[0].Name, setting.IsDecay ? parameter.C : parameter.C - parameter.Type.Widths.Count))}"));

    private bool UsesNorm => Uses("norm");

    private bool Uses(string name) => plan.Rule.Assignments.Any(assignment => assignment.Value.References().Any(reference => reference.Name == name));

    private string Print(Expr scalar)
    {
        Dictionary<string, Definition> scalars = scalar.References().Select(reference => reference.Name).Distinct().ToDictionary(name => name, name => new Definition(name, [], []), StringComparer.Ordinal);
        ExpressionLowering lowering = new(scalars, name => name);
        string text = expressions.Print(lowering.Lower(scalar, new Definition(string.Empty, [], [])));
        if (lowering.Reason is { } reason)
        {
            refusal ??= new Refusal(plan.Rule.Name, reason);
        }

        return text;
    }

    private void WriteAssignments(IEnumerable<TensorStatement> statements)
    {
        foreach (TensorStatement statement in statements)
        {
            if (statement is TensorStatement.Assign assign)
            {
                writer.Line("# " + assign.Equation).Line($"{PythonNames.Of(assign.Name)} = {expressions.Print(assign.Value)}");
            }
            else
            {
                refusal ??= new Refusal(network.Name, "its forward pass draws numbers");
            }
        }
    }

    private void WriteOptimizer()
    {
        string? norm = null;
        if (UsesNorm)
        {
            bool scalars = network.Parameters.Any(parameter => parameter.Trained && parameter.Type.Widths.Count == 0);
            string squares = "group.get(\"norm_weight\", 1) * w.grad.square().sum() for group in self.param_groups for w in group[\"params\"]";
            norm = scalars
                ? $"(total(sum({squares} if group[\"name\"] in {Type}.rows)) + sum({squares} if group[\"name\"] not in {Type}.rows)).sqrt()"
                : $"total(sum({squares})).sqrt()";
        }

        optimizer.Write(writer, norm);
        refusal ??= optimizer.Reason is { } reason ? new Refusal(plan.Rule.Name, reason) : null;
    }

    /// <summary>Whether the loss certainly depends on every trained weight: PyTorch has no gradient, and not 0, by the others.</summary>
    private bool AllWeightsHaveGradients
    {
        get
        {
            List<Instruction> all = [.. network.Forward.Concat(plan.Loss).OfType<Instruction>()];
            HashSet<string> read = [plan.LossValue];
            foreach (Instruction instruction in Enumerable.Reverse(all).Where(instruction => read.Contains(instruction.Result.Name)))
            {
                read.UnionWith(instruction.Reads());
            }

            return all.Count == network.Forward.Count + plan.Loss.Count && network.Parameters.All(parameter => !parameter.Trained || read.Contains(parameter.Name))
                && !all.Any(instruction => instruction is Instruction.Nonlin { IsConstant: true });
        }
    }

    private string Type => PythonNames.Of(network.Name) is var name && char.ToUpperInvariant(name[0]) + name[1..] is var type && type is "Processes" or "Optimizer" or "Total" or "Whole" or "Share" or "None" or "True" or "False" ? type + "Net" : type;

    private void WriteTraining()
    {
        string batch = network.Axes.First(axis => axis.Name == network.BatchAxis).Size?.ToString(CultureInfo.InvariantCulture)
            ?? $"len(data[\"{network.Inputs[0].Field}\"])";
        bool divides = IsSumOverSamples();
        string loss = PythonNames.Of(plan.LossValue);
        writer.Line("def train(model, data, steps):").In();
        writer.Line(divides
            ? "\"\"\"Outputs and loss before each step and after the last. Every team takes its part of a batch; their gradients add up.\"\"\""
            : "\"\"\"Outputs and loss before each step and after the last.\"\"\"");
        if (!divides)
        {
            writer.Line("if processes.shares > 1:").In().Line("raise SystemExit(\"samples of a batch meet before the loss: only one team can run it, so --shards is the number of processes\")").Out();
        }

        writer.Line("optimizer = Optimizer(model.parameter_groups())");
        writer.Line($"batch = {batch}").Line($"series = {{{string.Join(", ", network.Outputs.Append(plan.LossValue).Select(output => $"\"{output}\": []"))}}}");
        writer.Line("for t in range(steps + 1):").In();
        writer.Line("samples = torch.arange(t * batch, (t + 1) * batch)");
        if (divides)
        {
            writer.Line("mine = samples.tensor_split(processes.shares)[processes.team if processes.shares > 1 else 0]");
        }

        string rows = divides ? "mine" : "samples";
        foreach (Instruction.Data field in network.Inputs.Concat(plan.Targets))
        {
            string shape = string.Concat(field.Result.Indices.Skip(1).Select(index => ", " + (network.Axes.First(axis => axis.Name == index.Axis) is { Size: { } size } ? size.ToString(CultureInfo.InvariantCulture) : "model." + PythonNames.Of(index.Axis))));
            writer.Line($"{PythonNames.Of(field.Result.Name)} = data[\"{field.Field}\"][{rows} % len(data[\"{field.Field}\"])].reshape(-1{shape})");
        }

        writer.Line($"{Arguments(network.Outputs)} = model({Arguments(network.Inputs.Select(input => input.Result.Name))})");
        writer.Line($"{loss} = loss_of({LossArguments})");
        foreach (string output in network.Outputs)
        {
            string name = PythonNames.Of(output);
            if (divides)
            {
                writer.Line($"every = {name}.new_zeros((batch, *{name}.shape[1:]))").Line($"every[mine - t * batch] = {name}.detach()");
            }

            writer.Line($"series[\"{output}\"].append({(divides ? "processes.over_shares(every)" : name + ".detach().clone()")})");
        }

        writer.Line($"series[\"{plan.LossValue}\"].append({(divides ? $"processes.over_shares({loss}.detach().clone())" : loss + ".detach().clone()")})");
        writer.Line("if t < steps:").In().Line("optimizer.zero_grad(set_to_none=True)");
        writer.Line("# Each member of a team has the whole loss.").Line($"({loss} / processes.shards).backward()");
        if (!AllWeightsHaveGradients)
        {
            writer.Line("for w in model.parameters():").In().Line("if w.requires_grad and w.grad is None:").In().Line("w.grad = torch.zeros_like(w)").Out().Out();
        }

        bool everyones = network.Parameters.Any(parameter => parameter.Trained && parameter.Type.Widths.Count == 0);
        if (divides || everyones)
        {
            writer.Line(everyones ? "for name, w in model.named_parameters():" : "for w in model.parameters():").In().Line("if w.grad is not None:").In();
            if (divides)
            {
                writer.Line("processes.over_shares(w.grad)");
            }

            if (everyones)
            {
                writer.Line("if name not in model.rows:").In().Line("processes.over_team(w.grad)").Out();
            }

            writer.Out().Out();
        }

        if (plan.LearningRate.DescendantsAndSelf().OfType<Expr.IndexValue>().Any())
        {
            writer.Line("for group, now in zip(optimizer.param_groups, model.parameter_groups(t)):").In().Line("group[\"lr\"] = now[\"lr\"]").Out();
        }

        writer.Line($"optimizer.step({(optimizer.ReadsTime ? PythonNames.Of(TrainingProgram.Step) : string.Empty)})").Out().Out();
        writer.Line("return {name: torch.stack(values) for name, values in series.items()}").Out().Line().Line();
    }

    private void WriteMain()
    {
        List<Instruction.Data> fields = [.. network.Inputs.Concat(plan.Targets)];
        HashSet<string> whole = [.. code.OfType<TensorStatement.Read>().Where(entry => entry.IsWhole).Select(entry => entry.Name)];
        List<(string, IReadOnlyList<string>)> shapes = [.. fields.Select(field => (field.Field, (IReadOnlyList<string>)[.. field.Result.Indices.Select(index => index.Axis)]))];
        List<(string Field, bool IsWhole)> read = [.. fields.Select(field => (field.Field, whole.Contains(field.Result.Name)))];
        string open = string.Concat(OpenAxes.Select(axis => SampleShapes.SizeOf(axis, shapes, network.Axes, other => other.Size!.Value.ToString(CultureInfo.InvariantCulture)) is { } size ? ", " + size : Saved(axis)));
        writer.Line("def run(width, seed, data, start, steps, dtype, device):").In();
        writer.Line("\"\"\"The series of a net of this width, from the weights of a file or drawn by the seed.\"\"\"").Line("torch.manual_seed(seed)").Line($"model = {Type}(width{open}).to(device, dtype)");
        writer.Line("if start is not None:").In().Line("model.load(start)").Out().Line("return train(model, data, steps)").Out().Line().Line();
        PyTorchProcesses.WriteMain(writer, "run(width, seed, data, start, args.steps, dtype, args.device)", read, plan.Steps, isSeries: true);

        string Saved(Axis axis)
        {
            read.Add((axis.Name, true));
            return ", " + SampleShapes.Saved(axis.Name);
        }
    }
}
