using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// The inverse tangent of a register. The argument is brought below tan(π/8) by a rotation of π/4 or π/2; there (arctan(t)/t − 1)/t² is a Chebyshev
/// interpolant in t², computed in 50 digits.
/// </summary>
internal static class InverseTangent<TV, T>
    where TV : struct, ILanes<TV, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double EighthTurnTangent = 0.41421356237309503;
    private const double ThreeEighthsTangent = 2.414213562373095;

    /// <summary>arctan x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Arctan(TV x)
    {
        TV one = TV.Create(1.0);
        TV a = Elementary<TV, T>.Abs(x);
        TV isMiddle = TV.LessThan(TV.Create(EighthTurnTangent), a);
        TV isLarge = TV.LessThan(TV.Create(ThreeEighthsTangent), a);

        // arctan a = π/4 + arctan((a − 1)/(a + 1)) = π/2 − arctan(1/a).
        TV above = TV.Select(isLarge, TV.Zero - one, a - (isMiddle & one));
        TV below = TV.Select(isLarge, a, one + (isMiddle & a));
        TV angle = TV.Select(isLarge, TV.Create(1.5707963267948966), isMiddle & TV.Create(0.7853981633974483));
        TV t = above / below;
        TV z = t * t;
        return (angle + TV.Fma(t * z, Series(z), t)) | (x & Elementary<TV, T>.SignMask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Series(TV z)
    {
        TV p;
        if (Elementary<TV, T>.IsSingle)
        {
            p = TV.Fma(TV.Create(0.05048136501229186), z, -0.08624675365968232);
            p = TV.Fma(p, z, 0.1107136491738574);
            p = TV.Fma(p, z, -0.14284151187990332);
            p = TV.Fma(p, z, 0.19999977258583856);
            p = TV.Fma(p, z, -0.33333333279254496);
        }
        else
        {
            p = TV.Fma(TV.Create(0.01628574303651472), z, -0.034570549512274305);
            p = TV.Fma(p, z, 0.0455159273578562);
            p = TV.Fma(p, z, -0.052304541643613894);
            p = TV.Fma(p, z, 0.05878928983403345);
            p = TV.Fma(p, z, -0.0666642488448313);
            p = TV.Fma(p, z, 0.07692296374962261);
            p = TV.Fma(p, z, -0.0909090875349846);
            p = TV.Fma(p, z, 0.11111111105155398);
            p = TV.Fma(p, z, -0.14285714285659828);
            p = TV.Fma(p, z, 0.19999999999999804);
            p = TV.Fma(p, z, -0.3333333333333333);
        }

        return p;
    }
}
