using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TpCompiler.Numerics.Kernels;

/// <summary><see cref="ILanes{TSelf,T}"/> in a 128-bit register. The three widths differ in nothing else.</summary>
internal unsafe struct Lanes128<T> : ILanes<Lanes128<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Set by initialisers, not through a constructor: that would be one more call to inline in each operation, and long kernels use up
    // what the JIT grants.
    private Vector128<T> value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128<T>.Count;
    }

    public static Lanes128<T> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { value = Vector128<T>.Zero };
    }

    public static Lanes128<T> Indices64
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { value = Vector128<ulong>.Indices.As<ulong, T>() };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> Broadcast(T value) => new() { value = Vector128.Create(value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> Create(double constant) => typeof(T) == typeof(float)
        ? new() { value = Vector128.Create((float)constant).As<float, T>() }
        : new() { value = Vector128.Create(constant).As<double, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> CreateBits(ulong bits) => typeof(T) == typeof(float)
        ? new() { value = Vector128.Create((uint)bits).As<uint, T>() }
        : new() { value = Vector128.Create(bits).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> Create64(ulong value) => new() { value = Vector128.Create(value).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> Load(T* source) => new() { value = Vector128.Load(source) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes128<T> value, T* destination) => value.value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> operator +(Lanes128<T> left, Lanes128<T> right) => new() { value = left.value + right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> operator -(Lanes128<T> left, Lanes128<T> right) => new() { value = left.value - right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> operator *(Lanes128<T> left, Lanes128<T> right) => new() { value = left.value * right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> operator /(Lanes128<T> left, Lanes128<T> right) => new() { value = left.value / right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> operator &(Lanes128<T> left, Lanes128<T> right) => new() { value = left.value & right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> operator |(Lanes128<T> left, Lanes128<T> right) => new() { value = left.value | right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> operator ^(Lanes128<T> left, Lanes128<T> right) => new() { value = left.value ^ right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> Fma(Lanes128<T> a, Lanes128<T> b, Lanes128<T> c) => typeof(T) == typeof(float)
        ? new() { value = Vector128.FusedMultiplyAdd(a.value.AsSingle(), b.value.AsSingle(), c.value.AsSingle()).As<float, T>() }
        : new() { value = Vector128.FusedMultiplyAdd(a.value.AsDouble(), b.value.AsDouble(), c.value.AsDouble()).As<double, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> Fma(Lanes128<T> a, Lanes128<T> b, double c) => typeof(T) == typeof(float)
        ? new() { value = Vector128.FusedMultiplyAdd(a.value.AsSingle(), b.value.AsSingle(), Vector128.Create((float)c)).As<float, T>() }
        : new() { value = Vector128.FusedMultiplyAdd(a.value.AsDouble(), b.value.AsDouble(), Vector128.Create(c)).As<double, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> Sqrt(Lanes128<T> value) => new() { value = Vector128.Sqrt(value.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> AddBits(Lanes128<T> left, Lanes128<T> right) => typeof(T) == typeof(float)
        ? new() { value = (left.value.AsUInt32() + right.value.AsUInt32()).As<uint, T>() }
        : Add64(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> ShiftLeft(Lanes128<T> value, int count) => typeof(T) == typeof(float)
        ? new() { value = (value.value.AsUInt32() << count).As<uint, T>() }
        : ShiftLeft64(value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> ShiftRight(Lanes128<T> value, int count) => typeof(T) == typeof(float)
        ? new() { value = (value.value.AsUInt32() >> count).As<uint, T>() }
        : ShiftRight64(value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> LessThan(Lanes128<T> left, Lanes128<T> right) =>
        new() { value = Vector128.LessThan(left.value, right.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> EqualTo(Lanes128<T> left, Lanes128<T> right) => new() { value = Vector128.Equals(left.value, right.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> Select(Lanes128<T> mask, Lanes128<T> whenTrue, Lanes128<T> whenFalse) =>
        new() { value = Vector128.ConditionalSelect(mask.value, whenTrue.value, whenFalse.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyTrue(Lanes128<T> mask) => mask.value.AsUInt64() != Vector128<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> UnitFromBits(Lanes128<T> bits) => new() { value = Unit(bits.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> MultiplyLow32(Lanes128<T> left, Lanes128<T> right) => new() { value = ProductOfLow32(left.value, right.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> Add64(Lanes128<T> left, Lanes128<T> right) =>
        new() { value = (left.value.AsUInt64() + right.value.AsUInt64()).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> ShiftRight64(Lanes128<T> value, int count) =>
        new() { value = (value.value.AsUInt64() >> count).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128<T> ShiftLeft64(Lanes128<T> value, int count) =>
        new() { value = (value.value.AsUInt64() << count).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<T> Unit(Vector128<T> bits)
    {
        if (typeof(T) == typeof(float))
        {
            Vector128<float> number = Vector128.ConvertToSingle((bits.AsUInt32() >>> 1).AsInt32());
            Vector128<float> half = Vector128.Create(2.3283064365386963e-10f);
            return Vector128.FusedMultiplyAdd(number, half + half, half).As<float, T>();
        }

        Vector128<ulong> fraction = (bits.AsUInt64() >>> 12) | Vector128.Create(0x3FF0_0000_0000_0000UL);
        return (fraction.AsDouble() - Vector128.Create(1 - 1.1102230246251565e-16)).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<T> ProductOfLow32(Vector128<T> left, Vector128<T> right)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.Multiply(left.AsUInt32(), right.AsUInt32()).As<ulong, T>();
        }

        Vector128<ulong> low = Vector128.Create(0xFFFF_FFFFUL);
        return ((left.AsUInt64() & low) * (right.AsUInt64() & low)).As<ulong, T>();
    }
}
