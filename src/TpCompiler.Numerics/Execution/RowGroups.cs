using System.Numerics;

namespace TpCompiler.Numerics.Execution;

/// <summary>Rows of a vector's array as one contiguous block, copied only when they don't lie so already.</summary>
internal static class RowGroups
{
    public static ReadOnlyMemory<T> Gather<T>(Tensor<T> source, ReadOnlySpan<int> rows, BufferPool<T> pool, out T[]? copy)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        copy = null;
        var length = source.Coordinates;
        if (IsRun(rows))
        {
            return source.Data.AsMemory(rows[0] * length, rows.Length * length);
        }

        copy = pool.Rent(rows.Length * length);
        for (var i = 0; i < rows.Length; i++)
        {
            var target = copy.AsSpan(i * length, length);
            switch (rows[i])
            {
                case RowTable.Outside:
                    target.Clear();
                    break;
                case RowTable.Missing:
                    target.Fill(T.NaN);
                    break;
                default:
                    source.Row(rows[i]).CopyTo(target);
                    break;
            }
        }

        return copy;
    }

    /// <summary>Whether the rows are r, r + 1, r + 2, …</summary>
    public static bool IsRun(ReadOnlySpan<int> rows)
    {
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] < 0 || rows[i] != rows[0] + i)
            {
                return false;
            }
        }

        return rows.Length > 0;
    }
}
