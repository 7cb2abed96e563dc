using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// Inverse sine and cosine of a register; NaN beyond ±1. Above ½ through arcsin x = π/2 − 2 arcsin √((1 − x)/2), so that arccos is relatively accurate up to 1. The polynomials are Chebyshev interpolants of
/// (arcsin s − s)/s³ in s² on [0, ¼], computed in 60 digits.
/// </summary>
internal static class InverseTrigonometric<TV, T>
    where TV : struct, ILanes<TV, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>arcsin x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Arcsin(TV x)
    {
        TV p = Central(x, out TV isLarge);
        TV magnitude = TV.Select(isLarge, TV.Fma(p, TV.Create(-2.0), Math.PI / 2), p);
        return magnitude | (x & Elementary<TV, T>.SignMask);
    }

    /// <summary>arccos x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Arccos(TV x)
    {
        TV p = Central(x, out TV isLarge);
        TV isNegative = TV.LessThan(x, TV.Zero);
        TV twice = p + p;
        TV large = TV.Select(isNegative, TV.Create(Math.PI) - twice, twice);
        TV small = TV.Create(Math.PI / 2) - TV.Select(isNegative, TV.Zero - p, p);
        return TV.Select(isLarge, large, small);
    }

    /// <summary>arcsin s with s = |x|, or √((1 − |x|)/2) where |x| is above ½.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Central(TV x, out TV isLarge)
    {
        TV a = Elementary<TV, T>.Abs(x);
        isLarge = TV.LessThan(TV.Create(0.5), a);
        TV z = TV.Select(isLarge, TV.Fma(a, TV.Create(-0.5), 0.5), a * a);
        TV s = TV.Select(isLarge, TV.Sqrt(z), a);
        return TV.Fma(s * z, Series(z), s);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Series(TV z)
    {
        TV p;
        if (Elementary<TV, T>.IsSingle)
        {
            p = TV.Fma(TV.Create(0.038085023561092654), z, 0.026554542206161328);
            p = TV.Fma(p, z, 0.04500138006991017);
            p = TV.Fma(p, z, 0.07498855072600821);
            return TV.Fma(p, z, 0.16666672414795305);
        }

        p = TV.Fma(TV.Create(0.028757851367421566), z, -0.014851887071247204);
        p = TV.Fma(p, z, 0.01740087944269402);
        p = TV.Fma(p, z, 0.005457506718640358);
        p = TV.Fma(p, z, 0.01032281435018578);
        p = TV.Fma(p, z, 0.011479177415184906);
        p = TV.Fma(p, z, 0.013971212973552933);
        p = TV.Fma(p, z, 0.017352392720869973);
        p = TV.Fma(p, z, 0.02237217294214989);
        p = TV.Fma(p, z, 0.030381944138531247);
        p = TV.Fma(p, z, 0.04464285714635543);
        p = TV.Fma(p, z, 0.07499999999998433);
        return TV.Fma(p, z, 0.16666666666666669);
    }
}
