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
internal class CSharpSimulator : CSharpProgram
{
    private readonly string row;
    private readonly string column;
    private readonly string steps;
    private TrainingPlan? plan;

    protected CSharpSimulator(Program program, params string[] taken)
        : base(program, new CodeWriter { SeparatesBlocks = true }, new CSharpNames(taken))
    {
        foreach (Width width in program.Widths)
        {
            Names.Of("width", width.Name);
        }

        (row, column, steps) = (Names.Fresh("row"), Names.Fresh("column"), Names.Fresh("steps"));
        Expressions.Coordinate = row;
        Expressions.MatrixEntry = matrix => Expressions.Entry(matrix, row, column);
    }

    public static (string? Text, Refusal? Refusal) Write(Program program, Network? network, TrainingPlan? plan)
    {
        return new CSharpSimulator(program) { plan = plan }.Written();
    }

    protected (string? Text, Refusal? Refusal) Written()
    {
        WriteHeader();
        WriteSizes();
        Writer.Line();
        WriteBlock(Program.Body, null);
        Writer.Line();
        WriteLibrary();
        return Refusal is { } refusal ? (null, refusal) : (Writer.ToString(), null);
    }

    /// <summary>What stands before the sizes of axes: what the program is, what it imports, its options.</summary>
    protected virtual void WriteHeader()
    {
        bool reads = Program.Body.Instructions().OfType<Instruction.Data>().Any();
        string n = Program.Widths.Count > 0 ? Names.Of("width", Program.Widths[0].Name) : "n";
        Writer.Line($"// The program {Program.Name} at finite width, in C#:  dotnet run {Program.Name}.cs -- --width 64{(reads ? " --data FILE.npz" : string.Empty)} [--weights FILE.npz] [--seed N]{(plan is null ? string.Empty : " [--steps N]")}");
        Writer.Line("// Arrays have the finite axes first and widths last; an .npz file with initial weights and samples is what `tpc run --save FILE.npz` writes.");
        if (LeftOut.Of(plan) is { } left)
        {
            Writer.Line("// " + left);
        }

        Writer.Line(CSharpLibrary.Usings);
        Writer.Line("using Real = float; // or double\n");
        Writer.Line(CSharpLibrary.OnlyOptions(["--width", .. reads ? ["--data"] : Array.Empty<string>(), "--weights", "--seed", .. plan is null ? Array.Empty<string>() : ["--steps"]]));
        Writer.Line($"int {n} = int.Parse(Option(\"--width\") ?? throw Stop(\"--width is missing\"));");
        if (reads)
        {
            Writer.Line(CSharpLibrary.Data);
        }

        Writer.Line("Dictionary<string, (int[] Shape, double[] Numbers)>? weights = Option(\"--weights\") is { } path ? Load(path) : null;");
        Writer.Line("ulong seed = ulong.Parse(Option(\"--seed\") ?? \"0\");");
        if (plan is not null)
        {
            Writer.Line($"int {steps} = int.Parse(Option(\"--steps\") ?? \"{Number(plan.Steps)}\");");
        }

        foreach (Width width in Program.Widths.Skip(1))
        {
            Writer.Line($"int {Names.Of("width", width.Name)} = Math.Max(1, (int)Math.Round({Expressions.Print(width.Ratio)} * (double){n}));");
        }
    }

    /// <summary>Training is as long as the program is told to.</summary>
    protected override string CountOf(Loop loop, bool isOutermost) => isOutermost && plan is not null ? steps + " + 1" : base.CountOf(loop, isOutermost);

    /// <summary>The functions that the text calls.</summary>
    protected virtual void WriteLibrary() => CSharpLibrary.Write(Writer);

    /// <summary>What else there is to say of a result, behind its equation.</summary>
    protected virtual string Note(Definition result) => string.Empty;

    protected override void WriteReport(Definition output, string? counter)
    {
        string name = Names.Of("value", output.Name);
        bool number = output.Indices.Count + output.Widths.Count == 0;
        Writer.Line($"Report(\"{output.Name}\", {counter ?? "null"}, {(number ? $"new[] {{ {name} }}" : name)});");
    }

    protected override void WriteInstruction(Instruction instruction, string? counter)
    {
        Definition result = instruction.Result;
        string name = Names.Of("value", result.Name);
        string[] shape = [.. result.Indices.Select(binder => SizeName(binder.Axis)), .. result.Widths.Select(width => Names.Of("width", width))];
        string type = result.Kind == ValueKind.Scalar ? "double" : "Real";
        string made = $"new {type}[{string.Join(", ", shape)}]";
        switch (instruction)
        {
            case Instruction.Gaussian gaussian:
                if (counter is not null)
                {
                    Refuse(result.Name, "it is drawn anew in every iteration");
                }

                string known = Program.Parameters.FirstOrDefault(parameter => parameter.Initial == result.Name)?.Name ?? result.Name;
                string deviation = Expressions.Print(Expr.Pow(gaussian.Variance, Rational.Half));
                Writer.Line(shape.Length == 0 ? $"var {name} = Normal(\"{known}\", \"{result.Name}\", {deviation}, new double[1])[0];" : $"var {name} = Normal(\"{known}\", \"{result.Name}\", {deviation}, {made});");
                break;
            case Instruction.Data read:
                string at = counter ?? "0";
                Writer.Line(shape.Length == 0 ? $"var {name} = Samples(\"{read.Field}\", {at}, new double[1])[0];" : $"var {name} = Samples(\"{read.Field}\", {at}, {made});");
                break;
            case Instruction.Nonlin { Body.IsZero: true } or Instruction.MatrixSum { Terms.Count: 0 } when shape.Length > 0:
                Writer.Line($"var {name} = {made};");
                break;
            case Instruction.Nonlin { Body: var simple } when IsPlain(result, simple):
                Writer.Comment($"{result.AsReference()} = {simple}");
                Writer.Line($"double {name} = {Expressions.Print(Nonlinearities.ExpandAll(simple))};");
                break;
            case Instruction.Nonlin nonlin:
                Expr body = Nonlinearities.ExpandAll(nonlin.Body).RenameSumsApart(result.Indices.Select(binder => binder.Name));
                Writer.Comment($"{result.AsReference()} = {nonlin.Body}{Note(result)}");
                WriteEntries(result, made, () =>
                {
                    WriteSums(body, sum => !HasVector(sum));
                    Coordinates(result.Widths, () =>
                    {
                        WriteSums(body, _ => true);
                        Put(result, Expressions.Print(body));
                    });
                });
                break;
            case Instruction.Moment moment:
                Expr mean = Nonlinearities.ExpandAll(moment.Body).RenameSumsApart(result.Indices.Select(binder => binder.Name));
                Writer.Comment($"{result.AsReference()} = mean over {moment.Width} of {moment.Body}");
                WriteEntries(result, made, () =>
                {
                    string total = Temporary("total");
                    WriteSums(mean, sum => !HasVector(sum));
                    Writer.Line($"double {total} = 0;");
                    Coordinates([moment.Width], () =>
                    {
                        WriteSums(mean, _ => true);
                        Writer.Line($"{total} += {Expressions.Print(mean)};");
                    });
                    Put(result, $"{total} / {Names.Of("width", moment.Width)}");
                });
                break;
            case Instruction.MatMul product:
                WriteProduct(product, made);
                break;
            case Instruction.MatrixSum sum:
                WriteMatrixSum(sum, made);
                break;
            case Instruction.OuterNonlin outer:
                Writer.Comment($"{result.AsReference()} = {outer.Body}, entry by entry");
                Writer.Line($"var {name} = {made};");
                Writer.Line($"for (int {row} = 0; {row} < {shape[0]}; {row}++)").Line("{").In();
                Writer.Line($"for (int {column} = 0; {column} < {shape[1]}; {column}++)").Line("{").In();
                Writer.Line($"{name}[{row}, {column}] = (Real)({Expressions.Print(Nonlinearities.ExpandAll(outer.Body))});").Out().Line("}").Out().Line("}");
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>Loops over the finite axes of a result, around what computes one of its rows.</summary>
    private void WriteEntries(Definition result, string made, Action row)
    {
        string name = Names.Of("value", result.Name);
        bool number = result.Indices.Count + result.Widths.Count == 0;
        Writer.Line(number ? $"double {name};" : $"var {name} = {made};");
        Scope(result.Indices, row);
    }

    private void Put(Definition result, string value)
    {
        string entry = Expressions.Entry((Expr.Reference)result.AsReference(), result.Kind == ValueKind.Vector ? [row] : []);
        Writer.Line(result.Kind == ValueKind.Scalar ? $"{entry} = {value};" : $"{entry} = (Real)({value});");
    }

    private void Coordinates(IReadOnlyList<string> widths, Action inside)
    {
        if (widths.Count == 0)
        {
            inside();
            return;
        }

        string width = Names.Of("width", widths[0]);
        Writer.Line($"for (int {row} = 0; {row} < {width}; {row}++)").Line("{").In();
        Expressions.Within(inside);
        Writer.Out().Line("}");
    }

    private void WriteProduct(Instruction.MatMul product, string made)
    {
        Definition result = product.Result;
        (string rows, string columns) = (Names.Of("width", Definitions[product.Matrix.Name].Widths[0]), Names.Of("width", Definitions[product.Matrix.Name].Widths[1]));
        Writer.Comment($"{result.AsReference()} = {product.Matrix}{(product.Transposed ? "'" : string.Empty)} {product.Vector}");
        Writer.Line($"var {Names.Of("value", result.Name)} = {made};");
        string entry = Expressions.Entry(product.Matrix, row, column);
        Scope(result.Indices, () =>
        {
            string sum = Temporary(product.Transposed ? "sums" : "sum");
            if (product.Transposed)
            {
                // Row by row, as the matrix lies in memory.
                Writer.Line($"double[] {sum} = new double[{columns}];");
                Writer.Line($"for (int {row} = 0; {row} < {rows}; {row}++)").Line("{").In();
                Writer.Line($"for (int {column} = 0; {column} < {columns}; {column}++)").Line("{").In();
                Writer.Line($"{sum}[{column}] += {entry} * {Expressions.Entry(product.Vector, row)};").Out().Line("}").Out().Line("}").Line();
                Writer.Line($"for (int {column} = 0; {column} < {columns}; {column}++)").Line("{").In();
                Writer.Line($"{Expressions.Entry((Expr.Reference)result.AsReference(), column)} = (Real){sum}[{column}];").Out().Line("}");
                return;
            }

            Writer.Line($"for (int {row} = 0; {row} < {rows}; {row}++)").Line("{").In();
            Writer.Line($"double {sum} = 0;");
            Writer.Line($"for (int {column} = 0; {column} < {columns}; {column}++)").Line("{").In();
            Writer.Line($"{sum} += {entry} * {Expressions.Entry(product.Vector, column)};").Out().Line("}").Line();
            Writer.Line($"{Expressions.Entry((Expr.Reference)result.AsReference(), row)} = (Real){sum};").Out().Line("}");
        });
    }

    private void WriteMatrixSum(Instruction.MatrixSum matrix, string made)
    {
        Definition result = matrix.Result;
        string[] sizes = [.. result.Widths.Select(width => Names.Of("width", width))];
        Writer.Comment($"{result.AsReference()} = {string.Join(" + ", matrix.Terms.Select(Equation))}");
        Writer.Line($"var {Names.Of("value", result.Name)} = {made};");
        Loops(result.Indices, () =>
        {
            Writer.Line($"for (int {row} = 0; {row} < {sizes[0]}; {row}++)").Line("{").In();
            Writer.Line($"for (int {column} = 0; {column} < {sizes[1]}; {column}++)").Line("{").In();
            string entry = Temporary("entry");
            Writer.Line($"double {entry} = 0;");
            foreach (MatrixTerm term in matrix.Terms)
            {
                ValueList<IndexBinder> over = term is MatrixTerm.Outer { Over: var binders } ? binders : [];
                Expr coefficient = Nonlinearities.ExpandAll(term.Coefficient).RenameSumsApart(result.Indices.Concat(over).Select(binder => binder.Name));
                Loops(over, () =>
                {
                    WriteSums(coefficient, _ => true);
                    string times = coefficient.IsOne ? string.Empty : $"({Expressions.Print(coefficient)}) * ";
                    Writer.Line(term switch
                    {
                        MatrixTerm.Scaled scaled => $"{entry} += {times}{Expressions.Entry(scaled.Matrix, row, column)};",
                        MatrixTerm.Outer outer => $"{entry} += {times}{Expressions.Entry(outer.Left, row)} * {Expressions.Entry(outer.Right, column)};",
                        _ => throw new UnreachableException(),
                    });
                });
            }

            Writer.Line($"{Expressions.Entry((Expr.Reference)result.AsReference(), row, column)} = (Real){entry};").Out().Line("}").Out().Line("}");
        });
    }
}
