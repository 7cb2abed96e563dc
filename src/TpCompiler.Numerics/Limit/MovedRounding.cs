namespace TpCompiler.Numerics.Limit;

/// <summary>
/// Rounding made visible: in a second run each computed number is off by a known part of itself, upwards or downwards, as rounding would have it, but many times as far. How far the outputs move then says what rounding does to them
/// (Vignes' method of random arithmetic, Mathematics and Computers in Simulation 35, 233, 1993): in a training that oscillates or blows up errors grow from step to step.
/// </summary>
/// <param name="pattern">Chooses the signs.</param>
internal sealed class MovedRounding(ulong pattern)
{
    /// <summary>By which part of itself a number is off: not so much that a direction that was met counts as a new one.</summary>
    private const double Size = 1e-12;

    /// <summary>What an error is multiplied by that a few moved runs show: the largest of many may be so much larger, and sums of many terms round more than once.</summary>
    private const double Caution = 16;

    /// <summary>Half of the distance between numbers near 1.</summary>
    private const double Unit = 1.0 / (1L << 53);

    private ulong state = (pattern * 0x9E3779B97F4A7C15) + 1;

    /// <summary>Moves each number.</summary>
    public void Move(Span<double> numbers)
    {
        foreach (ref var number in numbers)
        {
            // xorshift64* (Vigna, ACM Transactions on Mathematical Software 42, 30, 2016).
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            number *= (long)(state * 0x2545F4914F6CDD1D) < 0 ? 1 - Size : 1 + Size;
        }
    }

    /// <summary>The error that rounding has made.</summary>
    /// <param name="value">A number.</param>
    /// <param name="moved">What it is in moved runs.</param>
    public static double ErrorOf(double value, IEnumerable<double> moved) =>
        Unit * ((4 * Math.Abs(value)) + (Caution * moved.Max(other => Math.Abs(other - value)) / Size));
}
