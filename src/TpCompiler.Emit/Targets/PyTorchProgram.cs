using TpCompiler.Emit.Code;
using TpCompiler.Ir;

namespace TpCompiler.Emit.Targets;

/// <summary>A program without a module to make of it in PyTorch: instructions, or a training step that is written out.</summary>
internal sealed class PyTorchProgram : PythonProgram
{
    private PyTorchProgram(TensorCode code)
        : base(code, PythonLibrary.PyTorch, isSharded: true)
    {
    }

    public static (string? Text, Refusal? Refusal) Write(Program program, TrainingPlan? plan)
    {
        var (code, unsaid) = ProgramLowering.Of(program);
        if (code is null)
        {
            return (null, unsaid);
        }

        PyTorchProgram written = new(code) { HasSteps = plan is not null };
        written.WriteProgram(plan);
        return (written.Finished(), written.Refusal);
    }

    protected override string Zeros(string shape) => $"torch.zeros({shape}, dtype=dtype, device=device)";

    protected override string Samples(TensorStatement.Read read, string rows, string shape) =>
        $"data[\"{read.Field}\"][torch.arange({rows}) % len(data[\"{read.Field}\"])].reshape({shape})";

    protected override string Size(string dimension) => Code.Widths.Any(width => width.Name == dimension) ? $"processes.part({PythonNames.Of(dimension)})" : PythonNames.Of(dimension);

    protected override void WriteNormal(TensorStatement.Normal normal)
    {
        int widths = normal.Shape.Count(size => Code.Widths.Any(width => width.Name == size));
        string rows = widths == 0 ? "None" : (-widths).ToString(System.Globalization.CultureInfo.InvariantCulture);
        Writer.Line($"{PythonNames.Of(normal.Name)} = normal(\"{normal.Name}\", {rows}, {Expressions.Deviation(normal.Variance)}{string.Concat(normal.Shape.Select(size => ", " + PythonNames.Of(size)))})");
    }

    private void WriteProgram(TrainingPlan? plan)
    {
        string collectives = string.Concat(Arrays.Select(Expressions.Print));
        Writer.Line($"\"\"\"The program {Code.Name} at finite width, in PyTorch.\n").Line(PyTorchProcesses.Documentation(sharesBatches: false));
        Writer.Line("Arrays have the finite axes first and widths last; `--weights` takes the initial weights and `--data` the samples of an .npz file,");
        Writer.Line("as `tpc run --save FILE.npz` writes them." + (LeftOut.Of(plan) is { } left ? "\n" + left : string.Empty) + "\n\"\"\"");
        Writer.Line((collectives.Contains("nn.", StringComparison.Ordinal) ? PyTorchProcesses.Imports : PyTorchProcesses.Imports.Replace("from torch import nn\n", string.Empty, StringComparison.Ordinal)) + PyTorchProcesses.Of(collectives)).Line().Line();
        WriteDefinitions();
        Writer.Line("@torch.no_grad()").Line($"def run({FirstWidth}, seed, data, weights, {(plan is null ? string.Empty : "steps, ")}dtype, device):").In();
        Writer.Line("\"\"\"Series of every output, by name; the value at t is from before step t. The same net for a seed, however many processes hold it.\"\"\"");
        Writer.Line("if processes.shares > 1:").In().Line("raise SystemExit(\"a single run takes one team: --shards is the number of processes\")").Out();
        Writer.Line("torch.manual_seed(seed)");
        Writer.Line("series = {" + string.Join(", ", Code.Outputs.Select(output => $"\"{output}\": []")) + "}");
        WriteSizes();
        if (Code.Body.OfType<TensorStatement.Normal>().Any())
        {
            Writer.Line().Line("def normal(name, dim, deviation, *shape):").In();
            Writer.Line("whole = deviation * torch.randn(shape) if weights is None else torch.from_numpy(weights[name]).reshape(shape)");
            Writer.Line("return processes.mine(whole, dim).to(device, dtype)").Out();
        }

        Writer.Line();
        WriteBlock(Code.Body, null);
        Writer.Line("return {name: torch.stack(values) for name, values in series.items()}").Out().Line().Line();
        List<(string Field, bool IsWhole)> fields = Fields;
        PyTorchProcesses.WriteMain(Writer, $"run(width, seed, {(fields.Count > 0 ? "data" : "None")}, start, {(plan is null ? string.Empty : "args.steps, ")}dtype, args.device)", fields, plan?.Steps, isSeries: plan is not null);
    }
}
