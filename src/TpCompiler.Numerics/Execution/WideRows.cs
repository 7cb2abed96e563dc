namespace TpCompiler.Numerics.Execution;

/// <summary>Where the rows of a wide node lie: computed chunk by chunk in a workspace, or in a value's own numbers.</summary>
/// <param name="Data">The numbers.</param>
/// <param name="Table">Which row stands at each position; null for position i in row i.</param>
/// <param name="Stride">From one row to the next.</param>
/// <param name="Start">Where the chunk starts in each row.</param>
internal readonly record struct WideRows<T>(T[] Data, int[]? Table, int Stride, int Start)
{
    /// <summary>The row's part of this chunk; empty for a row outside its axis.</summary>
    public Span<T> Row(int position, int length)
    {
        var row = Table is null ? position : Table[position];
        return row < 0 ? default : Data.AsSpan((row * Stride) + Start, length);
    }

    public int RowNumber(int position) => Table is null ? position : Table[position];
}
