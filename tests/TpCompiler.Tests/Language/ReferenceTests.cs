using System.Text.RegularExpressions;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Language;

public sealed class ReferenceTests
{
    public static TheoryData<string> Blocks() =>
        [.. Regex.Matches(File.ReadAllText(Path.Combine(Checkout.Root, "grammar", "LANGUAGE.md")), "```tp\n(.*?)```", RegexOptions.Singleline).Select(m => m.Groups[1].Value)];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Every_block_of_the_reference_compiles(string block) =>
        Assert.Empty(Compilation.Compile(new SourceText("LANGUAGE.md", block)).Diagnostics.Select(d => d.ToString()));

    [Fact]
    public void The_reference_has_no_other_blocks()
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, "grammar", "LANGUAGE.md"));
        Assert.Equal(2 * Blocks().Count, Regex.Count(text, "```"));
    }
}
