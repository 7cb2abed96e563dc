using System.CommandLine;
using TpCompiler.Diagnostics;
using TpCompiler.Emit;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc mup FILE</c>.</summary>
internal sealed class MupCommand : Command
{
    private readonly Argument<string> file = ProgramArgument.Create();

    public MupCommand(CommonOptions common)
        : base("mup", "Derive the maximal-update parametrization of a program")
    {
        Arguments.Add(file);
        SetAction(parsed => Execute(parsed.GetValue(file)!, common.Reporter(parsed)));
    }

    private static int Execute(string path, Reporter reporter)
    {
        DiagnosticBag diagnostics = new();
        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not { } source)
        {
            return reporter.Report(diagnostics);
        }

        Compilation compilation = Compilation.Compile(source);
        diagnostics.AddRange(compilation.Diagnostics);
        if (!diagnostics.HasErrors)
        {
            Derive(path, compilation, reporter, diagnostics);
        }

        return reporter.Report(diagnostics);
    }

    private static void Derive(string path, Compilation compilation, Reporter reporter, DiagnosticBag diagnostics)
    {
        if (compilation is not { Network: { } network, TrainingPlan: { } plan })
        {
            diagnostics.Add(Codes.NothingToRun, null, path, "network with a `train` block");
        }
        else if (MaximalUpdate.Of(network, plan) is not { } maximal)
        {
            diagnostics.Add(Codes.NoMaximalUpdate, null, "no choice of b makes the initialisation stable, or weights keep each other from moving");
        }
        else
        {
            reporter.Result(json => MaximalUpdateText.Write(json, network.Name, maximal), () => MaximalUpdateText.Write(network.Name, maximal));
        }
    }
}
