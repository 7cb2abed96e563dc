using TpCompiler.Numerics.Execution;

namespace TpCompiler.Numerics.Data;

/// <summary>Data in the place of data that aren't there: numbers that no two of a field are equal.</summary>
internal sealed class VariedData : IDataFeed
{
    public static readonly VariedData Instance = new();

    public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
    {
        for (var i = 0; i < destination.Span.Length; i++)
        {
            destination.Span[i] = Math.Sin(1 + i);
        }
    }
}
