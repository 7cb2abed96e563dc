using System.Globalization;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language.Syntax;
using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>What a block has declared so far, and the instructions made of it.</summary>
internal sealed class Block(SourceText source, DiagnosticBag diagnostics, IReadOnlyDictionary<string, DeclarationSyntax.Function> functions)
{
    public const string BatchAxis = "batch";

    private const int MostWork = 1_000_000;

    private static readonly string[] Variables = ["i", "j", "k", "l", "p", "q", "r", "s"];

    private readonly Dictionary<string, Span> places = new(StringComparer.Ordinal);

    private readonly Dictionary<(string Matrix, bool Transposed, Expr.Reference Vector), Definition> products = [];

    private long work;

    public SourceText Source { get; } = source;

    public DiagnosticBag Diagnostics { get; } = diagnostics;

    public IReadOnlyDictionary<string, DeclarationSyntax.Function> Functions { get; } = functions;

    public List<Width> Widths { get; } = [];

    /// <summary>The data that the network is given: positions may be looked up by it.</summary>
    public HashSet<string> Inputs { get; } = new(StringComparer.Ordinal);

    public List<Axis> Axes { get; } = [];

    /// <summary>The axis whose size is a power of n in formulas (<see cref="DepthSymbol"/>); null for none.</summary>
    public string? Depth { get; init; }

    /// <summary>What statements in loops up to <see cref="Depth"/> read.</summary>
    public HashSet<string> ReadInLayers { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Meaning> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>Every name that is defined somewhere in the block: one that is not in <see cref="Names"/> yet is used too early.</summary>
    public HashSet<string> Later { get; } = new(StringComparer.Ordinal);

    public List<Statement> Statements { get; } = [];

    public NameSupply Supply { get; set; } = new([]);

    /// <summary>The instructions without a name of the source; each is used once, so that it can be given one.</summary>
    public HashSet<string> Anonymous { get; } = new(StringComparer.Ordinal);

    public bool IsWidth(string name) => Widths.Any(width => width.Name == name);

    public Axis? FindAxis(string name) => Axes.Find(axis => axis.Name == name);

    /// <summary>The name that an axis for a size without one gets.</summary>
    public static string NameOfSize(int size) => $"size{size}";

    /// <summary>An axis as a reader of the program knows it: by its name, or by its size where the program gives it no name.</summary>
    public string Shown(string axis) => FindAxis(axis) is { Size: { } size } && axis == NameOfSize(size) ? size.ToString(CultureInfo.InvariantCulture) : $"`{axis}`";

    public void Report(DiagnosticDescriptor code, Span span, params object[] arguments) => Diagnostics.Add(code, span, arguments);

    public void Report(Diagnostic diagnostic) => Diagnostics.Add(diagnostic);

    public Location Place(Span span) => new(Source, span);

    /// <summary>Counts the nodes of all expressions on the way; false, with one error, when hostile functions have made too many.</summary>
    public bool Spend(int nodes, Span span)
    {
        if (work > MostWork)
        {
            return false;
        }

        work += nodes;
        if (work > MostWork)
        {
            Report(Codes.ProgramTooLarge, span, MostWork, "nodes in its expressions once its functions are inlined");
        }

        return work <= MostWork;
    }

    /// <summary>Notes where a name is defined; false with an error when it was before.</summary>
    public bool Declare(string name, Span span)
    {
        if (places.TryAdd(name, span))
        {
            return true;
        }

        Report(Diagnostic.Create(Codes.DuplicateName, Place(span), name).WithRelated(Place(places[name]), "first defined here"));
        return false;
    }

    public void Unknown(string name, Span span)
    {
        if (Later.Contains(name))
        {
            Report(Codes.UsedBeforeDefinition, span, name);
            return;
        }

        Report(Diagnostic.Create(Codes.UnknownName, Place(span), name)
            .WithSpelling(name, Names.Keys.Concat(Widths.Select(w => w.Name)).Concat(Axes.Select(a => a.Name))));
    }

    /// <summary>The index variable of an axis: always the same one.</summary>
    public IndexBinder BinderOf(string axis)
    {
        if (axis == BatchAxis)
        {
            return new IndexBinder("b", BatchAxis);
        }

        var position = Axes.Where(a => a.Name != BatchAxis).ToList().FindIndex(a => a.Name == axis);
        return new IndexBinder(position < Variables.Length ? Variables[position] : $"i_{axis}", axis);
    }

    /// <summary>A definition becomes a statement, and its value a reference to it.</summary>
    public Value Emit(Instruction instruction, Span span, bool anonymous = false, string? note = null)
    {
        Statements.Add(instruction with { Origin = new Origin(span, note) });
        if (anonymous)
        {
            Anonymous.Add(instruction.Result.Name);
        }

        var result = instruction.Result;
        Note(instruction);
        return new Value(result.AsReference(), result.Widths.Count == 0 ? null : result.Widths[0], result.Indices);
    }

    /// <summary>The product of a matrix and a vector, where it stands in the block already; from now on it is read in several places, and keeps its name.</summary>
    public Value? KnownProduct(Matrix matrix, Expr.Reference vector)
    {
        if (!products.TryGetValue((matrix.Name, matrix.Transposed, vector), out var known) || Find(known.Name) is not Instruction.MatMul { Result: var result })
        {
            return null;
        }

        Anonymous.Remove(result.Name);
        return new Value(result.AsReference(), result.Widths[0], result.Indices);
    }

    /// <summary>Gives a value a name: a lone product takes it over, anything else becomes a Nonlin.</summary>
    public Value NameIt(Value value, string name, Span span, string? note = null)
    {
        ValueList<string> widths = value.Width is { } width ? [width] : [];
        if (value.Expr is Expr.Reference reference && Anonymous.Contains(reference.Name) && Find(reference.Name) is { } instruction && instruction.Result.AsReference() == reference)
        {
            Anonymous.Remove(reference.Name);
            var at = Statements.IndexOf(instruction);
            var renamed = instruction with { Result = instruction.Result with { Name = name }, Origin = new Origin(span, note) };
            Statements[at] = renamed;
            Note(renamed);

            return value with { Expr = renamed.Result.AsReference(), HasProduct = false, Size = 1, Depth = 1 };
        }

        if (value.Expr is Expr.Multiply product && LoneMoment(product) is { } lone && Anonymous.Remove(lone.Result.Name))
        {
            // A number times a mean is a mean.
            Statements.Remove(lone);
            var multiplier = Expr.ProductOf(product.Factors.Where(factor => factor is not Expr.Reference));
            return Emit(lone with { Result = lone.Result with { Name = name }, Body = multiplier * lone.Body }, span, note: note);
        }

        CheckGrowth(value, span);
        return Emit(new Instruction.Nonlin(new Definition(name, value.Indices, widths), value.Expr.RenameSumsApart(value.Indices.Select(binder => binder.Name))), span, note: note);
    }

    private void Note(Instruction instruction)
    {
        if (instruction.Result.Kind == ValueKind.Vector)
        {
            Vectors.Add(instruction.Result.Name);
        }

        if (instruction is Instruction.MatMul product)
        {
            products[(product.Matrix.Name, product.Transposed, product.Vector)] = product.Result;
        }
    }

    private Instruction? Find(string name) => (Instruction?)Statements.FindLast(s => s is Instruction i && i.Result.Name == name);

    /// <summary>The Moment without a name of its own that a product is a multiple of.</summary>
    private Instruction.Moment? LoneMoment(Expr.Multiply product) =>
        product.Factors.All(factor => factor is Expr.Reference or Expr.Constant or Expr.Pi or Expr.WidthPower)
            && product.Factors.OfType<Expr.Reference>().ToList() is [var only] && Anonymous.Contains(only.Name)
            && Find(only.Name) is Instruction.Moment moment && moment.Result.AsReference() == only ? moment : null;

    /// <summary>Reports bodies that the Master Theorem does not cover: those that grow faster than polynomials, or that are not defined everywhere.</summary>
    public void CheckGrowth(Value value, Span span)
    {
        if (value.Width is null)
        {
            return;
        }

        var growth = Growth.Of(value.Expr, reference => Vectors.Contains(reference.Name));
        if (growth.Kind == GrowthKind.Singular)
        {
            Report(Diagnostic.Create(Codes.NotDefinedEverywhere, Place(span), Source.Slice(span), "some real number").WithNote("A coordinate has a Gaussian part, which reaches every real number."));
        }
        else if (!growth.IsPolynomial)
        {
            Report(Diagnostic.Create(
                Codes.GrowsTooFast, Place(span), Source.Slice(span), growth.Kind == GrowthKind.Exponential ? "exponentially" : "faster than exponentially", "growth that a polynomial bounds")
                .WithNote("The Master Theorem holds for polynomially bounded nonlinearities (arXiv 2009.10685)."));
        }
    }

    /// <summary>Outside steps an assignment has one name on its left; says so otherwise.</summary>
    public bool HasOneTarget(StatementSyntax.Assignment assignment)
    {
        if (assignment.Others.Count == 0)
        {
            return true;
        }

        Report(Diagnostic.Create(Codes.NotAvailable, Place(assignment.Others[0].Span), "a second name on the left").WithHelp("only a network called in a `step` gives several values at once"));
        return false;
    }

    /// <summary>The values and weights whose coordinates vary.</summary>
    public HashSet<string> Vectors { get; } = new(StringComparer.Ordinal);
}
