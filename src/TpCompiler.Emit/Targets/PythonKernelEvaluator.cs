using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;

namespace TpCompiler.Emit.Targets;

/// <summary>The limit of a net in the kernel regime in NumPy or PyTorch: the recursion of its kernels among all samples, then kernel gradient descent.</summary>
internal sealed class PythonKernelEvaluator : PythonProgram
{
    private readonly KernelDescentProgram kernel;
    private readonly bool inTorch;

    private PythonKernelEvaluator(KernelDescentProgram kernel, TensorCode code, PythonLibrary library)
        : base(code, WithAngles(library), isSharded: false)
    {
        this.kernel = kernel;
        inTorch = library == PythonLibrary.PyTorch;
    }

    public static (string? Text, Refusal? Refusal) InNumPy(KernelDescentProgram kernel) => Write(kernel, PythonLibrary.NumPy);

    public static (string? Text, Refusal? Refusal) InPyTorch(KernelDescentProgram kernel) => Write(kernel, PythonLibrary.PyTorch);

    private static (string? Text, Refusal? Refusal) Write(KernelDescentProgram kernel, PythonLibrary library)
    {
        var (code, unsaid) = ProgramLowering.OfKernel(kernel);
        if (code is null)
        {
            return (null, unsaid);
        }

        PythonKernelEvaluator evaluator = new(kernel, code, library);
        evaluator.WriteProgram();
        return (evaluator.Finished(), evaluator.Refusal);
    }

    private static PythonLibrary WithAngles(PythonLibrary library) =>
        library with { Functions = new Dictionary<string, string>(library.Functions, StringComparer.Ordinal) { ["arccos"] = "angle({0})" } };

    protected override string Zeros(string shape) => inTorch ? $"torch.zeros({shape}, dtype=dtype, device=device)" : $"np.zeros({shape}, dtype)";

    protected override string Samples(TensorStatement.Read read, string rows, string shape) => inTorch
        ? $"data[\"{read.Field}\"][torch.arange({rows}) % len(data[\"{read.Field}\"])].reshape({shape})"
        : $"data[\"{read.Field}\"].take(np.arange({rows}), axis=0, mode=\"wrap\").reshape({shape})";

    private void WriteProgram()
    {
        string text = string.Concat(Arrays.Select(Expressions.Print));
        Writer.Line($"\"\"\"The limit of {Code.Name} as its width goes to infinity, in {(inTorch ? "PyTorch" : "NumPy")}.\n").Line(KernelText.About(kernel)).Line("\"\"\"");
        Writer.Line("import argparse");
        if (!inTorch && Arrays.Any(array => array is TensorExpr.Apply { Function: "erf" or "gelu" or "normal_cdf" }))
        {
            Writer.Line("import math");
        }

        Writer.Line().Line("import numpy as np");
        if (inTorch)
        {
            Writer.Line("import torch");
            if (text.Contains("nn.", StringComparison.Ordinal))
            {
                Writer.Line("from torch import nn");
            }
        }

        Writer.Line().Line();
        WriteDefinitions();
        if (!inTorch && text.Contains("angle(", StringComparison.Ordinal))
        {
            Writer.Line("@np.errstate(invalid=\"ignore\")");
        }

        Writer.Line(inTorch ? "@torch.no_grad()\ndef run(data, device):" : "def run(data):").In();
        Writer.Line("\"\"\"Series of every output, by name; the value at t is from before step t.\"\"\"");
        Writer.Line("series = {" + string.Join(", ", Code.Outputs.Select(output => $"\"{output}\": []")) + "}");
        if (Flattened.Any(statement => statement is TensorStatement.Zeros) || Arrays.Any(array => array is TensorExpr.Indicator or TensorExpr.Broadcast))
        {
            Writer.Line(inTorch ? "dtype = torch.float64" : "dtype = np.float64");
        }

        WriteSizes();
        Writer.Line();
        WriteBlock(Code.Body, null);
        Writer.Line(inTorch ? "return {name: torch.stack(values) for name, values in series.items()}" : "return {name: np.array(values) for name, values in series.items()}").Out().Line().Line();
        WriteMain();
    }

    private void WriteMain()
    {
        List<(string Field, bool IsWhole)> fields = [.. Fields.Where(field => field.Field != kernel.SampleField)];
        string first = fields[0].Field;
        Writer.Line("if __name__ == \"__main__\":").In();
        Writer.Line("parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])");
        Writer.Line("parser.add_argument(\"--data\", required=True, help=\".npz with an array of samples for each field\")");
        if (inTorch)
        {
            Writer.Line("parser.add_argument(\"--device\", default=\"cpu\")");
        }

        Writer.Line("parser.add_argument(\"--output\", help=\"write the series to this .npz file\")\nargs = parser.parse_args()");
        Writer.Line("samples = np.load(args.data)");
        string names = string.Join(", ", fields.Select(field => $"\"{field.Field}\": {(field.IsWhole ? (inTorch ? "torch.long" : "int") : (inTorch ? "torch.float64" : "np.float64"))}"));
        Writer.Line($"fields = {{{names}}}");
        Writer.Line(inTorch
            ? "data = {name: torch.tensor(samples[name], dtype=kind, device=args.device) for name, kind in fields.items()}"
            : "data = {name: samples[name].astype(kind) for name, kind in fields.items()}");
        Writer.Line(inTorch ? $"data[\"{kernel.SampleField}\"] = torch.arange(len(data[\"{first}\"]), device=args.device)" : $"data[\"{kernel.SampleField}\"] = np.arange(len(data[\"{first}\"]))");
        Writer.Line(inTorch ? "results = {name: values.cpu().numpy() for name, values in run(data, args.device).items()}" : "results = run(data)");
        Writer.Line("if args.output:").In().Line("np.savez(args.output, **results)").Out();
        Writer.Line("for name, values in results.items():").In().Line("for t, value in enumerate(values):").In();
        Writer.Line("print(name, t, *np.ravel(value))").Out().Out().Out();
    }
}
