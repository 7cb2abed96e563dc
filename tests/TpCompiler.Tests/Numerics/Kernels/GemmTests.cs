using System.Numerics;
using System.Runtime.Intrinsics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Tests.Numerics.Kernels;

/// <summary>Products against sums written out in double precision.</summary>
public sealed class GemmTests
{
    public static TheoryData<int, int, int> Shapes => new()
    {
        { 1, 1, 1 }, { 8, 32, 16 }, { 7, 5, 3 }, { 9, 33, 257 }, { 97, 31, 40 },
        { 100, 64, 300 }, { 2, 2100, 5 }, { 130, 17, 520 }, { 1, 70, 9 }, { 70, 1, 9 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Product_equals_the_sums(int m, int n, int k)
    {
        foreach ((bool transposeA, bool transposeB) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            RequireSums<float>(GemmKernels<Registers512<float>, Vector512<float>, float>.Instance, m, n, k, transposeA, transposeB, 3e-7);
            RequireSums<double>(GemmKernels<Registers512<double>, Vector512<double>, double>.Instance, m, n, k, transposeA, transposeB, 6e-16);
        }
    }

    [Fact]
    public void Every_register_width_computes_the_same_sums()
    {
        RequireSums<float>(GemmKernels<Registers256<float>, Vector256<float>, float>.Instance, 29, 41, 300, false, true, 3e-7);
        RequireSums<float>(GemmKernels<Registers128<float>, Vector128<float>, float>.Instance, 29, 41, 300, false, true, 3e-7);
        RequireSums<double>(GemmKernels<Registers256<double>, Vector256<double>, double>.Instance, 29, 41, 300, true, false, 6e-16);
        RequireSums<double>(GemmKernels<Registers128<double>, Vector128<double>, double>.Instance, 29, 41, 300, true, false, 6e-16);
    }

    [Fact]
    public void Native_library_when_present_agrees_with_the_sums()
    {
        if (!OpenBlas.IsAvailable)
        {
            Assert.StartsWith("portable", Gemm.Backend, StringComparison.Ordinal);
            return;
        }

        const int m = 70, n = 90, k = 110;
        double[] a = Values<double>(m * k, 1), b = Values<double>(n * k, 2), c = new double[m * n];
        GemmBackend before = Gemm.Preferred;
        Gemm.Preferred = GemmBackend.OpenBlas;
        Gemm.Multiply(false, true, m, n, k, 1.0, a, k, b, k, 0.0, c, n);
        Gemm.Preferred = before;
        for (int i = 0; i < m * n; i++)
        {
            Assert.Equal(Enumerable.Range(0, k).Sum(d => a[(i / n * k) + d] * b[(i % n * k) + d]), c[i], 1e-13);
        }
    }

    [Fact]
    public void Backend_in_use_can_be_asked_for_and_forced()
    {
        GemmBackend before = Gemm.Preferred;
        try
        {
            Gemm.Preferred = GemmBackend.Portable;
            Assert.StartsWith("portable Vector", Gemm.Backend, StringComparison.Ordinal);
            Gemm.Preferred = GemmBackend.OpenBlas;
            Assert.Equal(OpenBlas.IsAvailable, Gemm.Backend.Contains("OpenBLAS", StringComparison.Ordinal));
        }
        finally
        {
            Gemm.Preferred = before;
        }
    }

    [Fact]
    public void Number_of_threads_changes_no_bit_of_the_portable_product()
    {
        const int m = 230, n = 150, k = 700;
        float[] a = Values<float>(m * k, 1), b = Values<float>(k * n, 2);
        int before = WorkSharing.ThreadCount;
        try
        {
            var results = new List<float[]>();
            foreach (int threads in new[] { 1, 2, 5 })
            {
                WorkSharing.ThreadCount = threads;
                float[] c = new float[m * n];
                Multiply(GemmKernels<float>.Widest, m, n, k, 1, a, k, 1, b, n, 1, 0, c, n);
                results.Add(c);
            }

            Assert.All(results, result => Assert.Equal(results[0], result));
        }
        finally
        {
            WorkSharing.ThreadCount = before;
        }
    }

    [Fact]
    public void Beta_of_zero_does_not_read_the_result()
    {
        float[] c = [.. Enumerable.Repeat(float.NaN, 9 * 35)];
        Gemm.Multiply<float>(9, 35, 4, Values<float>(36, 1), Values<float>(140, 2), c);
        Assert.All(c, value => Assert.True(float.IsFinite(value)));
        c[0] = float.NaN;
        Gemm.Multiply(false, false, 9, 35, 0, 1f, [], 0, [], 35, 0f, c, 35);
        Assert.All(c, value => Assert.Equal(0f, value));
    }

    [Fact]
    public void Span_shorter_than_its_matrix_is_refused() =>
        Assert.Throws<ArgumentException>(() => Gemm.Multiply<float>(3, 3, 3, new float[9], new float[8], new float[9]));

    private static void RequireSums<T>(GemmKernels<T> kernels, int m, int n, int k, bool transposeA, bool transposeB, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Strides beyond the rows' lengths; what lies between the rows of C must stay.
        int strideA = (transposeA ? m : k) + 3, strideB = (transposeB ? k : n) + 2, strideC = n + 5;
        T[] a = Values<T>((transposeA ? k : m) * strideA, 3);
        T[] b = Values<T>((transposeB ? n : k) * strideB, 4);
        T[] start = Values<T>(m * strideC, 5);
        T[] c = [.. start];
        T alpha = T.CreateChecked(-0.5), beta = T.CreateChecked(0.25);
        (int rowA, int columnA) = transposeA ? (1, strideA) : (strideA, 1);
        (int rowB, int columnB) = transposeB ? (1, strideB) : (strideB, 1);
        Multiply(kernels, m, n, k, alpha, a, rowA, columnA, b, rowB, columnB, beta, c, strideC);
        for (int i = 0; i < c.Length; i++)
        {
            int row = i / strideC, column = i % strideC;
            double old = double.CreateChecked(start[i]);
            if (column >= n)
            {
                Assert.Equal(old, double.CreateChecked(c[i]));
                continue;
            }

            double sum = Enumerable.Range(0, k).Sum(d =>
                double.CreateChecked(a[(row * rowA) + (d * columnA)]) * double.CreateChecked(b[(d * rowB) + (column * columnB)]));
            Assert.Equal((0.25 * old) - (0.5 * sum), double.CreateChecked(c[i]), tolerance * Math.Sqrt(k + 4));
        }
    }

    private static unsafe void Multiply<T>(
        GemmKernels<T> kernels, int m, int n, int k, T alpha, T[] a, int rowA, int columnA, T[] b, int rowB, int columnB, T beta, T[] c, int strideC)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        fixed (T* left = a, right = b, result = c)
        {
            kernels.Multiply(new Product<T>
            {
                M = m,
                N = n,
                K = k,
                Alpha = alpha,
                Beta = beta,
                A = left,
                RowOfA = rowA,
                ColumnOfA = columnA,
                B = right,
                RowOfB = rowB,
                ColumnOfB = columnB,
                C = result,
                RowOfC = strideC,
            });
        }
    }

    private static T[] Values<T>(int length, ulong stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var values = new double[length];
        new Philox(3, stream).Uniform(values);
        return [.. values.Select(value => T.CreateChecked(value - 0.5))];
    }
}
