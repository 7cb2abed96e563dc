using TpCompiler.Cli;

namespace TpCompiler.Tests.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("", "which command?")]
    [InlineData("comple x.tp", "there is no command `comple`; did you mean `compile`?")]
    [InlineData("zzz", "there is no command `zzz`\n")]
    [InlineData("compile", "error:")]
    [InlineData("compile a.tp b.tp", "'b.tp'")]
    [InlineData("compile a.tp --frobnicate", "'--frobnicate'")]
    [InlineData("compile a.tp --format xml", "'xml'")]
    [InlineData("run a.tp", "either --width N")]
    [InlineData("run a.tp --width 10 --limit", "either --width N")]
    [InlineData("run a.tp --width 0", "--width must be at least 1")]
    [InlineData("run a.tp --width x", "'x'")]
    [InlineData("run a.tp --limit --points 1000", "--points must be a power of two")]
    [InlineData("run a.tp --limit --points 1", "--points must be a power of two, 2 or more")]
    [InlineData("run a.tp --width 8 --points 8", "--points is for --limit")]
    [InlineData("run a.tp --width 8 --tolerance 0.1", "--tolerance is for --limit")]
    [InlineData("compile a.tp --emit scales --format json", "`--emit scales` is text: `--emit json`")]
    [InlineData("run a.tp --limit --tolerance 0", "--tolerance must be positive")]
    [InlineData("run a.tp --limit --tolerance NaN", "--tolerance must be positive")]
    [InlineData("run a.tp --width 8 --precision fp16", "'fp16'")]
    [InlineData("check a.tp --widths 64,x", "--widths takes rising whole numbers")]
    [InlineData("check a.tp --widths 64,32,128", "--widths takes rising whole numbers")]
    [InlineData("check a.tp --seeds 0", "--seeds must be at least 1")]
    [InlineData("check a.tp --steps 0", "--steps must be at least 1")]
    [InlineData("explain TP9999", "there is no diagnostic `TP9999`")]
    public void A_wrong_command_line_exits_with_2_and_says_what_is_wrong(string line, string said)
    {
        TpcRun run = TpcRun.Of(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_slope_from_two_widths_is_refused()
    {
        TpcRun run = TpcRun.WithInput("", "check", "-", "--widths", "64,128");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("error[TP0703]: a slope needs 3 widths, and there are 2", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--version")]
    [InlineData("--help")]
    [InlineData("compile --help")]
    public void What_was_asked_for_goes_to_standard_output(string line)
    {
        TpcRun run = TpcRun.Of(line.Split(' '));

        Assert.Equal(0, run.ExitCode);
        Assert.NotEmpty(run.Output);
        Assert.Empty(run.Error);
    }

    [Fact]
    public void The_version_is_a_version_alone()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+(-[a-z0-9.]+)?\n$", TpcRun.Of("--version").Output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void A_bug_exits_with_70_and_prints_no_stack_trace()
    {
        TpcRun run = TpcRun.Of(Broken(debug: null), "compile", "-");

        Assert.Equal(70, run.ExitCode);
        Assert.Contains("error[TP0901]", run.Error, StringComparison.Ordinal);
        Assert.Contains("the input broke", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bug_shows_its_stack_trace_to_who_asks_for_it()
    {
        TpcRun run = TpcRun.Of(Broken(debug: "1"), "compile", "-");

        Assert.Equal(70, run.ExitCode);
        Assert.Contains("   at ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, null, null, true)]
    [InlineData(false, null, null, false)]
    [InlineData(true, "1", null, false)]
    [InlineData(true, "", null, true)]
    [InlineData(true, null, "dumb", false)]
    public void Colours_appear_on_a_terminal_that_wants_them(bool terminal, string? noColor, string? term, bool expected)
    {
        TpcRun run = TpcRun.Of(
            new Terminal(TextWriter.Null, TextWriter.Null)
            {
                ErrorIsTerminal = terminal,
                Variable = name => name switch { "NO_COLOR" => noColor, "TERM" => term, _ => null },
            },
            "compile",
            "no-such-file.tp");

        Assert.Equal(expected, run.Error.Contains('\u001b', StringComparison.Ordinal));
    }

    [Fact]
    public void No_color_on_the_command_line_wins_over_the_terminal()
    {
        Terminal terminal = new(TextWriter.Null, TextWriter.Null) { ErrorIsTerminal = true };

        Assert.DoesNotContain('\u001b', TpcRun.Of(terminal, "compile", "no-such-file.tp", "--no-color").Error);
    }

    private static Terminal Broken(string? debug) => new(TextWriter.Null, TextWriter.Null)
    {
        OpenInput = () => throw new InvalidOperationException("the input broke"),
        Variable = name => name == "TPC_DEBUG" ? debug : null,
    };
}
