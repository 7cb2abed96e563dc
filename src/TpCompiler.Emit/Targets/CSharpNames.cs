using System.Text;

namespace TpCompiler.Emit.Targets;

/// <summary>Names of the source as C#'s, each meaning one thing: values first, then what stands beside them (an index b beside a bias b is called b_).</summary>
/// <param name="more">Names that the rest of the program uses besides.</param>
internal sealed class CSharpNames(params string[] more)
{
    private static readonly string[] Reserved =
    [
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal", "default", "delegate", "do", "double", "else", "enum",
        "event", "explicit", "extern", "false", "finally", "fixed", "float", "for", "foreach", "goto", "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace",
        "new", "null", "object", "operator", "out", "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sbyte", "sealed", "short", "sizeof", "stackalloc",
        "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof", "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
        "args", "data", "weights", "random", "options", "path", "Real", "Normal", "Philox", "Stop", "seed", "Samples", "Report", "Load", "Option", "Square", "Erf", "Softplus", "Count", "Shape",
    ];

    private readonly Dictionary<(string Kind, string Name), string> names = [];
    private readonly HashSet<string> taken = [.. Reserved, .. more, .. new[] { "sum", "sums", "total", "entry" }.SelectMany(name => Enumerable.Range(2, 20).Select(i => $"{name}{i}").Prepend(name))];

    /// <summary>The name of a value, an axis, a width or an index, given when it is first asked for.</summary>
    public string Of(string kind, string name)
    {
        if (!names.TryGetValue((kind, name), out string? known))
        {
            names[(kind, name)] = known = Fresh(name);
        }

        return known;
    }

    /// <summary>One name for two: the first is called as the second.</summary>
    public void Share(string kind, string first, string second) => names[(kind, first)] = Of(kind, second);

    /// <summary>A name that nothing has.</summary>
    public string Fresh(string wanted)
    {
        StringBuilder text = new();
        foreach (char c in wanted)
        {
            text.Append(c == '\'' ? "_prime" : char.IsAsciiLetterOrDigit(c) || c == '_' ? c.ToString() : "_");
        }

        while (!taken.Add(text.ToString()))
        {
            text.Append('_');
        }

        return text.ToString();
    }
}
