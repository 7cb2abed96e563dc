using System.Diagnostics;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace TpCompiler.Numerics.Kernels;

/// <summary>Where matrix products are computed.</summary>
public enum GemmBackend
{
    /// <summary>OpenBLAS where it is there and has recognised the machine, for large products; else the kernels here.</summary>
    Automatic,

    /// <summary>The kernels here: the same bits whatever the number of threads.</summary>
    Portable,

    /// <summary>The system's OpenBLAS for large products, when it is there; the kernels here for the rest.</summary>
    OpenBlas,
}

/// <summary>General matrix products, C ← α·op(A)·op(B) + β·C, of row-major float or double matrices.</summary>
public static unsafe class Gemm
{
    /// <summary>Below this number of multiplications the call into a native library gains nothing.</summary>
    private const double LargeProduct = 64.0 * 64 * 64;

    private static GemmBackend preferred = GemmBackend.Automatic;

    /// <summary>
    /// The backend asked for. What is in use is <see cref="Backend"/>. With <see cref="GemmBackend.Portable"/> results don't depend on the
    /// machine's libraries or on <see cref="WorkSharing.ThreadCount"/>.
    /// </summary>
    public static GemmBackend Preferred
    {
        get => preferred;
        set => preferred = value;
    }

    /// <summary>What large products use now, in words: <c>portable Vector512</c>, or OpenBLAS and its configuration.</summary>
    public static string Backend => UsesOpenBlas ? OpenBlas.Description : $"portable {Register}";

    private static bool UsesOpenBlas => preferred switch
    {
        GemmBackend.Portable => false,
        GemmBackend.OpenBlas => OpenBlas.IsAvailable,
        GemmBackend.Automatic => OpenBlas.IsAvailable && OpenBlas.SuitsTheMachine,
        _ => throw new UnreachableException(),
    };

    private static string Register =>
        Vector512.IsHardwareAccelerated ? nameof(Vector512) : Vector256.IsHardwareAccelerated ? nameof(Vector256) : nameof(Vector128);

    /// <summary>
    /// C ← α·op(A)·op(B) + β·C, where op(A) is m × k, op(B) k × n and C m × n, and op is the transpose when asked. Each matrix is
    /// row-major; a stride is the distance of its rows in memory, at least their length. With β = 0, C is not read. The matrices may not
    /// overlap C.
    /// </summary>
    public static void Multiply<T>(
        bool transposeA,
        bool transposeB,
        int m,
        int n,
        int k,
        T alpha,
        ReadOnlySpan<T> a,
        int strideOfA,
        ReadOnlySpan<T> b,
        int strideOfB,
        T beta,
        Span<T> c,
        int strideOfC)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Require(a.Length, transposeA ? k : m, transposeA ? m : k, strideOfA, nameof(a));
        Require(b.Length, transposeB ? n : k, transposeB ? k : n, strideOfB, nameof(b));
        Require(c.Length, m, n, strideOfC, nameof(c));
        fixed (T* left = a, right = b, result = c)
        {
            var product = new Product<T>
            {
                M = m,
                N = n,
                K = k,
                Alpha = alpha,
                Beta = beta,
                A = left,
                RowOfA = transposeA ? 1 : strideOfA,
                ColumnOfA = transposeA ? strideOfA : 1,
                B = right,
                RowOfB = transposeB ? 1 : strideOfB,
                ColumnOfB = transposeB ? strideOfB : 1,
                C = result,
                RowOfC = strideOfC,
            };
            if (UsesOpenBlas && (double)m * n * k >= LargeProduct)
            {
                OpenBlas.Multiply(product, transposeA, transposeB, strideOfA, strideOfB);
            }
            else
            {
                GemmKernels<T>.Widest.Multiply(product);
            }
        }
    }

    /// <summary>C ← A·B for contiguous row-major matrices, A m × k, B k × n.</summary>
    public static void Multiply<T>(int m, int n, int k, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Multiply(false, false, m, n, k, T.One, a, k, b, n, T.Zero, c, n);

    private static void Require(int length, int rows, int columns, int stride, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows, name);
        ArgumentOutOfRangeException.ThrowIfNegative(columns, name);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, columns, name);
        if (rows > 0 && columns > 0 && length < (((long)rows - 1) * stride) + columns)
        {
            throw new ArgumentException("The span is shorter than the matrix.", name);
        }
    }
}
