using TpCompiler.Ir;
using TpCompiler.Numerics.Rows;

namespace TpCompiler.Numerics.Execution;

/// <summary>What a run needs to know beside the program.</summary>
public sealed record ExecutionSettings
{
    /// <summary>Sizes of axes that the program leaves open (those of data), by name; it may also hold the others.</summary>
    public IReadOnlyDictionary<string, int> AxisSizes { get; init; } = new Dictionary<string, int>();

    /// <summary>Threads at most. Results don't depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Names to record beside the program's outputs.</summary>
    public IReadOnlyCollection<string> AlsoRecord { get; init; } = [];

    /// <summary>Names that are computed as they stand, though their readers could do without.</summary>
    public IReadOnlyCollection<string> Keep { get; init; } = [];

    /// <summary>The program with vectors of low rank read as what they are made of; one whose training looks up rows is run on these as it is.</summary>
    public Program ExpandLowRank(Program program)
    {
        var sizeOfAxis = SizeOfAxisIn(program);
        return program.Body.OfType<Loop>().Any(loop => RowCompiler.Of(program, loop, sizeOfAxis) is not null) ? program : LowRank.Expand(program, sizeOfAxis, [.. AlsoRecord, .. Keep]);
    }

    /// <summary>The size of each axis of a program, counters of loops included.</summary>
    /// <exception cref="ArgumentException">From the function: neither the program nor <see cref="AxisSizes"/> says the size.</exception>
    public Func<string, int> SizeOfAxisIn(Program program)
    {
        var sizes = program.Axes.Where(axis => axis.Size is not null).ToDictionary(axis => axis.Name, axis => axis.Size!.Value, StringComparer.Ordinal);
        foreach (var (name, size) in AxisSizes)
        {
            sizes[name] = size;
        }

        foreach (var loop in program.Body.WithDepth().Select(entry => entry.Statement).OfType<Loop>())
        {
            sizes[loop.Counter] = loop.Count;
        }

        return name => sizes.TryGetValue(name, out var size) ? size : throw new ArgumentException($"The size of the axis {name} is not given.", nameof(AxisSizes));
    }
}
