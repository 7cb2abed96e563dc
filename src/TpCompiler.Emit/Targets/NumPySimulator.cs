using System.Diagnostics;
using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Ir;

namespace TpCompiler.Emit.Targets;

/// <summary>The finite net in NumPy: forward, backward and update written out, statement by statement of the Tensor Program.</summary>
internal sealed class NumPySimulator
{
    private readonly CodeWriter writer = new();
    private readonly PythonExpressions expressions = new(PythonLibrary.NumPy, PythonNames.Of);
    private readonly TensorCode code;
    private Refusal? refusal;

    private NumPySimulator(TensorCode code)
    {
        this.code = code;
    }

    public static (string? Text, Refusal? Refusal) Write(Program program, Network? network, TrainingPlan? plan)
    {
        var (code, unsaid) = ProgramLowering.Of(program);
        if (code is null)
        {
            return (null, unsaid);
        }

        NumPySimulator simulator = new(code);
        simulator.WriteProgram(plan is null);
        return simulator.refusal is { } refusal ? (null, refusal) : (simulator.writer.ToString(), null);
    }

    private void WriteProgram(bool untrained)
    {
        List<TensorStatement.Read> reads = [.. Reads(code.Body)];
        string n = PythonNames.Of(code.Widths.Count > 0 ? code.Widths[0].Name : "n");
        writer.Line($"\"\"\"The program {code.Name} at finite width, in NumPy.").Line();
        writer.Line("Arrays have the finite axes first and widths last; `--weights` takes the initial weights and `--data` the samples of an .npz file,");
        writer.Line("as `tpc run --save FILE.npz` writes them.\n\"\"\"\nimport argparse\n\nimport numpy as np\n\n");
        writer.Line($"def run({n}, data, weights=None, seed=0, dtype=np.float32):").In();
        writer.Line("\"\"\"Series of every output, by name; the value at t is from before step t.\"\"\"");
        writer.Line("rng = np.random.default_rng(seed)");
        writer.Line("series = {" + string.Join(", ", code.Outputs.Select(output => $"\"{output}\": []")) + "}");
        foreach (Width width in code.Widths.Skip(1))
        {
            writer.Line($"{PythonNames.Of(width.Name)} = max(1, round({expressions.Print((Symbolics.Expr)width.Ratio)} * {n}))");
        }

        foreach (Axis axis in code.Axes.Where(axis => IsUsed(axis.Name, code.Body)))
        {
            writer.Line($"{PythonNames.Of(axis.Name)} = {SizeOf(axis, reads)}");
        }

        WriteNormal();
        writer.Line();
        WriteBlock(code.Body, null);
        writer.Line("return {name: np.array(values) for name, values in series.items()}").Out().Line().Line();
        WriteMain(untrained, reads.Count > 0);
    }

    private void WriteNormal()
    {
        if (!code.Body.OfType<TensorStatement.Normal>().Any())
        {
            return;
        }

        writer.Line().Line("def normal(name, deviation, *shape):").In();
        writer.Line("if weights is not None:").In().Line("return weights[name].reshape(shape).astype(dtype)").Out();
        writer.Line("return (deviation * rng.standard_normal(shape)).astype(dtype)").Out();
    }

    private void WriteMain(bool untrained, bool readsData)
    {
        writer.Line("if __name__ == \"__main__\":").In();
        writer.Line("parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])");
        writer.Line("parser.add_argument(\"--width\", type=int, required=True)");
        writer.Line($"parser.add_argument(\"--data\"{(readsData ? ", required=True" : string.Empty)}, help=\".npz with an array of samples for each field\")");
        writer.Line("parser.add_argument(\"--weights\", help=\".npz with the initial weights; they are drawn without it\")");
        writer.Line("parser.add_argument(\"--seed\", type=int, default=0)");
        writer.Line("parser.add_argument(\"--dtype\", choices=[\"float32\", \"float64\"], default=\"float32\")");
        writer.Line("parser.add_argument(\"--output\", help=\"write the series to this .npz file\")");
        writer.Line("args = parser.parse_args()");
        writer.Line("samples = np.load(args.data) if args.data else None");
        writer.Line("start = np.load(args.weights) if args.weights else None");
        writer.Line("results = run(args.width, samples, start, args.seed, np.dtype(args.dtype))");
        writer.Line("if args.output:").In().Line("np.savez(args.output, **results)").Out();
        writer.Line("for name, values in results.items():").In();
        writer.Line(untrained ? "print(name, *np.ravel(values))" : "for t, value in enumerate(values):").Line(untrained ? string.Empty : "    print(name, t, *np.ravel(value))");
        writer.Out().Out();
    }

    private void WriteBlock(IEnumerable<TensorStatement> block, string? counter)
    {
        foreach (TensorStatement statement in block)
        {
            switch (statement)
            {
                case TensorStatement.Normal normal:
                    writer.Line($"{PythonNames.Of(normal.Name)} = normal(\"{normal.Name}\", {expressions.Deviation(normal.Variance)}{string.Concat(normal.Shape.Select(size => ", " + PythonNames.Of(size)))})");
                    if (counter is not null)
                    {
                        refusal ??= new Refusal(normal.Name, "it is drawn anew in every iteration");
                    }

                    break;
                case TensorStatement.Zeros zeros:
                    writer.Line($"{PythonNames.Of(zeros.Name)} = np.zeros({Shape(zeros.Shape)}, dtype)");
                    break;
                case TensorStatement.Read read:
                    string rows = counter is null ? $"np.arange({Batch(read)})" : $"np.arange({PythonNames.Of(counter)} * {Batch(read)}, ({PythonNames.Of(counter)} + 1) * {Batch(read)})";
                    writer.Line($"{PythonNames.Of(read.Name)} = data[\"{read.Field}\"].take({rows}, axis=0, mode=\"wrap\").reshape({Shape(read.Shape)}).astype(dtype)");
                    break;
                case TensorStatement.Assign assign:
                    writer.Line("# " + assign.Equation).Line($"{PythonNames.Of(assign.Name)} = {expressions.Print(assign.Value)}");
                    if (expressions.Missing is { } function)
                    {
                        refusal ??= new Refusal(assign.Name, $"NumPy has no `{function}`");
                    }

                    break;
                case TensorStatement.Report report:
                    writer.Line($"series[\"{report.Name}\"].append({PythonNames.Of(report.Name)})");
                    break;
                case TensorStatement.Repeat repeat:
                    writer.Line().Line($"for {PythonNames.Of(repeat.Counter)} in range({repeat.Count.ToString(CultureInfo.InvariantCulture)}):").In();
                    WriteBlock(repeat.Body, counter ?? repeat.Counter);
                    writer.Out().Line();
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }

    private static string Batch(TensorStatement.Read read) => read.Shape.Count > 0 ? PythonNames.Of(read.Shape[0]) : "1";

    private static string Shape(IReadOnlyList<string> sizes) => sizes.Count == 1 ? PythonNames.Of(sizes[0]) : "(" + string.Join(", ", sizes.Select(PythonNames.Of)) + ")";

    private static IEnumerable<TensorStatement.Read> Reads(IEnumerable<TensorStatement> block) =>
        block.SelectMany(statement => statement is TensorStatement.Repeat repeat ? Reads(repeat.Body) : statement is TensorStatement.Read read ? [read] : []);

    private bool IsUsed(string axis, IEnumerable<TensorStatement> block) => block.Any(statement => statement switch
    {
        TensorStatement.Normal normal => normal.Shape.Contains(axis),
        TensorStatement.Zeros zeros => zeros.Shape.Contains(axis),
        TensorStatement.Read read => read.Shape.Contains(axis),
        TensorStatement.Repeat repeat => IsUsed(axis, repeat.Body),
        _ => false,
    });

    private string SizeOf(Axis axis, IEnumerable<TensorStatement.Read> reads)
    {
        if (axis.Size is { } size)
        {
            return size.ToString(CultureInfo.InvariantCulture);
        }

        foreach (TensorStatement.Read read in reads)
        {
            if (read.Shape.ToList().IndexOf(axis.Name) is >= 0 and var at)
            {
                return $"data[\"{read.Field}\"].shape[{at.ToString(CultureInfo.InvariantCulture)}]";
            }
        }

        refusal ??= new Refusal(axis.Name, "nothing says the size of this dimension");
        return "0";
    }
}
