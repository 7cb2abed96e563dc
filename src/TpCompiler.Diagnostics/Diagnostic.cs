namespace TpCompiler.Diagnostics;

/// <summary>A second place that a diagnostic speaks of, and what is there: "first defined here".</summary>
public sealed record RelatedLocation(Location Location, string Message);

/// <summary>One finding about the user's input.</summary>
public sealed class Diagnostic
{
    private Diagnostic(
        DiagnosticDescriptor descriptor,
        string message,
        Location? location,
        IReadOnlyList<RelatedLocation> related,
        IReadOnlyList<string> notes,
        IReadOnlyList<string> help)
    {
        Descriptor = descriptor;
        Message = message;
        Location = location;
        Related = related;
        Notes = notes;
        Help = help;
    }

    public DiagnosticDescriptor Descriptor { get; }

    public string Code => Descriptor.Code;

    public Severity Severity => Descriptor.Severity;

    public string Message { get; }

    /// <summary>Where; null when it concerns no text, such as a file that is missing.</summary>
    public Location? Location { get; }

    public IReadOnlyList<RelatedLocation> Related { get; }

    /// <summary>Why: reasons and facts, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Ways out, one sentence each.</summary>
    public IReadOnlyList<string> Help { get; }

    public static Diagnostic Create(DiagnosticDescriptor descriptor, Location? location, params object[] arguments) =>
        new(descriptor, descriptor.Format(arguments), location, [], [], []);

    public Diagnostic WithNote(string note) => new(Descriptor, Message, Location, Related, [.. Notes, note], Help);

    public Diagnostic WithHelp(string help) => new(Descriptor, Message, Location, Related, Notes, [.. Help, help]);

    public Diagnostic WithRelated(Location location, string message) =>
        new(Descriptor, Message, Location, [.. Related, new RelatedLocation(location, message)], Notes, Help);

    /// <summary>Adds "did you mean" when a candidate is spelled nearly like the name, and nothing otherwise.</summary>
    public Diagnostic WithSpelling(string name, IEnumerable<string> candidates) =>
        Spelling.Suggest(name, candidates) is { } suggestion ? WithHelp($"did you mean `{suggestion}`?") : this;

    public override string ToString() =>
        Location is { } l ? $"{l.Source.Name}:{l.Start.Line}:{l.Start.Column}: {Code}: {Message}" : $"{Code}: {Message}";
}
