using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>The system's OpenBLAS, found at run time by its usual names; absent, nothing here is called.</summary>
internal static unsafe class OpenBlas
{
    private const int RowMajor = 101;
    private const int NoTranspose = 111;
    private const int Transpose = 112;

    private static readonly nint Library = Find();
    private static readonly nint Single = Export("cblas_sgemm");

    private static readonly nint Double = Export("cblas_dgemm");

    private static readonly delegate* unmanaged<int, void> SetThreads = (delegate* unmanaged<int, void>)Export("openblas_set_num_threads");

    public static bool IsAvailable => Single != 0 && Double != 0;

    /// <summary>
    /// Whether the library has chosen kernels as wide as the machine's registers. A release that doesn't know a newer processor takes its oldest
    /// ones: measured, a fifth of the right ones' speed, and a quarter of the kernels' here.
    /// </summary>
    public static bool SuitsTheMachine { get; } = ChoseWideKernels();

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
            float alpha = float.CreateTruncating(x.Alpha), beta = float.CreateTruncating(x.Beta);
            ((delegate* unmanaged<int, int, int, int, int, int, float, T*, int, T*, int, float, T*, int, void>)Single)(
                RowMajor, a, b, x.M, x.N, x.K, alpha, x.A, strideOfA, x.B, strideOfB, beta, x.C, (int)x.RowOfC);
        }
        else
        {
            double alpha = double.CreateTruncating(x.Alpha), beta = double.CreateTruncating(x.Beta);
            ((delegate* unmanaged<int, int, int, int, int, int, double, T*, int, T*, int, double, T*, int, void>)Double)(
                RowMajor, a, b, x.M, x.N, x.K, alpha, x.A, strideOfA, x.B, strideOfB, beta, x.C, (int)x.RowOfC);
        }
    }

    private static bool ChoseWideKernels()
    {
        var name = (delegate* unmanaged<byte*>)Export("openblas_get_corename");
        string core = name == null ? "" : Marshal.PtrToStringUTF8((nint)name()) ?? "";
        bool wide512 = core.ToUpperInvariant() is "SKYLAKEX" or "COOPERLAKE" or "SAPPHIRERAPIDS";
        bool wide256 = wide512 || core.ToUpperInvariant() is "HASWELL" or "ZEN";
        return Vector512.IsHardwareAccelerated ? wide512 : !Vector256.IsHardwareAccelerated || wide256;
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
