using TpCompiler.Emit.Code;
using TpCompiler.Ir;

namespace TpCompiler.Emit.Targets;

/// <summary>The finite net in NumPy.</summary>
internal sealed class NumPySimulator : PythonProgram
{
    private NumPySimulator(TensorCode code)
        : base(code, PythonLibrary.NumPy, isSharded: false)
    {
    }

    public static (string? Text, Refusal? Refusal) Write(Program program, Network? network, TrainingPlan? plan)
    {
        var (code, unsaid) = ProgramLowering.Of(program);
        if (code is null)
        {
            return (null, unsaid);
        }

        NumPySimulator simulator = new(code) { HasSteps = plan is not null };
        simulator.WriteProgram(plan);
        return (simulator.Finished(), simulator.Refusal);
    }

    protected override string Zeros(string shape) => $"np.zeros({shape}, dtype)";

    protected override string Samples(TensorStatement.Read read, string rows, string shape) =>
        $"data[\"{read.Field}\"].take(np.arange({rows}), axis=0, mode=\"wrap\").reshape({shape}).astype({(read.IsWhole ? "int" : "dtype")})";

    private void WriteProgram(TrainingPlan? plan)
    {
        Writer.Line($"\"\"\"The program {Code.Name} at finite width, in NumPy.").Line();
        Writer.Line("Arrays have the finite axes first and widths last; `--weights` takes the initial weights and `--data` the samples of an .npz file,");
        Writer.Line("as `tpc run --save FILE.npz` writes them.");
        Writer.Line(LeftOut.Of(plan) is { } left ? left + "\n\"\"\"\nimport argparse" : "\"\"\"\nimport argparse");
        if (Arrays.Any(array => array is TensorExpr.Apply { Function: "erf" or "gelu" or "normal_cdf" }))
        {
            Writer.Line("import math");
        }

        Writer.Line("\nimport numpy as np\n\n");
        WriteDefinitions();
        Writer.Line($"def run({FirstWidth}{(Reads.Count > 0 ? ", data" : string.Empty)}, weights=None, seed=0{(plan is null ? string.Empty : FormattableString.Invariant($", steps={plan.Steps}"))}, dtype=np.float32):").In();
        Writer.Line("\"\"\"Series of every output, by name; the value at t is from before step t.\"\"\"");
        Writer.Line("rng = np.random.default_rng(seed)");
        Writer.Line("series = {" + string.Join(", ", Code.Outputs.Select(output => $"\"{output}\": []")) + "}");
        WriteSizes();
        if (Code.Body.OfType<TensorStatement.Normal>().Any())
        {
            Writer.Line().Line("def normal(name, deviation, *shape):").In();
            Writer.Line("if weights is not None:").In().Line("return weights[name].reshape(shape).astype(dtype)").Out();
            Writer.Line("return (deviation * rng.standard_normal(shape)).astype(dtype)").Out();
        }

        Writer.Line();
        WriteBlock(Code.Body, null);
        Writer.Line("return {name: np.array(values) for name, values in series.items()}").Out().Line().Line();
        WriteMain(plan);
    }

    private void WriteMain(TrainingPlan? plan)
    {
        Writer.Line("if __name__ == \"__main__\":").In();
        Writer.Line("parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])");
        Writer.Line("parser.add_argument(\"--width\", type=int, required=True)");
        if (Reads.Count > 0)
        {
            Writer.Line("parser.add_argument(\"--data\", required=True, help=\".npz with an array of samples for each field\")");
        }

        Writer.Line("parser.add_argument(\"--weights\", help=\".npz with the initial weights; they are drawn without it\")");
        Writer.Line("parser.add_argument(\"--seed\", type=int, default=0, help=\"of NumPy's draws; those of tpc are in its files\")");
        if (plan is not null)
        {
            Writer.Line(FormattableString.Invariant($"parser.add_argument(\"--steps\", type=int, default={plan.Steps})"));
        }

        Writer.Line("parser.add_argument(\"--dtype\", choices=[\"float32\", \"float64\"], default=\"float32\")");
        Writer.Line("parser.add_argument(\"--output\", help=\"write the series to this .npz file\")");
        Writer.Line("args = parser.parse_args()");
        Writer.Line("start = np.load(args.weights) if args.weights else None");
        Writer.Line($"results = run(args.width, {(Reads.Count > 0 ? "np.load(args.data), " : string.Empty)}start, args.seed, {(plan is null ? string.Empty : "args.steps, ")}np.dtype(args.dtype))");
        Writer.Line("if args.output:").In().Line("np.savez(args.output, **results)").Out();
        Writer.Line("for name, values in results.items():").In();
        Writer.Line(plan is null ? "print(name, *np.ravel(values))" : "for t, value in enumerate(values):\n    print(name, t, *np.ravel(value))");
        Writer.Out().Out();
    }
}
