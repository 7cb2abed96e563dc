using System.Diagnostics;
using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>
/// The limit program in C#, one file for <c>dotnet run FILE.cs</c>: every vector is an array that stands for its random variable, coefficients where the program is affine and values at quasi-random points
/// otherwise, and Gaussian matrices are conditioned on what they met. The numbers are those of <c>tpc run --limit</c> to rounding: the same points, sums in another order.
/// </summary>
internal sealed class CSharpEvaluator : CSharpProgram
{
    private const string Size = "size";

    /// <summary>Of an axis that comes with the data.</summary>
    private const int UnknownSize = 16;

    private readonly bool isAffine;
    private readonly bool hasGrids;
    private readonly CoordinateSpaces spaces;
    private readonly Dictionary<string, Rational> ratios;
    private readonly Dictionary<string, Loop> lastOutputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> spaceNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> matrixEntries = new(StringComparer.Ordinal);
    private readonly string coordinate;
    private readonly OutputMoments moments;
    private readonly TermDegrees growth;
    private readonly Dictionary<string, string> tails = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> degrees = new(StringComparer.Ordinal);

    private CSharpEvaluator(Program program, bool isAffine, bool hasGrids)
        : base(program, new CodeWriter { SeparatesBlocks = true }, new CSharpNames("size", "points", "given", "tolerance", "most", "worst", "next", "before", "now", "Estimates", "Estimate", "seed", "scramblings", "scrambling", "outputs", "Evaluate", "E", "Variables", "Space", "Matrix", "GaussianMatrix", "Outer", "Pairs", "Output", "Sobol", "Normal", "Points", "SobolPoints", "Grid", "Rule", "Quadrature", "integrated", "bound", "weights", "Tail"))
    {
        (this.isAffine, this.hasGrids) = (isAffine, hasGrids);
        spaces = CoordinateSpaces.Of(program);
        ratios = program.Widths.ToDictionary(width => width.Name, width => width.Ratio, StringComparer.Ordinal);
        coordinate = Names.Fresh(isAffine ? "k" : "point");
        (moments, growth) = (OutputMoments.Of(program), new TermDegrees(program));
        Expressions.Coordinate = coordinate;
        Expressions.MatrixEntry = matrix => matrixEntries[matrix.Name];
        Expressions.ZeroVector = $"new double[{Size}]";
    }

    /// <param name="limit">The limit program.</param>
    /// <param name="onGrids">Whether its functions have no kinks, so that grids may do better than points.</param>
    public static (string? Text, Refusal? Refusal) Write(Program limit, bool onGrids)
    {
        limit = SampleShapes.WithTurnedAxesOfData(limit);
        bool isAffine = CoefficientProgram.IsAffine(limit);
        CSharpEvaluator evaluator = new(isAffine ? DeadCode.Remove(CoefficientProgram.Of(limit, 1)) : limit, isAffine, onGrids && !isAffine && HasGaussians(limit));
        evaluator.WriteProgram();
        return evaluator.Refusal is { } refusal ? (null, refusal) : (evaluator.Writer.ToString(), null);
    }

    /// <summary>Whether every coordinate space meets a Gaussian.</summary>
    private static bool HasGaussians(Program limit)
    {
        CoordinateSpaces spaces = CoordinateSpaces.Of(limit);
        HashSet<string> met = [.. limit.Body.Instructions().Where(BringsGaussians).Select(instruction => spaces.OfVector(instruction.Result.Name))];
        return limit.Body.Definitions().Where(definition => definition.Kind == ValueKind.Vector).All(vector => met.Contains(spaces.OfVector(vector.Name)));
    }

    private void WriteProgram()
    {
        bool hasPairs = Program.Body.Instructions().Any(instruction => instruction is Instruction.OuterNonlin);
        bool reads = Program.Body.Instructions().OfType<Instruction.Data>().Any();
        Writer.Line($"// The limit of {Program.Name} as its width goes to infinity, in C#:  dotnet run {Program.Name}.cs{(reads ? " -- --data FILE.npz" : isAffine ? string.Empty : " --")}{(isAffine ? string.Empty : " [--points N] [--tolerance 5e-5] [--seed 0]")}");
        Writer.Line("// A vector of the net becomes a random variable, that of one of its coordinates, and a mean over coordinates an expectation E: the Master Theorem of arXiv 2009.10685.");
        Writer.Line(isAffine ? CSharpLimitLibrary.CoefficientsNote : hasGrids ? CSharpGridLibrary.Note : CSharpLimitLibrary.PointsNote);
        if (reads)
        {
            Writer.Line("// Samples are read from an .npz file as `tpc run --limit --save FILE.npz` writes it.");
        }

        Writer.Line(CSharpLibrary.Usings.Replace("using System.Runtime.CompilerServices;", "using System.Numerics;\nusing System.Runtime.CompilerServices;", StringComparison.Ordinal));
        Writer.Line("using static Variables;\n");
        bool draws = Program.Body.OfType<Instruction.Gaussian>().Any(gaussian => gaussian.Result.Kind == ValueKind.Scalar);
        string[] options = [.. reads || draws ? ["--data"] : Array.Empty<string>(), .. isAffine ? Array.Empty<string>() : ["--points", "--tolerance"], .. draws || !isAffine ? ["--seed"] : Array.Empty<string>()];
        if (options.Length > 0)
        {
            Writer.Line(CSharpLibrary.OnlyOptions(options));
        }

        if (reads)
        {
            Writer.Line(CSharpLibrary.Data);
        }

        if (!isAffine)
        {
            Writer.Line("ulong seed = ulong.Parse(Option(\"--seed\") ?? \"0\");");
        }

        List<Instruction.Gaussian> numbers = [.. Program.Body.OfType<Instruction.Gaussian>().Where(gaussian => gaussian.Result.Kind == ValueKind.Scalar)];
        if (numbers.Count > 0)
        {
            if (isAffine)
            {
                Writer.Line("ulong seed = ulong.Parse(Option(\"--seed\") ?? \"0\");");
            }

            Writer.Line(reads ? "var weights = data;" : "Dictionary<string, (int[] Shape, double[] Numbers)>? weights = Option(\"--data\") is { } path ? Load(path) : null;");
        }

        WriteSizes();
        foreach (Instruction.Gaussian number in numbers)
        {
            WriteNumber(number);
        }

        Writer.Line(isAffine ? CSharpLimitLibrary.CoefficientsMain : CSharpLimitLibrary.PointsMain(hasPairs, hasGrids));
        Writer.Line().Line(hasGrids ? "List<Output> Evaluate(Points points)" : $"List<Output> Evaluate({(isAffine ? string.Empty : "ulong scrambling, ")}int {Size})").Line("{").In();
        Writer.Line("List<Output> outputs = [];");
        if (hasGrids)
        {
            Writer.Line($"int {Size} = points.Size;");
        }

        WriteSpaces();
        FindLastOutputs();
        if (!isAffine)
        {
            NameTails();
        }

        WriteBlock(Program.Body, null);
        Writer.Line().Line("return outputs;").Out().Line("}\n");
        CSharpLibrary.Write(Writer, inLimit: true);
        CSharpLimitLibrary.Write(
            Writer,
            isAffine,
            hasMatrices: Definitions.Values.Any(definition => definition.Kind == ValueKind.Matrix),
            hasPairs: hasPairs,
            hasRatios: ratios.Values.Any(ratio => !ratio.IsOne),
            hasGrids,
            Dimensions());
    }

    /// <summary>The terms at the ends of each mean that outputs are made of are kept, where they are means over points; degrees that some number of points doesn't see are said.</summary>
    private void NameTails()
    {
        foreach (Definition moment in moments.WithTerms.Select(moment => moment.Result))
        {
            tails[moment.Name] = Names.Fresh(Names.Of("value", moment.Name) + "_tails");
            if (growth.DegreesOf(moment.Name) is { Count: > 0 } all && all.Max() > LimitRuntime.LeastDegree)
            {
                degrees[moment.Name] = Names.Fresh(Names.Of("value", moment.Name) + "_degrees");
                Writer.Comment($"The terms of {moment.Name} grow like a power of the Gaussians, at most this one at step t.");
                Writer.Line($"double[] {degrees[moment.Name]} = [{string.Join(", ", all.Select(degree => degree.ToString(CultureInfo.InvariantCulture)))}];");
            }
        }
    }

    /// <summary>A Gaussian number, or several, that stays random in the limit: one draw for the whole program.</summary>
    private void WriteNumber(Instruction.Gaussian number)
    {
        string known = Program.Parameters.FirstOrDefault(parameter => parameter.Initial == number.Result.Name)?.Name ?? number.Result.Name;
        string deviation = Expressions.Print(InLimit(Expr.Pow(number.Variance, Rational.Half)));
        string shape = string.Join(", ", number.Result.Indices.Select(binder => SizeName(binder.Axis)));
        Writer.Comment($"{number.Result.AsReference()} ~ N(0, {number.Variance}) stays random in the limit: the number of the file, or that of the seed.");
        Writer.Line($"var {Names.Of("value", number.Result.Name)} = Normal(\"{known}\", \"{number.Result.Name}\", {deviation}, new double[{(shape.Length == 0 ? "1" : shape)}]){(shape.Length == 0 ? "[0]" : string.Empty)};");
    }

    /// <summary>One for each set of vectors that meet coordinate by coordinate, with those that bring Gaussians into it.</summary>
    private void WriteSpaces()
    {
        foreach (var space in Program.Body.Instructions().Where(BringsGaussians).GroupBy(instruction => spaces.OfVector(instruction.Result.Name)))
        {
            Writer.Line($"Space {SpaceName(space.Key)} = new({SpaceArguments(space.Key)}); // {string.Join(", ", space.Select(instruction => instruction.Result.Name))}");
        }

        foreach (var matrix in Program.Body.Instructions().OfType<Instruction.Gaussian>().Where(gaussian => gaussian.Result.Kind == ValueKind.Matrix))
        {
            foreach (string unmet in new[] { spaces.OfRows(matrix.Result.Name), spaces.OfColumns(matrix.Result.Name) })
            {
                if (!spaceNames.ContainsKey(unmet))
                {
                    Writer.Line($"Space {SpaceName(unmet)} = new({SpaceArguments(unmet)});");
                }
            }
        }
    }

    /// <summary>A bound on the Gaussians that a coordinate space meets, where sizes that come with the data are not large; at least a few hundred.</summary>
    private int Dimensions()
    {
        Dictionary<string, long> met = new(StringComparer.Ordinal);
        Count(Program.Body, 1);
        return (int)Math.Clamp(met.Values.DefaultIfEmpty(0).Max(), 256, SobolTable.Rows.Count + 1);

        void Count(IEnumerable<Statement> block, long times)
        {
            foreach (Statement statement in block)
            {
                if (statement is Loop loop)
                {
                    Count(loop.Body, Math.Min(int.MaxValue, times * loop.Count));
                }
                else if (statement is Instruction instruction && BringsGaussians(instruction))
                {
                    string space = spaces.OfVector(instruction.Result.Name);
                    met[space] = met.GetValueOrDefault(space) + instruction.Result.Indices.Aggregate(times, (count, binder) => Math.Min(int.MaxValue, count * (Program.Axes.First(axis => axis.Name == binder.Axis).Size ?? UnknownSize)));
                }
            }
        }
    }

    private static bool BringsGaussians(Instruction instruction) =>
        instruction is Instruction.Gaussian { Result.Kind: ValueKind.Vector } or Instruction.MatMul && instruction.Result.Name != CoefficientProgram.One;

    /// <summary>Of a loop that nothing behind it reads: the output after which its last iteration has nothing more to say.</summary>
    private void FindLastOutputs()
    {
        for (int i = 0; i < Program.Body.Count; i++)
        {
            if (Program.Body[i] is Loop loop && loop.Body.LastOrDefault(IsOutput) is Instruction last
                && last != loop.Body[^1]
                && !Program.Body.Skip(i + 1).SelectMany(statement => statement.Reads()).Intersect(loop.Carried.Select(carried => carried.State.Name)).Any())
            {
                lastOutputs[last.Result.Name] = loop;
            }
        }

        bool IsOutput(Statement statement) => statement is Instruction instruction ? Program.Outputs.Contains(instruction.Result.Name) : ((Loop)statement).Body.Any(IsOutput);
    }

    /// <summary>What a report says of the means behind an output: itself, if it is one, or those that it is a function of.</summary>
    private string TailsBehind(string output)
    {
        List<string> behind = [.. moments.Behind(output).Where(tails.ContainsKey)];
        return behind switch
        {
            [] => string.Empty,
            [var only] => $", {tails[only]}{(only == output ? ", IsMean: true" : string.Empty)}",
            _ => $", [{string.Join(", ", behind.Select(moment => ".. " + tails[moment]))}]",
        };
    }

    protected override void WriteReport(Definition output, string? counter)
    {
        if (output.Kind != ValueKind.Scalar)
        {
            Refuse(output.Name, "it is no number but a vector");
        }

        string name = Names.Of("value", output.Name);
        Writer.Line($"outputs.Add(new(\"{output.Name}\", {counter ?? "null"}, {(output.Indices.Count == 0 ? $"[{name}]" : $"[.. Flat<double>({name})]")}{TailsBehind(output.Name)}));");
        if (lastOutputs.TryGetValue(output.Name, out Loop? loop))
        {
            Writer.Line($"if ({Names.Of("index", loop.Counter)} == {Number(loop.Count - 1)})").Line("{").In().Line("break; // nothing reads the last update").Out().Line("}\n");
        }
    }

    protected override void WriteInstruction(Instruction instruction, string? counter)
    {
        Definition result = instruction.Result;
        string entry = Expressions.Entry((Expr.Reference)result.AsReference());
        switch (instruction)
        {
            case Instruction.Gaussian { Result.Kind: ValueKind.Scalar }:
                if (counter is not null)
                {
                    Refuse(result.Name, "it is drawn anew in every iteration");
                }

                break;
            case Instruction.Gaussian { Result.Name: CoefficientProgram.One }:
                Writer.Line($"double[] {Names.Of("value", result.Name)} = new double[{Size}]; // the constant 1").Line($"{Names.Of("value", result.Name)}[0] = 1;");
                break;
            case Instruction.Gaussian { Result.Kind: ValueKind.Vector } gaussian:
                WriteEach(result, $"{result.AsReference()} ~ N(0, {gaussian.Variance})", "double[]", () => $"{SpaceName(spaces.OfVector(result.Name))}.Gaussian({Expressions.Print(InLimit(gaussian.Variance))})");
                break;
            case Instruction.Gaussian gaussian:
                string rows = SpaceName(spaces.OfRows(result.Name)), columns = SpaceName(spaces.OfColumns(result.Name));
                WriteEach(
                    result,
                    $"{result.AsReference()}: entries N(0, {gaussian.Variance})",
                    "Matrix",
                    () => $"new Matrix(new GaussianMatrix({Expressions.Print(InLimit(gaussian.Variance))}, {rows}, {columns}{RatiosOf(result)}))");
                break;
            case Instruction.Data read:
                string at = counter ?? "0";
                string shape = string.Join(", ", result.Indices.Select(binder => SizeName(binder.Axis)));
                Writer.Line(shape.Length == 0 ? $"double {entry} = Samples(\"{read.Field}\", {at}, new double[1])[0];" : $"var {Names.Of("value", result.Name)} = Samples(\"{read.Field}\", {at}, new double[{shape}]);");
                break;
            case Instruction.Nonlin nonlin:
                WriteNonlin(result, nonlin.Body);
                break;
            case Instruction.Moment moment:
                WriteMoment(moment, counter);
                break;
            case Instruction.MatMul product:
                // A matrix at each position: all products with one before those with the next.
                HashSet<string> own = [.. product.Matrix.Indices.OfType<Symbolics.Index.Variable>().Select(variable => variable.Name)];
                WriteEach(
                    result with { Indices = [.. result.Indices.OrderBy(binder => !own.Contains(binder.Name))] },
                    $"{result.AsReference()} = {product.Matrix}{(product.Transposed ? "'" : string.Empty)} {product.Vector}",
                    "double[]",
                    () => $"{Expressions.Entry(product.Matrix)}.{(product.Transposed ? "TransposeTimes" : "Times")}({Expressions.Whole(product.Vector)})",
                    result);
                break;
            case Instruction.MatrixSum sum:
                WriteMatrixSum(sum);
                break;
            case Instruction.OuterNonlin outer:
                WriteOuterNonlin(outer);
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>What a space is made of; on a grid it has a number.</summary>
    private string SpaceArguments(string space)
    {
        SpaceName(space);
        return hasGrids ? $"points, {Number(spaceNames.Keys.ToList().IndexOf(space))}" : isAffine ? Size : $"scrambling, {Size}";
    }

    private string SpaceName(string space)
    {
        if (!spaceNames.TryGetValue(space, out string? name))
        {
            spaceNames[space] = name = Names.Fresh("space" + Number(spaceNames.Count + 1));
        }

        return name;
    }

    /// <summary>A value for each position of a result.</summary>
    private void WriteEach(Definition result, string equation, string type, Func<string> value, Definition? declared = null)
    {
        string entry = Expressions.Entry((Expr.Reference)(declared ?? result).AsReference());
        Writer.Comment(equation);
        if (result.Indices.Count == 0)
        {
            Writer.Line($"var {entry} = {value()};");
            return;
        }

        Declare(declared ?? result, type);
        Loops(result.Indices, () => Writer.Line($"{entry} = {value()};"));
    }

    /// <summary>The array of a result with axes; a number without axes.</summary>
    private void Declare(Definition result, string type)
    {
        string name = Names.Of("value", result.Name);
        string shape = string.Join(", ", result.Indices.Select(binder => SizeName(binder.Axis)));
        Writer.Line(shape.Length == 0 ? $"{type} {name};" : $"var {name} = new {type.Replace("[]", string.Empty, StringComparison.Ordinal)}[{shape}]{(type == "double[]" ? "[]" : string.Empty)};");
    }

    private void WriteNonlin(Definition result, Expr body)
    {
        Expr limit = Ready(body, result.Indices);
        bool isVector = result.Kind == ValueKind.Vector;
        string entry = Expressions.Entry((Expr.Reference)result.AsReference());
        Writer.Comment($"{result.AsReference()} = {body}");
        if (IsPlain(result, limit))
        {
            Writer.Line($"double {entry} = {Expressions.Print(limit)};");
            return;
        }

        if (isVector && result.Indices.Count == 0)
        {
            Writer.Line($"double[] {entry} = new double[{Size}];");
            if (limit.IsZero)
            {
                return;
            }
        }
        else
        {
            Declare(result, isVector ? "double[]" : "double");
        }

        Scope(result.Indices, () =>
        {
            if (!isVector)
            {
                WriteSums(limit, _ => true);
                Writer.Line($"{entry} = {Expressions.Print(limit)};");
                return;
            }

            WriteSums(limit, sum => !HasVector(sum));
            if (result.Indices.Count > 0)
            {
                Writer.Line($"{entry} = new double[{Size}];");
            }

            if (!limit.IsZero)
            {
                Coordinates(() =>
                {
                    WriteSums(limit, _ => true);
                    Writer.Line($"{entry}[{coordinate}] = {Expressions.Print(limit)};");
                });
            }
        });
    }

    private void WriteMoment(Instruction.Moment moment, string? counter)
    {
        Definition result = moment.Result;
        Expr body = Ready(moment.Body, result.Indices);
        string entry = Expressions.Entry((Expr.Reference)result.AsReference());
        string? kept = tails.GetValueOrDefault(result.Name);
        string degree = degrees.TryGetValue(result.Name, out string? all) ? $", {all}" : string.Empty;
        Writer.Comment($"{result.AsReference()} = E {moment.Body}");
        if (kept is not null)
        {
            Writer.Line($"List<Tail> {kept} = [];");
        }

        if (ProductOf(body) is var (x, y))
        {
            string vectors = $"{Expressions.Whole(x)}, {Expressions.Whole(y)}", mean = $"{(hasGrids ? SpaceName(spaces.OfVector(x.Name)) + "." : string.Empty)}E({vectors})";
            if (result.Indices.Count > 0)
            {
                Declare(result, "double");
            }

            Loops(result.Indices, () =>
            {
                Writer.Line($"{(result.Indices.Count == 0 ? "double " : string.Empty)}{entry} = {mean};");
                if (kept is not null)
                {
                    Writer.Line($"{kept}.Add(Tail.Of(Tail.Product({vectors}), Tail.Size({Expressions.Whole(x)}) * Tail.Size({Expressions.Whole(y)}){Degree()}));");
                }
            });
            return;
        }

        Declare(result, "double");
        Scope(result.Indices, () =>
        {
            string total = Temporary("total");
            WriteSums(body, sum => !HasVector(sum));
            Writer.Line($"double {total} = 0;");
            string terms = kept is null ? string.Empty : Temporary("terms");
            if (kept is not null)
            {
                Writer.Line($"double[] {terms} = new double[{Size}];");
            }

            string? weights = hasGrids && body.References().FirstOrDefault(reference => Definitions[reference.Name].Kind == ValueKind.Vector) is { } vector
                ? $"{SpaceName(spaces.OfVector(vector.Name))}.Weights[{coordinate}] * "
                : null;
            Coordinates(() =>
            {
                WriteSums(body, _ => true);
                string value = Expressions.Print(body);
                if (kept is not null)
                {
                    Writer.Line($"{terms}[{coordinate}] = {value};");
                    value = $"{terms}[{coordinate}]";
                }

                Writer.Line(weights is null ? $"{total} += {value};" : $"{total} += {weights}{(value.Contains(' ', StringComparison.Ordinal) ? "(" + value + ")" : value)};");
            });
            Writer.Line(isAffine || weights is not null ? $"{entry} = {total};" : $"{entry} = {total} / {Size};");
            if (kept is not null)
            {
                Writer.Line($"{kept}.Add(Tail.Of({terms}, {Scale(body)}{Degree()}));");
            }
        });

        string Degree() => degree.Length == 0 ? string.Empty : counter is null ? $"{degree}[0]" : $"{degree}[Math.Min({counter}, {Number(growth.DegreesOf(result.Name).Count - 1)})]";
    }

    /// <summary>How large a term may be where all are 0: the product of the sizes of vectors that it is a product of; else nothing is known of it.</summary>
    private string Scale(Expr body)
    {
        IReadOnlyList<Expr> factors = body is Expr.Multiply product ? product.Factors : [body];
        return factors.All(factor => factor is Expr.Constant || (factor is Expr.Reference && HasVector(factor)))
            ? string.Join(" * ", factors.Select(factor => factor is Expr.Constant constant ? Expressions.Print(constant.Value.Abs) : $"Tail.Size({Expressions.Whole((Expr.Reference)factor)})"))
            : "double.PositiveInfinity";
    }

    /// <summary>The two vectors of which a body is the product.</summary>
    private (Expr.Reference X, Expr.Reference Y)? ProductOf(Expr body) => body switch
    {
        Expr.Multiply { Factors: [Expr.Reference x, Expr.Reference y] } when HasVector(x) && HasVector(y) => (x, y),
        Expr.Power { Base: Expr.Reference x } square when square.Exponent == 2 && HasVector(x) => (x, x),
        _ => null,
    };

    private void WriteMatrixSum(Instruction.MatrixSum matrix)
    {
        Definition result = matrix.Result;
        string entry = Expressions.Entry((Expr.Reference)result.AsReference());
        Writer.Comment($"{result.AsReference()} = {(matrix.Terms.Count == 0 ? "0" : string.Join(" + ", matrix.Terms.Select(Equation)))}");
        if (result.Indices.Count == 0)
        {
            Writer.Line($"Matrix {entry} = new();");
        }
        else
        {
            Declare(result, "Matrix");
        }

        Loops(result.Indices, () =>
        {
            if (result.Indices.Count > 0)
            {
                Writer.Line($"{entry} = new();");
            }

            foreach (MatrixTerm term in matrix.Terms)
            {
                ValueList<IndexBinder> over = term is MatrixTerm.Outer { Over: var binders } ? binders : [];
                Expr coefficient = Ready(term.Coefficient, [.. result.Indices, .. over]);
                Loops(over, () =>
                {
                    WriteSums(coefficient, _ => true);
                    string value = term switch
                    {
                        MatrixTerm.Scaled scaled => Expressions.Entry(scaled.Matrix),
                        MatrixTerm.Outer outer => $"new Outer({Expressions.Whole(outer.Left)}, {Expressions.Whole(outer.Right)}{(hasGrids ? $", {SpaceName(spaces.OfRows(result.Name))}, {SpaceName(spaces.OfColumns(result.Name))}" : string.Empty)}{RatiosOf(result)})",
                        _ => throw new UnreachableException(),
                    };
                    Writer.Line($"{entry}.Add({Expressions.Print(coefficient)}, {value});");
                });
            }
        });
    }

    /// <summary>At each pair of a point of the rows and one of the columns: they are coordinates of independent copies.</summary>
    private void WriteOuterNonlin(Instruction.OuterNonlin outer)
    {
        (string row, string column) = (Names.Of("side", "row"), Names.Of("side", "column"));
        string name = Names.Of("value", outer.Result.Name);
        Writer.Comment($"{outer.Result.AsReference()} = {outer.Body}, at all pairs of points of rows and of columns");
        foreach (Expr.Reference matrix in outer.Body.References().Where(reference => Definitions[reference.Name].Kind == ValueKind.Matrix).DistinctBy(reference => reference.Name))
        {
            string entries = Names.Fresh(Names.Of("value", matrix.Name) + "_entries");
            Writer.Line($"double[][] {entries} = {Expressions.Entry(matrix)}.Entries({Size});");
            matrixEntries[matrix.Name] = $"{entries}[{row}][{column}]";
        }

        string pairs = Names.Fresh(name + "_entries");
        Writer.Line($"double[][] {pairs} = new double[{Size}][];");
        Writer.Line($"for (int {row} = 0; {row} < {Size}; {row}++)").Line("{").In();
        Writer.Line($"{pairs}[{row}] = new double[{Size}];");
        Writer.Line($"for (int {column} = 0; {column} < {Size}; {column}++)").Line("{").In();
        Writer.Line($"{pairs}[{row}][{column}] = {Expressions.Print(Ready(outer.Body, []))};").Out().Line("}").Out().Line("}");
        Writer.Line($"Matrix {name} = new(new Pairs({pairs}{RatiosOf(outer.Result)}));");
    }

    private void Coordinates(Action inside)
    {
        Writer.Line($"for (int {coordinate} = 0; {coordinate} < {Size}; {coordinate}++)").Line("{").In();
        Expressions.Within(inside);
        Writer.Out().Line("}");
    }

    /// <summary>An expression with its functions written out, in the units of n: n is 1, and another width its ratio to n.</summary>
    private Expr Ready(Expr body, IEnumerable<IndexBinder> binders) => InLimit(Nonlinearities.ExpandAll(body).RenameSumsApart(binders.Select(binder => binder.Name)));

    private Expr InLimit(Expr expr) => expr is Expr.WidthPower power ? Expr.Pow(ratios[power.Width], power.Exponent) : expr.MapChildren(InLimit);

    /// <summary>The relative widths of rows and columns, where the program has several widths.</summary>
    private string RatiosOf(Definition matrix) =>
        ratios.Values.All(ratio => ratio.IsOne) ? string.Empty : string.Concat(matrix.Widths.Select(width => ", " + Expressions.Print(ratios[width])));
}
