using System.CommandLine;
using TpCompiler.Diagnostics;

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
        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not null)
        {
            diagnostics.Add(Codes.NotAvailable, null, "`tpc mup`");
        }

        return reporter.Report(diagnostics);
    }
}
