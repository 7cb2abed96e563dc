using TpCompiler.Numerics.Execution;

namespace TpCompiler.Numerics.Data;

/// <summary>The data of another feed as its first batch at every step.</summary>
public sealed class FirstBatch(IDataFeed feed) : IDataFeed
{
    public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) => feed.Read(field, [], destination);
}
