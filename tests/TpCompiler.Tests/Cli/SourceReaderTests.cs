using System.Text;
using TpCompiler.Cli;
using TpCompiler.Diagnostics;

namespace TpCompiler.Tests.Cli;

public sealed class SourceReaderTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("tpc-reader").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_text_keeps_its_name_and_loses_its_byte_order_mark()
    {
        string path = Write("a.tp", [0xEF, 0xBB, 0xBF, .. "φ\n"u8]);

        SourceText? source = SourceReader.Read(path, NoInput, new DiagnosticBag());

        Assert.Equal((path, "φ\n"), (source?.Name, source?.Text));
    }

    [Fact]
    public void A_dash_is_standard_input()
    {
        SourceText? source = SourceReader.Read("-", () => new MemoryStream("width n"u8.ToArray()), new DiagnosticBag());

        Assert.Equal(("<stdin>", "width n"), (source?.Name, source?.Text));
    }

    [Fact]
    public void A_text_of_the_greatest_size_is_read_and_one_byte_more_is_not()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(new string(' ', SourceReader.MaximumBytes + 1));

        Assert.NotNull(SourceReader.Read(Write("fits.tp", bytes[1..]), NoInput, new DiagnosticBag()));
        Assert.Equal("TP0004", CodeOf(Write("large.tp", bytes)));
    }

    [Fact]
    public void Files_that_cannot_be_read_each_have_their_code()
    {
        Assert.Equal("TP0001", CodeOf(Path.Combine(directory, "missing.tp")));
        Assert.Equal("TP0001", CodeOf(Path.Combine(directory, "missing", "a.tp")));
        Assert.Equal("TP0001", CodeOf(""));
        Assert.Equal("TP0002", CodeOf("a\0b"));
        Assert.Equal("TP0003", CodeOf(directory));
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x61, 0x00 }, "0xFF at position 0")]
    [InlineData(new byte[] { 0x61, 0xC3, 0xA9, 0xC3 }, "0xC3 at position 3")]
    [InlineData(new byte[] { 0x61, 0xC0, 0x80 }, "0xC0 at position 1")]
    public void Bytes_that_are_no_utf8_are_pointed_at(byte[] bytes, string where)
    {
        DiagnosticBag diagnostics = new();

        Assert.Null(SourceReader.Read(Write("bad.tp", bytes), NoInput, diagnostics));
        Diagnostic diagnostic = Assert.Single(diagnostics);
        Assert.Equal("TP0005", diagnostic.Code);
        Assert.Contains(where, diagnostic.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelled_file_is_told_its_neighbour()
    {
        Write("wishart.tp", []);
        DiagnosticBag diagnostics = new();

        SourceReader.Read(Path.Combine(directory, "wihsart.tp"), NoInput, diagnostics);

        Assert.Equal($"did you mean `{Path.Combine(directory, "wishart.tp")}`?", Assert.Single(Assert.Single(diagnostics).Help));
    }

    private static Stream NoInput() => throw new InvalidOperationException("standard input is not asked for");

    private static string CodeOf(string path)
    {
        DiagnosticBag diagnostics = new();
        Assert.Null(SourceReader.Read(path, NoInput, diagnostics));
        return Assert.Single(diagnostics).Code;
    }

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(directory, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
