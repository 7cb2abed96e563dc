using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Code;

/// <summary>A program as tensor code: what a person would write down with arrays, a loop for a loop, state updated under its own name.</summary>
public sealed class ProgramLowering
{
    private readonly Program program;
    private readonly Expr? meanFactor;
    private readonly Dictionary<string, Definition> definitions;
    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
    private readonly ExpressionLowering expressions;
    private readonly HashSet<string> wholeNumbers;
    private KernelDescentProgram? kernel;
    private IReadOnlyCollection<string> watched = [];
    private Refusal? refusal;

    private ProgramLowering(Program program, Expr? meanFactor)
    {
        (this.program, this.meanFactor) = (program, meanFactor);
        definitions = program.Body.Definitions().Concat(program.Parameters.Select(parameter => parameter.Type))
            .DistinctBy(definition => definition.Name).ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        wholeNumbers = WholeNumberValues.Of(program.Body);
        expressions = new ExpressionLowering(definitions, NameOf) { WholeNumbers = wholeNumbers };
    }

    /// <summary>The code, or the first instruction that can't be said in it.</summary>
    public static (TensorCode? Code, Refusal? Refusal) Of(Program program) => Of(program, null);

    /// <summary>The code of kernel gradient descent, or the first instruction that can't be said in it.</summary>
    public static (TensorCode? Code, Refusal? Refusal) OfKernel(KernelDescentProgram kernel) => Of(kernel.Program, null, kernel);

    /// <summary>
    /// The code of a limit program, whose matrices are objects that a vector is multiplied with, or the first instruction that can't be said in it; a mean over coordinates is
    /// <paramref name="meanFactor"/> times a sum. The terms of the means in <paramref name="watched"/> are looked at.
    /// </summary>
    public static (TensorCode? Code, Refusal? Refusal) OfLimit(Program limit, Expr meanFactor, IReadOnlyCollection<string> watched) => Of(limit, meanFactor, watched: watched);

    private static (TensorCode? Code, Refusal? Refusal) Of(Program program, Expr? meanFactor, KernelDescentProgram? kernel = null, IReadOnlyCollection<string>? watched = null)
    {
        program = WithCountersApart(program);
        ProgramLowering lowering = new(program, meanFactor) { kernel = kernel, watched = watched ?? [] };
        lowering.NameStates(program.Body);
        ValueList<TensorStatement> body = lowering.Block(program.Body);
        return lowering.refusal is { } refusal
            ? (null, refusal)
            : (new TensorCode(program.Name, program.Widths, program.Axes, body, program.Outputs), null);
    }

    /// <summary>A counter has another name where it is called as a value, a width or an axis is: in an array language each name means one thing.</summary>
    private static Program WithCountersApart(Program program)
    {
        HashSet<string> taken = [.. program.Body.Definitions().Select(definition => definition.Name), .. program.Widths.Select(width => width.Name), .. program.Axes.Select(axis => axis.Name)];
        NameSupply supply = new(taken);
        return taken.Count == 0 ? program : program with { Body = Apart(program.Body) };

        ValueList<Statement> Apart(ValueList<Statement> block) => [.. block.Select(statement => statement is Loop loop ? Renamed(loop with { Body = Apart(loop.Body) }) : statement)];

        Loop Renamed(Loop loop) => taken.Contains(loop.Counter) && supply.Fresh(loop.Counter) is var name
            ? loop with { Counter = name, Body = [.. loop.Body.Select(statement => InStatement(statement, loop.Counter, name))] }
            : loop;

        static Statement InStatement(Statement statement, string from, string to) => statement switch
        {
            Loop inner => inner with { Body = [.. inner.Body.Select(other => InStatement(other, from, to))] },
            Instruction instruction => instruction.MapExpressions(expr => expr.RenameIndex(from, to)),
            _ => statement,
        };
    }

    private string NameOf(string name) => names.GetValueOrDefault(name, name);

    /// <summary>The initial and the next value of a state have the state's name, where nothing reads an old value after it has a new one.</summary>
    private void NameStates(IReadOnlyList<Statement> block)
    {
        foreach (Loop loop in block.OfType<Loop>())
        {
            List<Statement> body = [.. loop.Body];
            foreach (Carried carried in loop.Carried)
            {
                if (block.All(statement => statement == loop || !statement.Reads().Contains(carried.Initial))
                    && loop.Carried.Count(other => other.Initial == carried.Initial) == 1)
                {
                    names[carried.Initial] = carried.State.Name;
                }

                int at = body.FindIndex(statement => statement is Instruction instruction && instruction.Result.Name == carried.Next);
                if (at >= 0 && body.Skip(at + 1).All(statement => !statement.Reads().Contains(carried.State.Name))
                    && loop.Carried.Count(other => other.Next == carried.Next) == 1)
                {
                    names[carried.Next] = carried.State.Name;
                }
            }

            NameStates(body);
        }
    }

    private ValueList<TensorStatement> Block(IEnumerable<Statement> block)
    {
        List<TensorStatement> code = [];
        foreach (Statement statement in block)
        {
            switch (statement)
            {
                case Instruction instruction:
                    code.Add(Lower(instruction));
                    if (instruction is Instruction.Moment moment && watched.Contains(moment.Result.Name))
                    {
                        code.Add(Watch(moment));
                    }

                    if (program.Outputs.Contains(instruction.Result.Name))
                    {
                        code.Add(new TensorStatement.Report(instruction.Result.Name));
                    }

                    if (expressions.Reason is { } reason)
                    {
                        refusal ??= new Refusal(instruction.Result.Name, reason);
                    }

                    break;
                case Loop loop:
                    code.AddRange(loop.Carried.Where(carried => NameOf(carried.Initial) != carried.State.Name).Select(carried => Copy(carried.State, carried.Initial)));
                    List<TensorStatement> body = [.. Block(loop.Body)];
                    List<Carried> moved = [.. loop.Carried.Where(carried => NameOf(carried.Next) != carried.State.Name && carried.Next != carried.State.Name)];
                    if (moved.Any(carried => moved.Any(other => other.State.Name == carried.Next)))
                    {
                        refusal ??= new Refusal(moved[0].State.Name, "states of the loop change places");
                    }

                    body.AddRange(moved.Select(carried => Copy(carried.State, carried.Next)));
                    code.Add(new TensorStatement.Repeat(loop.Counter, loop.Count, [.. body]));
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        return [.. code];
    }

    private TensorStatement.Watch Watch(Instruction.Moment moment)
    {
        Definition terms = moment.Result with { Widths = [moment.Width] };
        IReadOnlyList<Expr> factors = moment.Body is Expr.Multiply product ? product.Factors : [moment.Body];
        bool isPlain = factors.All(factor => factor is Expr.Constant or Expr.Reference);
        return new TensorStatement.Watch(
            NameOf(moment.Result.Name),
            expressions.Lower(moment.Body, terms),
            isPlain ? [.. factors.OfType<Expr.Reference>().Where(factor => definitions[factor.Name].Kind == ValueKind.Vector).Select(factor => new TensorExpr.Value(NameOf(factor.Name), Dims(definitions[factor.Name])))] : []);
    }

    private TensorStatement.Assign Copy(Definition state, string from) =>
        new(state.Name, new TensorExpr.Value(NameOf(from), Dims(state)), $"{state.Name} = {from}");

    private TensorStatement Lower(Instruction instruction)
    {
        Definition result = instruction.Result;
        ValueList<string> shape = [.. result.Indices.Select(index => index.Axis), .. result.Widths];
        string name = NameOf(result.Name);
        switch (instruction)
        {
            case Instruction.Gaussian gaussian:
                return new TensorStatement.Normal(name, shape, gaussian.Variance);
            case Instruction.Data data:
                return new TensorStatement.Read(name, data.Field, shape) { IsWhole = wholeNumbers.Contains(result.Name) };
            case Instruction.Nonlin { Body.IsZero: true } or Instruction.MatrixSum { Terms.Count: 0 }:
                return new TensorStatement.Zeros(name, shape);
            case Instruction.Nonlin nonlin:
                expressions.Law = kernel is not null && kernel.Laws.TryGetValue(result.Name, out Expr.Reference? law) ? (kernel.Variables.U, kernel.Variables.V, law) : null;
                TensorExpr body = expressions.Lower(nonlin.Body, result);
                expressions.Remember(nonlin);
                return new TensorStatement.Assign(name, nonlin.IsConstant ? new TensorExpr.Stopped(body) : body, Equation(result, nonlin.Body) + kernel?.LawText(result.Name));
            case Instruction.Moment constant when constant.Body.References().All(reference => definitions[reference.Name].Kind == ValueKind.Scalar):
                return new TensorStatement.Assign(name, expressions.Lower(constant.Body, result), Equation(result, constant.Body));
            case Instruction.Moment moment:
                return new TensorStatement.Assign(name, expressions.Mean(moment.Width, moment.Body, result, meanFactor ?? Expr.WidthTo(moment.Width, -1)), $"{result.AsReference()} = mean over {moment.Width} of {moment.Body}");
            case Instruction.MatMul limit when meanFactor is not null:
                return new TensorStatement.Assign(name, expressions.Times(limit.Matrix, limit.Transposed, limit.Vector, result), $"{result.AsReference()} = {limit.Matrix}{(limit.Transposed ? "'" : string.Empty)} {limit.Vector}");
            case Instruction.MatMul product:
                (string summed, string kept) = product.Transposed ? (TensorExpr.Row, TensorExpr.Column) : (TensorExpr.Column, TensorExpr.Row);
                TensorExpr y = expressions.Contract(Expr.One, [(product.Vector, [summed]), (product.Matrix, [TensorExpr.Row, TensorExpr.Column])], result, [kept]);
                return new TensorStatement.Assign(name, y, $"{result.AsReference()} = {product.Matrix}{(product.Transposed ? "'" : string.Empty)} {product.Vector}");
            case Instruction.MatrixSum sum when meanFactor is not null:
                Dictionary<string, Rational> ratios = program.Widths.ToDictionary(width => width.Name, width => width.Ratio, StringComparer.Ordinal);
                return new TensorStatement.Assign(name, expressions.Factored(sum, ratios), $"{result.AsReference()} = {string.Join(" + ", sum.Terms.Select(Text))}");
            case Instruction.OuterNonlin when meanFactor is not null:
                refusal ??= new Refusal(result.Name, "it is a function of the entries of matrices, a sum over pairs of points in the limit");
                return new TensorStatement.Zeros(name, shape);
            case Instruction.MatrixSum sum:
                List<TensorExpr> terms = [.. sum.Terms.Select(term => Term(term, result))];
                TensorExpr matrix = terms.Count == 1 ? terms[0] : new TensorExpr.Sum([.. terms], Dims(result));
                return new TensorStatement.Assign(name, matrix, $"{result.AsReference()} = {string.Join(" + ", sum.Terms.Select(Text))}");
            case Instruction.OuterNonlin outer:
                return new TensorStatement.Assign(name, expressions.Lower(outer.Body, result), Equation(result, outer.Body));
            default:
                throw new UnreachableException();
        }
    }

    private TensorExpr Term(MatrixTerm term, Definition result)
    {
        ValueList<string> sides = [TensorExpr.Row, TensorExpr.Column];
        return term switch
        {
            MatrixTerm.Scaled scaled => expressions.Contract(scaled.Coefficient, [(scaled.Matrix, sides)], result, sides),
            MatrixTerm.Outer given when given.RenamedApart(result.Indices.Select(index => index.Name)) is var outer =>
                expressions.Contract(outer.Coefficient, [(outer.Left, [TensorExpr.Row]), (outer.Right, [TensorExpr.Column])], result, sides, outer.Over),
            _ => throw new UnreachableException(),
        };
    }

    private static string Text(MatrixTerm term) => term switch
    {
        MatrixTerm.Scaled scaled => (scaled.Coefficient * scaled.Matrix).ToString(),
        MatrixTerm.Outer outer => $"({outer.Coefficient}) sum over {string.Join(", ", outer.Over.Select(binder => binder.Name))} of {outer.Left} {outer.Right}'",
        _ => throw new UnreachableException(),
    };

    private static string Equation(Definition result, Expr body) => $"{result.AsReference()} = {body}";

    private static ValueList<string> Dims(Definition definition) =>
        [.. definition.Indices.Select(index => index.Name), .. definition.Widths.Select((_, side) => side == 0 ? TensorExpr.Row : TensorExpr.Column)];
}
