using System.Numerics;
using System.Runtime.InteropServices;

namespace TpCompiler.Numerics.Kernels;

/// <summary>The system's OpenBLAS, found at run time by its usual names; absent, nothing here is called.</summary>
internal static unsafe class OpenBlas
{
    private const int RowMajor = 101;
    private const int NoTranspose = 111;
    private const int Transpose = 112;

    private static readonly nint Library = Find();
    private static readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> Single =
        (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)Export("cblas_sgemm");

    private static readonly delegate* unmanaged<int, int, int, int, int, int, double, double*, int, double*, int, double, double*, int, void> Double =
        (delegate* unmanaged<int, int, int, int, int, int, double, double*, int, double*, int, double, double*, int, void>)Export("cblas_dgemm");

    private static readonly delegate* unmanaged<int, void> SetThreads = (delegate* unmanaged<int, void>)Export("openblas_set_num_threads");

    public static bool IsAvailable => Single != null && Double != null;

    /// <summary>The library's own account of itself: version, core type, threading.</summary>
    public static string Description
    {
        get
        {
            var configuration = (delegate* unmanaged<byte*>)Export("openblas_get_config");
            return configuration == null ? "OpenBLAS" : Marshal.PtrToStringUTF8((nint)configuration())?.Trim() ?? "OpenBLAS";
        }
    }

    public static void Multiply<T>(Product<T> x, bool transposeA, bool transposeB, int strideOfA, int strideOfB)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int a = transposeA ? Transpose : NoTranspose, b = transposeB ? Transpose : NoTranspose;
        if (SetThreads != null)
        {
            SetThreads(WorkSharing.ThreadCount);
        }

        if (typeof(T) == typeof(float))
        {
            Single(
                RowMajor, a, b, x.M, x.N, x.K, float.CreateTruncating(x.Alpha), (float*)x.A, strideOfA, (float*)x.B, strideOfB, float.CreateTruncating(x.Beta), (float*)x.C, (int)x.RowOfC);
        }
        else
        {
            Double(
                RowMajor, a, b, x.M, x.N, x.K, double.CreateTruncating(x.Alpha), (double*)x.A, strideOfA, (double*)x.B, strideOfB, double.CreateTruncating(x.Beta), (double*)x.C, (int)x.RowOfC);
        }
    }

    private static nint Find()
    {
        foreach (string name in new[] { "libopenblas.so.0", "libopenblas.so", "libopenblas.dylib", "libopenblas.dll" })
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return library;
            }
        }

        return 0;
    }

    private static nint Export(string name) => Library != 0 && NativeLibrary.TryGetExport(Library, name, out nint address) ? address : 0;
}
