using TpCompiler.Ir;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>How far to go.</summary>
public sealed record LimitSettings
{
    /// <summary>The standard error that every output shall have at most.</summary>
    public double Tolerance { get; init; } = 5e-5;

    /// <summary>Points of each scrambling, a power of two; null: as many as the tolerance needs.</summary>
    public int? Points { get; init; }

    /// <summary>The points at which the search for the tolerance gives up.</summary>
    public int MaxPoints { get; init; } = 1 << 18;

    /// <summary>Memory that the run may take, in bytes.</summary>
    public long MaxMemory { get; init; } = 12L << 30;

    /// <summary>Independent scramblings.</summary>
    public int Replicates { get; init; } = 16;

    /// <summary>Chooses the scramblings.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads at most. Results don't depend on it.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Whether an affine program may run on coefficients and a polynomial one on polynomials; otherwise they run at points too.</summary>
    public bool AllowExact { get; init; } = true;

    /// <summary>Whether expectations may be taken apart into integrals over two Gaussians; otherwise grids and points do it.</summary>
    public bool AllowCovariances { get; init; } = true;

    /// <summary>Whether coefficients of a training that is measured are kept in single precision, half the memory, where the program has no matrix; numbers that it reports are computed in double.</summary>
    public bool SinglePrecision { get; init; }

    /// <summary>What small grids are refined to, whatever the tolerance is: they cost nothing.</summary>
    public double SmallGridGoal { get; init; } = 1e-9;

    /// <summary>Sizes of axes that the program leaves open.</summary>
    public IReadOnlyDictionary<string, int> AxisSizes { get; init; } = new Dictionary<string, int>();

    /// <summary>What is as good as all digits of a number, after what cancels within its formula.</summary>
    private const double Digits = 1e-10;

    /// <summary>Whether all numbers are within the tolerance, or known to ten digits: of large numbers no more is to be had.</summary>
    public bool IsReachedBy(LimitRecord record) => record.Values.All(estimate => estimate.Error <= Tolerance || estimate.Error <= Digits * Math.Abs(estimate.Value));
}

/// <summary>An output of a limit program when it was computed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Iteration">The counters of the enclosing loops.</param>
/// <param name="Shape">The sizes of its axes.</param>
/// <param name="Values">The numbers, last axis fastest.</param>
public sealed record LimitRecord(string Name, ValueList<int> Iteration, ValueList<int> Shape, ValueList<Estimate> Values)
{
    /// <summary>How it was computed, where that isn't how the whole result was; null otherwise.</summary>
    public string? Tier { get; init; }
}

/// <summary>Why a limit is not as good as asked.</summary>
public enum LimitShortfall
{
    None,

    /// <summary>The tolerance doesn't hold at the most points allowed.</summary>
    Tolerance,

    /// <summary>More points, which the tolerance needs, don't fit into memory.</summary>
    Memory,

    /// <summary>A value stopped being finite.</summary>
    NotFinite,

    Cancelled,
}

/// <summary>What evaluating a limit gave.</summary>
/// <param name="Records">The outputs with their errors; up to where a run failed, if it did.</param>
/// <param name="Tier">What variables lived in: <c>coefficients</c>, <c>polynomials</c>, <c>quadrature</c> or <c>quasi-random points</c>.</param>
/// <param name="Points">Points of each scrambling, 0 for exact tiers.</param>
/// <param name="Replicates">Scramblings.</param>
/// <param name="Shortfall">Why the result is not as good as asked.</param>
/// <param name="LargestError">The largest error of an output.</param>
/// <param name="Failure">The value that was not finite.</param>
public sealed record LimitResult(
    ValueList<LimitRecord> Records,
    string Tier,
    int Points,
    int Replicates,
    LimitShortfall Shortfall,
    double LargestError,
    NotFiniteValue? Failure)
{
    /// <summary>Why a better tier was not used; null when there is nothing to say.</summary>
    public string? Remark { get; init; }

    /// <summary>The bytes that the first points would have taken, where these don't fit into memory; else 0.</summary>
    public double MemoryNeeded { get; init; }

    /// <summary>The largest error among some numbers; 0 when there are none.</summary>
    public static double LargestErrorOf(IEnumerable<LimitRecord> records) =>
        records.SelectMany(record => record.Values).Select(estimate => estimate.Error).DefaultIfEmpty(0).Max();

    /// <summary>No numbers, and why.</summary>
    public static LimitResult Nothing(int points, int replicates, LimitShortfall why) =>
        new([], LimitEvaluator.QuasiRandom, points, replicates, why, double.PositiveInfinity, null);
}
