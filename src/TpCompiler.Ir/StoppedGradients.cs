using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>
/// After the backward pass <c>stop(x)</c> is x. Then W stop(x) + B (x − stop(x)) is W x, computed as such, with Bᵀ in its backward pass: feedback alignment (arXiv 1411.0247).
/// </summary>
internal static class StoppedGradients
{
    public static bool In(ValueList<Statement> forward) => forward.Instructions().Any(instruction => instruction is Instruction.Nonlin { IsConstant: true });

    /// <summary>The program with what <c>stop</c> copied read as the original, and without what becomes zero by that.</summary>
    public static Program Resolve(Program program)
    {
        var zeros = new HashSet<string>(StringComparer.Ordinal);
        var read = Simplification.InlineCopies(program);
        return DeadCode.Remove(read with { Body = InBlock(read.Body) });

        ValueList<Statement> InBlock(ValueList<Statement> block) => block.Select(statement => statement switch
        {
            Loop loop => loop with { Body = InBlock(loop.Body) },
            Instruction.MatMul product when zeros.Contains(product.Vector.Name) => Zero(product),
            Instruction.Nonlin nonlin => InNonlin(nonlin with { Body = Read(nonlin.Body), IsConstant = false }),
            Instruction.Moment moment => moment with { Body = Read(moment.Body) },
            _ => statement,
        }).ToValueList();

        Expr Read(Expr body) => body.SubstituteReferences(reference => zeros.Contains(reference.Name) ? Expr.Zero : reference);

        Statement InNonlin(Instruction.Nonlin nonlin) => nonlin.Body.IsZero ? Zero(nonlin) : nonlin;

        Statement Zero(Instruction instruction)
        {
            zeros.Add(instruction.Result.Name);
            return new Instruction.Nonlin(instruction.Result, Expr.Zero) { Origin = instruction.Origin };
        }
    }
}
