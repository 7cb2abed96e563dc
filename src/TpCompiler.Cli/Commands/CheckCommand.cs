using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using TpCompiler.Cli.Data;
using TpCompiler.Cli.Results;
using TpCompiler.Diagnostics;
using TpCompiler.Numerics.Checking;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc check FILE</c>: widths × seeds of finite nets against the derived exponents and the limit; a FAIL ends with exit code 1.</summary>
internal sealed class CheckCommand : Command
{
    private const int FewestWidths = 3;

    private const int WidestWidth = 2048;

    private readonly Argument<string> file = ProgramArgument.Create();

    private readonly Option<IReadOnlyList<int>> widths = new("--widths")
    {
        Description = "The widths to run, rising; wider ones are added up to 2048 where it takes them, when left out",
        HelpName = "N,N,…",
        CustomParser = ParseWidths,
        DefaultValueFactory = _ => new CheckSettings().Widths,
    };

    private readonly Option<int?> seeds = new("--seeds")
    {
        Description = "Nets of each width; as many as decide every line when left out, more of narrow ones",
        HelpName = "N",
    };

    private readonly Option<int?> steps = new("--steps")
    {
        Description = "Steps of training after which changes are measured; 3 when left out, 1 where training is unstable",
        HelpName = "N",
    };

    private readonly Option<string?> data = new("--data") { Description = "Data to use in place of what the program names", HelpName = "PATH" };

    private readonly Option<string?> optimizer = new("--optimizer")
    {
        Description = "An optimizer in place of the program's, such as adam or \"sgd(lr: 0.5, momentum: 0.9)\", at rates n^(-c) that make its updates as large",
        HelpName = "NAME",
    };

    private readonly Option<string?> claim = new("--claim")
    {
        Description = "A parametrization by name: the program's nets, as they are, against its exponents and its limit",
        HelpName = "NAME",
    };

    public CheckCommand(CommonOptions common)
        : base("check", "Hold the derived exponents and the limit against finite nets of several widths")
    {
        Arguments.Add(file);
        Options.Add(widths);
        Options.Add(seeds);
        Options.Add(steps);
        Options.Add(data);
        Options.Add(optimizer);
        Options.Add(claim);
        SetAction(parsed => Execute(parsed, common.Reporter(parsed)));
    }

    private static IReadOnlyList<int>? ParseWidths(ArgumentResult argument)
    {
        List<int> parsed = [];
        foreach (string part in argument.Tokens.SelectMany(token => token.Value.Split(',')))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int width) || width < 1 || (parsed.Count > 0 && width <= parsed[^1]))
            {
                argument.AddError($"--widths takes rising whole numbers, such as 256,512,1024, not '{argument.Tokens[0].Value}'");
                return null;
            }

            parsed.Add(width);
        }

        return parsed;
    }

    private int Execute(ParseResult parsed, Reporter reporter)
    {
        if (parsed.GetValue(seeds) < 1)
        {
            return reporter.Usage(Name, "--seeds must be at least 1");
        }

        if (parsed.GetValue(steps) < 1)
        {
            return reporter.Usage(Name, "--steps must be at least 1");
        }

        if (parsed.GetValue(claim) is not null && parsed.GetValue(optimizer) is not null)
        {
            return reporter.Usage(Name, "--claim is of the program's own optimizer: leave out --optimizer");
        }

        DiagnosticBag diagnostics = new();
        int count = parsed.GetValue(widths)!.Count;
        if (count < FewestWidths)
        {
            diagnostics.Add(Codes.TooFewWidths, null, $"{FewestWidths} widths", count);
        }
        else if (RunnableProgram.Read(parsed.GetValue(file)!, parsed.GetValue(data), parsed.GetValue(steps), reporter, diagnostics, parsed.GetValue(optimizer))?.OfFirstBatch() is { } program)
        {
            string? name = parsed.GetValue(claim);
            if ((name is null ? program : ClaimedParametrization.In(program, name, diagnostics)) is not { } claimed)
            {
                return reporter.Report(diagnostics);
            }

            CheckSettings settings = new() { WidestWidth = parsed.GetResult(widths) is { Implicit: false } ? 0 : WidestWidth, LooksUpRows = program.Compilation.TrainingPlan?.Source?.Kind == "text", Widths = parsed.GetValue(widths)!, Seeds = parsed.GetValue(seeds), Steps = parsed.GetValue(steps), Execution = new() { AxisSizes = program.AxisSizes } };
            CheckReport report = Checker.Run(program, claimed, settings, reporter, diagnostics) with { Claim = name };
            reporter.Result(report.WriteJson, report.Text);
            int code = reporter.Report(diagnostics);
            return report.Passes ? code : ExitCode.Diagnostics;
        }

        return reporter.Report(diagnostics);
    }
}
