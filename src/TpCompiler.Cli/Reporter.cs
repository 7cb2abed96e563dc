using System.Text;
using System.Text.Json;
using TpCompiler.Diagnostics;

namespace TpCompiler.Cli;

/// <summary>What one command writes: its result to standard output, everything else to standard error.</summary>
internal sealed record Reporter(Terminal Terminal, OutputFormat Format, bool Verbose, bool NoColor)
{
    public bool ColorOnOutput => Terminal.OutputIsTerminal && ColorWanted;

    public bool ColorOnError => Terminal.ErrorIsTerminal && ColorWanted;

    private bool ColorWanted => !NoColor
        && string.IsNullOrEmpty(Terminal.Variable("NO_COLOR"))
        && Terminal.Variable("TERM") != "dumb";

    public void Result(string text) => Terminal.Output.Write(text);

    /// <summary>The result in the format that was asked for; a JSON document has LF at its end.</summary>
    public void Result(Action<Utf8JsonWriter> json, Func<string> text)
    {
        if (Format == OutputFormat.Text)
        {
            Result(text());
            return;
        }

        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, JsonRenderer.Options))
        {
            json(writer);
        }

        Result(Encoding.UTF8.GetString(stream.ToArray()) + "\n");
    }

    /// <summary>Says what is wrong with the command line.</summary>
    public int Usage(string command, string misuse)
    {
        Terminal.Error.Write($"error: {misuse}\n`tpc {command} --help` says what there is\n");
        return ExitCode.Usage;
    }

    /// <summary>A remark about how the work goes, only with <c>--verbose</c>.</summary>
    public void Remark(string line)
    {
        if (Verbose)
        {
            Terminal.Error.Write(line + "\n");
        }
    }

    /// <summary>Writes the diagnostics and says how the process shall end.</summary>
    public int Report(DiagnosticBag diagnostics)
    {
        if (diagnostics.Count > 0)
        {
            if (Format == OutputFormat.Json)
            {
                Terminal.Error.Write(JsonRenderer.Render(diagnostics));
            }
            else
            {
                new TextRenderer(Terminal.Error, ColorOnError).Render(diagnostics);
            }
        }

        return diagnostics.HasErrors ? ExitCode.Diagnostics : ExitCode.Fine;
    }

    public int Report(Diagnostic diagnostic)
    {
        DiagnosticBag diagnostics = new();
        diagnostics.Add(diagnostic);
        return Report(diagnostics);
    }
}
