using System.CommandLine;

namespace TpCompiler.Cli.Commands;

/// <summary>The program that a command reads.</summary>
internal static class ProgramArgument
{
    public static Argument<string> Create() => new("file")
    {
        Description = "A program (.tp), or - for standard input",
        HelpName = "FILE",
    };
}
