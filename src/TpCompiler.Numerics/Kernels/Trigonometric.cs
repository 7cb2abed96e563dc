using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>Sine and cosine of a register.</summary>
internal static class Trigonometric<TV, T>
    where TV : struct, ILanes<TV, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static bool IsSingle
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Elementary<TV, T>.IsSingle;
    }

    /// <summary>Up to this size the three-term reduction keeps full accuracy.</summary>
    public static double ReductionLimit
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsSingle ? 8192.0 : 1048576.0;
    }

    /// <summary>sin x; lanes beyond the limit, which are rare, by the scalar function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Sin(TV x)
    {
        SinCos(x, out TV sine, out _);
        TV large = TV.LessThan(TV.Create(ReductionLimit), Elementary<TV, T>.Abs(x));
        return TV.AnyTrue(large) ? TV.Select(large, EachLane(x, T.Sin), sine) : sine;
    }

    /// <summary>cos x, likewise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Cos(TV x)
    {
        SinCos(x, out _, out TV cosine);
        TV large = TV.LessThan(TV.Create(ReductionLimit), Elementary<TV, T>.Abs(x));
        return TV.AnyTrue(large) ? TV.Select(large, EachLane(x, T.Cos), cosine) : cosine;
    }

    /// <summary>sin x and cos x, |x| ≤ <see cref="ReductionLimit"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SinCos(TV x, out TV sine, out TV cosine)
    {
        double magic = Elementary<TV, T>.RoundingMagic;
        TV magicSum = TV.Fma(x, TV.Create(0.6366197723675814), magic);
        TV k = magicSum - TV.Create(magic);
        TV r = IsSingle
            ? Reduce(x, k, -1.5707963705062866, 4.371138828673793e-08, 1.7151245100058819e-15)
            : Reduce(x, k, -1.5707963267948966, -6.123233995736766e-17, 1.4973849048591698e-33);
        Rotate(r, magicSum, out sine, out cosine);
    }

    /// <summary>sin 2πu and cos 2πu for 0 ≤ u ≤ 1; the reduction is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SinCosTurns(TV u, out TV sine, out TV cosine)
    {
        double magic = Elementary<TV, T>.RoundingMagic;
        TV magicSum = TV.Fma(u, TV.Create(4.0), magic);
        TV r = TV.Fma(magicSum - TV.Create(magic), TV.Create(-0.25), u) * TV.Create(6.283185307179586);
        Rotate(r, magicSum, out sine, out cosine);
    }

    /// <summary>x − k·π/2, with −π/2 in three parts, the largest first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Reduce(TV x, TV k, double high, double middle, double low) =>
        TV.Fma(k, TV.Create(low), TV.Fma(k, TV.Create(middle), TV.Fma(k, TV.Create(high), x)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe TV EachLane(TV x, Func<T, T> function)
    {
        T* lanes = stackalloc T[TV.Count];
        TV.Store(x, lanes);
        for (int i = 0; i < TV.Count; i++)
        {
            lanes[i] = function(lanes[i]);
        }

        return TV.Load(lanes);
    }

    /// <summary>sin and cos of r + q·π/2, q the low bits of <paramref name="quadrant"/>, |r| ≤ π/4, by their Taylor series.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rotate(TV r, TV quadrant, out TV sine, out TV cosine)
    {
        TV z = r * r;
        TV s, c;
        if (IsSingle)
        {
            s = TV.Create(1.0 / 362880);
            c = TV.Create(-1.0 / 3628800);
        }
        else
        {
            s = TV.Fma(TV.Create(1.0 / 355687428096000), z, -1.0 / 1307674368000);
            s = TV.Fma(s, z, 1.0 / 6227020800);
            s = TV.Fma(s, z, -1.0 / 39916800);
            s = TV.Fma(s, z, 1.0 / 362880);
            c = TV.Fma(TV.Create(-1.0 / 6402373705728000), z, 1.0 / 20922789888000);
            c = TV.Fma(c, z, -1.0 / 87178291200);
            c = TV.Fma(c, z, 1.0 / 479001600);
            c = TV.Fma(c, z, -1.0 / 3628800);
        }

        s = TV.Fma(s, z, -1.0 / 5040);
        s = TV.Fma(s, z, 1.0 / 120);
        s = TV.Fma(s, z, -1.0 / 6);
        s = TV.Fma(s * z, r, r);
        c = TV.Fma(c, z, 1.0 / 40320);
        c = TV.Fma(c, z, -1.0 / 720);
        c = TV.Fma(c, z, 1.0 / 24);
        c = TV.Fma(c, z, -0.5);
        c = TV.Fma(c, z, 1.0);

        TV odd = TV.EqualTo(quadrant & TV.CreateBits(1), TV.Zero);
        int toSign = IsSingle ? 30 : 62;
        TV sineSign = TV.ShiftLeft(quadrant & TV.CreateBits(2), toSign);
        TV cosineSign = TV.ShiftLeft(TV.AddBits(quadrant, TV.CreateBits(1)) & TV.CreateBits(2), toSign);
        sine = TV.Select(odd, s, c) ^ sineSign;
        cosine = TV.Select(odd, c, s) ^ cosineSign;
    }
}
