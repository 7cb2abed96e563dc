using TpCompiler.Tests.Cli;

namespace TpCompiler.Tests.Repository;

public class ReadmeTests
{
    /// <summary>The source and the output of its first example stand in the README as they are.</summary>
    [Fact]
    public void What_the_README_shows_is_what_tpc_prints()
    {
        var example = Path.Combine(Checkout.Root, "examples", "mlp.tp");
        var blocks = File.ReadAllText(Path.Combine(Checkout.Root, "README.md")).Split("```\n");
        Assert.Contains(File.ReadAllText(example).Split('\n', 2)[1], blocks);
        Assert.Contains(TpcRun.Of("compile", example).Output, blocks);
    }
}
