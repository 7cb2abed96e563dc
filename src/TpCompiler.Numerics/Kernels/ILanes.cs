using System.Numerics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// One SIMD register of <typeparamref name="T"/> (float or double). A kernel written against this interface is compiled once for
/// each register width, and since every operation is IEEE-exact per lane, it gives the same bits in each of them.
/// The bit operations see a lane as an unsigned integer of the lane's own size; a comparison gives all-ones or all-zeros lanes.
/// </summary>
internal unsafe interface ILanes<TSelf, T>
    where TSelf : struct, ILanes<TSelf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    static abstract int Count { get; }
    static abstract TSelf Zero { get; }
    static abstract TSelf Broadcast(T value);
    static abstract TSelf Create(double constant);
    static abstract TSelf CreateBits(ulong bits);
    static abstract TSelf Load(T* source);
    static abstract void Store(TSelf value, T* destination);

    static abstract TSelf operator +(TSelf left, TSelf right);
    static abstract TSelf operator -(TSelf left, TSelf right);
    static abstract TSelf operator *(TSelf left, TSelf right);
    static abstract TSelf operator /(TSelf left, TSelf right);

    /// <summary>a·b + c with one rounding.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, TSelf c);

    /// <summary>a·b + c with a constant c: a step of Horner's scheme.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, double c);
    static abstract TSelf Sqrt(TSelf value);

    static abstract TSelf operator &(TSelf left, TSelf right);
    static abstract TSelf operator |(TSelf left, TSelf right);
    static abstract TSelf operator ^(TSelf left, TSelf right);
    static abstract TSelf AddBits(TSelf left, TSelf right);
    static abstract TSelf ShiftLeft(TSelf value, int count);
    static abstract TSelf ShiftRight(TSelf value, int count);

    static abstract TSelf LessThan(TSelf left, TSelf right);
    static abstract TSelf EqualTo(TSelf left, TSelf right);
    static abstract TSelf Select(TSelf mask, TSelf whenTrue, TSelf whenFalse);
    static abstract bool AnyTrue(TSelf mask);

    /// <summary>
    /// (k + ½)·2^-31 for the upper 31 bits k of the lane (float), (k + ½)·2^-52 for the upper 52 (double), rounded once; never 0.
    /// </summary>
    static abstract TSelf UnitFromBits(TSelf bits);

    /// <summary>Over 64-bit lanes, whatever <typeparamref name="T"/> is: the product of the low 32 bits, in 64 bits.</summary>
    static abstract TSelf MultiplyLow32(TSelf left, TSelf right);

    /// <summary>64-bit addition, shift and mask for counters, whatever <typeparamref name="T"/> is.</summary>
    static abstract TSelf Add64(TSelf left, TSelf right);
    static abstract TSelf ShiftRight64(TSelf value, int count);
    static abstract TSelf ShiftLeft64(TSelf value, int count);
    static abstract TSelf Create64(ulong value);

    /// <summary>0, 1, 2, … in 64-bit lanes.</summary>
    static abstract TSelf Indices64 { get; }
}
