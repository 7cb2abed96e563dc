using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// Exponential and logarithm of a register, to about one unit in the last place, over the whole range of the type:
/// subnormal arguments and results, ±∞ and NaN included. Every lane takes the same branchless path, so a value's result depends on
/// nothing but the value.
/// </summary>
internal static class Elementary<TV, T>
    where TV : struct, ILanes<TV, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static bool IsSingle
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(T) == typeof(float);
    }

    private static int MantissaBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsSingle ? 23 : 52;
    }

    /// <summary>Adding this rounds to an integer and leaves the integer in the low bits.</summary>
    public static double RoundingMagic
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsSingle ? 12582912.0 : 6755399441055744.0;
    }

    public static TV SignMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TV.CreateBits(IsSingle ? 0x8000_0000UL : 0x8000_0000_0000_0000UL);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Abs(TV x) => x & TV.CreateBits(IsSingle ? 0x7FFF_FFFFUL : 0x7FFF_FFFF_FFFF_FFFFUL);

    /// <summary>The smaller operand; when <paramref name="x"/> is NaN, <paramref name="x"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Min(TV x, TV bound) => TV.Select(TV.LessThan(bound, x), bound, x);

    /// <summary>The larger operand; when <paramref name="x"/> is NaN, <paramref name="x"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Max(TV x, TV bound) => TV.Select(TV.LessThan(x, bound), bound, x);

    /// <summary>2^k, for the integer k of a sum with <see cref="RoundingMagic"/>, −126 (−1022) ≤ k ≤ 127 (1023).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV PowerOfTwo(TV magicSum) =>
        TV.ShiftLeft(TV.AddBits(magicSum, TV.CreateBits(IsSingle ? 127UL : 1023UL)), MantissaBits);

    /// <summary>
    /// Writes x = k·ln 2 + r with |r| ≤ ½ ln 2 (Cody and Waite's reduction; the FMA keeps r exact to its last digit) and returns e^r − 1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV ExpReduced(TV x, out TV magicSum)
    {
        magicSum = TV.Fma(x, TV.Create(1.4426950408889634), RoundingMagic);
        TV k = magicSum - TV.Create(RoundingMagic);
        TV r = IsSingle
            ? TV.Fma(k, TV.Create(-1.4286068203094173e-06), TV.Fma(k, TV.Create(-0.693145751953125), x))
            : TV.Fma(k, TV.Create(-1.9082149292705877e-10), TV.Fma(k, TV.Create(-0.6931471803691238), x));
        return ExpMinusOneSeries(r);
    }

    /// <summary>e^x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Exp(TV x)
    {
        // Beyond these bounds the result is 0 or ∞ already; NaN passes.
        TV bounded = Max(Min(x, TV.Create(IsSingle ? 90.0 : 711.0)), TV.Create(IsSingle ? -105.0 : -747.0));
        TV p = ExpReduced(bounded, out TV magicSum);

        // 2^k in two factors, so that a subnormal or just finite result is reached through representable ones.
        TV half = TV.Fma(magicSum - TV.Create(RoundingMagic), TV.Create(0.5), RoundingMagic);
        TV rest = (magicSum - TV.Create(RoundingMagic)) - (half - TV.Create(RoundingMagic)) + TV.Create(RoundingMagic);
        TV scale = PowerOfTwo(half);
        return TV.Fma(scale, p, scale) * PowerOfTwo(rest);
    }

    /// <summary>ln x for a positive normal x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV LogOfNormal(TV x) => LogOfNormal(x, TV.Zero);

    /// <summary>ln x; −∞ at 0, NaN below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Log(TV x)
    {
        TV tiny = TV.LessThan(x, TV.Create(IsSingle ? 1.1754943508222875e-38 : 2.2250738585072014e-308));
        TV scaled = TV.Select(tiny, x * TV.Create(IsSingle ? 33554432.0 : 18014398509481984.0), x);
        TV shift = tiny & TV.Create(IsSingle ? -25.0 : -54.0);
        TV result = LogOfNormal(scaled, shift);
        TV infinity = TV.Create(double.PositiveInfinity);
        result = TV.Select(TV.LessThan(x, infinity), result, x);
        result = TV.Select(TV.EqualTo(x, TV.Zero), TV.Zero - infinity, result);
        return TV.Select(TV.LessThan(x, TV.Zero), TV.Create(double.NaN), result);
    }

    /// <summary>ln(1 + x) for 0 ≤ x ≤ 1, relatively accurate down to 0. Kahan's correction for the rounding of 1 + x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV LogOnePlusUnit(TV x)
    {
        TV one = TV.Create(1.0);
        TV u = one + x;
        return LogOfNormal(u) + ((x - (u - one)) / u);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV LogOfNormal(TV x, TV exponentShift)
    {
        // x = 2^k·m with m in [√½, √2): subtracting √½'s bits carries the exponent up exactly when the fraction is beyond it.
        TV offset = TV.CreateBits(IsSingle ? 0x3F3504F3UL : 0x3FE6A09E667F3BCDUL);
        TV excess = TV.AddBits(x, TV.CreateBits(IsSingle ? unchecked((uint)-0x3F3504F3) : unchecked((ulong)-0x3FE6A09E667F3BCDL)));
        TV fraction = excess & TV.CreateBits(IsSingle ? 0x007F_FFFFUL : 0x000F_FFFF_FFFF_FFFFUL);
        TV m = TV.AddBits(fraction, offset);

        // The exponent as a number, by way of its (biased, hence positive) bits in the magic number's low end.
        ulong bias = IsSingle ? 256UL : 2048UL;
        TV biased = TV.ShiftRight(TV.AddBits(excess, TV.CreateBits(bias << MantissaBits >> 1)), MantissaBits);
        TV k = (TV.AddBits(biased, TV.Create(RoundingMagic)) - TV.Create(RoundingMagic + (bias / 2.0))) + exponentShift;

        // ln(1 + f) = f − (f²/2 − s(f²/2 + R)) with s = f/(2 + f) and R the rest of the series of 2·artanh(s).
        TV f = m - TV.Create(1.0);
        TV s = f / (f + TV.Create(2.0));
        TV z = s * s;
        TV half = TV.Create(0.5) * f * f;
        TV inner = TV.Fma(s, half + (z * ArtanhSeries(z)), k * TV.Create(IsSingle ? 1.4286068203094173e-06 : 1.9082149292705877e-10));
        return TV.Fma(k, TV.Create(IsSingle ? 0.693145751953125 : 0.6931471803691238), f - (half - inner));
    }

    /// <summary>2/3 + 2z/5 + 2z²/7 + …, for z ≤ 0.0295.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV ArtanhSeries(TV z)
    {
        TV p;
        if (IsSingle)
        {
            p = TV.Create(2.0 / 9);
        }
        else
        {
            p = TV.Fma(TV.Create(2.0 / 21), z, 2.0 / 19);
            p = TV.Fma(p, z, 2.0 / 17);
            p = TV.Fma(p, z, 2.0 / 15);
            p = TV.Fma(p, z, 2.0 / 13);
            p = TV.Fma(p, z, 2.0 / 11);
            p = TV.Fma(p, z, 2.0 / 9);
        }

        p = TV.Fma(p, z, 2.0 / 7);
        p = TV.Fma(p, z, 2.0 / 5);
        return TV.Fma(p, z, 2.0 / 3);
    }

    /// <summary>The Taylor series of e^r − 1, for |r| ≤ ½ ln 2: the first term left out is below a sixteenth of an ulp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV ExpMinusOneSeries(TV r)
    {
        TV p;
        if (IsSingle)
        {
            p = TV.Create(1.0 / 5040);
        }
        else
        {
            p = TV.Fma(TV.Create(1.0 / 6227020800), r, 1.0 / 479001600);
            p = TV.Fma(p, r, 1.0 / 39916800);
            p = TV.Fma(p, r, 1.0 / 3628800);
            p = TV.Fma(p, r, 1.0 / 362880);
            p = TV.Fma(p, r, 1.0 / 40320);
            p = TV.Fma(p, r, 1.0 / 5040);
        }

        p = TV.Fma(p, r, 1.0 / 720);
        p = TV.Fma(p, r, 1.0 / 120);
        p = TV.Fma(p, r, 1.0 / 24);
        p = TV.Fma(p, r, 1.0 / 6);
        p = TV.Fma(p, r, 0.5);
        return TV.Fma(r * r, p, r);
    }
}
