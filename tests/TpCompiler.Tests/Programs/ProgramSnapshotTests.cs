using TpCompiler.Tests.Cli;
using TpCompiler.Tests.Repository;
using TpCompiler.Tests.Verification;

namespace TpCompiler.Tests.Programs;

/// <summary>What <c>tpc compile</c> makes of each example, stage by stage: a folder a program, a file a stage. A changed equation needs a reason in its commit.</summary>
public class ProgramSnapshotTests
{
    private static readonly (string Stage, string Extension)[] Stages =
        [("report", "txt"), ("ast", "txt"), ("ir", "txt"), ("scales", "txt"), ("limit", "txt"), ("latex", "tex"), ("json", "json")];

    /// <summary>Every example and stage but the fifty layers, whose text says nothing that two layers don't.</summary>
    public static TheoryData<string, string, string> Snapshots()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var example in Directory.EnumerateFiles(Path.Combine(Checkout.Root, "examples"), "*.tp").Select(Path.GetFileNameWithoutExtension).Where(name => name != "deep").Order(StringComparer.Ordinal))
        {
            foreach (var (stage, extension) in Stages)
            {
                data.Add(example!, stage, extension);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Snapshots))]
    public Task Stage_is_as_reviewed(string example, string stage, string extension)
    {
        var run = TpcRun.Of("compile", Path.Combine(Checkout.Root, "examples", example + ".tp"), "--emit", stage);
        var settings = new VerifySettings();
        settings.UseDirectory(example);
        settings.UseFileName(stage);

        // A stage that a program doesn't have is an error that says why.
        return Verifier.Verify(run.Output.Length > 0 ? run.Output : WithoutColour(run.Error), run.Output.Length > 0 ? extension : "txt", settings);
    }

    [Fact]
    public void Every_stage_of_every_example_is_the_same_twice()
    {
        foreach (var row in Snapshots().Where((_, i) => i % 5 == 0))
        {
            var arguments = new[] { "compile", Path.Combine(Checkout.Root, "examples", (string)row[0] + ".tp"), "--emit", (string)row[1] };
            Assert.Equal(TpcRun.Of(arguments).Output, TpcRun.Of(arguments).Output);
        }
    }

    [Fact]
    public void Fifty_layers_compile_to_equations_for_each_of_them()
    {
        var run = TpcRun.Of("compile", Path.Combine(Checkout.Root, "examples", "deep.tp"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("feature learning", run.Output, StringComparison.Ordinal);
        Assert.Contains("Ż^{W⁵⁰ᵀdh⁵⁰}", run.Output, StringComparison.Ordinal);
    }

    private static string WithoutColour(string text) => text.Replace("\u001b", string.Empty, StringComparison.Ordinal);
}
