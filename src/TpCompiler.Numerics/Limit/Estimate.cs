namespace TpCompiler.Numerics.Limit;

/// <summary>What the error of an <see cref="Estimate"/> means.</summary>
public enum ErrorKind
{
    /// <summary>Right to floating-point rounding.</summary>
    Exact,

    /// <summary>At most this far off: quadrature with a bound.</summary>
    Bound,

    /// <summary>One standard error, from independent scramblings.</summary>
    StandardError,
}

/// <summary>A number with its error.</summary>
/// <param name="Value">The number.</param>
/// <param name="Error">The rounding bound, the bound, or one standard error.</param>
/// <param name="Kind">Which of them.</param>
/// <param name="Points">Points of each scrambling; 0 when there are none.</param>
public readonly record struct Estimate(double Value, double Error, ErrorKind Kind, int Points);
