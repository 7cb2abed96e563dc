using System.CommandLine;
using TpCompiler.Diagnostics;
using TpCompiler.Emit;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc mup FILE [--optimizer NAME] [--base-width B --width N [--base-depth K --depth L]] [--markdown] [--lint]</c>.</summary>
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

    private readonly Option<int?> baseDepth = new("--base-depth") { Description = "The number of layers at which everything was tuned", HelpName = "K" };

    private readonly Option<int?> depth = new("--depth") { Description = "The number of layers to go to", HelpName = "L" };

    private readonly Option<bool> markdown = new("--markdown") { Description = "Write the tables as Markdown" };

    private readonly Option<bool> lint = new("--lint") { Description = "Name every weight of the program that is not stable and maximal, and its repair" };

    public MupCommand(CommonOptions common)
        : base("mup", "Derive the maximal-update parametrization of a program")
    {
        Arguments.Add(file);
        Options.Add(optimizer);
        Options.Add(baseWidth);
        Options.Add(width);
        Options.Add(baseDepth);
        Options.Add(depth);
        Options.Add(markdown);
        Options.Add(lint);
        SetAction(parsed => Execute(
            parsed.GetValue(file)!,
            new Request(parsed.GetValue(optimizer), parsed.GetValue(baseWidth), parsed.GetValue(width), parsed.GetValue(baseDepth), parsed.GetValue(depth), parsed.GetValue(markdown), parsed.GetValue(lint)),
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
        int findings = diagnostics.HasErrors ? 0 : Derive(path, source, compilation, request, reporter, diagnostics);
        int code = reporter.Report(diagnostics);
        return code == ExitCode.Fine && findings > 0 ? ExitCode.Diagnostics : code;
    }

    private static int Derive(string path, SourceText source, Compilation compilation, Request request, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (compilation is not { Network: { Widths.Count: > 0 } network, TrainingPlan: { } plan })
        {
            diagnostics.Add(Codes.NothingToRun, null, path, "network of some width with a `train` block");
            return 0;
        }

        MaximalUpdate? maximal;
        string? conflict = null;
        Network written = network;
        if (InDepth(source, compilation, request, diagnostics) is { } deep)
        {
            (compilation, maximal) = deep;
            (network, plan) = (compilation.Network!, compilation.TrainingPlan!);
        }
        else if (request.Depths is not null)
        {
            diagnostics.Add(Codes.NoMaximalUpdate, null, "no stable stream over a number of layers was found: an `axis L = …`, a loop `for l in 1..L`, and in it a sum of the layer before and of what this one adds");
            return 0;
        }
        else
        {
            (maximal, conflict) = MaximalUpdate.Derive(network, plan, request.Kind, compilation.GradientProgram);
        }

        if (maximal is null)
        {
            diagnostics.Add(Codes.NoMaximalUpdate, null, conflict!);
            return 0;
        }

        if (request.Lint)
        {
            ValueList<LintFinding> findings = ParametrizationLint.Of(network, ScalingAnalysis.Analyze(network, plan, compilation.GradientProgram!, maximal.Kind, repair: false), maximal);
            reporter.Result(json => MaximalUpdateText.Lint(json, network.Name, findings), () => MaximalUpdateText.Lint(network.Name, findings));
            return findings.Count;
        }

        maximal = maximal.Depth is null ? maximal : maximal.ForAll(network, written);
        reporter.Result(
            json => MaximalUpdateText.Write(json, network.Name, maximal, request.Ratio),
            () => request.Markdown ? MaximalUpdateText.Markdown(network.Name, maximal, request.Ratio) : MaximalUpdateText.Write(network.Name, maximal, request.Ratio));
        return 0;
    }

    /// <summary>The same with a number of layers that goes to infinity, where the program has one; null where it doesn't, or where no parametrization is stable in it.</summary>
    private static (Compilation Compilation, MaximalUpdate Maximal)? InDepth(SourceText source, Compilation compilation, Request request, DiagnosticBag diagnostics)
    {
        foreach (string axis in compilation.LoopEnds)
        {
            Compilation deep = Compilation.Compile(source, axis);
            if (deep.Diagnostics.HasErrors || deep is not { Network: { } network, TrainingPlan: { } plan } || !MaximalUpdate.HasDepth(network, plan))
            {
                continue;
            }

            if (MaximalUpdate.Of(network, plan, request.Kind, deep.GradientProgram) is { } maximal)
            {
                return (deep, maximal);
            }

            diagnostics.Add(Codes.DepthNotDerived, null, axis);
        }

        return null;
    }

    private sealed record Request(string? Optimizer, int? BaseWidth, int? Width, int? BaseDepth, int? Depth, bool Markdown, bool Lint)
    {
        public UpdateKind? Kind => Optimizer is null ? null : Optimizers[Optimizer];

        public WidthRatio? Ratio => BaseWidth is { } from && Width is { } to ? new WidthRatio(from, to) { Depths = Depths } : null;

        public (int Base, int Depth)? Depths => BaseDepth is { } from && Depth is { } to ? (from, to) : null;

        public string? Misuse =>
            Optimizer is { } name && !Optimizers.ContainsKey(name) ? $"there are no rules for the optimizer `{name}`: {string.Join(", ", Optimizers.Keys)}"
            : BaseWidth is null != Width is null ? "`--base-width` and `--width` go together"
            : BaseDepth is null != Depth is null ? "`--base-depth` and `--depth` go together"
            : Depth is not null && Width is null ? "`--depth` goes with `--width`: give the same width twice where only the depth changes"
            : BaseWidth < 1 || Width < 1 ? "a width is at least 1"
            : BaseDepth < 1 || Depth < 1 ? "a depth is at least 1"
            : null;
    }
}
