namespace TpCompiler.Symbolics;

/// <summary>How a moment was computed.</summary>
public enum MomentTier
{
    ClosedForm,
    Quadrature,
}

/// <summary>A number with a bound on its error.</summary>
/// <param name="Value">The number.</param>
/// <param name="Error">|Value − truth| is at most this; infinite when the integral didn't converge.</param>
/// <param name="Tier">How it was computed.</param>
public readonly record struct NumericMoment(double Value, double Error, MomentTier Tier);
