using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// How far errors of integrals move a number that is computed from many of them: seen from a second run in which each of them is off by a known amount.
/// </summary>
public static class Disturbance
{
    /// <summary>How far each integral is off in the second run.</summary>
    public const double Size = 1e-6;

    /// <summary>What an error is multiplied by that is estimated from one disturbed run.</summary>
    private const double Caution = 10;

    /// <summary>Rounding of the sums between integrals, for a number of size 1.</summary>
    private const double Rounding = 1e-14;

    /// <summary>A bound on the error of a number.</summary>
    /// <param name="value">The number.</param>
    /// <param name="moved">What it is in the disturbed run.</param>
    /// <param name="largestError">A bound on the error of every integral.</param>
    public static double Bound(double value, double moved, double largestError) =>
        (Rounding * Math.Max(1, Math.Abs(value))) + (Caution * Math.Abs(moved - value) / Size * Math.Max(largestError, 1e-16));

    /// <summary>An integral, off by <paramref name="size"/> in a direction that depends on the covariance alone, so that kernels stay symmetric.</summary>
    /// <param name="value">The integral.</param>
    /// <param name="p">One variance.</param>
    /// <param name="q">The other.</param>
    /// <param name="r">The covariance.</param>
    /// <param name="size">How far; 0 leaves it as it is.</param>
    public static double Of(double value, double p, double q, double r, double size) =>
        size == 0 ? value : value + (Math.Max(1, Math.Abs(value)) * (long.PopCount(BitConverter.DoubleToInt64Bits(p + q) ^ BitConverter.DoubleToInt64Bits(r)) % 2 == 0 ? size : -size));
}
