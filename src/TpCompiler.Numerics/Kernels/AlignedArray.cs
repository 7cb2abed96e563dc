using System.Runtime.CompilerServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>Memory that starts on a cache line and does not move, so that kernels can keep pointers into it.</summary>
internal sealed unsafe class AlignedArray<T>
    where T : unmanaged
{
    private const int Alignment = 64;
    private T[] array = [];

    public AlignedArray(long length) => Reserve(length);

    /// <summary>Valid as long as this object is alive (end with <see cref="GC.KeepAlive"/>) and not grown.</summary>
    public T* Pointer { get; private set; }

    private long Length { get; set; } = -1;

    /// <summary>
    /// Makes room for <paramref name="length"/> elements. When it grows, the elements are new and zero; otherwise they are what they
    /// were.
    /// </summary>
    public T* Reserve(long length)
    {
        if (length > Length)
        {
            Length = length;
            array = GC.AllocateArray<T>(checked((int)(length + (Alignment / sizeof(T)))), pinned: true);
            nuint address = (nuint)Unsafe.AsPointer(ref array[0]);
            Pointer = (T*)((address + Alignment - 1) & ~(nuint)(Alignment - 1));
        }

        return Pointer;
    }
}
