using System.CommandLine;
using TpCompiler.Diagnostics;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc check FILE</c>.</summary>
internal sealed class CheckCommand : Command
{
    private readonly Argument<string> file = ProgramArgument.Create();

    public CheckCommand(CommonOptions common)
        : base("check", "Hold the derived exponents and the limit against finite nets of several widths")
    {
        Arguments.Add(file);
        SetAction(parsed => Execute(parsed.GetValue(file)!, common.Reporter(parsed)));
    }

    private static int Execute(string path, Reporter reporter)
    {
        DiagnosticBag diagnostics = new();
        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not null)
        {
            diagnostics.Add(Codes.NotAvailable, null, "`tpc check`");
        }

        return reporter.Report(diagnostics);
    }
}
