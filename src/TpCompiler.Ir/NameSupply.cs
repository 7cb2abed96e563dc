namespace TpCompiler.Ir;

/// <summary>Names that no value of a program has yet.</summary>
public sealed class NameSupply(IEnumerable<string> taken)
{
    private readonly HashSet<string> taken = new(taken, StringComparer.Ordinal);

    /// <summary><paramref name="wanted"/>, or with <c>_2</c>, <c>_3</c>, … when it is taken.</summary>
    public string Fresh(string wanted)
    {
        var name = wanted;
        for (var i = 2; !taken.Add(name); i++)
        {
            name = $"{wanted}_{i}";
        }

        return name;
    }
}
