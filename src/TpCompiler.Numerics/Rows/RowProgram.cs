using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Rows;

/// <summary>
/// One step of a training that looks up rows of tables (embeddings) and changes only rows that it has looked up: what it does to single numbers ("slots"), rows and vectors without an axis ("cells"), in an order
/// in which every table can be changed in place. Nothing in it is as long as a table.
/// </summary>
/// <param name="Width">The width of every vector.</param>
/// <param name="Tables">The states of the loop that are changed, by name, with their numbers of rows.</param>
/// <param name="Slots">What stands in each slot before the step begins, null for what a step computes.</param>
/// <param name="Reads">The Data that a step begins with.</param>
/// <param name="Cells">How many vectors without an axis are kept.</param>
/// <param name="Steps">What is done, in order.</param>
/// <param name="Causes">The instruction that each slot is computed for.</param>
/// <param name="Values">The slots of each scalar of the loop's body, in the order of its positions.</param>
internal sealed record RowProgram(
    string Width,
    IReadOnlyList<(string Name, int Rows)> Tables,
    IReadOnlyList<Expr?> Slots,
    IReadOnlyList<RowData> Reads,
    int Cells,
    IReadOnlyList<RowStep> Steps,
    IReadOnlyList<Instruction?> Causes,
    IReadOnlyDictionary<string, int[]> Values)
{
    /// <summary>A slot in a formula.</summary>
    public static Expr.Reference SlotReference(int slot) => new(FormattableString.Invariant($"#{slot}"), []);
}

/// <summary>Numbers that the data gives: written to slots that lie one behind the other.</summary>
internal sealed record RowData(string Field, int[] Shape, int FirstSlot);

/// <summary>A vector that is read.</summary>
internal abstract record RowSource
{
    /// <summary>A row of a table as it is after <paramref name="Version"/> changes; its number stands in a slot.</summary>
    public sealed record Row(int Table, int Version, int Number) : RowSource;

    /// <summary>A vector without an axis.</summary>
    public sealed record Cell(int Number) : RowSource;
}

/// <summary>Something that a step does.</summary>
internal abstract record RowStep
{
    /// <summary>A number from numbers.</summary>
    public sealed record Formula(int Slot, Expr Body) : RowStep;

    /// <summary>Σ_α x_α y_α.</summary>
    public sealed record Dot(int Slot, RowSource Left, RowSource Right) : RowStep;

    /// <summary>Dot products that are computed together, each for the first time.</summary>
    public sealed record Dots(ValueList<Dot> Products) : RowStep;

    /// <summary>
    /// Brings a dot product of a row with a cell up to date: for each change of row r since, where r is the row, x ← x (1 + Σ a) + Σ b ⟨c, cell⟩, a the coefficients of the row itself and b those of cells c.
    /// </summary>
    public sealed record Revise(int Slot, int Row, ValueList<RowRevision> Changes) : RowStep;

    /// <summary>cell = coefficient · source, or cell += coefficient · source.</summary>
    public sealed record Accumulate(int Cell, bool IsFirst, int Coefficient, RowSource Source) : RowStep;

    /// <summary>T[row] += Σ of coefficient · source, over entries, all of it at once; each source is a cell or the row itself as it was.</summary>
    public sealed record Change(int Table, int Version, ValueList<RowEntry> Entries) : RowStep;
}

/// <summary>A term of a change: to the row whose number stands in slot <paramref name="Row"/>.</summary>
/// <param name="Row">The slot of the row's number.</param>
/// <param name="Coefficient">A slot.</param>
/// <param name="Cell">The vector; null for the row itself.</param>
internal sealed record RowEntry(int Row, int Coefficient, int? Cell);

/// <summary>A term of a change, as a dot product with a row sees it.</summary>
/// <param name="Change">Terms of one change act at once.</param>
/// <param name="Row">The slot of the row's number.</param>
/// <param name="Coefficient">A slot.</param>
/// <param name="Dot">The slot of the dot product with what is added; null for the row itself.</param>
internal sealed record RowRevision(int Change, int Row, int Coefficient, int? Dot);
