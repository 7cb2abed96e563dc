using System.CommandLine;
using TpCompiler.Diagnostics;
using TpCompiler.Emit;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc mup FILE [--optimizer NAME] [--base-width B --width N] [--markdown] [--lint]</c>.</summary>
internal sealed class MupCommand : Command
{
    private static readonly Dictionary<string, UpdateKind> Optimizers = new(StringComparer.Ordinal)
    {
        ["sgd"] = UpdateKind.Gradient,
        ["sign_sgd"] = UpdateKind.Entrywise,
        ["adam"] = UpdateKind.Entrywise,
        ["adamw"] = UpdateKind.Entrywise,
        ["muon"] = UpdateKind.Orthogonal,
    };

    private readonly Argument<string> file = ProgramArgument.Create();

    private readonly Option<string?> optimizer = new("--optimizer") { Description = "The optimizer, in place of the program's: " + string.Join(", ", Optimizers.Keys), HelpName = "NAME" };

    private readonly Option<int?> baseWidth = new("--base-width") { Description = "The width at which everything was tuned", HelpName = "B" };

    private readonly Option<int?> width = new("--width") { Description = "The width to go to: the table has numbers then", HelpName = "N" };

    private readonly Option<bool> markdown = new("--markdown") { Description = "Write the tables as Markdown" };

    private readonly Option<bool> lint = new("--lint") { Description = "Name every weight of the program that is not stable and maximal, and its repair" };

    public MupCommand(CommonOptions common)
        : base("mup", "Derive the maximal-update parametrization of a program")
    {
        Arguments.Add(file);
        Options.Add(optimizer);
        Options.Add(baseWidth);
        Options.Add(width);
        Options.Add(markdown);
        Options.Add(lint);
        SetAction(parsed => Execute(
            parsed.GetValue(file)!,
            new Request(parsed.GetValue(optimizer), parsed.GetValue(baseWidth), parsed.GetValue(width), parsed.GetValue(markdown), parsed.GetValue(lint)),
            common.Reporter(parsed)));
    }

    private static int Execute(string path, Request request, Reporter reporter)
    {
        if (request.Misuse is { } misuse)
        {
            return reporter.Usage("mup", misuse);
        }

        DiagnosticBag diagnostics = new();
        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not { } source)
        {
            return reporter.Report(diagnostics);
        }

        Compilation compilation = Compilation.Compile(source);
        diagnostics.AddRange(compilation.Diagnostics);
        int findings = diagnostics.HasErrors ? 0 : Derive(path, compilation, request, reporter, diagnostics);
        int code = reporter.Report(diagnostics);
        return code == ExitCode.Fine && findings > 0 ? ExitCode.Diagnostics : code;
    }

    private static int Derive(string path, Compilation compilation, Request request, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (compilation is not { Network: { Widths.Count: > 0 } network, TrainingPlan: { } plan })
        {
            diagnostics.Add(Codes.NothingToRun, null, path, "network of some width with a `train` block");
            return 0;
        }

        if (MaximalUpdate.Of(network, plan, request.Kind, compilation.GradientProgram) is not { } maximal)
        {
            diagnostics.Add(Codes.NoMaximalUpdate, null, "no choice of b makes the initialisation stable, or weights keep each other from moving");
            return 0;
        }

        if (request.Lint)
        {
            var findings = ParametrizationLint.Of(network, ScalingAnalysis.Analyze(network, plan, compilation.GradientProgram!, maximal.Kind), maximal);
            reporter.Result(json => MaximalUpdateText.Lint(json, network.Name, findings), () => MaximalUpdateText.Lint(network.Name, findings));
            return findings.Count;
        }

        reporter.Result(
            json => MaximalUpdateText.Write(json, network.Name, maximal, request.Ratio),
            () => request.Markdown ? MaximalUpdateText.Markdown(network.Name, maximal, request.Ratio) : MaximalUpdateText.Write(network.Name, maximal, request.Ratio));
        return 0;
    }

    private sealed record Request(string? Optimizer, int? BaseWidth, int? Width, bool Markdown, bool Lint)
    {
        public UpdateKind? Kind => Optimizer is null ? null : Optimizers[Optimizer];

        public WidthRatio? Ratio => BaseWidth is { } from && Width is { } to ? new WidthRatio(from, to) : null;

        public string? Misuse =>
            Optimizer is { } name && !Optimizers.ContainsKey(name) ? $"there are no rules for the optimizer `{name}`: {string.Join(", ", Optimizers.Keys)}"
            : BaseWidth is null != Width is null ? "`--base-width` and `--width` go together"
            : BaseWidth < 1 || Width < 1 ? "a width is at least 1"
            : null;
    }
}
