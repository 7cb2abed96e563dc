using TpCompiler.Cli;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using Program = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Cli;

public class VerifiedTests
{
    private static readonly Program Sound = new("p", [new Width("n", 1)], [], [], [new Instruction.Gaussian(new Definition("v", [], ["n"]), 1)], []);

    [Fact]
    public void A_program_that_breaks_the_rules_is_a_fault_of_tpc()
    {
        var diagnostics = new DiagnosticBag();
        var broken = Sound with { Outputs = ["nothing"] };
        Assert.False(Verified.Holds(broken, "lowering", new SourceText("p.tp", ""), diagnostics));
        Assert.Equal("TP0903", diagnostics.First().Code);
    }

    [Fact]
    public void A_sound_program_and_none_pass()
    {
        var diagnostics = new DiagnosticBag();
        Assert.True(Verified.Holds(Sound, "lowering", new SourceText("p.tp", ""), diagnostics));
        Assert.True(Verified.Holds(null, "limit", new SourceText("p.tp", ""), diagnostics));
        Assert.Empty(diagnostics);
    }
}
