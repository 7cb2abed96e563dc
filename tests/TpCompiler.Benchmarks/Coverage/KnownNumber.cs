using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Benchmarks.Coverage;

/// <summary>A number that is known exactly, and what tpc says it is.</summary>
/// <param name="Kind">What makes it hard: smooth, kinked, near-degenerate, heavy-tailed; or a whole limit.</param>
internal abstract record KnownNumber(string Kind)
{
    public abstract double Exact { get; }

    /// <summary>By quadrature in two dimensions, although there is a closed form; null for what is no such integral.</summary>
    public virtual NumericMoment? Integrated() => null;

    /// <summary>By the evaluator of limits, at quasi-random points or by what it chooses itself; not by closed forms, which are what the number is known by.</summary>
    public abstract Estimate Evaluated(ulong seed, bool atPoints);

    protected static LimitSettings Settings(ulong seed, bool atPoints) => new() { Seed = seed, AllowExact = !atPoints, Points = atPoints ? 1 << 10 : null, Tolerance = 1e-3, AllowCovariances = false };
}
