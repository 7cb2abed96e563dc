using CsCheck;
using TpCompiler.Diagnostics;

namespace TpCompiler.Tests.Diagnostics;

public sealed class SourceTextTests
{
    [Theory]
    [InlineData("", 0, 1, 1)]
    [InlineData("ab\ncd", 0, 1, 1)]
    [InlineData("ab\ncd", 2, 1, 3)]
    [InlineData("ab\ncd", 3, 2, 1)]
    [InlineData("ab\r\ncd", 4, 2, 1)]
    [InlineData("ab\rcd", 3, 2, 1)]
    [InlineData("ab\n", 3, 2, 1)]
    [InlineData("ab", 99, 1, 3)]
    [InlineData("ab", -1, 1, 1)]
    [InlineData("𝒲x", 2, 1, 2)]
    public void Positions_count_lines_and_code_points_from_1(string text, int position, int line, int column)
    {
        Assert.Equal(new LinePosition(line, column), new SourceText("a.tp", text).PositionOf(position));
    }

    [Fact]
    public void Lines_and_their_ends_make_up_the_whole_text()
    {
        Gen.Char["ab\r\n"].Array[0, 12].Select(letters => new string(letters)).Sample(text =>
        {
            SourceText source = new("a.tp", text);
            string[] lines = [.. Enumerable.Range(0, source.LineCount).Select(i => source.Slice(source.LineSpan(i)))];
            Assert.Equal(text.ReplaceLineEndings("\n").Split('\n'), lines);
        });
    }

    [Fact]
    public void A_slice_ends_where_the_text_does()
    {
        Assert.Equal("b", new SourceText("a.tp", "ab").Slice(new Span(1, 10)));
        Assert.Equal("", new SourceText("a.tp", "ab").Slice(new Span(5, 10)));
    }

    [Fact]
    public void A_cover_holds_both_ranges()
    {
        Assert.Equal(new Span(2, 8), Span.Cover(new Span(7, 3), new Span(2, 1)));
    }
}
