namespace TpCompiler.Numerics.Rows;

/// <summary>A change of rows, its coefficients collected row by row: entries that name one row act at once, on the row as it was.</summary>
internal sealed class RowChange
{
    private readonly int[] rows;
    private readonly (int Group, int Column, int Slot)[] entries;
    private readonly double[] coefficients;
    private readonly bool[] isChanged;

    public RowChange(RowStep.Change change)
    {
        rows = [.. change.Entries.Select(entry => entry.Row).Distinct()];
        Cells = [.. change.Entries.Select(entry => entry.Cell).OfType<int>().Distinct()];
        entries = [.. change.Entries.Select(entry => (Array.IndexOf(rows, entry.Row), entry.Cell is { } cell ? Array.IndexOf(Cells, cell) : Cells.Length, entry.Coefficient))];
        coefficients = new double[rows.Length * (Cells.Length + 1)];
        isChanged = new bool[rows.Length];
    }

    /// <summary>The cells whose multiples are added.</summary>
    public int[] Cells { get; }

    /// <summary>How many rows there are at most.</summary>
    public int Count => rows.Length;

    private int Columns => Cells.Length + 1;

    /// <summary>The slot of a row's number.</summary>
    public int Row(int i) => rows[i];

    /// <summary>Whether the row is changed at all, and not by an earlier one of the same number.</summary>
    public bool IsChanged(int i) => isChanged[i];

    /// <summary>What the row is multiplied with.</summary>
    public double Self(int i) => 1 + coefficients[(i * Columns) + Cells.Length];

    /// <summary>What is added of a cell.</summary>
    public double Coefficient(int i, int cell) => coefficients[(i * Columns) + cell];

    public void Collect(double[] slots)
    {
        Array.Clear(coefficients);
        Array.Clear(isChanged);
        foreach (var (group, column, slot) in entries)
        {
            coefficients[(group * Columns) + column] += slots[slot];
            isChanged[group] |= slots[slot] != 0;
        }

        for (var i = 1; i < rows.Length; i++)
        {
            for (var first = 0; isChanged[i] && first < i; first++)
            {
                if (isChanged[first] && slots[rows[first]] == slots[rows[i]])
                {
                    for (var column = 0; column < Columns; column++)
                    {
                        coefficients[(first * Columns) + column] += coefficients[(i * Columns) + column];
                    }

                    isChanged[i] = false;
                }
            }
        }
    }
}
