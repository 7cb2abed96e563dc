using System.Diagnostics;

namespace TpCompiler.Cli.Results;

/// <summary>The floating-point numbers of a finite net's vectors and matrices.</summary>
internal enum Precision
{
    Single,
    Double,
}

/// <summary>How a finite net runs.</summary>
/// <param name="Width">n of the first width.</param>
/// <param name="Seed">Selects the random numbers.</param>
/// <param name="Precision">Of vectors and matrices; scalars and sums are double.</param>
/// <param name="Seeds">How many nets, of this seed and those after it.</param>
internal sealed record FiniteSettings(int Width, ulong Seed, Precision Precision, int Seeds = 1);

internal static class PrecisionNames
{
    public static string Name(this Precision precision) => precision switch
    {
        Precision.Single => "fp32",
        Precision.Double => "fp64",
        _ => throw new UnreachableException(),
    };
}
