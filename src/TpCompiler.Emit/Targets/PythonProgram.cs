using System.Diagnostics;
using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>A whole program in Python: forward, backward and update written out, statement by statement of the Tensor Program.</summary>
internal abstract class PythonProgram
{
    private readonly PythonLibrary library;
    private readonly List<TensorStatement> statements;

    protected PythonProgram(TensorCode code, PythonLibrary library, bool isSharded)
    {
        (Code, this.library) = (code, library);
        statements = [.. Flat(code.Body)];
        Reads = [.. statements.OfType<TensorStatement.Read>()];
        Expressions = new PythonExpressions(library, Name, Size) { IsSharded = isSharded };
    }

    protected CodeWriter Writer { get; } = new();

    protected TensorCode Code { get; }

    protected PythonExpressions Expressions { get; }

    protected IReadOnlyList<TensorStatement.Read> Reads { get; }

    protected Refusal? Refusal { get; private set; }

    /// <summary>Axes whose size the file of samples says as a number by itself.</summary>
    protected List<string> SavedSizes { get; } = [];

    /// <summary>What the program takes from the file of samples.</summary>
    protected List<(string Field, bool IsWhole)> Fields => [.. Reads.Select(read => (read.Field, read.IsWhole)).Distinct(), .. SavedSizes.Select(axis => (axis, true))];

    protected string FirstWidth => PythonNames.Of(Code.Widths.Count > 0 ? Code.Widths[0].Name : "n");

    /// <summary>Every array expression of the program.</summary>
    protected IEnumerable<TensorExpr> Arrays => statements.SelectMany(statement => statement switch
    {
        TensorStatement.Assign assign => assign.Value.DescendantsAndSelf(),
        TensorStatement.Watch watch => watch.Terms.DescendantsAndSelf(),
        _ => [],
    });

    /// <summary>A line that looks at the terms of a mean over points.</summary>
    protected virtual string Watched(TensorStatement.Watch watch, string? counter) => throw new UnreachableException();

    /// <summary>Whether the outermost loop is a training, of as many steps as the program is told to make.</summary>
    protected bool HasSteps { get; init; }

    /// <summary>An array of zeros with the shape.</summary>
    protected abstract string Zeros(string shape);

    /// <summary>A matrix of zeros that is no array; null where matrices are arrays.</summary>
    protected virtual string? ZeroMatrix => null;

    /// <summary>The numbers of a field at rows that Python says, with the shape.</summary>
    protected abstract string Samples(TensorStatement.Read read, string rows, string shape);

    /// <summary>What a value or a width is called.</summary>
    protected virtual string Name(string name) => PythonNames.Of(name);

    /// <summary>The coordinates that an axis or a width has on this process.</summary>
    protected virtual string Size(string dimension) => PythonNames.Of(dimension);

    /// <summary>The shape of a value; of a matrix only the rows are shared out.</summary>
    protected string Shape(IReadOnlyList<string> sizes)
    {
        HashSet<string> widths = [.. Code.Widths.Select(width => width.Name)];
        int firstWidth = sizes.ToList().FindIndex(widths.Contains);
        List<string> shape = [.. sizes.Select((size, place) => place > firstWidth && firstWidth >= 0 ? PythonNames.Of(size) : Size(size))];
        return shape.Count == 1 ? shape[0] : "(" + string.Join(", ", shape) + ")";
    }

    protected string? Finished() => Refusal is null ? Writer.ToString() : null;

    protected void Refuse(string instruction, string reason) => Refusal ??= new Refusal(instruction, reason);

    /// <summary>The functions that the program uses and the library lacks.</summary>
    protected void WriteDefinitions()
    {
        string text = string.Concat(Arrays.Select(Expressions.Print).Distinct());
        foreach (var (name, definition) in library.Definitions.Where(definition => text.Contains(definition.Key + "(", StringComparison.Ordinal)))
        {
            Writer.Line(definition).Line().Line();
        }
    }

    /// <summary>The sizes of widths and axes.</summary>
    protected void WriteSizes(bool withWidths = true)
    {
        foreach (Width width in Code.Widths.Skip(withWidths ? 1 : Code.Widths.Count))
        {
            Writer.Line($"{PythonNames.Of(width.Name)} = max(1, round({Expressions.Print((Expr)width.Ratio)} * {FirstWidth}))");
        }

        HashSet<string> used =
        [
            .. statements.SelectMany(statement => statement switch
            {
                TensorStatement.Normal normal => normal.Shape,
                TensorStatement.Zeros zeros => zeros.Shape,
                TensorStatement.Read read => read.Shape,
                _ => ValueList<string>.Empty,
            }),
            .. Arrays.SelectMany(array => array switch
            {
                TensorExpr.Extent extent => [extent.Axis],
                TensorExpr.Position position => [position.Axis],
                TensorExpr.Scatter scatter => [scatter.Axis],
                TensorExpr.Broadcast broadcast => broadcast.Shape,
                _ => ValueList<string>.Empty,
            }),
        ];
        foreach (Axis axis in Code.Axes.Where(axis => used.Contains(axis.Name)).OrderBy(axis => axis.Size is null))
        {
            Writer.Line($"{PythonNames.Of(axis.Name)} = {SizeOf(axis)}");
        }
    }

    protected void WriteBlock(IEnumerable<TensorStatement> block, string? counter)
    {
        foreach (TensorStatement statement in block)
        {
            switch (statement)
            {
                case TensorStatement.Normal normal:
                    WriteNormal(normal);
                    if (counter is not null)
                    {
                        Refuse(normal.Name, "it is drawn anew in every iteration");
                    }

                    break;
                case TensorStatement.Zeros zeros:
                    Writer.Line($"{PythonNames.Of(zeros.Name)} = {(ZeroMatrix is { } none && zeros.Shape.Count(size => Code.Widths.Any(width => width.Name == size)) == 2 ? none : Zeros(Shape(zeros.Shape)))}");
                    break;
                case TensorStatement.Read read:
                    string batch = read.Shape.Count > 0 ? PythonNames.Of(read.Shape[0]) : "1";
                    string first = counter is null ? "0" : $"{PythonNames.Of(counter)} * {batch}";
                    Writer.Line($"{PythonNames.Of(read.Name)} = {Samples(read, counter is null ? batch : $"{first}, ({PythonNames.Of(counter)} + 1) * {batch}", Shape(read.Shape))}");
                    break;
                case TensorStatement.Assign assign:
                    Writer.Line("# " + assign.Equation).Line($"{PythonNames.Of(assign.Name)} = {Expressions.Print(assign.Value)}");
                    if (Expressions.Missing is { } function)
                    {
                        Refuse(assign.Name, $"there is no `{function}`");
                    }

                    break;
                case TensorStatement.Watch watch:
                    Writer.Line(Watched(watch, counter));
                    break;
                case TensorStatement.Report report:
                    Writer.Line($"series[\"{report.Name}\"].append({PythonNames.Of(report.Name)})");
                    break;
                case TensorStatement.Repeat repeat:
                    Writer.Line().Line($"for {PythonNames.Of(repeat.Counter)} in range({(counter is null && HasSteps ? "steps + 1" : repeat.Count.ToString(CultureInfo.InvariantCulture))}):").In();
                    WriteBlock(repeat.Body, counter ?? repeat.Counter);
                    Writer.Out().Line();
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }

    protected virtual void WriteNormal(TensorStatement.Normal normal) =>
        Writer.Line($"{PythonNames.Of(normal.Name)} = normal(\"{normal.Name}\", {Expressions.Deviation(normal.Variance)}{string.Concat(normal.Shape.Select(size => ", " + PythonNames.Of(size)))})");

    /// <summary>Every statement, those of loops too.</summary>
    protected IEnumerable<TensorStatement> Flattened => statements;

    private static IEnumerable<TensorStatement> Flat(IEnumerable<TensorStatement> block) => block.SelectMany(statement => statement is TensorStatement.Repeat repeat ? Flat(repeat.Body) : [statement]);

    private string SizeOf(Axis axis)
    {
        string? size = SampleShapes.SizeOf(axis, Reads.Select(read => (read.Field, (IReadOnlyList<string>)read.Shape)), Code.Axes, other => PythonNames.Of(other.Name));
        if (size is null && Reads.Count > 0)
        {
            SavedSizes.Add(axis.Name);
            return SampleShapes.Saved(axis.Name);
        }

        if (size is null)
        {
            Refuse(axis.Name, "nothing says the size of this dimension");
        }

        return size ?? "0";
    }
}
