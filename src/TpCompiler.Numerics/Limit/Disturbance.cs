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

    /// <summary>The error of an integral in the units of its disturbance.</summary>
    /// <param name="value">The integral.</param>
    /// <param name="error">A bound on its error.</param>
    public static double Relative(double value, double error) => error / (1 + Math.Abs(value));

    /// <summary>An integral, off by <paramref name="size"/> of 1 + |value| in a direction that depends on the value alone, so that kernels stay symmetric.</summary>
    /// <param name="value">The integral.</param>
    /// <param name="size">How far; 0 leaves it as it is.</param>
    public static double Of(double value, double size) => value + (size * (1 + Math.Abs(value)) * Sign(value));

    /// <summary>Some sign of a number, the same for the same number.</summary>
    private static int Sign(double number) => (BitConverter.DoubleToInt64Bits(number) * unchecked((long)0x9E3779B97F4A7C15)) < 0 ? -1 : 1;
}
