namespace TpCompiler.Diagnostics;

/// <summary>A range of UTF-16 units in a <see cref="SourceText"/>: <paramref name="Start"/> counts from 0.</summary>
public readonly record struct Span(int Start, int Length)
{
    /// <summary>The first position after the range.</summary>
    public int End => Start + Length;

    public static Span Between(int start, int end) => new(start, end - start);

    /// <summary>The smallest range that holds both.</summary>
    public static Span Cover(Span first, Span last) =>
        Between(Math.Min(first.Start, last.Start), Math.Max(first.End, last.End));
}
