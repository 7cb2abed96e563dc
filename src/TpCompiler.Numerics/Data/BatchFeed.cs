using TpCompiler.Numerics.Execution;

namespace TpCompiler.Numerics.Data;

/// <summary>The numbers of a field for every sample: sample i has <paramref name="Numbers"/>[i · size … (i + 1) · size).</summary>
/// <param name="Numbers">All of them, sample by sample.</param>
/// <param name="Samples">How many samples.</param>
public sealed record SampleField(double[] Numbers, int Samples)
{
    /// <summary>Numbers of a sample.</summary>
    public int Size => Numbers.Length / Samples;
}

/// <summary>
/// Minibatches of samples, in order and cyclically: step t reads samples tB, tB + 1, …, tB + B − 1, modulo their number. With B their number every step reads all.
/// Outside all loops the first B are read.
/// </summary>
/// <param name="fields">The samples, by field; each has its own number of samples (training, evaluation).</param>
public sealed class BatchFeed(IReadOnlyDictionary<string, SampleField> fields) : IDataFeed
{
    public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
    {
        var source = fields[field];
        var target = destination.Span;
        var batch = target.Length / source.Size;
        var first = iteration.IsEmpty ? 0 : (long)iteration[0] * batch;
        for (var b = 0; b < batch; b++)
        {
            var sample = (int)((first + b) % source.Samples);
            source.Numbers.AsSpan(sample * source.Size, source.Size).CopyTo(target.Slice(b * source.Size, source.Size));
        }
    }
}
