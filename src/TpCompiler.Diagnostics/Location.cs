namespace TpCompiler.Diagnostics;

/// <summary>A range in a given text: the prelude and a data file are texts too, so a <see cref="Span"/> alone doesn't say where.</summary>
public sealed record Location(SourceText Source, Span Span)
{
    public LinePosition Start => Source.PositionOf(Span.Start);

    public LinePosition End => Source.PositionOf(Span.End);
}
