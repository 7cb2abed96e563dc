using TpCompiler.Numerics.Execution;

namespace TpCompiler.Numerics.Rows;

/// <summary>Which rows the next step will read, so that the memory can be asked for them while this one changes rows that it has: those whose numbers are in the data.</summary>
internal sealed class RowsAhead
{
    private readonly (int Table, int Read, int Position)[] rows;
    private Tensor<double>[]? next;
    private int turns;

    public RowsAhead(RowProgram program)
    {
        rows = [.. program.Steps.SelectMany(Sources).OfType<RowSource.Row>().Select(row => (row.Table, row.Number)).Distinct().SelectMany(row => Place(row.Table, row.Number))];

        IEnumerable<(int Table, int Read, int Position)> Place(int table, int slot)
        {
            for (var read = 0; read < program.Reads.Count; read++)
            {
                var position = slot - program.Reads[read].FirstSlot;
                if (position >= 0 && position < program.Reads[read].Shape.Aggregate(1, (product, size) => product * size))
                {
                    yield return (table, read, position);
                }
            }
        }

        static IEnumerable<RowSource> Sources(RowStep step) => step switch
        {
            RowStep.Dots dots => dots.Products.SelectMany(dot => new[] { dot.Left, dot.Right }),
            RowStep.Accumulate accumulate => [accumulate.Source],
            _ => [],
        };
    }

    /// <summary>Another place in the step at which rows can be asked for.</summary>
    public int NewTurn() => turns++;

    /// <summary>Looks at what the data gives in the next step; null where that isn't known.</summary>
    public void Look(Tensor<double>[]? sample) => next = sample;

    /// <summary>The row of this number among those of a turn: all turns together have every row, as evenly as they can.</summary>
    public (int Table, int Index)? Row(int turn, int number)
    {
        var place = (rows.Length * turn / turns) + number;
        if (next is null || place >= rows.Length * (turn + 1) / turns)
        {
            return null;
        }

        var (table, read, position) = rows[place];
        return (table, (int)next[read].Data[position]);
    }
}
