using System.Text;

namespace TpCompiler.Emit.Targets;

/// <summary>Lines of code, indented by four spaces a level.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder text = new();
    private int level;
    private string last = string.Empty;

    /// <summary>Whether what follows a block in braces stands apart from it.</summary>
    public bool SeparatesBlocks { get; init; }

    public override string ToString() => text.ToString();

    /// <summary>A comment with an empty line before it, but at the start of a block.</summary>
    public CodeWriter Comment(string comment)
    {
        if (last is not ("" or "{"))
        {
            Line();
        }

        return Line("// " + comment);
    }

    /// <summary>A line, or several; empty ones are not indented.</summary>
    public CodeWriter Line(string lines = "")
    {
        foreach (string line in lines.Split('\n'))
        {
            if (SeparatesBlocks && last == "}" && line.Trim() is not ("" or "else" or ['}', ..]) && !line.TrimStart().StartsWith("catch", StringComparison.Ordinal))
            {
                text.Append('\n');
            }

            last = line.Trim();
            text.Append(line.Length == 0 ? string.Empty : new string(' ', 4 * level) + line).Append('\n');
        }

        return this;
    }

    public CodeWriter In()
    {
        level++;
        return this;
    }

    public CodeWriter Out()
    {
        level--;
        return this;
    }
}
