using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>The limit of a program in PyTorch: the Master Theorem by conditioning, on coefficients where everything is affine, else at scrambled Sobol points.</summary>
internal sealed class PyTorchEvaluator : PythonProgram
{
    private readonly Program limit;
    private readonly bool isAffine;
    private readonly Dictionary<string, string> spaces = new(StringComparer.Ordinal);
    private readonly CoordinateSpaces coordinateSpaces;
    private readonly OutputMoments moments;
    private readonly TermDegrees growth;

    private PyTorchEvaluator(Program limit, TensorCode code, bool isAffine)
        : base(code, PythonLibrary.PyTorch, isSharded: false)
    {
        (this.limit, this.isAffine) = (limit, isAffine);
        coordinateSpaces = CoordinateSpaces.Of(limit);
        moments = OutputMoments.Of(limit);
        growth = new TermDegrees(limit);
        foreach (Definition vector in limit.Body.Definitions().Where(definition => definition.Kind == ValueKind.Vector))
        {
            spaces.TryAdd(coordinateSpaces.OfVector(vector.Name), vector.Name);
        }
    }

    public static (string? Text, Refusal? Refusal) Write(Program limit)
    {
        limit = SampleShapes.WithTurnedAxesOfData(limit);
        bool isAffine = CoefficientProgram.IsAffine(limit);
        Program program = WithRatios(isAffine ? DeadCode.Remove(CoefficientProgram.Of(limit, 1)) : limit);
        var (code, unsaid) = ProgramLowering.OfLimit(program, isAffine ? Expr.One : Expr.WidthTo(Points, -1), isAffine ? [] : [.. OutputMoments.Of(program).WithTerms.Select(moment => moment.Result.Name)]);
        if (code is null)
        {
            return (null, unsaid);
        }

        PyTorchEvaluator evaluator = new(program, code, isAffine);
        evaluator.WriteProgram();
        return (evaluator.Finished(), evaluator.Refusal);
    }

    /// <summary>What stands in place of a width: how many numbers a variable is. No source has such a name.</summary>
    private const string Points = "~points";

    /// <summary>Powers of a width that is r times the first are powers of r.</summary>
    private static Program WithRatios(Program limit)
    {
        Dictionary<string, Rational> ratios = limit.Widths.ToDictionary(width => width.Name, width => width.Ratio, StringComparer.Ordinal);
        return limit with { Body = limit.Body.Select(Replaced).ToValueList() };

        Statement Replaced(Statement statement) => statement switch
        {
            Loop loop => loop with { Body = loop.Body.Select(Replaced).ToValueList() },
            Instruction instruction => instruction.MapExpressions(InExpr),
            _ => statement,
        };

        Expr InExpr(Expr expr) => expr is Expr.WidthPower power ? Expr.Pow(ratios[power.Width], power.Exponent) : expr.MapChildren(InExpr);
    }

    protected override string Zeros(string shape) => $"torch.zeros({shape}, dtype=torch.float64, device=device)";

    protected override string ZeroMatrix => "Matrix({})";

    protected override string Samples(TensorStatement.Read read, string rows, string shape) =>
        $"data[\"{read.Field}\"][torch.arange({rows}) % len(data[\"{read.Field}\"])].reshape({shape})";

    protected override string Size(string dimension) => limit.Widths.Any(width => width.Name == dimension) ? Name(Points) : PythonNames.Of(dimension);

    protected override string Name(string name) => name == Points ? "points" : PythonNames.Of(name);

    protected override void WriteNormal(TensorStatement.Normal normal)
    {
        List<Width> widths = [.. normal.Shape.Select(size => limit.Widths.FirstOrDefault(width => width.Name == size)).OfType<Width>()];
        string axes = string.Concat(normal.Shape.Take(normal.Shape.Count - widths.Count).Select(axis => ", " + PythonNames.Of(axis)));
        string name = PythonNames.Of(normal.Name);
        switch (widths.Count)
        {
            case 0:
                Writer.Line($"{name} = number(data, \"{InitialOf(normal.Name)}\", {Expressions.Deviation(normal.Variance)}, {(axes.Length == 0 ? "()" : $"({axes[2..]}{(normal.Shape.Count == 1 ? "," : string.Empty)})")}, generator).to(device)");
                break;
            case 1 when normal.Name == CoefficientProgram.One:
                Writer.Line($"{PythonNames.Of(normal.Name)} = law.one()");
                break;
            case 1:
                Writer.Line($"{name} = law.vectors(\"{SpaceOf(coordinateSpaces.OfVector(normal.Name))}\", {Expressions.Deviation(normal.Variance)}{axes})");
                break;
            default:
                if (axes.Length > 0)
                {
                    Refuse(normal.Name, "it is an array of Gaussian matrices");
                }

                string ratios = widths.TrueForAll(width => width.Ratio.IsOne) ? string.Empty : $", {Expressions.Print((Expr)widths[0].Ratio)}, {Expressions.Print((Expr)widths[1].Ratio)}";
                Writer.Line($"{name} = Matrix({{Gaussian(law, {Expressions.Deviation(normal.Variance)}, \"{SpaceOf(coordinateSpaces.OfRows(normal.Name))}\", \"{SpaceOf(coordinateSpaces.OfColumns(normal.Name))}\"{ratios}): 1}})");
                break;
        }
    }

    protected override string Watched(TensorStatement.Watch watch, string? counter)
    {
        string factors = watch.Factors.Count == 0 ? string.Empty : $", [{string.Join(", ", watch.Factors.Select(Expressions.Print))}]";
        string degree = HasDegrees(watch.Name) ? $", degree={Degrees(watch.Name)}[{(counter is null ? "0" : $"min({PythonNames.Of(counter)}, {growth.DegreesOf(watch.Name).Count - 1})")}]" : string.Empty;
        return $"law.keep(\"{watch.Name}\", {Expressions.Print(watch.Terms)}{factors}{degree})";
    }

    /// <summary>Whether some number of points doesn't see the power to which the terms of a mean grow.</summary>
    private bool HasDegrees(string moment) => growth.DegreesOf(moment).Any(degree => degree > LimitRuntime.LeastDegree);

    private static string Degrees(string moment) => PythonNames.Of(moment + "_degrees");

    /// <summary>What the limit program calls the initial value of a state.</summary>
    private string InitialOf(string state) => limit.Body.OfType<Loop>().SelectMany(loop => loop.Carried).FirstOrDefault(carried => carried.State.Name == state)?.Initial ?? state;

    private string SpaceOf(string key)
    {
        spaces.TryAdd(key, key);
        return spaces[key];
    }

    private void WriteProgram()
    {
        bool hasMatrices = limit.Body.Definitions().Any(definition => definition.Kind == ValueKind.Matrix);
        bool hasScalars = limit.Body.Instructions().OfType<Instruction.Gaussian>().Any(gaussian => gaussian.Result.Kind == ValueKind.Scalar);
        string collectives = string.Join('\n', Arrays.Select(Expressions.Print));
        Writer.Line($"\"\"\"The limit of the program {Code.Name} as its width goes to infinity, in PyTorch.\n").Line(isAffine ? LimitRuntime.AboutCoefficients : LimitRuntime.AboutPoints);
        Writer.Line("Arrays have the finite axes first; `--data` takes the samples of an .npz file, as `tpc run --width 8 --save FILE.npz` writes them.\n\"\"\"");
        Writer.Line("import argparse\nimport math" + (isAffine ? string.Empty : "\nimport os") + "\n\nimport numpy as np\nimport torch" + (isAffine ? string.Empty : "\nimport torch.distributed as dist") + (collectives.Contains("nn.", StringComparison.Ordinal) ? "\nfrom torch import nn" : string.Empty) + "\n\n");
        Writer.Line(isAffine ? LimitRuntime.Coefficients : LimitRuntime.Points).Line().Line();
        if (hasMatrices)
        {
            Writer.Line(LimitRuntime.Matrices).Line().Line();
        }

        if (hasScalars)
        {
            Writer.Line(LimitRuntime.Number).Line().Line();
        }

        if (!isAffine)
        {
            Writer.Line(LimitRuntime.Errors).Line().Line();
            Writer.Line("# The means over points that each output is made of.");
            Writer.Line($"MEANS = {{{string.Join(", ", Code.Outputs.Select(output => $"\"{output}\": [{string.Join(", ", moments.Behind(output).Where(name => moments.WithTerms.Any(moment => moment.Result.Name == name)).Select(name => $"\"{name}\""))}]"))}}}").Line().Line();
        }

        WriteDefinitions();
        Writer.Line("@torch.no_grad()").Line($"def run(law, data, device{(hasScalars ? ", seed" : string.Empty)}):").In();
        Writer.Line("\"\"\"Series of every output, by name; the value at t is from before step t.\"\"\"");
        if (hasScalars)
        {
            Writer.Line("generator = torch.Generator().manual_seed(seed)");
        }

        foreach (string moment in isAffine ? [] : moments.WithTerms.Select(moment => moment.Result.Name).Where(HasDegrees))
        {
            Writer.Line($"# The terms of {moment} grow like a power of the Gaussians, at most this one at step t.");
            Writer.Line($"{Degrees(moment)} = [{string.Join(", ", growth.DegreesOf(moment).Select(degree => degree.ToString(CultureInfo.InvariantCulture)))}]");
        }

        Writer.Line("series = {" + string.Join(", ", Code.Outputs.Select(output => $"\"{output}\": []")) + "}");
        if (PythonNames.Mentions(collectives, Name(Points)) || Flattened.OfType<TensorStatement.Zeros>().Any(zeros => PythonNames.Mentions(Shape(zeros.Shape), Name(Points))))
        {
            Writer.Line("points = law.count");
        }

        if (PythonNames.Mentions(collectives, "dtype"))
        {
            Writer.Line("dtype = torch.float64");
        }

        WriteSizes(withWidths: false);
        Writer.Line();
        WriteBlock(Code.Body, null);
        Writer.Line("return {name: torch.stack(values) for name, values in series.items()}").Out().Line().Line();
        WriteMain(hasScalars);
    }

    private void WriteMain(bool hasScalars)
    {
        List<(string Field, bool IsWhole)> fields = Fields;
        bool isSeries = Code.Body.OfType<TensorStatement.Repeat>().Any();
        Writer.Line("if __name__ == \"__main__\":").In();
        Writer.Line("parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])");
        List<string> drawn = [.. limit.Body.Instructions().OfType<Instruction.Gaussian>().Where(gaussian => gaussian.Result.Kind == ValueKind.Scalar).Select(gaussian => gaussian.Result.Name)];
        if (fields.Count > 0 || hasScalars)
        {
            Writer.Line($"parser.add_argument(\"--data\", {(fields.Count > 0 ? "required=True, help=\".npz with an array of samples for each field\"" : "help=\".npz with the numbers that stay random in the limit\"")})");
        }

        if (!isAffine)
        {
            Writer.Line("parser.add_argument(\"--points\", type=int, default=4096, help=\"a power of two\")");
            Writer.Line("parser.add_argument(\"--scramblings\", type=int, default=16, help=\"independent runs, whose spread is the error\")");
        }

        if (!isAffine || hasScalars)
        {
            Writer.Line("parser.add_argument(\"--seed\", type=int, default=0)");
        }

        Writer.Line("parser.add_argument(\"--device\", default=\"cpu\")");
        Writer.Line($"parser.add_argument(\"--output\", help=\"write the series{(isAffine ? string.Empty : " and their errors")} to this .npz file\")\nargs = parser.parse_args()\n");
        string data = "None";
        if (fields.Count > 0)
        {
            Writer.Line($"fields = {{{string.Join(", ", fields.Select(field => $"\"{field.Field}\": {(field.IsWhole ? "torch.long" : "torch.float64")}"))}}}");
            Writer.Line("samples = np.load(args.data)");
            Writer.Line("data = {name: torch.tensor(samples[name], dtype=kind, device=args.device) for name, kind in fields.items()}");
            data = "data";
        }

        if (hasScalars)
        {
            if (fields.Count == 0)
            {
                Writer.Line("samples = np.load(args.data) if args.data else {}\ndata = {}");
            }

            Writer.Line($"data |= {{name: torch.tensor(samples[name]) for name in [{string.Join(", ", drawn.Select(name => $"\"{name}\""))}] if name in samples}}");
            data = "data";
        }

        string seed = hasScalars ? ", args.seed" : string.Empty;
        Writer.Line(isAffine ? LimitRuntime.Exactly(data, seed) : LimitRuntime.Scrambled(data, seed));
        string value = isAffine ? "*np.ravel(value)" : "*(f\"{v:.9g} ± {'?' if e == math.inf else format(e, '.1g')}\" for v, e in zip(np.ravel(value), np.ravel(errors[name][t])))";
        Writer.Line(isAffine ? "for name, values in means.items():" : "for name, values in means.items() if rank == 0 else []:").In().Line("for t, value in enumerate(values):").In();
        Writer.Line($"print(name, {(isSeries ? "t, " : string.Empty)}{value})").Out().Out().Out();
    }
}
