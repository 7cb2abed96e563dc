using System.Text;

namespace TpCompiler.Emit.Targets;

/// <summary>Lines of code, indented by four spaces a level.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder text = new();
    private int level;

    public override string ToString() => text.ToString();

    /// <summary>A line, or several; empty ones are not indented.</summary>
    public CodeWriter Line(string lines = "")
    {
        foreach (string line in lines.Split('\n'))
        {
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
