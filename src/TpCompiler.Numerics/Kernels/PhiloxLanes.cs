using System.Numerics;
using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>Two registers of random bits made two registers of random numbers.</summary>
internal interface IRandomPair
{
    static abstract void Transform<TV, T>(ref TV first, ref TV second)
        where TV : struct, ILanes<TV, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

/// <summary>Uniform on (0, 1): odd multiples of 2^-24 (float) or 2^-53 (double).</summary>
internal readonly struct UniformPair : IRandomPair
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transform<TV, T>(ref TV first, ref TV second)
        where TV : struct, ILanes<TV, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        first = Unit<TV, T>(first);
        second = Unit<TV, T>(second);
    }

    /// <summary>The upper bits as the fraction of a number in [1, 2), less 1 − half a step: exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TV Unit<TV, T>(TV bits)
        where TV : struct, ILanes<TV, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TV, T>.IsSingle
            ? (TV.ShiftRight(bits, 9) | TV.Create(1.0)) - TV.Create(1.0 - (1.0 / 16777216))
            : (TV.ShiftRight(bits, 12) | TV.Create(1.0)) - TV.Create(1.0 - (1.0 / 9007199254740992));
}

/// <summary>Standard normal: (√(−2 ln u) cos 2πv, √(−2 ln u) sin 2πv).</summary>
internal readonly struct NormalPair : IRandomPair
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transform<TV, T>(ref TV first, ref TV second)
        where TV : struct, ILanes<TV, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TV radius = TV.Sqrt(TV.Create(-2.0) * Elementary<TV, T>.LogOfNormal(TV.UnitFromBits(first)));
        Trigonometric<TV, T>.SinCosTurns(UniformPair.Unit<TV, T>(second), out TV sine, out TV cosine);
        first = radius * cosine;
        second = radius * sine;
    }
}

/// <summary>Philox4x32-10 on as many blocks at once as a register has 64-bit lanes.</summary>
internal static class PhiloxLanes
{
    internal const uint Multiplier0 = 0xD2511F53;
    internal const uint Multiplier1 = 0xCD9E8D57;
    internal const uint Weyl0 = 0x9E3779B9;
    internal const uint Weyl1 = 0xBB67AE85;

    /// <summary>
    /// The blocks of the counters (block, stream), (block + 1, stream), …: words 0 and 1 of each in a lane of <paramref name="first"/>, 2
    /// and 3 in <paramref name="second"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Blocks<TV, T>(ulong seed, ulong stream, ulong block, out TV first, out TV second)
        where TV : struct, ILanes<TV, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Only the low 32 bits of a lane count: the multiplication reads no others, so what is above them is left standing until the end.
        TV c0 = TV.Add64(TV.Create64(block), TV.Indices64);
        TV c1 = TV.ShiftRight64(c0, 32);
        TV c2 = TV.Create64(stream);
        TV c3 = TV.Create64(stream >> 32);
        uint k0 = (uint)seed;
        uint k1 = (uint)(seed >> 32);
        TV m0 = TV.Create64(Multiplier0);
        TV m1 = TV.Create64(Multiplier1);
        for (int round = 0; round < 10; round++)
        {
            TV p0 = TV.MultiplyLow32(c0, m0);
            TV p1 = TV.MultiplyLow32(c2, m1);
            c0 = TV.ShiftRight64(p1, 32) ^ c1 ^ TV.Create64(k0);
            c1 = p1;
            c2 = TV.ShiftRight64(p0, 32) ^ c3 ^ TV.Create64(k1);
            c3 = p0;
            k0 += Weyl0;
            k1 += Weyl1;
        }

        TV low = TV.Create64(0xFFFF_FFFF);
        first = (c0 & low) | TV.ShiftLeft64(c1, 32);
        second = (c2 & low) | TV.ShiftLeft64(c3, 32);
    }
}
