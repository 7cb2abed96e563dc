using System.Numerics;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Tests.Numerics.Kernels;

/// <summary>Products with a matrix that is 0 at most places, against the definition: term after term, each with one rounding.</summary>
public sealed class SparseProductTests
{
    [Theory]
    [InlineData(1, 1, 8)]
    [InlineData(7, 131, 93)]
    [InlineData(5, 48, 64)]
    [InlineData(3, 49, 141)]
    [InlineData(160, 196, 200)]
    public void It_is_the_sum_of_the_terms_in_their_order(int rows, int terms, int columns)
    {
        Check<double>(rows, terms, columns);
        Check<float>(rows, terms, columns);
    }

    [Fact]
    public void No_bit_depends_on_the_number_of_threads()
    {
        var (s, x) = Operands<float>(40, 200, 700);
        var before = WorkSharing.ThreadCount;
        try
        {
            WorkSharing.ThreadCount = 1;
            var alone = Product(s, x, 40, 200, 700);
            WorkSharing.ThreadCount = 3;
            Assert.Equal(alone, Product(s, x, 40, 200, 700));
        }
        finally
        {
            WorkSharing.ThreadCount = before;
        }
    }

    [Fact]
    public void A_matrix_with_few_zeros_is_left_to_the_dense_product()
    {
        double[] most = [.. Enumerable.Range(0, 100).Select(i => i % 3 == 0 ? 0.0 : i)], third = [.. Enumerable.Range(0, 100).Select(i => i % 3 == 1 ? i : 0.0)];
        var product = new SparseProduct<double>(5, 20);
        Assert.False(product.TryRead(most));
        Assert.True(product.TryRead(third));
    }

    private static void Check<T>(int rows, int terms, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (s, x) = Operands<T>(rows, terms, columns);
        var expected = new T[rows * columns];
        for (var i = 0; i < expected.Length; i++)
        {
            for (var k = 0; k < terms; k++)
            {
                if (s[(i / columns * terms) + k] != T.Zero)
                {
                    expected[i] = T.FusedMultiplyAdd(s[(i / columns * terms) + k], x[(k * columns) + (i % columns)], expected[i]);
                }
            }
        }

        Assert.Equal(expected, Product(s, x, rows, terms, columns));
    }

    private static T[] Product<T>(T[] s, T[] x, int rows, int terms, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // What stands in the result before doesn't count, and neither do numbers of an earlier matrix.
        var result = new T[rows * columns];
        Array.Fill(result, T.NaN);
        var product = new SparseProduct<T>(rows, terms);
        product.TryRead([.. s.Select((number, i) => i % 5 == 0 ? T.One : T.Zero)]);
        Assert.True(product.TryRead(s));
        product.Multiply(x, columns, result);
        return result;
    }

    /// <summary>Whole blocks of terms without a number, and rows without any.</summary>
    private static (T[] S, T[] X) Operands<T>(int rows, int terms, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new Random(rows + terms + columns);
        T[] s = [.. Enumerable.Range(0, rows * terms).Select(i => random.Next(4) == 0 && i / terms % 5 != 3 && (i % terms < 48 || i % terms >= 96) && (i % 7 < 6) ? Number() : T.Zero)];
        return (s, [.. Enumerable.Range(0, terms * columns).Select(_ => Number())]);

        T Number() => T.CreateTruncating((2 * random.NextDouble()) - 1);
    }
}
