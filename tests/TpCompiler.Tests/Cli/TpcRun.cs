using System.Text;
using TpCompiler.Cli;

namespace TpCompiler.Tests.Cli;

/// <summary>One run of <c>tpc</c> in this process: what it wrote and how it ended.</summary>
internal sealed record TpcRun(int ExitCode, string Output, string Error)
{
    public static TpcRun Of(params string[] arguments) => Of(new Terminal(TextWriter.Null, TextWriter.Null), arguments);

    public static TpcRun WithInput(string input, params string[] arguments) => WithInput(Encoding.UTF8.GetBytes(input), arguments);

    public static TpcRun WithInput(byte[] input, params string[] arguments) =>
        Of(new Terminal(TextWriter.Null, TextWriter.Null) { OpenInput = () => new MemoryStream(input) }, arguments);

    /// <summary>The terminal's writers are replaced by ones that keep what is written.</summary>
    public static TpcRun Of(Terminal terminal, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int exitCode = CliApp.Run(arguments, terminal with { Output = output, Error = error });
        return new TpcRun(exitCode, output.ToString(), error.ToString());
    }
}
