using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Numerics.Checking;

/// <summary>
/// The data of another feed with independent standard normal targets. Exponents are derived for targets in general: real ones can be special, as the exclusive or is for a linear net,
/// which it doesn't move at all in the limit.
/// </summary>
/// <param name="feed">The data.</param>
/// <param name="targets">The fields to draw.</param>
public sealed class GenericTargets(IDataFeed feed, IReadOnlySet<string> targets) : IDataFeed
{
    public GenericTargets(IDataFeed feed, IEnumerable<string> targets)
        : this(feed, targets.ToHashSet(StringComparer.Ordinal))
    {
    }

    public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
    {
        if (targets.Contains(field))
        {
            new Philox(0, Streams.Of(field, [])).Normal(destination.Span);
        }
        else
        {
            feed.Read(field, iteration, destination);
        }
    }
}
