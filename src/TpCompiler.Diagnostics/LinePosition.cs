namespace TpCompiler.Diagnostics;

/// <summary>A place as editors count it: both numbers from 1, <paramref name="Column"/> in Unicode code points.</summary>
public readonly record struct LinePosition(int Line, int Column);
