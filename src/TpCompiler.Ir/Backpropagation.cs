using System.Diagnostics;
using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>
/// Reverse-mode differentiation as a pass on the IR. The cotangent of x is called <c>dx</c> and is the plain derivative ∂L/∂x, coordinate by coordinate, with every power of n that belongs to it:
/// the cotangent of h with f = Moment(v h) is n^{-1} v df. A cotangent of a matrix stays a sum of factors Σ_b dh[b] x[b]ᵀ.
/// What comes out is instructions again, so gradients of gradients are two calls.
/// </summary>
public sealed partial class Backpropagation
{
    private readonly Dictionary<string, Definition> definitions;
    private readonly IReadOnlyList<Statement> statements;
    private readonly IReadOnlyList<string> wrt;
    private readonly NameSupply names;
    private readonly DiagnosticBag diagnostics;
    private readonly HashSet<string> active = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Contributions> contributions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Expr> cotangents = new(StringComparer.Ordinal);
    private readonly HashSet<string> counters;
    private readonly List<Statement> output = [];
    private readonly IReadOnlySet<string> constants;
    private Origin? origin;

    private Backpropagation(
        IReadOnlyList<Definition> given,
        IReadOnlyList<Statement> statements,
        IReadOnlyList<string> wrt,
        NameSupply names,
        IEnumerable<string> counters,
        DiagnosticBag diagnostics,
        IReadOnlySet<string> constants)
    {
        this.constants = constants;
        this.statements = statements;
        this.wrt = wrt;
        this.names = names;
        this.diagnostics = diagnostics;
        this.counters = counters.ToHashSet(StringComparer.Ordinal);
        definitions = given.Concat(statements.Definitions()).DistinctBy(definition => definition.Name).ToDictionary(definition => definition.Name, StringComparer.Ordinal);
    }

    /// <summary>Instructions to put behind the block, and the names of the gradients, one for each value that was asked for, with its type.</summary>
    public sealed record Gradients(ValueList<Statement> Statements, ValueList<string> Names);

    /// <summary>
    /// The gradient of a scalar, summed over its axes when it has some (so the gradient by weights of one task each is that of the task's own loss).
    /// </summary>
    /// <param name="given">Values that the statements read and that come from elsewhere: weights, the state of enclosing loops.</param>
    /// <param name="statements">All statements between the values of <paramref name="wrt"/> and the scalar, in order; others do no harm. A loop that the scalar depends on through
    /// <paramref name="wrt"/> is refused with a diagnostic.</param>
    /// <param name="scalar">The name of L.</param>
    /// <param name="wrt">The values to differentiate by, given or defined by the statements.</param>
    /// <param name="names">Where new names come from; knows every name of the program.</param>
    /// <param name="counters">The counters of the loops around the block: index variables that are in scope.</param>
    /// <param name="diagnostics">Gets <see cref="Codes.NotAvailable"/> for what can't be differentiated.</param>
    /// <param name="constants">Values that count as constants: nothing is differentiated through them.</param>
    public static Gradients Gradient(
        IReadOnlyList<Definition> given,
        IReadOnlyList<Statement> statements,
        string scalar,
        IReadOnlyList<string> wrt,
        NameSupply names,
        IEnumerable<string> counters,
        DiagnosticBag diagnostics,
        IReadOnlySet<string>? constants = null) => new Backpropagation(given, statements, wrt, names, counters, diagnostics, constants ?? new HashSet<string>()).Run(scalar);

    private Gradients Run(string scalar)
    {
        FindActive(scalar);
        Add(scalar, new Contribution.Body(Expr.One));
        foreach (var statement in statements.Reverse())
        {
            switch (statement)
            {
                case Instruction instruction when active.Contains(instruction.Result.Name):
                    origin = instruction.Origin is { } source ? source with { Note = $"backward of {instruction.Result.Name}" } : null;
                    Finish(instruction.Result);
                    Propagate(instruction);
                    break;
                case Loop loop when loop.Body.Definitions().Concat(loop.Carried.Select(carried => carried.State)).Any(definition => active.Contains(definition.Name)):
                    diagnostics.Add(Codes.NotAvailable, loop.Origin?.Span ?? default, $"the gradient through the loop over `{loop.Counter}`");
                    return new Gradients([], []);
            }
        }

        origin = null;
        foreach (var name in wrt.Where(name => !cotangents.ContainsKey(name)))
        {
            Finish(definitions[name]);
        }

        var gradients = wrt.Select(name => definitions[name].Kind == ValueKind.Matrix ? MatrixCotangent(name).Name : Named(definitions[name]).Name).ToValueList();
        return new Gradients(output.ToValueList(), gradients);
    }

    /// <summary>Active: depends on what is differentiated by, and the scalar depends on it.</summary>
    private void FindActive(string scalar)
    {
        var dependent = wrt.ToHashSet(StringComparer.Ordinal);
        foreach (var statement in statements)
        {
            if (statement.Reads().Any(dependent.Contains))
            {
                dependent.UnionWith(Defined(statement).Where(name => !constants.Contains(name) && statement is not Instruction.Nonlin { IsConstant: true }));
            }
        }

        var reaching = new HashSet<string>(StringComparer.Ordinal) { scalar };
        foreach (var statement in statements.Reverse())
        {
            if (Defined(statement).Any(reaching.Contains))
            {
                reaching.UnionWith(statement.Reads());
            }
        }

        active.UnionWith(dependent);
        active.IntersectWith(reaching);

        static IEnumerable<string> Defined(Statement statement) => new[] { statement }.Definitions().Select(definition => definition.Name);
    }

    private void Propagate(Instruction instruction)
    {
        switch (instruction)
        {
            case Instruction.Gaussian or Instruction.Data:
                break;
            case Instruction.Nonlin nonlin:
                PropagateBody(nonlin.Body, Cotangent(nonlin.Result), nonlin.Result.Indices, nonlin.Result.Widths);
                break;
            case Instruction.Moment moment:
                PropagateBody(moment.Body, Cotangent(moment.Result) * Expr.WidthTo(moment.Width, -1), moment.Result.Indices, [moment.Width]);
                break;
            case Instruction.MatMul product:
                PropagateMatMul(product);
                break;
            case Instruction.MatrixSum sum:
                PropagateMatrixSum(sum);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private Expr Cotangent(Definition definition) => cotangents.GetValueOrDefault(definition.Name, Expr.Zero);

    /// <summary>The cotangent as a value with a name, over the same indices.</summary>
    private Expr.Reference Named(Definition definition)
    {
        if (Cotangent(definition) is Expr.Reference reference)
        {
            return reference;
        }

        var named = EmitNonlin("d" + definition.Name, definition.Indices, definition.Widths, Cotangent(definition));
        cotangents[definition.Name] = named;
        return named;
    }

    private Expr.Reference EmitNonlin(string wanted, ValueList<IndexBinder> indices, ValueList<string> widths, Expr body) =>
        Emit(new Instruction.Nonlin(new Definition(names.Fresh(wanted), indices, widths), body));

    private Expr.Reference Emit(Instruction instruction)
    {
        // Sums inside a derivative may have the names of the indices that they land among.
        var over = (instruction as Instruction.MatrixSum)?.Terms.OfType<MatrixTerm.Outer>().SelectMany(term => term.Over) ?? [];
        var taken = counters.Concat(instruction.Result.Indices.Concat(over).Select(binder => binder.Name)).ToList();
        output.Add(instruction.MapExpressions(expr => expr.RenameSumsApart(taken)) with { Origin = origin });
        return instruction.Result.AsReference();
    }
}
