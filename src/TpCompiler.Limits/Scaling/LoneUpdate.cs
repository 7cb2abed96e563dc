using TpCompiler.Ir;

namespace TpCompiler.Limits.Scaling;

/// <summary>The forward part with the update of one weight alone, or a few values, run as far as is asked: what a weight directly makes stands near it.</summary>
internal sealed class LoneUpdate(Interpretation alone, ForwardPart forward, IReadOnlyCollection<string> origins)
{
    private readonly HashSet<string> moved = new(origins, StringComparer.Ordinal);
    private int next;

    public Size SizeOf(string name)
    {
        for (var last = forward.Positions.GetValueOrDefault(name, -1); next <= last; next++)
        {
            if (forward.Reads[next].Any(moved.Contains))
            {
                var statement = forward.Statements[next];
                alone.Run(statement);
                moved.UnionWith(new[] { statement }.Definitions().Select(definition => definition.Name));
            }
        }

        return alone.SizeOf(name);
    }
}
