using TpCompiler.Ir;

namespace TpCompiler.Limits.Scaling;

/// <summary>The forward part with the update of one weight alone, run as far as is asked: what a weight directly makes stands near it.</summary>
internal sealed class LoneUpdate(
    Interpretation alone,
    IReadOnlyList<(Statement Statement, IReadOnlyList<string> Reads)> forward,
    IReadOnlyDictionary<string, int> positions,
    string weight)
{
    private readonly HashSet<string> moved = new(StringComparer.Ordinal) { weight };
    private int next;

    public Size SizeOf(string name)
    {
        for (var last = positions.GetValueOrDefault(name, -1); next <= last; next++)
        {
            var (statement, reads) = forward[next];
            if (reads.Any(moved.Contains))
            {
                alone.Run(statement);
                moved.UnionWith(new[] { statement }.Definitions().Select(definition => definition.Name));
            }
        }

        return alone.SizeOf(name);
    }
}
