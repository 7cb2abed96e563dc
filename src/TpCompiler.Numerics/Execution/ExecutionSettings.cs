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
}
