namespace TpCompiler.Cli;

/// <summary>Everything around the process that a command may touch besides files; a test puts its own in place.</summary>
public sealed record Terminal(TextWriter Output, TextWriter Error)
{
    /// <summary>Standard input, opened only when a file is named <c>-</c>.</summary>
    public Func<Stream> OpenInput { get; init; } = () => Stream.Null;

    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>The value of an environment variable, or null.</summary>
    public Func<string, string?> Variable { get; init; } = _ => null;

    /// <summary>Asks that Ctrl-C cancels the source instead of ending the process.</summary>
    public Action<CancellationTokenSource> OnInterrupt { get; init; } = _ => { };
}
