using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>
/// A network and its training in PyTorch: an <c>nn.Module</c>, the optimizer as a <c>torch.optim.Optimizer</c> written from its rule, parameter groups with the derived
/// learning rates, and a loop that shares each batch out over the processes.
/// </summary>
internal sealed class PyTorchSimulator
{
    private readonly CodeWriter writer = new();
    private readonly PythonExpressions expressions;
    private readonly Network network;
    private readonly TrainingPlan plan;
    private readonly List<TensorStatement> code;
    private readonly string n;
    private Refusal? refusal;

    private PyTorchSimulator(Network network, TrainingPlan plan, TensorCode code)
    {
        (this.network, this.plan, this.code) = (network, plan, [.. code.Body]);
        HashSet<string> weights = [.. network.Parameters.Select(parameter => parameter.Name)];
        expressions = new PythonExpressions(
            PythonLibrary.PyTorch, name => weights.Contains(name) || network.Widths.Any(width => width.Name == name) ? "self." + PythonNames.Of(name) : PythonNames.Of(name), Size);
        n = PythonNames.Of(network.Widths[0].Name);
    }

    public static (string? Text, Refusal? Refusal) Write(Program program, Network? network, TrainingPlan? plan)
    {
        if (network is null || plan is null)
        {
            return (null, new Refusal(program.Name, "it is not a network with a `train` block, which a module and its training are made of; NumPy runs any program"));
        }

        Program forward = new(network.Name, network.Widths, network.Axes, network.Parameters, [.. network.Inputs, .. plan.Targets, .. network.Forward, .. plan.Loss], []);
        var (code, unsaid) = ProgramLowering.Of(forward);
        if (code is null)
        {
            return (null, unsaid);
        }

        PyTorchSimulator simulator = new(network, plan, code);
        simulator.Write();
        return simulator.refusal is { } refusal ? (null, refusal) : (simulator.writer.ToString(), null);
    }

    private static string Arguments(IEnumerable<string> names) => string.Join(", ", names.Select(PythonNames.Of));

    private void Write()
    {
        if (!IsSumOverSamples())
        {
            refusal ??= new Refusal(plan.LossValue, "samples of a batch meet before the loss, and this target shares a batch out over processes");
        }

        writer.Line($"\"\"\"The network {network.Name} in PyTorch: module, optimizer and training.\n");
        writer.Line("Alone, or on several processes that share each batch (RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as torchrun sets them).");
        writer.Line("`--weights` takes the initial weights and `--data` the samples of an .npz file, as `tpc run --save FILE.npz` writes them.\n\"\"\"");
        writer.Line("import argparse\nimport os\n\nimport numpy as np\nimport torch\nimport torch.distributed as dist\nfrom torch import nn\n\n");
        WriteModule();
        WriteOptimizer();
        WriteTraining();
        WriteMain();
        if (expressions.Missing is { } function)
        {
            refusal ??= new Refusal(network.Name, $"PyTorch has no `{function}`");
        }
    }

    /// <summary>Whether the loss is c Σ_b of what belongs to sample b: then shares of a batch add up.</summary>
    private bool IsSumOverSamples()
    {
        bool forward = !network.Forward.OfType<Instruction>().Concat(plan.Loss.OfType<Instruction>().SkipLast(1)).SelectMany(instruction => instruction.Expressions())
            .SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Sum>().Any(sum => sum.Index.Axis == network.BatchAxis);
        Expr? loss = (plan.Loss.LastOrDefault() as Instruction.Nonlin)?.Body;
        return forward && loss is not null && Expr.SplitCoefficient(loss).Remainder is Expr.Sum last && last.Index.Axis == network.BatchAxis;
    }

    private string Size(string dim) => network.Axes.FirstOrDefault(axis => axis.Name == dim) is { } axis
        ? axis.Size?.ToString(CultureInfo.InvariantCulture) ?? PythonNames.Of(dim)
        : "self." + PythonNames.Of(dim);

    private IEnumerable<string> OpenAxes => network.Axes.Where(axis => axis.Size is null && axis.Name != network.BatchAxis).Select(axis => axis.Name);

    private void WriteModule()
    {
        string open = string.Concat(OpenAxes.Select(axis => ", " + PythonNames.Of(axis)));
        string type = PythonNames.Of(network.Name);
        writer.Line($"class {char.ToUpperInvariant(type[0]) + type[1..]}(nn.Module):").In();
        writer.Line($"\"\"\"W = n^-a w, w ~ N(0, s n^-2b), learning rate lr n^-c. A weight has its finite axes first and its widths last.\"\"\"\n");
        writer.Line($"def __init__(self, {n}{open}):").In().Line("super().__init__()").Line($"self.{n} = {n}");
        foreach (Width width in network.Widths.Skip(1))
        {
            writer.Line($"self.{PythonNames.Of(width.Name)} = max(1, round({expressions.Print((Expr)width.Ratio)} * {n}))");
        }

        foreach (Parameter parameter in network.Parameters)
        {
            string shape = string.Join(", ", parameter.Type.Indices.Select(index => index.Axis).Concat(parameter.Type.Widths).Select(Size));
            writer.Line($"# {parameter.Role.ToString().ToLowerInvariant()} weight: a = {parameter.A}, b = {parameter.B}, c = {parameter.C}");
            writer.Line($"self.{PythonNames.Of(parameter.Name)} = nn.Parameter(torch.empty({shape}){(parameter.Trained ? string.Empty : ", requires_grad=False")})");
        }

        writer.Line("self.reset_parameters()").Out().Line();
        writer.Line("def reset_parameters(self):").In();
        foreach (Parameter parameter in network.Parameters)
        {
            Expr? variance = network.Initialisation.OfType<Instruction.Gaussian>().FirstOrDefault(gaussian => gaussian.Result.Name == parameter.Initial)?.Variance;
            writer.Line(variance is null
                ? $"nn.init.zeros_(self.{PythonNames.Of(parameter.Name)})"
                : $"nn.init.normal_(self.{PythonNames.Of(parameter.Name)}, std={expressions.Deviation(variance)})");
        }

        writer.Out().Line();
        WriteGroups();
        writer.Line($"def forward(self, {Arguments(network.Inputs.Select(input => input.Result.Name))}):").In();
        int given = network.Inputs.Count + plan.Targets.Count;
        WriteAssignments(code.Skip(given).Take(network.Forward.Count));
        writer.Line($"return {Arguments(network.Outputs)}").Out().Out().Line().Line();
        writer.Line($"def loss_of({Arguments(network.Outputs.Concat(plan.Targets.Select(target => target.Result.Name)))}):").In();
        WriteAssignments(code.Skip(given + network.Forward.Count));
        writer.Line($"return {PythonNames.Of(plan.LossValue)}").Out().Line().Line();
    }

    private void WriteGroups()
    {
        writer.Line("def parameter_groups(self, t=0):").In();
        writer.Line("\"\"\"For the optimizer: each trained weight with its learning rate at this width, in step t.\"\"\"").Line("return [").In();
        foreach (Parameter parameter in network.Parameters.Where(parameter => parameter.Trained))
        {
            Expr rate = plan.LearningRate * Expr.WidthTo(network.Widths[0].Name, -parameter.C);
            string norm = parameter.C.IsZero || !UsesNorm ? string.Empty : $", \"norm_weight\": {expressions.Print(Expr.WidthTo(network.Widths[0].Name, -parameter.C))}";
            string size = Uses("size") ? $", \"size\": {expressions.Print(Expr.WidthTo(network.Widths[0].Name, parameter.C - parameter.Type.Widths.Count))}" : string.Empty;
            writer.Line($"{{\"name\": \"{parameter.Name}\", \"params\": [self.{PythonNames.Of(parameter.Name)}], \"lr\": {Print(rate)}{norm}{size}}},");
        }

        writer.Out().Line("]").Out().Line();
    }

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
        writer.Line($"class Optimizer(torch.optim.Optimizer):").In();
        writer.Line($"\"\"\"{string.Join("; ", plan.Rule.Assignments.Select(assignment => $"{assignment.Target} = {assignment.Value}"))}\"\"\"\n");
        writer.Line("def __init__(self, groups):").In().Line("super().__init__(groups, {})").Out().Line();
        writer.Line("@torch.no_grad()\ndef step(self):").In();
        if (UsesNorm)
        {
            writer.Line("norm = sum(group.get(\"norm_weight\", 1) * w.grad.square().sum() for group in self.param_groups for w in group[\"params\"]).sqrt()");
        }

        writer.Line("for group in self.param_groups:").In().Line("rate = group[\"lr\"]");
        if (Uses("size"))
        {
            writer.Line("size = group[\"size\"]");
        }

        writer.Line("for w in group[\"params\"]:").In().Line("g = w.grad");
        if (plan.Rule.Slots.Count > 0)
        {
            writer.Line("state = self.state[w]");
        }

        foreach (Assignment assignment in plan.Rule.Assignments)
        {
            bool isSlot = plan.Rule.Slots.Contains(assignment.Target);
            if (isSlot)
            {
                string slot = PythonNames.Of(assignment.Target);
                writer.Line($"{slot} = state[\"{slot}\"] if \"{slot}\" in state else torch.zeros_like(w)");
                writer.Line($"{slot} = state[\"{slot}\"] = {Print(assignment.Value)}");
            }
            else
            {
                writer.Line($"w.copy_({Print(assignment.Value)})");
            }
        }

        writer.Out().Out().Out().Out().Line().Line();
    }

    private void WriteTraining()
    {
        string batch = network.Axes.First(axis => axis.Name == network.BatchAxis).Size?.ToString(CultureInfo.InvariantCulture)
            ?? $"len(data[\"{network.Inputs[0].Field}\"])";
        string schedule = plan.LearningRate.DescendantsAndSelf().OfType<Expr.IndexValue>().Any()
            ? "for group, now in zip(optimizer.param_groups, model.parameter_groups(t)):\n    group[\"lr\"] = now[\"lr\"]\n"
            : string.Empty;
        writer.Line("def train(model, data, steps):").In();
        writer.Line("\"\"\"Outputs and loss before each step and after the last. Every process takes its part of a batch; their gradients add up.\"\"\"");
        writer.Line("rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)");
        writer.Line("optimizer = Optimizer(model.parameter_groups())");
        writer.Line($"batch = {batch}").Line($"series = {{{string.Join(", ", network.Outputs.Append(plan.LossValue).Select(output => $"\"{output}\": []"))}}}");
        writer.Line("for t in range(steps + 1):").In();
        writer.Line("samples = torch.arange(t * batch, (t + 1) * batch)");
        writer.Line("mine = samples.tensor_split(world)[rank]");
        foreach (Instruction.Data field in network.Inputs.Concat(plan.Targets))
        {
            string shape = string.Concat(field.Result.Indices.Skip(1).Select(index =>
                ", " + (network.Axes.First(axis => axis.Name == index.Axis).Size?.ToString(CultureInfo.InvariantCulture) ?? "-1")));
            writer.Line($"{PythonNames.Of(field.Result.Name)} = data[\"{field.Field}\"][mine % len(data[\"{field.Field}\"])].reshape(-1{(shape.Contains("-1", StringComparison.Ordinal) ? $", data[\"{field.Field}\"].shape[1]" : shape)})");
        }

        writer.Line($"{Arguments(network.Outputs)} = model({Arguments(network.Inputs.Select(input => input.Result.Name))})");
        writer.Line($"{PythonNames.Of(plan.LossValue)} = loss_of({Arguments(network.Outputs.Concat(plan.Targets.Select(target => target.Result.Name)))})");
        foreach (string output in network.Outputs)
        {
            string name = PythonNames.Of(output);
            writer.Line($"whole = {name}.new_zeros((batch, *{name}.shape[1:]))").Line($"whole[mine - t * batch] = {name}.detach()");
            writer.Line($"series[\"{output}\"].append(total(whole))");
        }

        writer.Line($"series[\"{plan.LossValue}\"].append(total({PythonNames.Of(plan.LossValue)}.detach().clone()))");
        writer.Line("if t < steps:").In().Line("optimizer.zero_grad()").Line($"{PythonNames.Of(plan.LossValue)}.backward()");
        writer.Line("for group in optimizer.param_groups:").In().Line("for w in group[\"params\"]:").In().Line("total(w.grad)").Out().Out();
        if (schedule.Length > 0)
        {
            writer.Line(schedule.TrimEnd('\n'));
        }

        writer.Line("optimizer.step()").Out().Out();
        writer.Line("return {name: torch.stack(values) for name, values in series.items()}").Out().Line().Line();
        writer.Line("def total(share):").In().Line("\"\"\"The sum over all processes, in place.\"\"\"").Line("if dist.is_initialized():").In().Line("dist.all_reduce(share)").Out().Line("return share").Out().Line().Line();
    }

    private void WriteMain()
    {
        string type = PythonNames.Of(network.Name);
        string open = string.Concat(OpenAxes.Select(axis => $", data[\"{network.Inputs.First(input => input.Result.Indices.Any(index => index.Axis == axis)).Field}\"].shape[1]"));
        writer.Line("if __name__ == \"__main__\":").In();
        writer.Line("parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])\nparser.add_argument(\"--width\", type=int, required=True)\nparser.add_argument(\"--data\", required=True, help=\".npz with an array of samples for each field\")");
        writer.Line("parser.add_argument(\"--weights\", help=\".npz with the initial weights; they are drawn without it\")\nparser.add_argument(\"--seed\", type=int, default=0)");
        writer.Line($"parser.add_argument(\"--steps\", type=int, default={plan.Steps.ToString(CultureInfo.InvariantCulture)})");
        writer.Line("parser.add_argument(\"--dtype\", choices=[\"float32\", \"float64\", \"bfloat16\"], default=\"float32\")\nparser.add_argument(\"--device\", default=\"cpu\")\nparser.add_argument(\"--output\", help=\"write the series to this .npz file\")\nargs = parser.parse_args()\n");
        writer.Line("if int(os.environ.get(\"WORLD_SIZE\", 1)) > 1:").In().Line("dist.init_process_group(\"nccl\" if args.device.startswith(\"cuda\") else \"gloo\")").Out();
        writer.Line("torch.manual_seed(args.seed)\ndtype = getattr(torch, args.dtype)\ndata = {name: torch.tensor(array, dtype=dtype, device=args.device) for name, array in np.load(args.data).items()}");
        writer.Line($"model = {char.ToUpperInvariant(type[0]) + type[1..]}(args.width{open}).to(args.device, dtype)");
        writer.Line("if args.weights:").In().Line("start = np.load(args.weights)\nwith torch.no_grad():").In().Line("for name, w in model.named_parameters():").In();
        writer.Line("w.copy_(torch.from_numpy(start[name]).reshape(w.shape))").Out().Out().Out();
        writer.Line("results = {name: values.double().cpu().numpy() for name, values in train(model, data, args.steps).items()}");
        writer.Line("if int(os.environ.get(\"RANK\", 0)) == 0:").In().Line("if args.output:").In().Line("np.savez(args.output, **results)").Out();
        writer.Line("for name, values in results.items():").In().Line("for t, value in enumerate(values):").In().Line("print(name, t, *np.ravel(value))").Out().Out().Out().Out();
    }
}
