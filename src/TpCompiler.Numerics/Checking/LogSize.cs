namespace TpCompiler.Numerics.Checking;

/// <summary>The logarithm of a size at one width, over independent nets.</summary>
/// <param name="Width">n.</param>
/// <param name="Value">log size.</param>
/// <param name="Error">Its standard error; 0 where there is one net.</param>
/// <param name="Nets">How many nets.</param>
public readonly record struct LogSize(double Width, double Value, double Error, int Nets)
{
    /// <summary>The variance of <see cref="Value"/> times the number of nets.</summary>
    internal double Variance => Error * Error * Nets;

    /// <summary>
    /// The logarithm of the mean of sizes over nets, and of nothing that is as sensitive to rare nets as their mean square is, or to nets in which it happens to be small, as the mean logarithm is. The mean is
    /// unbiased, and the logarithm of it to second order in its error: log m̂ is too small by half of its variance. Null where every size is 0.
    /// </summary>
    public static LogSize? OfMean(double width, IReadOnlyCollection<double> sizes)
    {
        var mean = sizes.Average();
        if (!(mean > 0) || !double.IsFinite(mean))
        {
            return null;
        }

        var variance = sizes.Count < 2 ? 0 : sizes.Sum(size => Square((size / mean) - 1)) / (sizes.Count - 1) / sizes.Count;
        return new(width, Math.Log(mean) + (variance / 2), Math.Sqrt(variance), sizes.Count);
    }

    private static double Square(double x) => x * x;
}
