using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Ir;

/// <summary>The same program with less in it.</summary>
public static class Simplification
{
    /// <summary>Reads of copies go to the original, and what no output needs any more is left out. Outputs and the state of loops keep their names.</summary>
    public static Program Simplify(Program program) => DeadCode.Remove(InlineCopies(program));

    /// <summary>y[b,p] = x[p,b] and M = 1 · W are read as x and W. The instructions themselves stay.</summary>
    public static Program InlineCopies(Program program)
    {
        var copies = new Dictionary<string, (Definition Copy, Expr.Reference Original)>(StringComparer.Ordinal);
        return program with { Body = InBlock(program.Body) };

        ValueList<Statement> InBlock(ValueList<Statement> block) => block.Select(statement => statement switch
        {
            Loop loop => loop with { Body = InBlock(loop.Body) },
            Instruction instruction => InInstruction(instruction),
            _ => throw new System.Diagnostics.UnreachableException(),
        }).ToValueList();

        Statement InInstruction(Instruction instruction)
        {
            var mapped = instruction.MapExpressions(InExpr);
            if (OriginalOf(mapped) is { } original)
            {
                copies.TryAdd(mapped.Result.Name, (mapped.Result, original));
            }

            return mapped;
        }

        Expr InExpr(Expr expr) => expr.SubstituteReferences(reference => copies.TryGetValue(reference.Name, out var known)
            ? known.Original with { Indices = known.Original.Indices.Select(index => reference.Indices[PositionOf(index, known.Copy)]).ToValueList() }
            : reference);
    }

    private static int PositionOf(Index index, Definition copy) => copy.Indices.TakeWhile(binder => index != (Index)binder.Name).Count();

    /// <summary>What the instruction copies: a value at a permutation of the result's own indices.</summary>
    private static Expr.Reference? OriginalOf(Instruction instruction)
    {
        var original = instruction switch
        {
            Instruction.Nonlin { Body: Expr.Reference reference } => reference,
            Instruction.MatrixSum { Terms: [MatrixTerm.Scaled { Coefficient.IsOne: true } term] } => term.Matrix,
            _ => null,
        };
        var indices = instruction.Result.Indices;
        return original is not null
            && original.Indices.Count == indices.Count
            && indices.All(binder => original.Indices.Contains((Index)binder.Name))
                ? original
                : null;
    }
}
