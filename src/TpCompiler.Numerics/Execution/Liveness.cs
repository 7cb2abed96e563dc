using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>After which statement each value is needed no more.</summary>
internal sealed class Liveness
{
    private readonly Dictionary<Statement, IReadOnlyList<string>> after = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Loop, IReadOnlyList<string>> onEntry = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Loop, HashSet<string>> neededAfter = new(ReferenceEqualityComparer.Instance);

    private Liveness()
    {
    }

    public static Liveness Of(Program program)
    {
        var liveness = new Liveness();
        liveness.Visit(program.Body, [], DefinedIn(program.Body));
        return liveness;
    }

    /// <summary>What to let go of once the statement is done (a loop: all its iterations), in ordinal order.</summary>
    public IReadOnlyList<string> After(Statement statement) => after[statement];

    /// <summary>
    /// What of the body still matters when the loop runs it for the last time: the statements that lead to one of these values or to a state that is read after the loop.
    /// </summary>
    public ValueList<Statement> LastTime(Loop loop, IReadOnlySet<string> wanted)
    {
        var needed = loop.Carried.Where(carried => IsReadAfter(loop, carried)).Select(carried => carried.Next).ToHashSet(StringComparer.Ordinal);
        var kept = new List<Statement>();
        foreach (var statement in loop.Body.Reverse())
        {
            if (DefinedWithin(statement).Any(name => needed.Contains(name) || wanted.Contains(name)))
            {
                needed.UnionWith(Uses(statement));
                kept.Insert(0, statement);
            }
        }

        return kept.ToValueList();
    }

    /// <summary>Whether the final value of a state is read.</summary>
    public bool IsReadAfter(Loop loop, Carried carried) => neededAfter[loop].Contains(carried.State.Name);

    /// <summary>What only gave a loop its initial state: to let go of once the state is set.</summary>
    public IReadOnlyList<string> OnEntry(Loop loop) => onEntry[loop];

    private static HashSet<string> DefinedIn(ValueList<Statement> block) => [.. block.SelectMany(Defines)];

    private static IEnumerable<string> DefinedWithin(Statement statement) => statement is Loop loop
        ? Defines(loop).Concat(loop.Body.SelectMany(DefinedWithin))
        : Defines(statement);

    /// <summary>The values that the statement leaves to those after it.</summary>
    public static IEnumerable<string> Defines(Statement statement) => statement switch
    {
        Instruction instruction => [instruction.Result.Name],
        Loop loop => loop.Carried.Select(carried => carried.State.Name),
        _ => throw new UnreachableException(),
    };

    /// <param name="block">The block.</param>
    /// <param name="needed">What is needed after the block.</param>
    /// <param name="own">What the block may let go of.</param>
    private void Visit(ValueList<Statement> block, HashSet<string> needed, HashSet<string> own)
    {
        var live = new HashSet<string>(needed, StringComparer.Ordinal);
        foreach (var statement in block.Reverse())
        {
            var uses = Uses(statement).ToHashSet(StringComparer.Ordinal);
            if (statement is Loop loop)
            {
                var inBody = loop.Body.SelectMany(Uses).ToHashSet(StringComparer.Ordinal);
                neededAfter[loop] = [.. live];
                onEntry[loop] = [.. loop.Carried.Select(carried => carried.Initial)
                    .Where(name => own.Contains(name) && !inBody.Contains(name) && !live.Contains(name))
                    .Distinct().Order(StringComparer.Ordinal)];
                Visit(
                    loop.Body,
                    [.. loop.Carried.Select(carried => carried.Next)],
                    [.. DefinedIn(loop.Body), .. loop.Carried.Select(carried => carried.State.Name)]);
            }

            after[statement] = [.. uses.Concat(Defines(statement)).Where(name => own.Contains(name) && !live.Contains(name)).Distinct().Order(StringComparer.Ordinal)];
            live.UnionWith(uses);
        }
    }

    /// <summary>The values from outside the statement that it reads.</summary>
    public static IEnumerable<string> Uses(Statement statement) => statement switch
    {
        Instruction.Gaussian or Instruction.Data => [],
        Instruction.MatMul product => Names(product.Matrix).Concat(Names(product.Vector)),
        Instruction.Nonlin nonlin => Names(nonlin.Body),
        Instruction.Moment moment => Names(moment.Body),
        Instruction.OuterNonlin outer => Names(outer.Body),
        Instruction.MatrixSum sum => sum.Terms.SelectMany(term => Names(term.Coefficient).Concat(term switch
        {
            MatrixTerm.Scaled scaled => Names(scaled.Matrix),
            MatrixTerm.Outer outer => Names(outer.Left).Concat(Names(outer.Right)),
            _ => throw new UnreachableException(),
        })),
        Loop loop => loop.Carried.Select(carried => carried.Initial)
            .Concat(loop.Body.SelectMany(Uses).Concat(loop.Carried.Select(carried => carried.Next))
                .Except(DefinedIn(loop.Body)).Except(loop.Carried.Select(carried => carried.State.Name))),
        _ => throw new UnreachableException(),
    };

    private static IEnumerable<string> Names(Expr expr) => expr.References().Select(reference => reference.Name);
}
