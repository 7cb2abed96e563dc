using TpCompiler.Cli.Data;

namespace TpCompiler.Tests.Cli.Data;

/// <summary>Weights by hand, with the triangle of the Python Imaging Library's BILINEAR: |distance of centres| / max(1, old/new).</summary>
public class ResamplingTests
{
    [Fact]
    public void Half_the_size_weighs_pixels_by_three_three_one_at_the_border()
    {
        double[] row = [1, 10, 100, 1000];
        AssertEqual([(3 + 30 + 100) / 7.0, (10 + 300 + 3000) / 7.0], Resampling.Resize(row, 1, 4, 1, 2));
        AssertEqual([(3 + 30 + 100) / 7.0, (10 + 300 + 3000) / 7.0], Resampling.Resize(row, 4, 1, 2, 1));
    }

    [Fact]
    public void Half_the_size_weighs_pixels_by_one_three_three_one_inside()
    {
        double[] row = [0, 1, 10, 100, 1000, 0];
        Assert.Equal((1 + 30 + 300 + 1000) / 8.0, Resampling.Resize(row, 1, 6, 1, 3)[1], 1e-12);
    }

    [Fact]
    public void Twice_the_size_is_plain_bilinear_interpolation() =>
        AssertEqual([0, 1, 3, 4], Resampling.Resize([0, 4], 1, 2, 1, 4));

    [Fact]
    public void A_ratio_that_is_no_whole_number_shifts_the_triangle()
    {
        // 3 → 2: centres 0.75 and 2.25, support 1.5; distances 0.25, 0.75, 1.75: weights 5/6, 1/2, 0.
        AssertEqual([(5 + 30) / 8.0, (30 + 500) / 8.0], Resampling.Resize([1, 10, 100], 1, 3, 1, 2));
    }

    [Fact]
    public void The_same_size_is_the_same_picture_and_one_colour_stays_one()
    {
        double[] picture = [.. Enumerable.Range(0, 35).Select(i => Math.Sin(i))];
        Assert.Equal(picture, Resampling.Resize(picture, 5, 7, 5, 7));
        Assert.All(Resampling.Resize([.. Enumerable.Repeat(0.25, 35)], 5, 7, 3, 11), pixel => Assert.Equal(0.25, pixel, 1e-15));
    }

    [Fact]
    public void Rows_and_columns_are_resized_one_after_the_other()
    {
        double[] across = [1, 2, 4, 8], down = [1, 3, 9];
        double[] product = [.. down.SelectMany(y => across.Select(x => x * y))];
        double[] small = Resampling.Resize(product, 3, 4, 2, 3), rows = Resampling.Resize(down, 3, 1, 2, 1), columns = Resampling.Resize(across, 1, 4, 1, 3);
        AssertEqual([.. rows.SelectMany(y => columns.Select(x => x * y))], small);
    }

    private static void AssertEqual(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }
}
