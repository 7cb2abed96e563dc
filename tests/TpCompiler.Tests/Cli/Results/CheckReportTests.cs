using System.Text;
using System.Text.Json;
using TpCompiler.Cli.Results;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Checking;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Cli.Results;

public sealed class CheckReportTests
{
    private static readonly CheckLine Agrees = new("h1", CheckQuantity.Size, 0, new SlopeFit(0.004, 0.021), false, [1, 1], CheckVerdict.Agrees);

    private static readonly CheckLine Zero = new("b1", CheckQuantity.Change, null, null, true, [0, 0], CheckVerdict.Agrees);

    private static readonly CheckLine Undecided = new("f", CheckQuantity.Size, -Rational.Half, new SlopeFit(-0.6, 0.9), false, [1, 1], CheckVerdict.Undecided) { MoreNets = 36 };

    private static readonly CheckLine Differs = new("h2", CheckQuantity.Change, 1, new SlopeFit(0.51, 0.03), false, [1, 2], CheckVerdict.Differs);

    [Fact]
    public Task A_check_shows_a_line_for_each_quantity_and_fails_when_one_differs()
    {
        return Verifier.Verify(Report(Agrees, Zero, Undecided, Differs).Text());
    }

    [Fact]
    public void A_check_passes_when_something_is_decided_and_nothing_differs()
    {
        Assert.True(Report(Agrees, Undecided).Passes);
        Assert.False(Report(Agrees, Differs).Passes);
        Assert.False(Report(Undecided).Passes);
        Assert.False(Report().Passes);
        Assert.False((Report(Agrees) with { Result = Report(Agrees).Result with { IsCancelled = true } }).Passes);
    }

    [Fact]
    public void A_pass_says_what_it_leaves_open_and_nothing_decided_is_no_pass()
    {
        Assert.EndsWith("\nPASS\n", Report(Agrees, Zero).Text(), StringComparison.Ordinal);

        // Eight nets of the widest, and an interval six times as wide as would decide.
        Assert.EndsWith("\nPASS of 2 of 3 lines; undecided: f size; --seeds 288 or wider nets (--widths) would decide them\n", Report(Agrees, Zero, Undecided).Text(), StringComparison.Ordinal);
        Assert.EndsWith("\nPASS of 1 of 2 lines; undecided: f size; wider nets (--widths) may decide them\n", Report(Agrees, Undecided with { MoreNets = null }).Text(), StringComparison.Ordinal);
        Assert.Contains("\nUNDECIDED: ", Report(Undecided).Text(), StringComparison.Ordinal);
        Assert.EndsWith("\nFAIL\n", Report(Undecided, Differs).Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_size_or_the_change_of_a_weight_or_an_output_nothing_passes()
    {
        CheckLine open = Undecided with { Name = "W2", Quantity = CheckQuantity.Change };
        Assert.True((Report(Agrees, Zero, Agrees, open) with { Essential = ["W1", "f"] }).Passes);
        CheckReport report = Report(Agrees, Zero, Agrees, open) with { Essential = ["W1", "W2", "f"] };
        Assert.False(report.Passes);
        Assert.Contains("\nUNDECIDED: nothing differs in 3 of 4 lines, but weights and outputs are among the others; undecided: W2 change; --seeds 288 ", report.Text(), StringComparison.Ordinal);
        Assert.False((report with { Essential = ["W2"], Result = report.Result with { Lines = [open with { Quantity = CheckQuantity.Size }, Agrees] } }).Passes);
    }

    [Fact]
    public void A_line_that_differs_and_a_net_that_left_the_numbers_are_errors()
    {
        Instruction.Moment moment = new(new Definition("loss", [], []), "n", 1) { Origin = new Origin(new Span(2, 4)) };
        CheckResult result = Report(Agrees, Differs).Result with { Failures = [(512, new NotFiniteValue(moment, [3], double.NaN)), (512, new NotFiniteValue(moment, [4], double.NaN))] };
        DiagnosticBag diagnostics = new();

        new CheckReport("mlp", result).AddTo(diagnostics, new SourceText("mlp.tp", "  loss mse"));

        Assert.Equal(["TP0701", "TP0607"], diagnostics.Select(diagnostic => diagnostic.Code));
        Assert.Equal("`the change of h2` is derived to scale like n, and scales like n^(0.51 ± 0.03) in finite nets", diagnostics.First().Message);
        Assert.Contains("in a net of width 512", diagnostics.Last().Notes);
    }

    [Fact]
    public void The_json_form_has_every_line()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            Report(Agrees, Zero, Differs).WriteJson(writer);
        }

        JsonElement json = JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray())).RootElement;
        Assert.False(json.GetProperty("passes").GetBoolean());
        Assert.Equal([256, 512], json.GetProperty("widths").EnumerateArray().Select(width => width.GetInt32()));
        Assert.Equal([16, 8], json.GetProperty("nets").EnumerateArray().Select(nets => nets.GetInt32()));
        Assert.Equal(["agrees", "agrees", "DIFFERS"], json.GetProperty("lines").EnumerateArray().Select(line => line.GetProperty("verdict").GetString()));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("lines")[1].GetProperty("measured").ValueKind);
    }

    private static CheckReport Report(params CheckLine[] lines) => new("mlp", new CheckResult([256, 512], [16, 8], [.. lines], [], IsCancelled: false));
}
