using TpCompiler.Cli.Results;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Tests.Cli.Results;

public sealed class ResultTableTests
{
    [Theory]
    [InlineData(0, "0.000000")]
    [InlineData(-1e-300, "-1.000000e-300")]
    [InlineData(0.5, "0.500000")]
    [InlineData(-0.001, "-0.001000")]
    [InlineData(0.0009, "9.000000e-04")]
    [InlineData(314.15926535, "314.159265")]
    [InlineData(1e6, "1.000000e+06")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void A_number_shows_six_decimals_or_an_exponent(double value, string expected)
    {
        Assert.Equal(expected, NumberText.Of(value));
    }

    [Theory]
    [InlineData(0.4010210353, 0.0000123, "0.401021 ± 0.000012")]
    [InlineData(-12.5, 0.25, "-12.50 ± 0.25")]
    [InlineData(0.00001, 0.02, "0.000 ± 0.020")]
    [InlineData(-0.00001, 0.02, "0.000 ± 0.020")]
    [InlineData(1.5, 0, "1.500000 ± 0")]
    [InlineData(1.5, double.NaN, "1.500000 ± ?")]
    [InlineData(0.36, 1e-13, "0.36 ± 1.0e-13")]
    [InlineData(1234.5, 300, "1230 ± 3.0e+02")]
    [InlineData(-5.66042688886e-19, 1e-13, "0 ± 1.0e-13")]
    [InlineData(0.1863244132034481, 1e-13, "0.18632441320345 ± 1.0e-13")]
    [InlineData(5.33604535e45, 5.3e44, "5.34E+45 ± 5.3e+44")]
    [InlineData(0, 0, "0.000000 ± 0")]
    public void An_estimate_shows_its_error_and_no_digit_beyond_it(double value, double error, string expected)
    {
        Assert.Equal(expected, NumberText.Of(new Estimate(value, error, ErrorKind.StandardError, 1024)));
    }

    [Fact]
    public Task Steps_are_rows_and_numbers_are_columns()
    {
        List<ResultCells> results = [];
        for (int t = 0; t < 11; t++)
        {
            results.Add(new ResultCells("loss", [t], [], [NumberText.Of(1.0 / (t + 1))]));
            results.Add(new ResultCells("f", [t], [2, 2], [.. Enumerable.Range(0, 4).Select(i => NumberText.Of(i * t))]));
        }

        results.Add(new ResultCells("many", [], [20], [.. Enumerable.Range(0, 20).Select(i => NumberText.Of(i))]));
        results.Add(new ResultCells("inner", [0, 3], [], ["1 ± 2"]));
        return Verifier.Verify(ResultTable.Of(results));
    }

    [Fact]
    public Task A_run_that_ended_early_leaves_holes_where_nothing_was_computed()
    {
        return Verifier.Verify(ResultTable.Of([
            new ResultCells("f", [0], [], ["1"]),
            new ResultCells("loss", [0], [], ["2"]),
            new ResultCells("f", [1], [], ["3"]),
        ]));
    }
}
