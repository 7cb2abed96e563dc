using System.Text.Json;
using TpCompiler.Cli;
using TpCompiler.Cli.Results;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Cli.Results;

public sealed class ProgramRunnerTests
{
    private static readonly SourceText Source = new("wishart.tp", "m = Moment(x * x)\nbig = Moment(x * x)\n");

    private static readonly Dictionary<string, int> NoAxes = [];

    [Fact]
    public void A_finite_net_reports_its_outputs_near_their_limit()
    {
        DiagnosticBag diagnostics = new();

        RunReport report = ProgramRunner.Finite(Wishart(), Source, NoData.Instance, NoAxes, new FiniteSettings(4096, 1, Precision.Double), Reporter(), diagnostics);

        Assert.Empty(diagnostics);
        // The standard deviation of a mean of 4096 squares of standard normals is sqrt(2/4096) = 0.022.
        Assert.Equal(1, Assert.Single(report.Outputs).Values[0].Value, 4 * 0.022);
        Assert.StartsWith("wishart at width 4096 (seed 1, fp64)\n\n", report.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_gives_the_same_text_each_time()
    {
        string Run() => ProgramRunner.Finite(
            Wishart(), Source, NoData.Instance, NoAxes, new FiniteSettings(64, 1, Precision.Single), Reporter(), new DiagnosticBag()).Text();

        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void The_limit_of_a_linear_program_is_exact_and_its_json_has_errors()
    {
        RunReport report = ProgramRunner.Limit(Wishart(), Source, NoData.Instance, new LimitSettings(), Reporter(), new DiagnosticBag());

        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            report.WriteJson(writer);
        }

        JsonElement json = JsonDocument.Parse(stream.ToArray()).RootElement;
        JsonElement output = json.GetProperty("outputs")[0];
        Assert.Equal(("limit", "coefficients", true), (
            json.GetProperty("kind").GetString(), json.GetProperty("carrier").GetString(), json.GetProperty("complete").GetBoolean()));
        Assert.Equal(1, output.GetProperty("values")[0].GetDouble(), 1e-12);
        Assert.InRange(output.GetProperty("errors")[0].GetDouble(), 0, 1e-12);
        Assert.Equal(0, output.GetProperty("iteration").GetArrayLength());
    }

    [Fact]
    public void A_tolerance_that_does_not_hold_is_a_warning_with_a_way_out()
    {
        DiagnosticBag diagnostics = new();
        LimitSettings settings = new() { AllowExact = false, Points = 64, Replicates = 4, Tolerance = 1e-12 };

        ProgramRunner.Limit(Wishart(), Source, NoData.Instance, settings, Reporter(), diagnostics);

        Diagnostic diagnostic = Assert.Single(diagnostics);
        Assert.Equal(("TP0608", Severity.Warning), (diagnostic.Code, diagnostic.Severity));
        Assert.NotEmpty(diagnostic.Help);
    }

    [Fact]
    public void Points_whose_history_does_not_fit_into_memory_are_an_error_that_says_how_much_they_need()
    {
        DiagnosticBag diagnostics = new();
        LimitSettings settings = new() { AllowExact = false, Points = 1 << 20, Threads = 2, MaxMemory = 1L << 26 };

        RunReport report = ProgramRunner.Limit(Wishart(), Source, NoData.Instance, settings, Reporter(), diagnostics);

        // Two scramblings of 2^20 points: two vectors of the program, and a direction with its Gaussian and its image.
        Diagnostic diagnostic = Assert.Single(diagnostics);
        Assert.Equal(("TP0609", Severity.Error), (diagnostic.Code, diagnostic.Severity));
        Assert.Contains("the history of 1048576 points in 2 scramblings at a time needs 0.1 GiB, and 0.1 GiB are free", diagnostic.Message, StringComparison.Ordinal);
        Assert.NotEmpty(diagnostic.Help);
        Assert.Empty(report.Outputs);
    }

    [Fact]
    public void Points_stop_being_added_when_more_do_not_fit_into_memory()
    {
        DiagnosticBag diagnostics = new();
        LimitSettings settings = new() { AllowExact = false, Replicates = 4, Tolerance = 1e-12, Threads = 1, MaxMemory = 1L << 18 };

        RunReport report = ProgramRunner.Limit(Wishart(), Source, NoData.Instance, settings, Reporter(), diagnostics);

        Assert.Equal("TP0608", Assert.Single(diagnostics).Code);
        Assert.NotEmpty(report.Outputs);
    }

    [Fact]
    public void A_number_that_is_not_finite_is_found_at_its_instruction_and_what_came_before_is_kept()
    {
        Program program = Wishart();
        Expr overflowing = Expr.Pow(Expr.Of("x"), 400) * Expr.Pow(10, 300);
        Program broken = program with
        {
            Body = [.. program.Body, new Instruction.Moment(new Definition("big", [], []), "n", overflowing) { Origin = new Origin(new Span(18, 3)) }],
            Outputs = ["m", "big"],
        };
        DiagnosticBag diagnostics = new();

        RunReport report = ProgramRunner.Finite(broken, Source, NoData.Instance, NoAxes, new FiniteSettings(64, 1, Precision.Double), Reporter(), diagnostics);

        Diagnostic diagnostic = Assert.Single(diagnostics);
        Assert.Equal(("TP0607", 2, 1), (diagnostic.Code, diagnostic.Location!.Start.Line, diagnostic.Location.Start.Column));
        Assert.Equal("m", report.Outputs[0].Name);
        Assert.Equal(1, report.Outputs[0].Values[0].Value, 4 * Math.Sqrt(2.0 / 64));
    }

    [Fact]
    public void An_interrupt_ends_the_run_with_a_warning()
    {
        DiagnosticBag diagnostics = new();
        Terminal interrupted = new(TextWriter.Null, TextWriter.Null) { OnInterrupt = source => source.Cancel() };
        Program looped = Wishart() with { Body = [new Loop("t", 3, [], Wishart().Body)] };

        ProgramRunner.Finite(looped, Source, NoData.Instance, NoAxes, new FiniteSettings(8, 1, Precision.Double), Reporter(interrupted), diagnostics);

        Assert.Equal("TP0610", Assert.Single(diagnostics).Code);
    }

    [Fact]
    public void Progress_is_shown_on_a_terminal_alone_and_wiped_at_the_end()
    {
        static string Progress(bool terminal, OutputFormat format)
        {
            using StringWriter error = new();
            using (ProgressLine line = new(Reporter(new Terminal(TextWriter.Null, error) { ErrorIsTerminal = terminal }, format)))
            {
                line.Show("step", 1, 2);
                line.Show("step", 2, 2);
            }

            return error.ToString();
        }

        Assert.Empty(Progress(false, OutputFormat.Text));
        Assert.Equal(Progress(true, OutputFormat.Text), Progress(true, OutputFormat.Json));
        Assert.Contains("step 1 of 2", Progress(true, OutputFormat.Text), StringComparison.Ordinal);
        Assert.DoesNotContain("step 2 of 2", Progress(true, OutputFormat.Text), StringComparison.Ordinal);
        Assert.EndsWith("\r\u001b[K", Progress(true, OutputFormat.Text), StringComparison.Ordinal);
    }

    /// <summary>m = (1/n) Σ (A x)², whose limit is 1.</summary>
    private static Program Wishart() => new(
        "wishart",
        [new Width("n", 1)],
        [],
        [],
        [
            new Instruction.Gaussian(new Definition("A", [], ["n", "n"]), Expr.WidthTo("n", -1)),
            new Instruction.Gaussian(new Definition("x", [], ["n"]), 1),
            new Instruction.MatMul(new Definition("y", [], ["n"]), new Expr.Reference("A", []), false, new Expr.Reference("x", [])),
            new Instruction.Moment(new Definition("m", [], []), "n", Expr.Pow(Expr.Of("y"), 2)),
        ],
        ["m"]);

    private static Reporter Reporter(Terminal? terminal = null, OutputFormat format = OutputFormat.Text) =>
        new(terminal ?? new Terminal(TextWriter.Null, TextWriter.Null), format, Verbose: false, NoColor: false);
}
