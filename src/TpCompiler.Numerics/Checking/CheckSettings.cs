using TpCompiler.Numerics.Execution;

namespace TpCompiler.Numerics.Checking;

/// <summary>The nets to run.</summary>
public sealed record CheckSettings
{
    public const int UsualSteps = 3;

    public const int UnstableSteps = 1;

    public IReadOnlyList<int> Widths { get; init; } = [32, 64, 128, 256, 512];

    /// <summary>While lines stay open that look bent, nets of twice the widest width are added up to this one; 0 for no others than <see cref="Widths"/>.</summary>
    public int WidestWidth { get; init; }

    /// <summary>Nets of each width; null: as many as it takes to decide every line, up to <see cref="MaxSeeds"/>, and more of narrow ones, which cost less.</summary>
    public int? Seeds { get; init; }

    /// <summary>The most nets of one width.</summary>
    public int MaxSeeds { get; init; } = 4096;

    /// <summary>After how many steps the change is measured; null: <see cref="UsualSteps"/>, or <see cref="UnstableSteps"/> where training is unstable, since each further step multiplies the powers of n.</summary>
    public int? Steps { get; init; }

    /// <summary>
    /// The seed of Gaussian scalars, for every net: a weight without a wide side is random at any width, and a limit is that of one draw of it. Null for a draw a net.
    /// </summary>
    public ulong? ScalarSeed { get; init; }

    /// <summary>Whether rows of a table are learned one look-up after the other: what reads a row that no look-up before it has changed is 0 in every net, whatever its size otherwise, and decides nothing.</summary>
    public bool LooksUpRows { get; init; }

    public ExecutionSettings Execution { get; init; } = new();
}
