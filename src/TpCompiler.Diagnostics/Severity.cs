namespace TpCompiler.Diagnostics;

/// <summary>An error leaves no result behind it; a warning leaves a result that its reader should doubt.</summary>
public enum Severity
{
    Warning,
    Error,
}
