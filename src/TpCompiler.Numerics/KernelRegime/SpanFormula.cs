using System.Diagnostics;
using System.Numerics.Tensors;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// Closed expressions over spans of numbers: each subexpression once, as a vectorised pass; those without a span are one number. For the closed forms of kernels, a row at a time.
/// Immutable: every thread brings its own <see cref="Workspace"/>.
/// </summary>
internal sealed class SpanFormula
{
    private readonly List<Node> nodes = [];
    private readonly Dictionary<Expr, int> known = [];
    private readonly string[] variables;
    private readonly HashSet<string> wide;
    private readonly int[] results;

    /// <param name="expressions">What is computed. Rationals, π, sums, products, powers, calls of one argument.</param>
    /// <param name="variables">The names in them.</param>
    /// <param name="wide">Those that are spans; the others are numbers.</param>
    public SpanFormula(IEnumerable<Expr> expressions, IEnumerable<string> variables, IEnumerable<string> wide)
    {
        (this.variables, this.wide) = ([.. variables], [.. wide]);
        results = [.. expressions.Select(Add)];
    }

    private sealed record Node(Expr Expr, int[] Operands, bool IsWide, SpanFunction<double>? Function, double Number);

    /// <summary>Numbers between, for spans of at most so many.</summary>
    public sealed class Workspace(SpanFormula formula, int length)
    {
        internal double[][] Rows { get; } = [.. formula.nodes.Select(node => new double[node.IsWide ? length : 1])];
    }

    /// <summary>The numbers of a variable, to be written before <see cref="Evaluate"/>: one number when it is no span.</summary>
    public Span<double> Variable(Workspace workspace, string name) =>
        known.TryGetValue(new Expr.Reference(name, []), out var node) ? workspace.Rows[node] : [];

    /// <summary>Result <paramref name="number"/> of the last evaluation; one number where it depends on no span.</summary>
    public ReadOnlySpan<double> Result(Workspace workspace, int number) => workspace.Rows[results[number]];

    public void Evaluate(Workspace workspace, int length)
    {
        for (var i = 0; i < nodes.Count; i++)
        {
            var node = nodes[i];
            if (node.Operands.Length > 0)
            {
                Compute(node, workspace.Rows, workspace.Rows[i].AsSpan(0, node.IsWide ? length : 1));
            }
            else if (node.Expr is not Expr.Reference)
            {
                workspace.Rows[i][0] = node.Number;
            }
        }
    }

    private void Compute(Node node, double[][] rows, Span<double> result)
    {
        switch (node.Expr)
        {
            case Expr.Add or Expr.Multiply:
                var isSum = node.Expr is Expr.Add;
                var scalar = isSum ? 0.0 : 1.0;
                var started = false;
                foreach (var operand in node.Operands)
                {
                    if (!nodes[operand].IsWide)
                    {
                        scalar = isSum ? scalar + rows[operand][0] : scalar * rows[operand][0];
                    }
                    else if (!started)
                    {
                        rows[operand].AsSpan(0, result.Length).CopyTo(result);
                        started = true;
                    }
                    else if (isSum)
                    {
                        TensorPrimitives.Add(result, rows[operand].AsSpan(0, result.Length), result);
                    }
                    else
                    {
                        TensorPrimitives.Multiply(result, rows[operand].AsSpan(0, result.Length), result);
                    }
                }

                if (!started)
                {
                    result[0] = scalar;
                }
                else if (isSum && scalar != 0)
                {
                    TensorPrimitives.Add(result, scalar, result);
                }
                else if (!isSum && scalar != 1)
                {
                    TensorPrimitives.Multiply(result, scalar, result);
                }

                break;
            case Expr.Power power:
                Raise(power.Exponent, rows[node.Operands[0]].AsSpan(0, result.Length), result);
                break;
            case Expr.Call:
                node.Function!(rows[node.Operands[0]].AsSpan(0, result.Length), result);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static void Raise(Rational exponent, ReadOnlySpan<double> x, Span<double> y)
    {
        switch (exponent.Abs)
        {
            case var half when half == Rational.Half:
                TensorPrimitives.Sqrt(x, y);
                break;
            case var one when one == Rational.One:
                x.CopyTo(y);
                break;
            case var two when two == 2:
                TensorPrimitives.Multiply(x, x, y);
                break;
            default:
                var power = Evaluation.RealPower(exponent.Abs);
                for (var i = 0; i < x.Length; i++)
                {
                    y[i] = power(x[i]);
                }

                break;
        }

        if (exponent.Sign < 0)
        {
            TensorPrimitives.Divide(1.0, y, y);
        }
    }

    private int Add(Expr expr)
    {
        if (known.TryGetValue(expr, out var at))
        {
            return at;
        }

        int[] operands = expr switch
        {
            Expr.Add sum => [.. sum.Terms.Select(Add)],
            Expr.Multiply product => [.. product.Factors.Select(Add)],
            Expr.Power power => [Add(power.Base)],
            Expr.Call { Arguments: [var argument] } => [Add(argument)],
            Expr.Reference reference when variables.Contains(reference.Name) => [],
            _ when !expr.References().Any() => [],
            _ => throw new ArgumentException($"{expr} is no closed form.", nameof(expr)),
        };
        var isWide = expr is Expr.Reference { Name: var name } ? wide.Contains(name) : operands.Any(operand => nodes[operand].IsWide);
        nodes.Add(new Node(expr, operands, isWide, expr is Expr.Call call ? FunctionOf(call) : null, operands.Length == 0 && expr is not Expr.Reference ? expr.ToDouble() : 0));
        return known[expr] = nodes.Count - 1;
    }

    private static SpanFunction<double> FunctionOf(Expr.Call call)
    {
        if (call.Derivative == 0 && ElementwiseTable.TryGet(call.Function, [.. call.Parameters.Select(parameter => parameter.ToDouble())], out var fast))
        {
            return fast.Double;
        }

        var function = Nonlinearities.Get(call.Function).Function(call.Parameters, call.Derivative);
        return (x, y) =>
        {
            for (var i = 0; i < x.Length; i++)
            {
                y[i] = function(x[i]);
            }
        };
    }
}
