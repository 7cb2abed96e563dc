using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using TpCompiler.Diagnostics;
using TpCompiler.Language.Syntax;

namespace TpCompiler.Language;

/// <summary>A syntax tree as indented text: a line for each node, with its words and numbers.</summary>
public static class SyntaxText
{
    public static string Write(FileSyntax tree)
    {
        var text = new StringBuilder();
        Write(text, tree, string.Empty, 0);
        return text.ToString();
    }

    private static void Write(StringBuilder text, object node, string label, int depth)
    {
        var properties = node.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetIndexParameters().Length == 0 && property.PropertyType != typeof(Span) && property.Name != "EqualityContract")
            .Select(property => (property.Name, Value: property.GetValue(node)))
            .Where(property => property.Value is not null)
            .ToList();
        var words = properties.Where(property => IsWord(property.Value!)).Select(property => " " + property.Name + "=" + Convert.ToString(property.Value, CultureInfo.InvariantCulture));
        text.Append(' ', 2 * depth).Append(label).Append(node.GetType().Name).Append(string.Concat(words)).Append('\n');
        foreach (var (name, value) in properties.Where(property => !IsWord(property.Value!)))
        {
            if (value is IEnumerable items)
            {
                foreach (var item in items)
                {
                    if (IsWord(item))
                    {
                        text.Append(' ', (2 * depth) + 2).Append(name).Append(": ").Append(Convert.ToString(item, CultureInfo.InvariantCulture)).Append('\n');
                    }
                    else
                    {
                        Write(text, item, name + ": ", depth + 1);
                    }
                }
            }
            else
            {
                Write(text, value!, name + ": ", depth + 1);
            }
        }
    }

    private static bool IsWord(object value) => value is string or bool or Enum or ValueType;
}
