using System.CommandLine;
using TpCompiler.Diagnostics;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc compile FILE</c>.</summary>
internal sealed class CompileCommand : Command
{
    private readonly Argument<string> file = ProgramArgument.Create();

    public CompileCommand(CommonOptions common)
        : base("compile", "Read a program: verdict, derived scales and the equations of its limit")
    {
        Arguments.Add(file);
        SetAction(parsed => Execute(parsed.GetValue(file)!, common.Reporter(parsed)));
    }

    private static int Execute(string path, Reporter reporter)
    {
        DiagnosticBag diagnostics = new();
        if (SourceReader.Read(path, reporter.Terminal.OpenInput, diagnostics) is not null)
        {
            diagnostics.Add(Codes.NotAvailable, null, "`tpc compile`");
        }

        return reporter.Report(diagnostics);
    }
}
