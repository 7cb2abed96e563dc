using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits;

/// <summary>
/// A raw program rewritten for n → ∞: each value v is replaced by v̂ = n^{e} v of size Θ(1), and in every instruction exactly the terms of exponent 0 are kept.
/// What is left holds no power of n but the n^{-1} of each outer term and of the variance of each Gaussian matrix.
/// </summary>
/// <remarks>
/// The exponents here are those of the law of large numbers, an inner product of n terms being n times an expectation. That is the right size wherever the limit is
/// a Tensor Program (feature learning, and programs without training); in the kernel regime f is a sum of n terms of mean zero, and it has no limit program.
/// </remarks>
public sealed class LimitProgram
{
    /// <summary>Exponents of a stable program settle after as many rounds as it is deep.</summary>
    private const int MaxRounds = 1000;

    private readonly Program raw;
    private readonly string width;
    private readonly Dictionary<string, Rational> ratios;
    private readonly Dictionary<string, Rational> orders = new(StringComparer.Ordinal);
    private readonly HashSet<string> matrices;
    private bool changed;

    private LimitProgram(Program raw)
    {
        this.raw = raw;
        width = raw.Widths.Count > 0 ? raw.Widths[0].Name : "n";
        matrices = raw.Body.Definitions().Where(definition => definition.Kind == ValueKind.Matrix).Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);
        ratios = raw.Widths.ToDictionary(w => w.Name, w => w.Ratio, StringComparer.Ordinal);
    }

    /// <summary>The limit program, or the instruction at which there is none.</summary>
    public static LimitProgramResult Of(Program raw)
    {
        var pass = new LimitProgram(raw);
        try
        {
            pass.FindOrders(raw.Body);
            var body = raw.Body.Select(pass.Rewrite).ToValueList();
            var program = DeadCode.Remove(raw with { Body = body, Parameters = [] });
            var exponents = raw.Body.Definitions().Select(d => new LimitExponent(d.Name, pass.OrderOf(d.Name))).ToValueList();
            return new LimitProgramResult(program, exponents, null, null);
        }
        catch (NoLimitException none)
        {
            return new LimitProgramResult(null, [], none.Instruction, none.Message);
        }
    }

    private Rational? OrderOf(string name) => orders.TryGetValue(name, out var order) ? order : null;

    private void FindOrders(ValueList<Statement> block)
    {
        foreach (var statement in block)
        {
            switch (statement)
            {
                case Instruction instruction:
                    Lower(instruction.Result.Name, Find(instruction));
                    break;
                case Loop loop:
                    FindOrders(loop);
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }

    private void FindOrders(Loop loop)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var before = changed;
            changed = false;
            foreach (var carried in loop.Carried)
            {
                Lower(carried.State.Name, OrderOf(carried.Initial));
            }

            FindOrders(loop.Body);
            foreach (var carried in loop.Carried)
            {
                Lower(carried.State.Name, OrderOf(carried.Next));
            }

            if (!changed)
            {
                changed = before;
                foreach (var carried in loop.Carried)
                {
                    // A state, what it starts from and what it becomes are one variable.
                    Lower(carried.Initial, OrderOf(carried.State.Name));
                    Lower(carried.Next, OrderOf(carried.State.Name));
                }

                return;
            }
        }

        throw new NoLimitException(loop.Body.OfType<Instruction>().First(), "its size grows from step to step by another power of the width");
    }

    private void Lower(string name, Rational? order)
    {
        if (order is { } found && (OrderOf(name) is not { } known || found < known))
        {
            orders[name] = found;
            changed = true;
        }
    }

    private Rational? Find(Instruction instruction)
    {
        switch (instruction)
        {
            case Instruction.Gaussian gaussian:
                var deviation = Leading(gaussian, gaussian.Variance)?.Order / 2;
                return gaussian.Result.Kind == ValueKind.Matrix ? deviation - Rational.Half : deviation;
            case Instruction.Data:
                return 0;
            case Instruction.MatMul product:
                return OrderOf(product.Matrix.Name) + OrderOf(product.Vector.Name);
            case Instruction.Nonlin nonlin:
                return OfScalar(nonlin, Leading(nonlin, nonlin.Body)?.Order);
            case Instruction.Moment moment:
                return OfScalar(moment, Leading(moment, moment.Body)?.Order);
            case Instruction.MatrixSum sum:
                return sum.Terms.Select(term => Find(sum, term)).Where(order => order is not null).DefaultIfEmpty(null).Min();
            case Instruction.OuterNonlin outer:
                return Leading(outer, OfEntries(outer.Body, -1))?.Order - 1;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>An output is reported as it is: when it vanishes, its limit is 0.</summary>
    private Rational? OfScalar(Instruction instruction, Rational? order)
    {
        if (!raw.Outputs.Contains(instruction.Result.Name))
        {
            return order;
        }

        return order is { Sign: < 0 } ? throw new NoLimitException(instruction, $"it grows like {width}^({-order.Value})") : Rational.Zero;
    }

    private Rational? Find(Instruction.MatrixSum sum, MatrixTerm term) => term switch
    {
        MatrixTerm.Scaled scaled => Leading(sum, scaled.Coefficient)?.Order + OrderOf(scaled.Matrix.Name),
        MatrixTerm.Outer outer => Leading(sum, outer.Coefficient)?.Order + OrderOf(outer.Left.Name) + OrderOf(outer.Right.Name) - 1,
        _ => throw new UnreachableException(),
    };

    /// <summary>The leading term with each value v standing for n^{-e} v̂; null for 0.</summary>
    private LeadingTerm? Leading(Instruction instruction, Expr expr)
    {
        var known = expr.SubstituteReferences(reference => orders.ContainsKey(reference.Name) ? reference : Expr.Zero);
        if (known.IsZero)
        {
            return null;
        }

        return LeadingTerm.Of(known, reference => orders[reference.Name], name => ratios[name])
            ?? throw new NoLimitException(instruction, "the leading power of the width in it can't be told");
    }

    /// <summary>The part of an expression that has size n^{-order}; 0 when all of it is smaller.</summary>
    private Expr Part(Instruction instruction, Expr expr, Rational order)
    {
        var leading = Leading(instruction, expr);
        return leading is not null && leading.Order == order ? leading.Coefficient : Expr.Zero;
    }

    private Statement Rewrite(Statement statement)
    {
        switch (statement)
        {
            case Loop loop:
                return loop with { Body = loop.Body.Select(Rewrite).ToValueList() };
            case Instruction { Result: { Kind: not ValueKind.Matrix } result } instruction when OrderOf(result.Name) is null:
                return new Instruction.Nonlin(result, Expr.Zero) { Origin = instruction.Origin };
            case Instruction { Result: { } result } instruction when OrderOf(result.Name) is null:
                return new Instruction.MatrixSum(result, []) { Origin = instruction.Origin };
            case Instruction.Gaussian { Result.Kind: ValueKind.Matrix } matrix:
                var order = orders[matrix.Result.Name];
                var variance = Part(matrix, matrix.Variance, (2 * order) + 1);
                return variance.IsZero
                    ? new Instruction.MatrixSum(matrix.Result, []) { Origin = matrix.Origin }
                    : matrix with { Variance = variance * Expr.WidthTo(width, -1) };
            case Instruction.Gaussian vector:
                var size = Part(vector, vector.Variance, 2 * orders[vector.Result.Name]);
                return size.IsZero ? new Instruction.Nonlin(vector.Result, Expr.Zero) { Origin = vector.Origin } : vector with { Variance = size };
            case Instruction.Data:
                return statement;
            case Instruction.MatMul product:
                return Find(product) == orders[product.Result.Name] ? product : new Instruction.Nonlin(product.Result, Expr.Zero) { Origin = product.Origin };
            case Instruction.Nonlin nonlin:
                return nonlin with { Body = Part(nonlin, nonlin.Body, orders[nonlin.Result.Name]) };
            case Instruction.Moment moment:
                return moment with { Body = Part(moment, moment.Body, orders[moment.Result.Name]) };
            case Instruction.MatrixSum sum:
                return sum with { Terms = sum.Terms.Where(term => Find(sum, term) == orders[sum.Result.Name]).Select(term => Rewrite(sum, term)).ToValueList() };
            case Instruction.OuterNonlin outer:
                return outer with { Body = Expr.WidthTo(width, -1) * OfEntries(Part(outer, OfEntries(outer.Body, -1), orders[outer.Result.Name] + 1), 1) };
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>A matrix of factors u_α v_β/n of size Θ(1) has entries of size 1/n.</summary>
    private Expr OfEntries(Expr body, Rational power) =>
        body.SubstituteReferences(reference => matrices.Contains(reference.Name) ? Expr.WidthTo(width, power) * reference : reference);

    private MatrixTerm Rewrite(Instruction.MatrixSum sum, MatrixTerm term)
    {
        var coefficient = Leading(sum, term.Coefficient)!.Coefficient;
        return term switch
        {
            MatrixTerm.Scaled scaled => scaled with { Coefficient = coefficient },
            MatrixTerm.Outer outer => outer with { Coefficient = coefficient * Expr.WidthTo(width, -1) },
            _ => throw new UnreachableException(),
        };
    }

    private sealed class NoLimitException(Instruction instruction, string reason) : Exception(reason)
    {
        public Instruction Instruction { get; } = instruction;
    }
}

/// <summary>A value v of the raw program and the exponent e of v̂ = n^{e} v in the limit program; null when v is identically 0.</summary>
public sealed record LimitExponent(string Name, Rational? Exponent);

/// <summary>The limit program, or why there is none.</summary>
/// <param name="Program">The limit program; null when there is none.</param>
/// <param name="Exponents">How its values are normalised.</param>
/// <param name="Obstacle">The instruction at which there is no limit.</param>
/// <param name="Reason">What is wrong there.</param>
public sealed record LimitProgramResult(Program? Program, ValueList<LimitExponent> Exponents, Instruction? Obstacle, string? Reason);
