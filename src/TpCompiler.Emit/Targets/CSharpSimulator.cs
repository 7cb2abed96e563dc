using System.Diagnostics;
using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>
/// The finite net in C#, one file for <c>dotnet run FILE.cs</c>: loops over entries, as the Tensor Program says them, so that lookups, shifted indices and conditions need nothing special.
/// Vectors and matrices are single precision, scalars and sums double, as in <c>tpc run</c>.
/// </summary>
internal sealed class CSharpSimulator
{
    private const string Row = "row";
    private const string Column = "column";

    private readonly CodeWriter writer = new();
    private readonly CSharpNames names = new();
    private readonly Program program;
    private readonly Dictionary<string, Definition> definitions;
    private readonly CSharpExpressions expressions;
    private readonly string row;
    private readonly string column;
    private int temporaries;
    private Refusal? refusal;

    private CSharpSimulator(Program program)
    {
        this.program = program;
        definitions = program.Body.Definitions().ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        foreach (string name in definitions.Keys)
        {
            names.Of("value", name);
        }

        foreach (Width width in program.Widths)
        {
            names.Of("width", width.Name);
        }

        (row, column) = (names.Fresh(Row), names.Fresh(Column));
        expressions = new CSharpExpressions(definitions, names, SizeName) { Coordinate = row };
    }

    public static (string? Text, Refusal? Refusal) Write(Program program, Network? network, TrainingPlan? plan)
    {
        CSharpSimulator simulator = new(program);
        simulator.WriteProgram();
        return simulator.refusal is { } refusal ? (null, refusal) : (simulator.writer.ToString(), null);
    }

    private void WriteProgram()
    {
        bool reads = program.Body.Instructions().OfType<Instruction.Data>().Any();
        string n = program.Widths.Count > 0 ? names.Of("width", program.Widths[0].Name) : "n";
        writer.Line($"// The program {program.Name} at finite width, in C#:  dotnet run {program.Name}.cs -- --width 64{(reads ? " --data FILE.npz" : string.Empty)} [--weights FILE.npz] [--seed N]");
        writer.Line("// Arrays have the finite axes first and widths last; an .npz file with initial weights and samples is what `tpc run --save FILE.npz` writes.");
        writer.Line("using System.Globalization;\nusing System.IO.Compression;\nusing System.Runtime.CompilerServices;\nusing System.Runtime.InteropServices;\nusing System.Text;");
        writer.Line("using Real = float; // or double\n");
        writer.Line($"int {n} = int.Parse(Option(\"--width\") ?? throw new ArgumentException(\"--width is missing\"));");
        writer.Line("Dictionary<string, (int[] Shape, double[] Numbers)>? data = Load(Option(\"--data\")), weights = Load(Option(\"--weights\"));");
        writer.Line("Random random = new(int.Parse(Option(\"--seed\") ?? \"0\"));");
        foreach (Width width in program.Widths.Skip(1))
        {
            writer.Line($"int {names.Of("width", width.Name)} = Math.Max(1, (int)Math.Round({expressions.Print(width.Ratio)} * {n}));");
        }

        HashSet<string> used = [.. program.Body.Instructions().SelectMany(Binders).Concat(program.Body.Definitions().SelectMany(definition => definition.Indices)).Select(binder => binder.Axis)];
        foreach (Axis axis in program.Axes.Where(axis => used.Contains(axis.Name)).OrderBy(axis => axis.Size is null))
        {
            writer.Line($"{(axis.Size is null ? "int" : "const int")} {SizeName(axis.Name)} = {SizeOf(axis)};");
        }

        writer.Line();
        WriteBlock(program.Body, null);
        writer.Line();
        WriteFunctions();
    }

    private void WriteBlock(IEnumerable<Statement> block, string? counter)
    {
        foreach (Statement statement in block)
        {
            if (statement is Loop loop)
            {
                WriteLoop(loop, counter);
                continue;
            }

            Instruction instruction = (Instruction)statement;
            WriteInstruction(instruction, counter);
            if (expressions.Missing is { } function)
            {
                refusal ??= new Refusal(instruction.Result.Name, $"C# has no `{function}`");
            }

            if (program.Outputs.Contains(instruction.Result.Name))
            {
                string name = names.Of("value", instruction.Result.Name);
                bool number = instruction.Result.Indices.Count + instruction.Result.Widths.Count == 0;
                writer.Line($"Report(\"{instruction.Result.Name}\", {counter ?? "null"}, {(number ? $"new[] {{ {name} }}" : name)});");
            }
        }
    }

    private void WriteLoop(Loop loop, string? counter)
    {
        string own = names.Of("index", loop.Counter);
        writer.Line();
        foreach (Carried carried in loop.Carried)
        {
            writer.Line($"var {names.Of("value", carried.State.Name)} = {names.Of("value", carried.Initial)};");
        }

        writer.Line($"for (int {own} = 0; {own} < {Number(loop.Count)}; {own}++)").Line("{").In();
        WriteBlock(loop.Body, counter ?? own);
        List<Carried> moved = [.. loop.Carried.Where(carried => carried.Next != carried.State.Name)];
        if (moved.Count == 1)
        {
            writer.Line($"{names.Of("value", moved[0].State.Name)} = {names.Of("value", moved[0].Next)};");
        }
        else if (moved.Count > 1)
        {
            writer.Line($"({string.Join(", ", moved.Select(carried => names.Of("value", carried.State.Name)))}) = ({string.Join(", ", moved.Select(carried => names.Of("value", carried.Next)))});");
        }

        writer.Out().Line("}");
    }

    /// <summary>A name for what one instruction needs on the way: sum, sum2, …</summary>
    private string Temporary(string name)
    {
        temporaries++;
        return temporaries == 1 ? name : name + Number(temporaries);
    }

    private void WriteInstruction(Instruction instruction, string? counter)
    {
        temporaries = 0;
        Definition result = instruction.Result;
        string name = names.Of("value", result.Name);
        string[] shape = [.. result.Indices.Select(binder => SizeName(binder.Axis)), .. result.Widths.Select(width => names.Of("width", width))];
        string type = result.Kind == ValueKind.Scalar ? "double" : "Real";
        string made = $"new {type}[{string.Join(", ", shape)}]";
        switch (instruction)
        {
            case Instruction.Gaussian gaussian:
                if (counter is not null)
                {
                    refusal ??= new Refusal(result.Name, "it is drawn anew in every iteration");
                }

                string known = program.Parameters.FirstOrDefault(parameter => parameter.Initial == result.Name)?.Name ?? result.Name;
                string deviation = expressions.Print(Expr.Pow(gaussian.Variance, Rational.Half));
                writer.Line(shape.Length == 0 ? $"var {name} = Normal(\"{known}\", {deviation}, new double[1])[0];" : $"var {name} = Normal(\"{known}\", {deviation}, {made});");
                break;
            case Instruction.Data read:
                string at = counter ?? "0";
                writer.Line(shape.Length == 0 ? $"var {name} = Samples(\"{read.Field}\", {at}, new double[1])[0];" : $"var {name} = Samples(\"{read.Field}\", {at}, {made});");
                break;
            case Instruction.Nonlin { Body.IsZero: true } or Instruction.MatrixSum { Terms.Count: 0 } when shape.Length > 0:
                writer.Line($"var {name} = {made};");
                break;
            case Instruction.Nonlin nonlin:
                Expr body = Nonlinearities.ExpandAll(nonlin.Body).RenameSumsApart(result.Indices.Select(binder => binder.Name));
                writer.Line($"// {result.AsReference()} = {nonlin.Body}");
                WriteEntries(result, made, () =>
                {
                    WriteSums(body, sum => !HasVector(sum));
                    Coordinates(result.Widths, () =>
                    {
                        WriteSums(body, _ => true);
                        Put(result, expressions.Print(body));
                    });
                });
                break;
            case Instruction.Moment moment:
                Expr mean = Nonlinearities.ExpandAll(moment.Body).RenameSumsApart(result.Indices.Select(binder => binder.Name));
                writer.Line($"// {result.AsReference()} = mean over {moment.Width} of {moment.Body}");
                WriteEntries(result, made, () =>
                {
                    string total = Temporary("total");
                    WriteSums(mean, sum => !HasVector(sum));
                    writer.Line($"double {total} = 0;");
                    Coordinates([moment.Width], () =>
                    {
                        WriteSums(mean, _ => true);
                        writer.Line($"{total} += {expressions.Print(mean)};");
                    });
                    Put(result, $"{total} / {names.Of("width", moment.Width)}");
                });
                break;
            case Instruction.MatMul product:
                WriteProduct(product, made);
                break;
            case Instruction.MatrixSum sum:
                WriteMatrixSum(sum, made);
                break;
            case Instruction.OuterNonlin:
                refusal ??= new Refusal(result.Name, "it is a function of the entries of matrices");
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>Loops over the finite axes of a result, around what computes one of its rows.</summary>
    private void WriteEntries(Definition result, string made, Action row)
    {
        string name = names.Of("value", result.Name);
        bool number = result.Indices.Count + result.Widths.Count == 0;
        writer.Line(number ? $"double {name};" : $"var {name} = {made};");
        Scope(result.Indices, row);
    }

    private void Put(Definition result, string value)
    {
        string entry = expressions.Entry((Expr.Reference)result.AsReference(), result.Kind == ValueKind.Vector ? [row] : []);
        writer.Line(result.Kind == ValueKind.Scalar ? $"{entry} = {value};" : $"{entry} = (Real)({value});");
    }

    /// <summary>Loops over the axes of a result; a block where it has none, so that what stands inside has a scope of its own.</summary>
    private void Scope(ValueList<IndexBinder> binders, Action inside)
    {
        if (binders.Count > 0)
        {
            Loops(binders, inside);
            return;
        }

        writer.Line("{").In();
        inside();
        writer.Out().Line("}");
    }

    private void Loops(IEnumerable<IndexBinder> binders, Action inside)
    {
        List<IndexBinder> all = [.. binders];
        foreach (IndexBinder binder in all)
        {
            string index = names.Of("index", binder.Name);
            string end = binder.Below is { } below ? names.Of("index", below) : SizeName(binder.Axis);
            writer.Line($"for (int {index} = 0; {index} < {end}; {index}++)").Line("{").In();
        }

        inside();
        all.ForEach(_ => writer.Out().Line("}"));
    }

    private void Coordinates(IReadOnlyList<string> widths, Action inside)
    {
        if (widths.Count == 0)
        {
            inside();
            return;
        }

        string width = names.Of("width", widths[0]);
        writer.Line($"for (int {row} = 0; {row} < {width}; {row}++)").Line("{").In();
        inside();
        writer.Out().Line("}");
    }

    /// <summary>The outermost sums of an expression that are not written yet and that the caller wants, each as a loop.</summary>
    private void WriteSums(Expr expr, Func<Expr, bool> wanted)
    {
        if (expr is Expr.Sum sum)
        {
            if (!expressions.IsKept(sum) && wanted(sum))
            {
                string total = Temporary("sum");
                writer.Line($"double {total} = 0;");
                List<IndexBinder> binders = [];
                Expr body = sum;
                while (body is Expr.Sum inner)
                {
                    binders.Add(inner.Index);
                    body = inner.Body;
                }

                Loops(binders, () =>
                {
                    WriteSums(body, _ => true);
                    writer.Line($"{total} += {expressions.Print(body)};");
                });
                expressions.Keep(sum, total);
            }

            return;
        }

        foreach (Expr child in expr.Children)
        {
            WriteSums(child, wanted);
        }
    }

    private bool HasVector(Expr expr) => expr.References().Any(reference => definitions[reference.Name].Kind == ValueKind.Vector);

    private void WriteProduct(Instruction.MatMul product, string made)
    {
        Definition result = product.Result;
        (string rows, string columns) = (names.Of("width", definitions[product.Matrix.Name].Widths[0]), names.Of("width", definitions[product.Matrix.Name].Widths[1]));
        writer.Line($"// {result.AsReference()} = {product.Matrix}{(product.Transposed ? "'" : string.Empty)} {product.Vector}");
        writer.Line($"var {names.Of("value", result.Name)} = {made};");
        string entry = expressions.Entry(product.Matrix, row, column);
        Scope(result.Indices, () =>
        {
            string sum = Temporary(product.Transposed ? "sums" : "sum");
            if (product.Transposed)
            {
                // Row by row, as the matrix lies in memory.
                writer.Line($"double[] {sum} = new double[{columns}];");
                writer.Line($"for (int {row} = 0; {row} < {rows}; {row}++)").Line("{").In();
                writer.Line($"for (int {column} = 0; {column} < {columns}; {column}++)").Line("{").In();
                writer.Line($"{sum}[{column}] += {entry} * {expressions.Entry(product.Vector, row)};").Out().Line("}").Out().Line("}").Line();
                writer.Line($"for (int {column} = 0; {column} < {columns}; {column}++)").Line("{").In();
                writer.Line($"{expressions.Entry((Expr.Reference)result.AsReference(), column)} = (Real){sum}[{column}];").Out().Line("}");
                return;
            }

            writer.Line($"for (int {row} = 0; {row} < {rows}; {row}++)").Line("{").In();
            writer.Line($"double {sum} = 0;");
            writer.Line($"for (int {column} = 0; {column} < {columns}; {column}++)").Line("{").In();
            writer.Line($"{sum} += {entry} * {expressions.Entry(product.Vector, column)};").Out().Line("}").Line();
            writer.Line($"{expressions.Entry((Expr.Reference)result.AsReference(), row)} = (Real){sum};").Out().Line("}");
        });
    }

    private void WriteMatrixSum(Instruction.MatrixSum matrix, string made)
    {
        Definition result = matrix.Result;
        string[] sizes = [.. result.Widths.Select(width => names.Of("width", width))];
        writer.Line($"// {result.AsReference()} = {string.Join(" + ", matrix.Terms.Select(Text))}");
        writer.Line($"var {names.Of("value", result.Name)} = {made};");
        Loops(result.Indices, () =>
        {
            writer.Line($"for (int {row} = 0; {row} < {sizes[0]}; {row}++)").Line("{").In();
            writer.Line($"for (int {column} = 0; {column} < {sizes[1]}; {column}++)").Line("{").In();
            string entry = Temporary("entry");
            writer.Line($"double {entry} = 0;");
            foreach (MatrixTerm term in matrix.Terms)
            {
                ValueList<IndexBinder> over = term is MatrixTerm.Outer { Over: var binders } ? binders : [];
                Expr coefficient = Nonlinearities.ExpandAll(term.Coefficient).RenameSumsApart(result.Indices.Concat(over).Select(binder => binder.Name));
                Loops(over, () =>
                {
                    WriteSums(coefficient, _ => true);
                    string times = coefficient.IsOne ? string.Empty : $"({expressions.Print(coefficient)}) * ";
                    writer.Line(term switch
                    {
                        MatrixTerm.Scaled scaled => $"{entry} += {times}{expressions.Entry(scaled.Matrix, row, column)};",
                        MatrixTerm.Outer outer => $"{entry} += {times}{expressions.Entry(outer.Left, row)} * {expressions.Entry(outer.Right, column)};",
                        _ => throw new UnreachableException(),
                    });
                });
            }

            writer.Line($"{expressions.Entry((Expr.Reference)result.AsReference(), row, column)} = (Real){entry};").Out().Line("}").Out().Line("}");
        });
    }

    private static string Text(MatrixTerm term) => term switch
    {
        MatrixTerm.Scaled scaled => (scaled.Coefficient * scaled.Matrix).ToString(),
        MatrixTerm.Outer outer => $"({outer.Coefficient}) sum over {string.Join(", ", outer.Over.Select(binder => binder.Name))} of {outer.Left} {outer.Right}'",
        _ => throw new UnreachableException(),
    };

    private string SizeName(string axis) => names.Of("axis", axis);

    private string SizeOf(Axis axis)
    {
        if (axis.Size is { } size)
        {
            return Number(size);
        }

        foreach (Instruction.Data read in program.Body.Instructions().OfType<Instruction.Data>())
        {
            int at = read.Result.Indices.ToList().FindIndex(binder => binder.Axis == axis.Name);
            List<Axis> others = [.. read.Result.Indices.Skip(1).Where(binder => binder.Axis != axis.Name).Select(binder => program.Axes.First(other => other.Name == binder.Axis))];
            if (at == 0)
            {
                return $"data![\"{read.Field}\"].Shape[0]";
            }

            if (at > 0 && others.TrueForAll(other => other.Size is not null))
            {
                // A file has the numbers of a sample in one row.
                return $"data![\"{read.Field}\"].Shape[1]{string.Concat(others.Select(other => " / " + SizeName(other.Name)))}";
            }
        }

        refusal ??= new Refusal(axis.Name, "nothing says the size of this dimension");
        return "0";
    }

    private static IEnumerable<IndexBinder> Binders(Instruction instruction) => instruction.Expressions().SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Sum>().Select(sum => sum.Index)
        .Concat(instruction is Instruction.MatrixSum matrix ? matrix.Terms.OfType<MatrixTerm.Outer>().SelectMany(outer => outer.Over) : []);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private void WriteFunctions()
    {
        string body = writer.ToString();
        writer.Line("string? Option(string name) => Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : null;\n");
        writer.Line("// The numbers of an array in order, last axis fastest.");
        writer.Line("static Span<T> Flat<T>(Array array) => MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array)), array.Length);\n");
        if (body.Contains("Normal(\"", StringComparison.Ordinal))
        {
            writer.Line("// Independent Gaussian numbers, or those of the file of weights.");
            writer.Line("T Normal<T>(string name, double deviation, T array) where T : class").Line("{").In();
            writer.Line("double[]? given = weights?[name].Numbers;");
            writer.Line("for (int i = 0; i < ((Array)(object)array).Length; i++)").Line("{").In();
            writer.Line("double number = given?[i] ?? deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());");
            writer.Line("Set((Array)(object)array, i, number);").Out().Line("}").Line().Line("return array;").Out().Line("}\n");
        }

        if (body.Contains("Samples(\"", StringComparison.Ordinal))
        {
            writer.Line("// The samples that step t reads: the batches follow one another, and begin anew behind the last sample.");
            writer.Line("T Samples<T>(string field, int t, T array) where T : class").Line("{").In();
            writer.Line("(int[] shape, double[] numbers) = data![field];");
            writer.Line("int length = ((Array)(object)array).Length;");
            writer.Line("for (int i = 0; i < length; i++)").Line("{").In();
            writer.Line("Set((Array)(object)array, i, numbers[(int)(((long)t * length + i) % numbers.Length)]);").Out().Line("}").Line().Line("return array;").Out().Line("}\n");
        }

        writer.Line("static void Set(Array array, int i, double number)").Line("{").In();
        writer.Line("if (array is double[] or double[,] or double[,,] or double[,,,])").Line("{").In().Line("Flat<double>(array)[i] = number;").Out().Line("}");
        writer.Line("else").Line("{").In().Line("Flat<Real>(array)[i] = (Real)number;").Out().Line("}").Out().Line("}\n");
        writer.Line("// A line of output: name, step, numbers.");
        writer.Line("static void Report(string name, int? t, Array values) => Console.WriteLine(string.Join(' ', new[] { name }.Concat(t is null ? [] : [$\"{t}\"]).Concat(values.Cast<object>().Select(value => Convert.ToDouble(value).ToString(\"R\", CultureInfo.InvariantCulture)))));\n");
        writer.Line("// An .npz file: a zip archive of .npy files, of double precision here.");
        writer.Line("static Dictionary<string, (int[] Shape, double[] Numbers)>? Load(string? path)").Line("{").In();
        writer.Line("if (path is null)").Line("{").In().Line("return null;").Out().Line("}").Line();
        writer.Line("using ZipArchive zip = ZipFile.OpenRead(path);");
        writer.Line("return zip.Entries.ToDictionary(entry => entry.FullName[..^4], entry =>").Line("{").In();
        writer.Line("using MemoryStream bytes = new();").Line("using Stream stream = entry.Open();").Line("stream.CopyTo(bytes);");
        writer.Line("byte[] all = bytes.ToArray();").Line("int start = 10 + all[8] + 256 * all[9];");
        writer.Line("string header = Encoding.ASCII.GetString(all, 10, start - 10);");
        writer.Line("string[] shape = header.Split('(', ')')[1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);");
        writer.Line("return (shape.Select(int.Parse).ToArray(), MemoryMarshal.Cast<byte, double>(all.AsSpan(start)).ToArray());").Out().Line("});").Out().Line("}");
        if (body.Contains("Square(", StringComparison.Ordinal))
        {
            writer.Line("\nstatic double Square(double x) => x * x;");
        }

        if (body.Contains("Softplus(", StringComparison.Ordinal))
        {
            writer.Line("\n// log(1 + e^x)\nstatic double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));");
        }

        if (body.Contains("Erf(", StringComparison.Ordinal))
        {
            writer.Line("\n// The error function: its Taylor series near 0, a continued fraction of erfc further out.");
            writer.Line("static double Erf(double x)").Line("{").In();
            writer.Line("double size = Math.Abs(x);").Line("if (size > 6)").Line("{").In().Line("return Math.Sign(x);").Out().Line("}").Line();
            writer.Line("if (size < 2.5)").Line("{").In().Line("double sum = x, term = x;");
            writer.Line("for (int k = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum); k++)").Line("{").In().Line("term *= -x * x / k;").Line("sum += term / (2 * k + 1);").Out().Line("}").Line();
            writer.Line("return 2 / Math.Sqrt(Math.PI) * sum;").Out().Line("}").Line();
            writer.Line("double fraction = size;").Line("for (int k = 60; k > 0; k--)").Line("{").In().Line("fraction = size + k / 2.0 / fraction;").Out().Line("}").Line();
            writer.Line("return Math.Sign(x) * (1 - Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction));").Out().Line("}");
        }
    }
}
