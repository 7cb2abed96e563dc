using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TpCompiler.Numerics.Kernels;

/// <summary><see cref="ILanes{TSelf,T}"/> in a 512-bit register. The three widths differ in nothing else.</summary>
internal unsafe struct Lanes512<T> : ILanes<Lanes512<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Set by initialisers, not through a constructor: that would be one more call to inline in each operation, and long kernels use up
    // what the JIT grants.
    private Vector512<T> value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512<T>.Count;
    }

    public static Lanes512<T> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { value = Vector512<T>.Zero };
    }

    public static Lanes512<T> Indices64
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { value = Vector512<ulong>.Indices.As<ulong, T>() };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Broadcast(T value) => new() { value = Vector512.Create(value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Create(double constant) => typeof(T) == typeof(float)
        ? new() { value = Vector512.Create((float)constant).As<float, T>() }
        : new() { value = Vector512.Create(constant).As<double, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> CreateBits(ulong bits) => typeof(T) == typeof(float)
        ? new() { value = Vector512.Create((uint)bits).As<uint, T>() }
        : new() { value = Vector512.Create(bits).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Create64(ulong value) => new() { value = Vector512.Create(value).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Load(T* source) => new() { value = Vector512.Load(source) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Lanes512<T> value, T* destination) => value.value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator +(Lanes512<T> left, Lanes512<T> right) => new() { value = left.value + right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator -(Lanes512<T> left, Lanes512<T> right) => new() { value = left.value - right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator *(Lanes512<T> left, Lanes512<T> right) => new() { value = left.value * right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator /(Lanes512<T> left, Lanes512<T> right) => new() { value = left.value / right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator &(Lanes512<T> left, Lanes512<T> right) => new() { value = left.value & right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator |(Lanes512<T> left, Lanes512<T> right) => new() { value = left.value | right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> operator ^(Lanes512<T> left, Lanes512<T> right) => new() { value = left.value ^ right.value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Fma(Lanes512<T> a, Lanes512<T> b, Lanes512<T> c) => typeof(T) == typeof(float)
        ? new() { value = Vector512.FusedMultiplyAdd(a.value.AsSingle(), b.value.AsSingle(), c.value.AsSingle()).As<float, T>() }
        : new() { value = Vector512.FusedMultiplyAdd(a.value.AsDouble(), b.value.AsDouble(), c.value.AsDouble()).As<double, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Fma(Lanes512<T> a, Lanes512<T> b, double c) => typeof(T) == typeof(float)
        ? new() { value = Vector512.FusedMultiplyAdd(a.value.AsSingle(), b.value.AsSingle(), Vector512.Create((float)c)).As<float, T>() }
        : new() { value = Vector512.FusedMultiplyAdd(a.value.AsDouble(), b.value.AsDouble(), Vector512.Create(c)).As<double, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Sqrt(Lanes512<T> value) => new() { value = Vector512.Sqrt(value.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> AddBits(Lanes512<T> left, Lanes512<T> right) => typeof(T) == typeof(float)
        ? new() { value = (left.value.AsUInt32() + right.value.AsUInt32()).As<uint, T>() }
        : Add64(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> ShiftLeft(Lanes512<T> value, int count) => typeof(T) == typeof(float)
        ? new() { value = (value.value.AsUInt32() << count).As<uint, T>() }
        : ShiftLeft64(value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> ShiftRight(Lanes512<T> value, int count) => typeof(T) == typeof(float)
        ? new() { value = (value.value.AsUInt32() >> count).As<uint, T>() }
        : ShiftRight64(value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> LessThan(Lanes512<T> left, Lanes512<T> right) =>
        new() { value = Vector512.LessThan(left.value, right.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> EqualTo(Lanes512<T> left, Lanes512<T> right) => new() { value = Vector512.Equals(left.value, right.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Select(Lanes512<T> mask, Lanes512<T> whenTrue, Lanes512<T> whenFalse) =>
        new() { value = Vector512.ConditionalSelect(mask.value, whenTrue.value, whenFalse.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyTrue(Lanes512<T> mask) => mask.value.AsUInt64() != Vector512<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> UnitFromBits(Lanes512<T> bits) => new() { value = Unit(bits.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> MultiplyLow32(Lanes512<T> left, Lanes512<T> right) => new() { value = ProductOfLow32(left.value, right.value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> Add64(Lanes512<T> left, Lanes512<T> right) =>
        new() { value = (left.value.AsUInt64() + right.value.AsUInt64()).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> ShiftRight64(Lanes512<T> value, int count) =>
        new() { value = (value.value.AsUInt64() >> count).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512<T> ShiftLeft64(Lanes512<T> value, int count) =>
        new() { value = (value.value.AsUInt64() << count).As<ulong, T>() };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<T> Unit(Vector512<T> bits)
    {
        if (typeof(T) == typeof(float))
        {
            Vector512<float> number = Vector512.ConvertToSingle((bits.AsUInt32() >>> 1).AsInt32());
            Vector512<float> half = Vector512.Create(2.3283064365386963e-10f);
            return Vector512.FusedMultiplyAdd(number, half + half, half).As<float, T>();
        }

        Vector512<ulong> fraction = (bits.AsUInt64() >>> 12) | Vector512.Create(0x3FF0_0000_0000_0000UL);
        return (fraction.AsDouble() - Vector512.Create(1 - 1.1102230246251565e-16)).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<T> ProductOfLow32(Vector512<T> left, Vector512<T> right)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.Multiply(left.AsUInt32(), right.AsUInt32()).As<ulong, T>();
        }

        Vector512<ulong> low = Vector512.Create(0xFFFF_FFFFUL);
        return ((left.AsUInt64() & low) * (right.AsUInt64() & low)).As<ulong, T>();
    }
}
