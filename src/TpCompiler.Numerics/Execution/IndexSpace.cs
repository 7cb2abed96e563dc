namespace TpCompiler.Numerics.Execution;

/// <summary>An index variable of a body, with the size of its axis. Two variables are the same when they are the same object.</summary>
/// <param name="Name">Its name in the body.</param>
/// <param name="Size">0 ≤ index &lt; Size.</param>
/// <param name="Order">Its place among the variables of the body: results' indices first, then those of sums as they are met.</param>
internal sealed record Variable(string Name, int Size, int Order);

/// <summary>The index variables that an expression depends on, ordered; a position in it is a flat number, the last variable fastest.</summary>
internal sealed class IndexSpace
{
    public static readonly IndexSpace Point = new([]);

    private readonly Variable[] variables;

    public IndexSpace(IEnumerable<Variable> variables)
    {
        this.variables = [.. variables];
        Count = this.variables.Aggregate(1, (product, variable) => checked(product * variable.Size));
    }

    public IReadOnlyList<Variable> Variables => variables;

    public int Count { get; }

    public static IndexSpace Union(IEnumerable<IndexSpace> spaces) =>
        Sorted(spaces.SelectMany(space => space.variables).Distinct());

    public static IndexSpace Sorted(IEnumerable<Variable> variables) => new(variables.OrderBy(variable => variable.Order));

    public IndexSpace Without(IReadOnlyCollection<Variable> removed) => new(variables.Where(variable => !removed.Contains(variable)));

    /// <summary>How far apart neighbours in a variable are; 0 when the space lacks it.</summary>
    public int Stride(Variable variable)
    {
        var at = Array.IndexOf(variables, variable);
        return at < 0 ? 0 : variables.AsSpan(at + 1).ToArray().Aggregate(1, (product, later) => product * later.Size);
    }

    public bool SameAs(IndexSpace other) => variables.AsSpan().SequenceEqual(other.variables);

    /// <summary>For each position here the position in a space of some of the variables; null when the two are the same.</summary>
    public int[]? MapTo(IndexSpace part) => SameAs(part) ? null : Linear(variable => part.Stride(variable));

    /// <summary>Σ of position times weight over the variables, for each position of the space.</summary>
    public int[] Linear(Func<Variable, int> weight)
    {
        var result = new int[Count];
        var repeat = 1;
        for (var v = variables.Length - 1; v >= 0; v--)
        {
            var step = weight(variables[v]);
            var size = variables[v].Size;
            if (step != 0)
            {
                for (var flat = 0; flat < result.Length; flat++)
                {
                    result[flat] += flat / repeat % size * step;
                }
            }

            repeat *= size;
        }

        return result;
    }
}
