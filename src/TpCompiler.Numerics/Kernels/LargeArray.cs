using System.Runtime.InteropServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>
/// Zeros outside of the collector's heap, on a cache line's boundary. Rows of it are read in no order, so that the system is asked for large pages: with small ones most rows would first have to be found in the page
/// table.
/// </summary>
internal sealed unsafe class LargeArray<T> : IDisposable
    where T : unmanaged
{
    private const nuint LargePage = 2 << 20;
    private const nuint CacheLine = 64;

    public LargeArray(long length)
    {
        var bytes = checked((nuint)length * (nuint)sizeof(T));
        var page = bytes < LargePage ? CacheLine : LargePage;
        bytes = checked((bytes + page - 1) & ~(page - 1));
        Pointer = (T*)NativeMemory.AlignedAlloc(bytes, page);
        if (page == LargePage)
        {
            SystemAdvice.UseLargePages(Pointer, bytes);
        }

        NativeMemory.Clear(Pointer, bytes);
    }

    ~LargeArray() => Free();

    /// <summary>Valid until this is disposed of.</summary>
    public T* Pointer { get; private set; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}

/// <summary>What the system is told about memory; where it can't be, nothing happens.</summary>
internal static unsafe class SystemAdvice
{
    private const int LargePages = 14;

    private static readonly delegate* unmanaged<void*, nuint, int, int> Advise = Find();

    public static void UseLargePages(void* start, nuint bytes)
    {
        if (Advise != null)
        {
            _ = Advise(start, bytes, LargePages);
        }
    }

    private static delegate* unmanaged<void*, nuint, int, int> Find() =>
        OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, "madvise", out var address)
            ? (delegate* unmanaged<void*, nuint, int, int>)address
            : null;
}
