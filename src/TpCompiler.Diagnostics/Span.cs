namespace TpCompiler.Diagnostics;
/// <summary>A half-open range of characters of a source text.</summary>
public readonly record struct Span(int Start, int Length);
