using System.Text;

namespace TpCompiler.Cli;

/// <summary>Where the process starts: the real console, handed to <see cref="CliApp"/>.</summary>
internal static class EntryPoint
{
    private static int Main(string[] args)
    {
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
        if (OperatingSystem.IsWindows())
        {
            Console.OutputEncoding = utf8;
        }

        // Results are written in one piece; what a person waits for, at once.
        using StreamWriter output = new(Console.OpenStandardOutput(), utf8, bufferSize: 1 << 14) { NewLine = "\n" };
        using StreamWriter error = new(Console.OpenStandardError(), utf8) { NewLine = "\n", AutoFlush = true };
        return CliApp.Run(args, new Terminal(output, error)
        {
            OpenInput = Console.OpenStandardInput,
            OutputIsTerminal = !Console.IsOutputRedirected,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            Variable = Environment.GetEnvironmentVariable,
            OnInterrupt = interrupt => Console.CancelKeyPress += (_, pressed) =>
            {
                // The second Ctrl-C ends the process the usual way.
                pressed.Cancel = !interrupt.IsCancellationRequested;
                interrupt.Cancel();
            },
        });
    }
}
