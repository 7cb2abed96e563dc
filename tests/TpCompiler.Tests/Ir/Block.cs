using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Ir;

/// <summary>Writes programs in tests, one call an instruction: <c>block.Nonlin("x[b] n", …)</c>. Index variables b, c, i, k, p run over axes of the same name, q over p.</summary>
internal sealed class Block
{
    private readonly List<Statement> statements = [];

    public static ValueList<Axis> Axes { get; } = [new("b", 3), new("c", 2), new("i", 2), new("k", 2), new("p", 4)];

    public IReadOnlyList<Statement> Statements => statements;

    public Expr.Reference Gaussian(string definition) => Add(new Instruction.Gaussian(Definition(definition), 1));

    public Expr.Reference Data(string definition) => Add(new Instruction.Data(Definition(definition), Definition(definition).Name));

    public Expr.Reference Nonlin(string definition, Expr body) => Add(new Instruction.Nonlin(Definition(definition), body));

    public Expr.Reference Moment(string definition, Expr body, string width = "n") => Add(new Instruction.Moment(Definition(definition), width, body));

    public Expr.Reference MatMul(string definition, Expr matrix, Expr vector, bool transposed = false) =>
        Add(new Instruction.MatMul(Definition(definition), (Expr.Reference)matrix, transposed, (Expr.Reference)vector));

    public Expr.Reference Matrix(string definition, params MatrixTerm[] terms) => Add(new Instruction.MatrixSum(Definition(definition), [.. terms]));

    public Expr.Reference Add(Instruction instruction)
    {
        statements.Add(instruction);
        return instruction.Result.AsReference();
    }

    public void Add(Loop loop) => statements.Add(loop);

    /// <summary>Appends the gradients of a scalar and gives references to them.</summary>
    public Expr.Reference[] Gradient(string scalar, params string[] wrt)
    {
        DiagnosticBag diagnostics = [];
        var names = new NameSupply(statements.Definitions().Select(definition => definition.Name));
        var gradients = Backpropagation.Gradient([], statements, scalar, wrt, names, [], diagnostics);
        Assert.Empty(diagnostics);
        statements.AddRange(gradients.Statements);
        return [.. gradients.Names.Select(name => ValueTable.Of(statements)[name].Definition.AsReference())];
    }

    public TensorProgram Program(params string[] outputs) => new("block", [new Width("n", 1), new Width("m", 2)], Axes, [], statements.ToValueList(), [.. outputs]);

    public static Expr F(string function, Expr argument) => Nonlinearities.Apply(function, [argument], [])!;

    public static Expr Sum(string index, Expr body) => Expr.SumOver(Binder(index), body);

    public static Expr.Reference At(Expr value, params Index[] indices) => ((Expr.Reference)value) with { Indices = [.. indices] };

    public static IndexBinder Binder(string index) => new(index, index.TrimEnd('\'') is "q" ? "p" : index.TrimEnd('\''));

    /// <summary>Parses <c>W[k,p] n m</c>.</summary>
    private static Definition Definition(string text)
    {
        var parts = text.Split(' ');
        var name = parts[0].Split('[', ']');
        ValueList<IndexBinder> indices = name.Length == 1 ? [] : [.. name[1].Split(',').Select(Binder)];
        return new Definition(name[0], indices, [.. parts[1..]]);
    }
}
