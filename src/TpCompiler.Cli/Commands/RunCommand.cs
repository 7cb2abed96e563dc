using System.CommandLine;
using TpCompiler.Diagnostics;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc run FILE</c>.</summary>
internal sealed class RunCommand : Command
{
    private readonly Argument<string> file = ProgramArgument.Create();

    public RunCommand(CommonOptions common)
        : base("run", "Run a program: a finite net, or its infinite-width limit")
    {
        Arguments.Add(file);
        SetAction(parsed => Execute(parsed.GetValue(file)!, common.Reporter(parsed)));
    }

    private static int Execute(string path, Reporter reporter)
    {
        DiagnosticBag diagnostics = new();
        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not null)
        {
            diagnostics.Add(Codes.NotAvailable, null, "`tpc run`");
        }

        return reporter.Report(diagnostics);
    }
}
