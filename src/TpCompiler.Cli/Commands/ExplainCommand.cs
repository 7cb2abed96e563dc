using System.CommandLine;
using System.Text.Json;
using TpCompiler.Diagnostics;

namespace TpCompiler.Cli.Commands;

/// <summary><c>tpc explain CODE</c>: the page of a diagnostic; without a code the table of all of them.</summary>
internal sealed class ExplainCommand : Command
{
    private readonly Argument<string?> code = new("code")
    {
        Description = "A code such as TP0201, or a name such as unknown-name; without one, the table of all",
        Arity = ArgumentArity.ZeroOrOne,
        HelpName = "CODE",
    };

    public ExplainCommand(CommonOptions common)
        : base("explain", "Explain a diagnostic: what it means, an example and the way out")
    {
        Arguments.Add(code);
        SetAction(parsed => Explain(parsed.GetValue(code), common.Reporter(parsed)));
    }

    private static int Explain(string? asked, Reporter reporter)
    {
        if (asked is null)
        {
            reporter.Result(WriteTable, Table);
            return ExitCode.Fine;
        }

        if (Codes.Find(asked) is not { } row)
        {
            IEnumerable<string> known = asked.Any(char.IsAsciiDigit) ? Codes.All.Select(r => r.Code) : Codes.All.Select(r => r.Name);
            reporter.Report(Diagnostic.Create(Codes.UnknownCode, null, asked).WithSpelling(asked, known));
            return ExitCode.Usage;
        }

        reporter.Result(json => WriteRow(json, row), () => Page(row));
        return ExitCode.Fine;
    }

    private static string Page(DiagnosticDescriptor row) =>
        $"{row.Code} {row.Name} ({SeverityOf(row)}): {row.Title}\n\n{row.Page}";

    private static string Table() => string.Concat(Codes.All.Select(row => $"{row.Code}  {row.Name,-30}  {row.Title}\n"));

    private static void WriteTable(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (DiagnosticDescriptor row in Codes.All)
        {
            WriteRow(json, row);
        }

        json.WriteEndArray();
    }

    private static void WriteRow(Utf8JsonWriter json, DiagnosticDescriptor row)
    {
        json.WriteStartObject();
        json.WriteString("code", row.Code);
        json.WriteString("name", row.Name);
        json.WriteString("severity", SeverityOf(row));
        json.WriteString("title", row.Title);
        json.WriteString("message", row.MessageFormat);
        json.WriteString("page", row.Page);
        json.WriteEndObject();
    }

    private static string SeverityOf(DiagnosticDescriptor row) => row.Severity == Severity.Error ? "error" : "warning";
}
