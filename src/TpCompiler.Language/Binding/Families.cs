using System.Globalization;

namespace TpCompiler.Language.Binding;

/// <summary>Members of families: <c>W[2]</c> is the name <c>W2</c>.</summary>
internal static class Families
{
    public static string Member(string name, IEnumerable<int> indices) =>
        name + string.Join("_", indices.Select(i => i.ToString(CultureInfo.InvariantCulture)));
}
