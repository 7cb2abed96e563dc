using System.Diagnostics;

namespace TpCompiler.Numerics.Execution;

/// <summary>What stands at one axis of a reference, bound to variables, counters and values.</summary>
internal abstract record BoundIndex
{
    public sealed record Variable(Execution.Variable Of, int Offset) : BoundIndex;

    public sealed record Counter(string Name, int Offset) : BoundIndex;

    public sealed record Fixed(int Position) : BoundIndex;

    /// <summary>The row is the value of a scalar.</summary>
    public sealed record Lookup(int Slot, RowTable Rows) : BoundIndex;
}

/// <summary>Which row of a value a reference means, at each position of its index space.</summary>
internal sealed class RowTable
{
    /// <summary>A neighbour outside the axis: reads 0.</summary>
    public const int Outside = -1;

    /// <summary>A row that data asks for and the axis lacks: reads NaN, which the interpreter reports.</summary>
    public const int Missing = -2;

    private readonly IReadOnlyList<BoundIndex> indices;
    private readonly int[] shape;
    private readonly int[]? fixedRows;

    public RowTable(IndexSpace space, IReadOnlyList<BoundIndex> indices, int[] shape)
    {
        Space = space;
        this.indices = indices;
        this.shape = shape;
        IsFixed = indices.All(index => index is BoundIndex.Variable or BoundIndex.Fixed);
        if (IsFixed)
        {
            fixedRows = Compute(null);
            IsIdentity = fixedRows.Select((row, position) => row == position).All(same => same);
        }
    }

    public IndexSpace Space { get; }

    /// <summary>Whether the rows are the same in every run.</summary>
    public bool IsFixed { get; }

    /// <summary>Whether position i means row i.</summary>
    public bool IsIdentity { get; }

    /// <summary>The row of each position, given the counters and values of this run.</summary>
    public int[] Rows(IFrame frame) => fixedRows ?? Compute(frame);

    private int[] Compute(IFrame? frame)
    {
        var rows = new int[Space.Count];
        var stride = 1;
        for (var axis = indices.Count - 1; axis >= 0; axis--)
        {
            var positions = Positions(indices[axis], frame);
            for (var i = 0; i < rows.Length; i++)
            {
                var at = positions[i];
                var outside = indices[axis] is BoundIndex.Lookup ? Missing : Outside;
                rows[i] = rows[i] < 0 ? rows[i] : at < 0 || at >= shape[axis] ? outside : rows[i] + (at * stride);
            }

            stride *= shape[axis];
        }

        return rows;
    }

    private int[] Positions(BoundIndex index, IFrame? frame)
    {
        switch (index)
        {
            case BoundIndex.Variable variable:
                return [.. Space.Linear(v => v == variable.Of ? 1 : 0).Select(at => at + variable.Offset)];
            case BoundIndex.Fixed at:
                return [.. Enumerable.Repeat(at.Position, Space.Count)];
            case BoundIndex.Counter counter:
                return [.. Enumerable.Repeat(frame!.Counter(counter.Name) + counter.Offset, Space.Count)];
            case BoundIndex.Lookup lookup:
                var values = frame!.Scalar(lookup.Slot).Data;
                var rows = lookup.Rows.Rows(frame);
                var map = Space.MapTo(lookup.Rows.Space);
                return [.. Enumerable.Range(0, Space.Count).Select(i => ToPosition(values, rows[map is null ? i : map[i]]))];
            default:
                throw new UnreachableException();
        }
    }

    private static int ToPosition(double[] values, int row) =>
        row >= 0 && values[row] is >= 0 and < int.MaxValue && Math.Round(values[row]) == values[row] ? (int)values[row] : Outside;
}
