using System.Numerics;

namespace TpCompiler.Numerics.Execution;

/// <summary>
/// The numbers of a value: its finite axes in the order of its definition, then its coordinates, contiguous. A scalar has one coordinate (and is always
/// held in <see cref="double"/>).
/// </summary>
/// <param name="shape">The sizes of the finite axes.</param>
/// <param name="coordinates">n, 1 for a scalar.</param>
/// <param name="data">Rows × coordinates numbers; may be longer.</param>
public sealed class Tensor<T>(int[] shape, int coordinates, T[] data)
    where T : unmanaged, INumberBase<T>
{
    public Tensor(int[] shape, int coordinates)
        : this(shape, coordinates, new T[checked(shape.Aggregate(1, (product, size) => product * size) * coordinates)])
    {
    }

    public IReadOnlyList<int> Shape => shape;

    /// <summary>How many coordinates each row has.</summary>
    public int Coordinates => coordinates;

    /// <summary>How many rows: the product of the sizes of the axes.</summary>
    public int Rows { get; } = shape.Aggregate(1, (product, size) => product * size);

    public T[] Data => data;

    public Span<T> Span => data.AsSpan(0, Rows * coordinates);

    public Span<T> Row(int row) => data.AsSpan(row * coordinates, coordinates);
}
