using System.Text.RegularExpressions;
using TpCompiler.Diagnostics;

namespace TpCompiler.Tests.Diagnostics;

public sealed class CodesTests
{
    public static TheoryData<string> AllCodes => [.. Codes.All.Select(row => row.Code)];

    [Fact]
    public void Codes_and_names_are_unique_and_in_order()
    {
        Assert.Equal(Codes.All.Select(row => row.Code).Distinct().Order(StringComparer.Ordinal), Codes.All.Select(row => row.Code));
        Assert.Equal(Codes.All.Count, Codes.All.Select(row => row.Name).Distinct().Count());
    }

    [Fact]
    public void Every_descriptor_that_can_be_named_is_in_the_table()
    {
        int fields = typeof(Codes).GetFields().Count(field => field.FieldType == typeof(DiagnosticDescriptor));

        Assert.Equal(fields, Codes.All.Count);
    }

    [Fact]
    public void A_name_is_the_kebab_case_of_its_field()
    {
        Assert.Equal("width-used-as-finite", Codes.WidthUsedAsFinite.Name);
    }

    [Theory]
    [MemberData(nameof(AllCodes))]
    public void A_row_is_well_formed(string code)
    {
        DiagnosticDescriptor row = Codes.Find(code)!;

        Assert.Matches("^TP[0-9]{4}$", row.Code);
        Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", row.Name);
        Assert.NotEmpty(row.Title);
        Assert.DoesNotMatch(@"\.$", row.MessageFormat);
        // Placeholders count up from {0} without a gap, so that no argument is silently dropped.
        int[] used = [.. Regex.Matches(row.MessageFormat, @"\{(\d)").Select(m => m.Groups[1].Value[0] - '0').Distinct().Order()];
        Assert.Equal(Enumerable.Range(0, used.Length), used);
    }

    [Theory]
    [MemberData(nameof(AllCodes))]
    public void Every_code_has_a_page_with_an_example_and_a_fix(string code)
    {
        string page = Codes.Find(code)!.Page;

        Assert.Matches(@"(?s)^[^#].+\n\n## Example\n```(tp|sh|text)\n.+\n```\n\n## Fix\n.+\n$", page);
        Assert.All(page.Split('\n'), line => Assert.True(line.Length <= 140, line));
    }

    [Fact]
    public void No_page_is_left_without_a_code()
    {
        IEnumerable<string> pages = typeof(Codes).Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal);

        Assert.Equal(Codes.All.Select(row => row.Code), pages);
    }
}
