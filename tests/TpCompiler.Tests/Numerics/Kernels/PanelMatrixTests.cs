using System.Numerics;
using System.Runtime.Intrinsics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Tests.Numerics.Kernels;

/// <summary>The panel kernels against sums written out in double precision.</summary>
public sealed class PanelMatrixTests
{
    /// <summary>
    /// Sizes on both sides of a register, a panel, a column group and a cache block; batches on both sides of a register and of two.
    /// </summary>
    public static TheoryData<int, int, int> Shapes => new()
    {
        { 1, 1, 1 }, { 3, 5, 2 }, { 16, 16, 4 }, { 31, 7, 3 }, { 32, 8, 8 }, { 33, 130, 9 }, { 70, 65, 16 },
        { 129, 257, 17 }, { 40, 300, 32 }, { 257, 33, 33 }, { 64, 64, 70 }, { 1, 100, 13 }, { 100, 1, 5 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Products_and_update_equal_the_sums_in_single_precision(int rows, int columns, int batch) =>
        RequireSums<float>(rows, columns, batch, 2e-6);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Products_and_update_equal_the_sums_in_double_precision(int rows, int columns, int batch) =>
        RequireSums<double>(rows, columns, batch, 4e-15);

    [Fact]
    public void Every_register_width_computes_the_same_sums()
    {
        RequireSums<float>(37, 45, 19, 2e-6, PanelKernels<Registers512<float>, Vector512<float>, float>.Instance);
        RequireSums<float>(37, 45, 19, 2e-6, PanelKernels<Registers256<float>, Vector256<float>, float>.Instance);
        RequireSums<float>(37, 45, 19, 2e-6, PanelKernels<Registers128<float>, Vector128<float>, float>.Instance);
        RequireSums<double>(37, 45, 19, 4e-15, PanelKernels<Registers512<double>, Vector512<double>, double>.Instance);
        RequireSums<double>(37, 45, 19, 4e-15, PanelKernels<Registers256<double>, Vector256<double>, double>.Instance);
        RequireSums<double>(37, 45, 19, 4e-15, PanelKernels<Registers128<double>, Vector128<double>, double>.Instance);
    }

    [Fact]
    public void Fused_pass_equals_product_then_update_bit_for_bit()
    {
        const int rows = 150, columns = 90, batch = 21;
        (PanelMatrix<float> w, _) = Random<float>(rows, columns, 1, null);
        (PanelMatrix<float> same, _) = Random<float>(rows, columns, 1, null);
        float[] d = Vectors<float>(batch * rows, 2), v = Vectors<float>(batch * columns, 3);
        var fused = new float[batch * columns];
        var apart = new float[batch * columns];
        w.TransposedAndUpdate(d, fused, batch, 0.9f, -0.1f, d, v, batch);
        same.Transposed(d, apart, batch);
        same.RankUpdate(0.9f, -0.1f, d, v, batch);
        Assert.Equal(apart, fused);
        Assert.Equal(RowMajor(same), RowMajor(w));
    }

    [Fact]
    public void Number_of_threads_changes_no_bit()
    {
        var results = new List<double[]>();
        int before = WorkSharing.ThreadCount;
        try
        {
            foreach (int threads in new[] { 1, 2, 3, 7 })
            {
                WorkSharing.ThreadCount = threads;
                results.Add(OneStep());
            }
        }
        finally
        {
            WorkSharing.ThreadCount = before;
        }

        Assert.All(results, result => Assert.Equal(results[0], result));
    }

    [Fact]
    public void Operands_left_over_from_a_larger_step_do_not_leak_into_a_smaller_one()
    {
        (PanelMatrix<double> w, double[] start) = Random<double>(19, 11, 4, null);
        double[] poison = [.. Enumerable.Repeat(double.NaN, 40 * 19)], poisonInput = [.. Enumerable.Repeat(double.NaN, 40 * 11)];
        w.TransposedAndUpdate(poison, new double[40 * 11], 40, 1, 1, poison, poisonInput, 40);
        w.CopyFrom(start);
        var y = new double[3 * 11];
        w.TransposedAndUpdate(Vectors<double>(3 * 19, 5), y, 3, 1, 1, Vectors<double>(2 * 19, 6), Vectors<double>(2 * 11, 7), 2);
        Assert.All(y, value => Assert.True(double.IsFinite(value)));
        Assert.All(RowMajor(w), value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void Wrong_length_is_refused() =>
        Assert.Throws<ArgumentException>(() => new PanelMatrix<float>(4, 3).Forward(new float[6], new float[7], 2));

    private static double[] OneStep()
    {
        const int rows = 200, columns = 333, batch = 18;
        (PanelMatrix<double> w, _) = Random<double>(rows, columns, 8, null);
        double[] x = Vectors<double>(batch * columns, 9);
        var h = new double[batch * rows];
        var back = new double[batch * columns];
        w.Forward(x, h, batch);
        w.TransposedAndUpdate(h, back, batch, 0.99, 0.01, h, x, batch);
        return [.. h, .. back, .. RowMajor(w)];
    }

    private static void RequireSums<T>(int rows, int columns, int batch, double tolerance, PanelKernels<T>? kernels = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rank = batch + 2;
        T decay = T.CreateChecked(0.75), coefficient = T.CreateChecked(-0.5);
        (PanelMatrix<T> w, T[] start) = Random<T>(rows, columns, 10, kernels);
        T[] x = Vectors<T>(batch * columns, 11), d = Vectors<T>(batch * rows, 12);
        T[] u = Vectors<T>(rank * rows, 13), v = Vectors<T>(rank * columns, 14);
        var forward = new T[batch * rows];
        var backward = new T[batch * columns];
        w.Forward(x, forward, batch);
        w.TransposedAndUpdate(d, backward, batch, decay, coefficient, u, v, rank);

        Requires(forward, (b, i) => Sum(columns, k => (start[(i * columns) + k], x[(b * columns) + k])), rows, columns, tolerance);
        Requires(backward, (b, k) => Sum(rows, i => (start[(i * columns) + k], d[(b * rows) + i])), columns, rows, tolerance);
        Requires(
            RowMajor(w),
            (i, k) => (0.75 * double.CreateChecked(start[(i * columns) + k])) - (0.5 * Sum(rank, r => (u[(r * rows) + i], v[(r * columns) + k]))),
            columns,
            rank,
            tolerance);
    }

    private static void Requires<T>(T[] actual, Func<int, int, double> expected, int length, int terms, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < actual.Length; i++)
        {
            Assert.Equal(expected(i / length, i % length), double.CreateChecked(actual[i]), tolerance * (1 + terms));
        }
    }

    private static double Sum<T>(int count, Func<int, (T Left, T Right)> term)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Enumerable.Range(0, count).Select(term).Sum(pair => double.CreateChecked(pair.Left) * double.CreateChecked(pair.Right));

    private static (PanelMatrix<T> Matrix, T[] RowMajor) Random<T>(int rows, int columns, ulong stream, PanelKernels<T>? kernels)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = Vectors<T>(rows * columns, stream);
        PanelMatrix<T> matrix = kernels is null ? new(rows, columns) : new(rows, columns, kernels);
        matrix.CopyFrom(values);
        return (matrix, values);
    }

    private static T[] Vectors<T>(int length, ulong stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var values = new double[length];
        new Philox(7, stream).Uniform(values);
        return [.. values.Select(value => T.CreateChecked(value - 0.5))];
    }

    private static T[] RowMajor<T>(PanelMatrix<T> matrix)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var values = new T[matrix.Rows * matrix.Columns];
        matrix.CopyTo(values);
        return values;
    }
}
