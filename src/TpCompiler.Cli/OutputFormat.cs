namespace TpCompiler.Cli;

/// <summary>For people, or for machines: stable and complete.</summary>
public enum OutputFormat
{
    Text,
    Json,
}
