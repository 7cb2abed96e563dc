using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>Powers of the width, and of a number of layers that an exponent holds beside it.</summary>
public static class DepthText
{
    /// <summary><c>n^(-1) L^(-1/2)</c>, <c>n^2</c>, <c>1</c>.</summary>
    /// <param name="exponent">Of n, with that of L in it (<see cref="DepthSymbol"/>).</param>
    /// <param name="depth">The number of layers; null where there is none.</param>
    public static string Powers(Rational exponent, DepthSymbol? depth)
    {
        var (width, layers) = DepthSymbol.Split(exponent);
        return layers.IsZero ? Power("n", width) : width.IsZero ? Power(depth!.Axis, layers) : $"{Power("n", width)} {Power(depth!.Axis, layers)}";
    }

    /// <summary><c>n^(-1/2)</c>, <c>n^2</c>, <c>n</c>, <c>1</c>.</summary>
    public static string Power(string of, Rational exponent) => exponent.IsZero ? "1" : exponent.IsOne ? of : $"{of}^{(exponent is { IsInteger: true, Sign: > 0 } ? $"{exponent}" : $"({exponent})")}";
}
