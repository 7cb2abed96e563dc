using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;

namespace TpCompiler.Tests;

/// <summary>Every number that a program reads is 1.</summary>
internal sealed class Ones : IDataFeed
{
    public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) => destination.Span.Fill(1);
}
