using TpCompiler.Numerics.Execution;

namespace TpCompiler.Numerics.Data;

/// <summary>The numbers that a program's Data instructions read.</summary>
public interface IDataFeed
{
    /// <summary>Writes the numbers of a field for one reading.</summary>
    /// <param name="field">The field of the instruction.</param>
    /// <param name="iteration">The counters of the enclosing loops, outermost first; empty outside all loops.</param>
    /// <param name="destination">The scalar over its axes, to be filled.</param>
    void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination);
}

/// <summary>The feed of a program without Data.</summary>
public sealed class NoData : IDataFeed
{
    public static readonly NoData Instance = new();

    private NoData()
    {
    }

    public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) =>
        throw new ArgumentException($"There are no numbers for the field {field}.", nameof(field));
}
