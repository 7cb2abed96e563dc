using System.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>Ways through the statements of a program.</summary>
public static class Traversal
{
    /// <summary>Every statement in order, a loop before its body, with the number of loops around it.</summary>
    public static IEnumerable<(Statement Statement, int Depth)> WithDepth(this IEnumerable<Statement> block, int depth = 0)
    {
        foreach (var statement in block)
        {
            yield return (statement, depth);
            if (statement is Loop loop)
            {
                foreach (var inner in loop.Body.WithDepth(depth + 1))
                {
                    yield return inner;
                }
            }
        }
    }

    /// <summary>Every instruction in order, those inside loops included.</summary>
    public static IEnumerable<Instruction> Instructions(this IEnumerable<Statement> block) => block.WithDepth().Select(entry => entry.Statement).OfType<Instruction>();

    /// <summary>What the statements define, the state of loops included.</summary>
    public static IEnumerable<Definition> Definitions(this IEnumerable<Statement> block) => block.WithDepth().SelectMany(entry => entry.Statement switch
    {
        Instruction instruction => [instruction.Result],
        Loop loop => loop.Carried.Select(carried => carried.State),
        _ => throw new UnreachableException(),
    });

    /// <summary>The expressions that an instruction holds; references to matrices and vectors of products among them.</summary>
    public static IEnumerable<Expr> Expressions(this Instruction instruction) => instruction switch
    {
        Instruction.Gaussian gaussian => [gaussian.Variance],
        Instruction.Data => [],
        Instruction.MatMul product => [product.Matrix, product.Vector],
        Instruction.Nonlin nonlin => [nonlin.Body],
        Instruction.Moment moment => [moment.Body],
        Instruction.OuterNonlin outer => [outer.Body],
        Instruction.MatrixSum sum => sum.Terms.SelectMany(term => term switch
        {
            MatrixTerm.Scaled scaled => (IEnumerable<Expr>)[scaled.Coefficient, scaled.Matrix],
            MatrixTerm.Outer outer => [outer.Coefficient, outer.Left, outer.Right],
            _ => throw new UnreachableException(),
        }),
        _ => throw new UnreachableException(),
    };

    /// <summary>The names of the values that an instruction reads, or a loop reads from outside or inside, each once, in order.</summary>
    public static IEnumerable<string> Reads(this Statement statement) => (statement switch
    {
        Instruction instruction => instruction.Expressions().SelectMany(expr => expr.References()).Select(reference => reference.Name),
        Loop loop => loop.Carried.Select(carried => carried.Initial)
            .Concat(loop.Body.SelectMany(Reads))
            .Concat(loop.Carried.Select(carried => carried.Next)),
        _ => throw new UnreachableException(),
    }).Distinct();

    /// <summary>The same instruction with every expression mapped; references at the places of matrices and vectors must stay references.</summary>
    public static Instruction MapExpressions(this Instruction instruction, Func<Expr, Expr> map)
    {
        return instruction switch
        {
            Instruction.Gaussian gaussian => gaussian with { Variance = map(gaussian.Variance) },
            Instruction.Data => instruction,
            Instruction.MatMul product => product with { Matrix = At(product.Matrix), Vector = At(product.Vector) },
            Instruction.Nonlin nonlin => nonlin with { Body = map(nonlin.Body) },
            Instruction.Moment moment => moment with { Body = map(moment.Body) },
            Instruction.OuterNonlin outer => outer with { Body = map(outer.Body) },
            Instruction.MatrixSum sum => sum with { Terms = sum.Terms.Select(MapTerm).ToValueList() },
            _ => throw new UnreachableException(),
        };

        Expr.Reference At(Expr.Reference reference) => (Expr.Reference)map(reference);

        MatrixTerm MapTerm(MatrixTerm term) => term switch
        {
            MatrixTerm.Scaled scaled => new MatrixTerm.Scaled(map(scaled.Coefficient), At(scaled.Matrix)),
            MatrixTerm.Outer outer => new MatrixTerm.Outer(map(outer.Coefficient), outer.Over, At(outer.Left), At(outer.Right)),
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>Every index that an instruction names: its own and those that it sums over.</summary>
    public static IEnumerable<string> IndexNames(this Instruction instruction) => instruction.Result.Indices.Select(binder => binder.Name)
        .Concat(instruction.Expressions().SelectMany(expr => expr.DescendantsAndSelf()).OfType<Expr.Sum>().Select(sum => sum.Index.Name))
        .Concat(instruction is Instruction.MatrixSum matrix ? matrix.Terms.OfType<MatrixTerm.Outer>().SelectMany(term => term.Over).Select(binder => binder.Name) : []);

    /// <summary>The same instruction with another name for an index of its result, one that it does not use otherwise.</summary>
    public static Instruction RenameIndex(this Instruction instruction, string from, string to) => instruction.MapExpressions(expr => expr.RenameIndex(from, to)) with
    {
        Result = instruction.Result with { Indices = [.. instruction.Result.Indices.Select(binder => binder.Name == from ? binder with { Name = to } : binder)] },
    };

    /// <summary>The same statement with its values renamed, where they are defined and where they are read; null leaves a name as it is.</summary>
    public static Statement RenameValues(this Statement statement, Func<string, string?> rename)
    {
        return statement switch
        {
            Instruction instruction => instruction.MapExpressions(InExpr) with { Result = InDefinition(instruction.Result) },
            Loop loop => loop with
            {
                Carried = loop.Carried.Select(c => new Carried(InDefinition(c.State), New(c.Initial), New(c.Next))).ToValueList(),
                Body = loop.Body.Select(inner => inner.RenameValues(rename)).ToValueList(),
            },
            _ => throw new UnreachableException(),
        };

        string New(string name) => rename(name) ?? name;

        Definition InDefinition(Definition definition) => definition with { Name = New(definition.Name) };

        Expr InExpr(Expr expr) => expr.SubstituteReferences(reference => reference with { Name = New(reference.Name) });
    }
}
