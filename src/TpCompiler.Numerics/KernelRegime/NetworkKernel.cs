using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Ir;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>The kernels of everything that a network makes of a sample.</summary>
/// <param name="Heads">The numbers that it makes; axes that these leave out have independent copies with one kernel.</param>
/// <param name="Blocks">For two of them the kernels, samples of the first in rows, of the second in columns; a pair that is missing has kernel 0.</param>
public sealed record NetworkKernel(ValueList<KernelHead> Heads, IReadOnlyDictionary<(int First, int Second), KernelMatrices> Blocks)
{
    /// <summary>What the errors of the least exact numbers mean.</summary>
    public ErrorKind Kind => Blocks.Values.Max(block => block.Kind);

    /// <summary>How the numbers were computed, the least exact last.</summary>
    public string Tier => string.Join(", ", Blocks.Values.OrderBy(block => block.Kind).Select(block => block.Tier).Distinct());

    public int Points => Blocks.Values.Max(block => block.Points);

    /// <summary>The same with entries of K that are off by so much of 1 + |K|.</summary>
    public NetworkKernel Disturbed(double size) => this with
    {
        Blocks = Blocks.ToDictionary(block => block.Key, block => block.Value with { Tangent = block.Value.Tangent.Map(value => Disturbance.Of(value, size), Zeros.Include) }),
    };

    /// <summary>The largest error of an entry of K; 0 when all are right to rounding.</summary>
    public double TangentError => Blocks.Values.Max(block => block.TangentErrors is { ColumnCount: > 0, RowCount: > 0 } errors ? errors.Enumerate().Max() : 0);
}

/// <summary>An output as the numbers of <see cref="NetworkKernel.Heads"/>.</summary>
/// <param name="Name">The output.</param>
/// <param name="Shape">The sizes of its axes besides the batch.</param>
/// <param name="Places">For each position, the last axis fastest: which number it is, and which of its copies.</param>
public sealed record KernelOutput(string Name, ValueList<int> Shape, ValueList<(int Head, int Copy)> Places)
{
    /// <param name="name">The output.</param>
    /// <param name="axes">Its axes besides the batch, with their sizes.</param>
    /// <param name="heads">The numbers that the network makes of a sample.</param>
    public static KernelOutput Of(string name, IReadOnlyList<(string Axis, int Size)> axes, ValueList<KernelHead> heads)
    {
        var places = new List<(int Head, int Copy)>();
        var copies = new Dictionary<int, int>();
        var position = new int[axes.Count];
        var size = axes.Aggregate(1, (product, axis) => product * axis.Size);
        for (var q = 0; q < size; q++)
        {
            for (int axis = axes.Count - 1, rest = q; axis >= 0; rest /= axes[axis].Size, axis--)
            {
                position[axis] = rest % axes[axis].Size;
            }

            var head = heads.Select((head, at) => (head, at)).First(pair => pair.head.Output == name && pair.head.Axes.Zip(pair.head.Position).All(told => position[axes.Select(axis => axis.Axis).ToList().IndexOf(told.First)] == told.Second)).at;
            var copy = copies.GetValueOrDefault(head);
            copies[head] = copy + 1;
            places.Add((head, copy));
        }

        return new KernelOutput(name, axes.Select(axis => axis.Size).ToValueList(), places.ToValueList());
    }
}
