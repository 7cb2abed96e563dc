using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;

namespace TpCompiler.Tests.Cli.Data;

public sealed class NumberTableTests
{
    [Fact]
    public void The_last_columns_are_the_targets_and_a_row_of_names_is_none_of_the_samples()
    {
        Samples samples = Parse("x1, x2, y\n0,1,1e0\n\n\"1\",-2.5,.5\r\n", new Needs(2, 1, null))!;

        Assert.Equal((2, 2, 1), (samples.Count, samples.InputSize, samples.TargetSize));
        Assert.Equal([0, 1, 1, -2.5], samples.Inputs);
        Assert.Equal([1, 0.5], samples.Targets);
    }

    [Fact]
    public void A_table_decides_how_many_inputs_there_are_when_the_network_leaves_it_open()
    {
        Samples samples = Parse("1,2,3,4,5\n6,7,8,9,10", new Needs(null, 2, null))!;

        Assert.Equal((2, 3, 2), (samples.Count, samples.InputSize, samples.TargetSize));
        Assert.Equal([4, 5, 9, 10], samples.Targets);
    }

    [Theory]
    [InlineData("x,y\n1,2\n3,four\n", "TP0602", 3, 3)]
    [InlineData("1,2\n3,\n", "TP0602", 2, 3)]
    [InlineData("1,2\n3,NaN\n", "TP0602", 2, 3)]
    [InlineData("1,2\n  x , 3\n", "TP0602", 2, 3)]
    [InlineData("1,2\n\n\"x,\ny\",3\n", "TP0602", 3, 1)]
    [InlineData("1,2\n1,2,3\n", "TP0603", 2, 1)]
    [InlineData("1\n", "TP0603", 1, 1)]
    public void A_bad_row_is_pointed_at(string text, string code, int line, int column)
    {
        Diagnostic diagnostic = Assert.Single(Errors(text, new Needs(1, 1, null)));

        Assert.Equal((code, line, column), (diagnostic.Code, diagnostic.Location!.Start.Line, diagnostic.Location.Start.Column));
    }

    [Theory]
    [InlineData("0 1\n1 0\n", "TP0602", 1, "columns are separated by commas")]
    [InlineData("x y\n1 0\n", "TP0602", 1, "columns are separated by commas")]
    [InlineData("x,y\n1 0\n", "TP0603", 2, "columns are separated by commas")]
    [InlineData("0,1\n\"1,0\n1,1\n", "TP0603", 2, "a quote `\"` is opened in this row and never closed")]
    public void Another_separator_and_an_open_quote_are_recognised(string text, string code, int line, string help)
    {
        Diagnostic diagnostic = Errors(text, new Needs(1, 1, null)).First();

        Assert.Equal((code, line, help), (diagnostic.Code, diagnostic.Location!.Start.Line, diagnostic.Help[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x,y\n")]
    [InlineData("\n\n")]
    public void A_table_without_a_row_of_numbers_is_empty(string text)
    {
        Assert.Equal("TP0604", Assert.Single(Errors(text, new Needs(1, 1, null))).Code);
    }

    [Theory]
    [InlineData("3")]
    [InlineData("-1")]
    [InlineData("0.5")]
    public void A_label_is_the_number_of_a_class(string label)
    {
        Assert.Equal("TP0606", Assert.Single(Errors($"1,2\n1,{label}\n", new Needs(1, 1, 3))).Code);
    }

    [Fact]
    public void Every_bad_cell_of_a_table_is_reported_in_one_run_with_a_way_out()
    {
        DiagnosticBag errors = Errors("1;2\n3;4\n1,2\na;b,c\n", new Needs(1, 1, null));

        Assert.Equal(["TP0602", "TP0603", "TP0602", "TP0602"], errors.Select(error => error.Code));
        Assert.Contains("columns are separated by commas", errors.SelectMany(error => error.Help));
    }

    [Theory]
    [InlineData("1;0;1\n")]
    [InlineData("x;y;z\n1;0;1\n")]
    [InlineData("1\t0\t1\n")]
    public void A_table_with_another_separator_is_told_the_right_one(string text) =>
        Assert.Contains("columns are separated by commas", Errors(text, new Needs(2, 1, null)).SelectMany(error => error.Help));

    private static Samples? Parse(string text, Needs needs) => NumberTable.Parse(new SourceText("a.csv", text), needs, null, new DiagnosticBag());

    private static DiagnosticBag Errors(string text, Needs needs)
    {
        DiagnosticBag diagnostics = new();
        Assert.Null(NumberTable.Parse(new SourceText("a.csv", text), needs, null, diagnostics));
        return diagnostics;
    }
}
