using System.Text.Json;
using TpCompiler.Diagnostics;

namespace TpCompiler.Tests.Cli;

public sealed class ExplainTests
{
    [Theory]
    [InlineData("TP0201")]
    [InlineData("tp0201")]
    [InlineData("unknown-name")]
    public void A_page_is_found_by_code_and_by_name(string asked)
    {
        TpcRun run = TpcRun.Of("explain", asked);

        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("TP0201 unknown-name (error): unknown name\n\n", run.Output, StringComparison.Ordinal);
        Assert.Contains(Codes.UnknownName.Page, run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TP0210x", "TP0210")]
    [InlineData("unkown-name", "unknown-name")]
    public void A_misspelled_code_is_told_its_neighbour(string asked, string meant)
    {
        Assert.Contains($"did you mean `{meant}`?", TpcRun.Of("explain", asked).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_code_every_row_of_the_table_has_its_line()
    {
        string[] lines = TpcRun.Of("explain").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(Codes.All.Select(row => row.Code), lines.Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public void The_json_forms_are_documents_with_every_field()
    {
        using JsonDocument page = JsonDocument.Parse(TpcRun.Of("explain", "TP0101", "--format", "json").Output);
        using JsonDocument table = JsonDocument.Parse(TpcRun.Of("explain", "--format", "json").Output);

        Assert.Equal(
            ["code", "name", "severity", "title", "message", "page"],
            page.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal(Codes.All.Count, table.RootElement.GetArrayLength());
    }
}
