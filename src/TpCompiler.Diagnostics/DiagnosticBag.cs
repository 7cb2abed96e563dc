using System.Collections;

namespace TpCompiler.Diagnostics;

/// <summary>
/// What a stage has to say, in the order of the text. Hostile input can be wrong in a million places: after
/// <see cref="Capacity"/> diagnostics it only counts.
/// </summary>
/// <param name="source">The text that a bare <see cref="Span"/> belongs to; without it such a diagnostic has no place.</param>
public sealed class DiagnosticBag(SourceText? source = null) : IReadOnlyCollection<Diagnostic>
{
    public const int Capacity = 100;

    private readonly List<Diagnostic> diagnostics = [];

    /// <summary>How many came after the bag was full.</summary>
    public int Omitted { get; private set; }

    public int Count => diagnostics.Count;

    public bool HasErrors { get; private set; }

    public void Add(Diagnostic diagnostic)
    {
        HasErrors |= diagnostic.Severity == Severity.Error;
        if (diagnostics.Count < Capacity)
        {
            diagnostics.Add(diagnostic);
        }
        else
        {
            Omitted++;
        }
    }

    public void Add(DiagnosticDescriptor descriptor, Location? location, params object[] arguments) =>
        Add(Diagnostic.Create(descriptor, location, arguments));

    public void Add(DiagnosticDescriptor descriptor, Span span, params object[] arguments) =>
        Add(Diagnostic.Create(descriptor, source is null ? null : new Location(source, span), arguments));

    public void AddRange(DiagnosticBag others)
    {
        foreach (Diagnostic diagnostic in others.diagnostics)
        {
            Add(diagnostic);
        }

        Omitted += others.Omitted;
        HasErrors |= others.HasErrors;
    }

    /// <summary>By text, then by position; those without a place first, equals in the order of arrival.</summary>
    public IReadOnlyList<Diagnostic> Sorted() =>
    [
        .. diagnostics
            .OrderBy(d => d.Location?.Source.Name ?? "", StringComparer.Ordinal)
            .ThenBy(d => d.Location?.Span.Start ?? -1)
            .ThenBy(d => d.Location?.Span.Length ?? -1),
    ];

    public IEnumerator<Diagnostic> GetEnumerator() => Sorted().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
