using System.Diagnostics;
using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>
/// A program of instructions as C#, printed from the IR itself: loops over the entries of arrays, so that lookups, shifted indices and conditions need nothing special. What a vector and a matrix
/// are is up to the program that is written.
/// </summary>
internal abstract class CSharpProgram
{
    private int temporaries;

    /// <param name="program">What to write.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="names">What things are called.</param>
    protected CSharpProgram(Program program, CodeWriter writer, CSharpNames names)
    {
        (Program, Writer, Names) = (program, writer, names);
        Definitions = program.Body.Definitions().ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        ShareNames(program.Body);
        foreach (string name in Definitions.Keys)
        {
            names.Of("value", name);
        }

        Expressions = new CSharpExpressions(Definitions, names, SizeName);
    }

    public Refusal? Refusal { get; private set; }

    protected Program Program { get; }

    protected CodeWriter Writer { get; }

    protected CSharpNames Names { get; }

    protected Dictionary<string, Definition> Definitions { get; }

    protected CSharpExpressions Expressions { get; }

    /// <summary>Writes an instruction; the counter is that of the outermost loop around it.</summary>
    protected abstract void WriteInstruction(Instruction instruction, string? counter);

    /// <summary>Writes what keeps or shows an output.</summary>
    protected abstract void WriteReport(Definition output, string? counter);

    /// <summary>How often a loop runs.</summary>
    protected virtual string CountOf(Loop loop, bool isOutermost) => Number(loop.Count);

    protected static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    protected void Refuse(string instruction, string reason) => Refusal ??= new Refusal(instruction, reason);

    protected string SizeName(string axis) => Names.Of("axis", axis);

    /// <summary>A name for what one instruction needs on the way: sum, sum2, …</summary>
    protected string Temporary(string name)
    {
        temporaries++;
        return temporaries == 1 ? name : name + Number(temporaries);
    }

    /// <summary>The sizes of the axes that the program uses; those that come with the data last.</summary>
    protected void WriteSizes()
    {
        HashSet<string> used = [.. Program.Body.Instructions().SelectMany(Binders).Concat(Program.Body.Definitions().SelectMany(definition => definition.Indices)).Select(binder => binder.Axis)];
        foreach (Axis axis in Program.Axes.Where(axis => used.Contains(axis.Name)).OrderBy(axis => axis.Size is null))
        {
            Writer.Line($"{(axis.Size is null ? "int" : "const int")} {SizeName(axis.Name)} = {SizeOf(axis)};");
        }
    }

    protected void WriteBlock(IEnumerable<Statement> block, string? counter)
    {
        foreach (Statement statement in block)
        {
            if (statement is Loop loop)
            {
                WriteLoop(loop, counter);
                continue;
            }

            Instruction instruction = (Instruction)statement;
            temporaries = 0;
            WriteInstruction(instruction, counter);
            if (Expressions.Missing is { } function)
            {
                Refuse(instruction.Result.Name, $"C# has no `{function}`");
            }

            if (Program.Outputs.Contains(instruction.Result.Name))
            {
                WriteReport(instruction.Result, counter);
            }
        }
    }

    /// <summary>The initial value of a state has the state's name, where nothing else reads it.</summary>
    private void ShareNames(ValueList<Statement> block)
    {
        foreach (Loop loop in block.OfType<Loop>())
        {
            foreach (Carried carried in loop.Carried)
            {
                if (block.OfType<Instruction>().Any(instruction => instruction.Result.Name == carried.Initial && instruction is not Instruction.Gaussian { Result.Kind: ValueKind.Scalar })
                    && block.All(statement => ReferenceEquals(statement, loop) || !statement.Reads().Contains(carried.Initial))
                    && loop.Carried.Count(other => other.Initial == carried.Initial) == 1
                    && !loop.Body.SelectMany(statement => statement.Reads()).Contains(carried.Initial)
                    && !Program.Outputs.Contains(carried.Initial))
                {
                    Names.Share("value", carried.Initial, carried.State.Name);
                }
            }

            ShareNames(loop.Body);
        }
    }

    private void WriteLoop(Loop loop, string? counter)
    {
        string own = Names.Of("index", loop.Counter);
        Writer.Line();
        foreach (Carried carried in loop.Carried.Where(carried => Names.Of("value", carried.Initial) != Names.Of("value", carried.State.Name)))
        {
            Writer.Line($"var {Names.Of("value", carried.State.Name)} = {Names.Of("value", carried.Initial)};");
        }

        Writer.Line($"for (int {own} = 0; {own} < {CountOf(loop, counter is null)}; {own}++)").Line("{").In();
        WriteBlock(loop.Body, counter ?? own);
        List<Carried> moved = [.. loop.Carried.Where(carried => carried.Next != carried.State.Name)];
        if (moved.Count == 1)
        {
            Writer.Line($"{Names.Of("value", moved[0].State.Name)} = {Names.Of("value", moved[0].Next)};");
        }
        else if (moved.Count > 1)
        {
            Writer.Line($"({string.Join(", ", moved.Select(carried => Names.Of("value", carried.State.Name)))}) = ({string.Join(", ", moved.Select(carried => Names.Of("value", carried.Next)))});");
        }

        Writer.Out().Line("}");
    }

    /// <summary>Loops over the axes of a result; a block where it has none, so that what stands inside has a scope of its own.</summary>
    protected void Scope(ValueList<IndexBinder> binders, Action inside)
    {
        if (binders.Count > 0)
        {
            Loops(binders, inside);
            return;
        }

        Writer.Line("{").In();
        Expressions.Within(inside);
        Writer.Out().Line("}");
    }

    protected void Loops(IEnumerable<IndexBinder> binders, Action inside)
    {
        List<IndexBinder> all = [.. binders];
        foreach (IndexBinder binder in all)
        {
            string index = Names.Of("index", binder.Name);
            string end = binder.Below is { } below ? Names.Of("index", below) : SizeName(binder.Axis);
            Writer.Line($"for (int {index} = 0; {index} < {end}; {index}++)").Line("{").In();
        }

        Expressions.Within(inside);
        all.ForEach(_ => Writer.Out().Line("}"));
    }

    /// <summary>The outermost sums of an expression that are not written yet and that the caller wants, each as a loop.</summary>
    protected void WriteSums(Expr expr, Func<Expr, bool> wanted)
    {
        if (expr is Expr.Sum sum)
        {
            if (!Expressions.IsKept(sum) && wanted(sum))
            {
                string total = Temporary("sum");
                Writer.Line($"double {total} = 0;");
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
                    Writer.Line($"{total} += {Expressions.Print(body)};");
                });
                Expressions.Keep(sum, total);
            }

            return;
        }

        foreach (Expr child in expr.Children)
        {
            WriteSums(child, wanted);
        }
    }

    protected static string Equation(MatrixTerm term) => term switch
    {
        MatrixTerm.Scaled scaled => (scaled.Coefficient * scaled.Matrix).ToString(),
        MatrixTerm.Outer outer => $"({outer.Coefficient}) sum over {string.Join(", ", outer.Over.Select(binder => binder.Name))} of {outer.Left} {outer.Right}'",
        _ => throw new UnreachableException(),
    };

    /// <summary>Whether a number is an expression without sums, which needs no block of its own.</summary>
    protected static bool IsPlain(Definition result, Expr body) => result.Indices.Count + result.Widths.Count == 0 && !body.DescendantsAndSelf().OfType<Expr.Sum>().Any();

    protected bool HasVector(Expr expr) => expr.References().Any(reference => Definitions[reference.Name].Kind == ValueKind.Vector);

    private string SizeOf(Axis axis)
    {
        if (axis.Size is { } size)
        {
            return Number(size);
        }

        foreach (Instruction.Data read in Program.Body.Instructions().OfType<Instruction.Data>())
        {
            int at = read.Result.Indices.ToList().FindIndex(binder => binder.Axis == axis.Name);
            List<Axis> others = [.. read.Result.Indices.Skip(1).Where(binder => binder.Axis != axis.Name).Select(binder => Program.Axes.First(other => other.Name == binder.Axis))];
            if (at == 0)
            {
                return $"data[\"{read.Field}\"].Shape[0]";
            }

            if (at > 0 && others.TrueForAll(other => other.Size is not null))
            {
                // A file has the numbers of a sample in one row.
                return $"data[\"{read.Field}\"].Shape[1]{string.Concat(others.Select(other => " / " + SizeName(other.Name)))}";
            }
        }

        // A vocabulary, say: the file has its size as a number by itself.
        if (Program.Body.Instructions().OfType<Instruction.Data>().Any())
        {
            return $"(int)data[\"{axis.Name}\"].Numbers[0]";
        }

        Refuse(axis.Name, "nothing says the size of this dimension");
        return "0";
    }

    private static IEnumerable<IndexBinder> Binders(Instruction instruction) => instruction.Expressions().SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Sum>().Select(sum => sum.Index)
        .Concat(instruction is Instruction.MatrixSum matrix ? matrix.Terms.OfType<MatrixTerm.Outer>().SelectMany(outer => outer.Over) : []);
}
