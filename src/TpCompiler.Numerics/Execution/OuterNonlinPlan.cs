using System.Numerics.Tensors;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Execution;

/// <summary>A function of the entries of matrices, entry by entry: as many evaluations as the matrices have entries.</summary>
internal sealed class OuterNonlinPlan
{
    private const int Chunk = 1024;

    private readonly List<int> matrices = [];
    private readonly List<int> scalars = [];
    private readonly Node body;

    public OuterNonlinPlan(Instruction.OuterNonlin outer, ValueTable values, Func<string, double> widthValue)
    {
        body = Of(outer.Body);

        Node Of(Expr expr)
        {
            switch (expr)
            {
                case Expr.WidthPower power:
                    var number = Math.Pow(widthValue(power.Width), power.Exponent.ToDouble());
                    return new Node(true, (_, row) => row.Fill(number));
                case Expr.Reference reference when values.Definition(values.Slot(reference.Name)).Kind == ValueKind.Matrix:
                    var matrix = PositionIn(matrices, values.Slot(reference.Name));
                    return new Node(false, (at, row) => at.Copy(matrix, row));
                case Expr.Reference reference:
                    var scalar = PositionIn(scalars, values.Slot(reference.Name));
                    return new Node(true, (at, row) => row.Fill(at.Scalars[scalar]));
                case Expr.IndexValue { Index: var counter }:
                    return new Node(true, (at, row) => row.Fill(at.Frame.Counter(counter)));
                case Expr.Add or Expr.Multiply:
                    return Fold([.. expr.Children.Select(Of)], expr is Expr.Add);
                case Expr.Power power:
                    return Each(Of(power.Base), Evaluation.RealPower(power.Exponent), power.Exponent);
                case Expr.Call { Arguments: [var argument] } call:
                    return Each(Of(argument), ScalarFunctions.Of(call), null);
                default:
                    var constant = expr.ToDouble();
                    return new Node(true, (_, row) => row.Fill(constant));
            }
        }
    }

    /// <summary>The entries of the result; none for the zero matrix.</summary>
    /// <param name="frame">The scalars and the counters of loops.</param>
    /// <param name="entriesOf">The entries of the matrix in a slot, none for the zero matrix.</param>
    /// <param name="count">How many entries the result has.</param>
    public double[] Run(IFrame frame, Func<int, double[]> entriesOf, long count)
    {
        var operands = matrices.Select(entriesOf).ToArray();
        double[] numbers = [.. scalars.Select(slot => frame.Scalar(slot).Span[0])];
        if (Array.TrueForAll(operands, entries => entries.Length == 0))
        {
            // All entries are one number.
            var entry = new double[1];
            body.Compute(new Place(frame, operands, numbers, 0), entry);
            if (entry[0] == 0)
            {
                return [];
            }
        }

        var result = new double[count];
        for (var start = 0; start < result.Length; start += Chunk)
        {
            body.Compute(new Place(frame, operands, numbers, start), result.AsSpan(start, Math.Min(Chunk, result.Length - start)));
        }

        return result;
    }

    private static int PositionIn(List<int> slots, int slot)
    {
        if (!slots.Contains(slot))
        {
            slots.Add(slot);
        }

        return slots.IndexOf(slot);
    }

    /// <summary>Sums and products: what is the same for all entries once for a chunk.</summary>
    private static Node Fold(List<Node> nodes, bool isSum)
    {
        var buffer = new double[Chunk];
        return new Node(nodes.TrueForAll(node => node.IsNumber), (at, row) =>
        {
            nodes[0].Compute(at, row);
            foreach (var node in nodes.Skip(1))
            {
                var other = buffer.AsSpan(0, node.IsNumber ? 1 : row.Length);
                node.Compute(at, other);
                switch (node.IsNumber, isSum)
                {
                    case (true, true):
                        TensorPrimitives.Add(row, other[0], row);
                        break;
                    case (true, false):
                        TensorPrimitives.Multiply(row, other[0], row);
                        break;
                    case (false, true):
                        TensorPrimitives.Add(row, other, row);
                        break;
                    default:
                        TensorPrimitives.Multiply(row, other, row);
                        break;
                }
            }
        });
    }

    private static Node Each(Node operand, Func<double, double> function, Rational? exponent) => new(operand.IsNumber, (at, row) =>
    {
        operand.Compute(at, row);
        switch (exponent)
        {
            case { Numerator.IsOne: true, Denominator.IsOne: false } root when root == Rational.Half:
                TensorPrimitives.Sqrt(row, row);
                break;
            case { IsInteger: true } minus when minus == -1:
                TensorPrimitives.Divide(1.0, row, row);
                break;
            case { IsInteger: true } square when square == 2:
                TensorPrimitives.Multiply(row, row, row);
                break;
            default:
                for (var i = 0; i < row.Length; i++)
                {
                    row[i] = function(row[i]);
                }

                break;
        }
    });

    /// <summary>A part of the body: computes a chunk of entries, or one number where all are the same.</summary>
    private sealed record Node(bool IsNumber, Compute Compute);

    private delegate void Compute(Place at, Span<double> row);

    /// <summary>The counters of loops, the operands and where the chunk begins.</summary>
    private sealed record Place(IFrame Frame, double[][] Matrices, double[] Scalars, int Start)
    {
        public void Copy(int matrix, Span<double> row)
        {
            if (Matrices[matrix].Length == 0)
            {
                row.Clear();
            }
            else
            {
                Matrices[matrix].AsSpan(Start, row.Length).CopyTo(row);
            }
        }
    }
}
