using System.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>
/// The scalar nodes of a body, each an array of doubles over its index space, computed once a run. Numbers that come from an exponential are kept as
/// mantissa · e^scale until something other than sums, products, powers and logarithms needs them: exp(f_c)/Σ exp f, log Σ exp f and 1/(1 + e^x) neither overflow nor
/// lose their digits, however they are written.
/// </summary>
internal sealed class ScalarEvaluation
{
    private readonly Node[] nodes;
    private readonly double[]?[] values;
    private readonly double[]?[] mantissas;
    private readonly double[]?[] scales;
    private readonly int[]?[][] maps;
    private readonly InnerProduct?[] innerProducts;

    public ScalarEvaluation(IReadOnlyList<Node> all)
    {
        innerProducts = InnerProduct.AllIn(all);
        var replaced = innerProducts.OfType<InnerProduct>().Select(product => product.Body).ToHashSet();
        nodes = [.. all.Where(node => !node.Wide && !replaced.Contains(node))];
        values = new double[]?[all.Count];
        mantissas = new double[]?[all.Count];
        scales = new double[]?[all.Count];
        maps = new int[]?[all.Count][];
        foreach (var node in nodes)
        {
            values[node.Id] = new double[node.Space.Count];
            if (IsScaled(node))
            {
                mantissas[node.Id] = new double[node.Space.Count];
                scales[node.Id] = new double[node.Space.Count];
            }

            maps[node.Id] = innerProducts[node.Id] is null ? [.. Operands(node).Select(operand => (node is Node.Sum sum ? sum.Inner : node.Space).MapTo(operand.Space))] : [];
        }
    }

    public double[] this[Node node] => values[node.Id]!;

    public void Run(IFrame frame)
    {
        foreach (var node in nodes)
        {
            Compute(node, frame);
            if (scales[node.Id] is { } scale)
            {
                var (mantissa, value) = (mantissas[node.Id]!, values[node.Id]!);
                for (var i = 0; i < value.Length; i++)
                {
                    value[i] = mantissa[i] == 0 ? 0 : mantissa[i] * Math.Exp(scale[i]);
                }
            }
        }
    }

    private static Node[] Operands(Node node) => node switch
    {
        Node.Constant or Node.Position or Node.Counter or Node.Reference => [],
        Node.Below { Bound: var bound, Variable: var variable } => bound is null
            ? [new Node.Position(variable)]
            : [new Node.Position(variable), new Node.Position(bound)],
        Node.Add add => [.. add.Terms.Select(term => term.Scalar!)],
        Node.Multiply multiply => [.. multiply.Factors],
        Node.Power power => [power.Operand],
        Node.Call call => [.. call.Arguments],
        Node.Sum sum => [sum.Body],
        _ => throw new UnreachableException(),
    };

    private bool IsScaled(Node node) => node switch
    {
        Node.Call { Function.Function: "exp" } => true,
        Node.Add or Node.Multiply or Node.Power or Node.Sum => Operands(node).Any(operand => scales[operand.Id] is not null),
        _ => false,
    };

    private void Compute(Node node, IFrame frame)
    {
        var result = values[node.Id]!;
        var map = maps[node.Id];
        switch (node)
        {
            case Node.Constant constant:
                result[0] = constant.Value;
                break;
            case Node.Position:
                for (var i = 0; i < result.Length; i++)
                {
                    result[i] = i;
                }

                break;
            case Node.Counter counter:
                result[0] = frame.Counter(counter.Name);
                break;
            case Node.Below below:
                for (var i = 0; i < result.Length; i++)
                {
                    var bound = below.Bound is null ? frame.Counter(below.BoundCounter) : At(map[1], i);
                    result[i] = At(map[0], i) < bound ? 1 : 0;
                }

                break;
            case Node.Reference { Rows.IsIdentity: true } reference:
                frame.Scalar(reference.Slot).Data.AsSpan(0, result.Length).CopyTo(result);
                break;
            case Node.Reference reference:
                Gather(frame.Scalar(reference.Slot).Data, reference.Rows.Rows(frame), result);
                break;
            case Node.Add add when scales[node.Id] is not null:
                AddScaled([.. add.Terms.Select(term => term.Scalar!)], node);
                break;
            case Node.Add add:
                result.AsSpan().Clear();
                for (var t = 0; t < add.Terms.Count; t++)
                {
                    var term = this[add.Terms[t].Scalar!];
                    for (var i = 0; i < result.Length; i++)
                    {
                        result[i] += term[At(map[t], i)];
                    }
                }

                break;
            case Node.Multiply multiply when scales[node.Id] is not null:
                MultiplyScaled(multiply);
                break;
            case Node.Multiply multiply:
                result.AsSpan().Fill(1);
                for (var f = 0; f < multiply.Factors.Count; f++)
                {
                    var factor = this[multiply.Factors[f]];
                    for (var i = 0; i < result.Length; i++)
                    {
                        result[i] *= factor[At(map[f], i)];
                    }
                }

                break;
            case Node.Power power:
                RaisePower(power);
                break;
            case Node.Call call:
                Apply(call);
                break;
            case Node.Sum when innerProducts[node.Id] is { } product:
                product.Run(this, result);
                break;
            case Node.Sum sum when scales[node.Id] is not null:
                SumScaled(sum);
                break;
            case Node.Sum sum:
                result.AsSpan().Clear();
                var target = sum.Inner.MapTo(sum.Space);
                for (var i = 0; i < sum.Inner.Count; i++)
                {
                    result[At(target, i)] += this[sum.Body][At(map[0], i)];
                }

                break;
            default:
                throw new UnreachableException();
        }
    }

    private static int At(int[]? map, int i) => map is null ? i : map[i];

    private static void Gather(double[] source, int[] rows, double[] result)
    {
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = rows[i] switch
            {
                RowTable.Outside => 0,
                RowTable.Missing => double.NaN,
                var row => source[row],
            };
        }
    }

    private (double Mantissa, double Scale) Scaled(Node node, int i) =>
        scales[node.Id] is { } scale ? (mantissas[node.Id]![i], scale[i]) : (values[node.Id]![i], 0);

    private void Put(Node node, int i, double mantissa, double scale) =>
        (mantissas[node.Id]![i], scales[node.Id]![i]) = (mantissa, scale);

    /// <summary>m₁e^{s₁} + m₂e^{s₂}, relative to the larger scale.</summary>
    private static (double Mantissa, double Scale) Plus((double Mantissa, double Scale) x, (double Mantissa, double Scale) y) =>
        x.Mantissa == 0 ? y
        : y.Mantissa == 0 ? x
        : x.Scale == y.Scale ? (x.Mantissa + y.Mantissa, x.Scale)
        : x.Scale > y.Scale ? (x.Mantissa + (y.Mantissa * Math.Exp(y.Scale - x.Scale)), x.Scale)
        : Plus(y, x);

    private void AddScaled(Node[] terms, Node node)
    {
        for (var i = 0; i < node.Space.Count; i++)
        {
            var sum = (Mantissa: 0.0, Scale: 0.0);
            for (var t = 0; t < terms.Length; t++)
            {
                sum = Plus(sum, Scaled(terms[t], At(maps[node.Id][t], i)));
            }

            Put(node, i, sum.Mantissa, sum.Scale);
        }
    }

    private void SumScaled(Node.Sum sum)
    {
        var target = sum.Inner.MapTo(sum.Space);
        mantissas[sum.Id].AsSpan().Clear();
        scales[sum.Id].AsSpan().Clear();
        for (var i = 0; i < sum.Inner.Count; i++)
        {
            var at = At(target, i);
            var (mantissa, scale) = Plus(Scaled(sum, at), Scaled(sum.Body, At(maps[sum.Id][0], i)));
            Put(sum, at, mantissa, scale);
        }
    }

    private void MultiplyScaled(Node.Multiply product)
    {
        for (var i = 0; i < product.Space.Count; i++)
        {
            var (mantissa, scale) = (1.0, 0.0);
            for (var f = 0; f < product.Factors.Count; f++)
            {
                var factor = Scaled(product.Factors[f], At(maps[product.Id][f], i));
                mantissa *= factor.Mantissa;
                scale += factor.Scale;
            }

            Put(product, i, mantissa, scale);
        }
    }

    private void RaisePower(Node.Power power)
    {
        var real = Evaluation.RealPower(power.Exponent);
        var exponent = power.Exponent.ToDouble();
        for (var i = 0; i < power.Space.Count; i++)
        {
            if (scales[power.Id] is null)
            {
                values[power.Id]![i] = real(this[power.Operand][i]);
            }
            else
            {
                var (mantissa, scale) = Scaled(power.Operand, i);
                Put(power, i, real(mantissa), scale * exponent);
            }
        }
    }

    private void Apply(Node.Call call)
    {
        var function = ScalarFunctions.Of(call.Function);
        var argument = call.Arguments[0];
        for (var i = 0; i < call.Space.Count; i++)
        {
            switch (call.Function.Function)
            {
                case "exp":
                    // e^{±∞} and e^{NaN} are themselves: as scales they would make 0 · ∞.
                    var x = this[argument][i];
                    Put(call, i, double.IsFinite(x) ? 1 : Math.Exp(x), double.IsFinite(x) ? x : 0);
                    break;
                case "log":
                    var (mantissa, scale) = Scaled(argument, i);
                    values[call.Id]![i] = Math.Log(mantissa) + scale;
                    break;
                default:
                    values[call.Id]![i] = function(this[argument][i]);
                    break;
            }
        }
    }
}
