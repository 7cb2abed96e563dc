using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TpCompiler.Numerics.Kernels;

/// <summary><see cref="ILanes{TSelf,T}"/> in a 256-bit register. The three widths differ in nothing else.</summary>
internal unsafe struct Lanes256<T> : ILanes<Lanes256<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Set by initialisers, not through a constructor: that would be one more call to inline in each operation, and long kernels use up
    // what the JIT grants.
    private Vector256<T> value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256<T>.Count;
    }

    public static Lanes256<T> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { value = Vector256<T>.Zero };
    }

    public static Lanes256<T> Indices64
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { value = Vector256<ulong>.Indices.As<ulong, T>() };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Broadcast(T value) => new() { value = Vector256.Create(value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Create(double constant) => typeof(T) == typeof(float)
        ? new() { value = Vector256.Create((float)constant).As<float, T>() }
        : new() { value = Vector256.Create(constant).As<double, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> CreateBits(ulong bits) => typeof(T) == typeof(float)
        ? new() { value = Vector256.Create((uint)bits).As<uint, T>() }
        : new() { value = Vector256.Create(bits).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Create64(ulong value) => new() { value = Vector256.Create(value).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Load(T* source) => new() { value = Vector256.Load(source) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes256<T> value, T* destination) => value.value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator +(Lanes256<T> left, Lanes256<T> right) => new() { value = left.value + right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator -(Lanes256<T> left, Lanes256<T> right) => new() { value = left.value - right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator *(Lanes256<T> left, Lanes256<T> right) => new() { value = left.value * right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator /(Lanes256<T> left, Lanes256<T> right) => new() { value = left.value / right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator &(Lanes256<T> left, Lanes256<T> right) => new() { value = left.value & right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator |(Lanes256<T> left, Lanes256<T> right) => new() { value = left.value | right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> operator ^(Lanes256<T> left, Lanes256<T> right) => new() { value = left.value ^ right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Fma(Lanes256<T> a, Lanes256<T> b, Lanes256<T> c) => typeof(T) == typeof(float)
        ? new() { value = Vector256.FusedMultiplyAdd(a.value.AsSingle(), b.value.AsSingle(), c.value.AsSingle()).As<float, T>() }
        : new() { value = Vector256.FusedMultiplyAdd(a.value.AsDouble(), b.value.AsDouble(), c.value.AsDouble()).As<double, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Fma(Lanes256<T> a, Lanes256<T> b, double c) => typeof(T) == typeof(float)
        ? new() { value = Vector256.FusedMultiplyAdd(a.value.AsSingle(), b.value.AsSingle(), Vector256.Create((float)c)).As<float, T>() }
        : new() { value = Vector256.FusedMultiplyAdd(a.value.AsDouble(), b.value.AsDouble(), Vector256.Create(c)).As<double, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Sqrt(Lanes256<T> value) => new() { value = Vector256.Sqrt(value.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> AddBits(Lanes256<T> left, Lanes256<T> right) => typeof(T) == typeof(float)
        ? new() { value = (left.value.AsUInt32() + right.value.AsUInt32()).As<uint, T>() }
        : Add64(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> ShiftLeft(Lanes256<T> value, int count) => typeof(T) == typeof(float)
        ? new() { value = (value.value.AsUInt32() << count).As<uint, T>() }
        : ShiftLeft64(value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> ShiftRight(Lanes256<T> value, int count) => typeof(T) == typeof(float)
        ? new() { value = (value.value.AsUInt32() >> count).As<uint, T>() }
        : ShiftRight64(value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> LessThan(Lanes256<T> left, Lanes256<T> right) =>
        new() { value = Vector256.LessThan(left.value, right.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> EqualTo(Lanes256<T> left, Lanes256<T> right) => new() { value = Vector256.Equals(left.value, right.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Select(Lanes256<T> mask, Lanes256<T> whenTrue, Lanes256<T> whenFalse) =>
        new() { value = Vector256.ConditionalSelect(mask.value, whenTrue.value, whenFalse.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyTrue(Lanes256<T> mask) => mask.value.AsUInt64() != Vector256<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> UnitFromBits(Lanes256<T> bits) => new() { value = Unit(bits.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> MultiplyLow32(Lanes256<T> left, Lanes256<T> right) => new() { value = ProductOfLow32(left.value, right.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> Add64(Lanes256<T> left, Lanes256<T> right) =>
        new() { value = (left.value.AsUInt64() + right.value.AsUInt64()).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> ShiftRight64(Lanes256<T> value, int count) =>
        new() { value = (value.value.AsUInt64() >> count).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256<T> ShiftLeft64(Lanes256<T> value, int count) =>
        new() { value = (value.value.AsUInt64() << count).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<T> Unit(Vector256<T> bits)
    {
        if (typeof(T) == typeof(float))
        {
            Vector256<float> number = Vector256.ConvertToSingle((bits.AsUInt32() >>> 1).AsInt32());
            Vector256<float> half = Vector256.Create(2.3283064365386963e-10f);
            return Vector256.FusedMultiplyAdd(number, half + half, half).As<float, T>();
        }

        Vector256<ulong> fraction = (bits.AsUInt64() >>> 12) | Vector256.Create(0x3FF0_0000_0000_0000UL);
        return (fraction.AsDouble() - Vector256.Create(1 - 1.1102230246251565e-16)).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<T> ProductOfLow32(Vector256<T> left, Vector256<T> right)
    {
        if (Avx2.IsSupported)
        {
            return Avx2.Multiply(left.AsUInt32(), right.AsUInt32()).As<ulong, T>();
        }

        Vector256<ulong> low = Vector256.Create(0xFFFF_FFFFUL);
        return ((left.AsUInt64() & low) * (right.AsUInt64() & low)).As<ulong, T>();
    }
}
