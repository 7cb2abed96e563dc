using System.CommandLine;

namespace TpCompiler.Cli;

/// <summary>The options of every command, and what they and the terminal make of its output.</summary>
internal sealed class CommonOptions(Terminal terminal)
{
    private readonly Option<string> format = new Option<string>("--format")
    {
        Description = "text for people, json for machines",
        HelpName = "text|json",
        DefaultValueFactory = _ => "text",
        Recursive = true,
    }.AcceptOnlyFromAmong("text", "json");

    private readonly Option<bool> verbose = new("--verbose", "-v")
    {
        Description = "Say on standard error what is being done, and with what",
        Recursive = true,
    };

    private readonly Option<bool> noColor = new("--no-color")
    {
        Description = "No colours (also: NO_COLOR in the environment; a pipe or a file never gets any)",
        Recursive = true,
    };

    public IEnumerable<Option> All => [format, verbose, noColor];

    public Reporter Reporter(ParseResult parsed) => new(
        terminal,
        parsed.GetValue(format) == "json" ? OutputFormat.Json : OutputFormat.Text,
        parsed.GetValue(verbose),
        parsed.GetValue(noColor));
}
