using System.Numerics.Tensors;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// Products of a few long vectors with many long vectors, cut along the coordinates so that a piece of the few stays in cache while the many stream by once.
/// The order of additions depends on lengths only, so results are the same on every run.
/// </summary>
public static class Block
{
    private const int Piece = 2048;

    /// <summary>result[i, b] = Σ_α many_i,α few_b,α; <paramref name="few"/> holds B vectors of <paramref name="length"/> numbers one after the other.</summary>
    public static double[] Dots(IReadOnlyList<ReadOnlyMemory<double>> many, ReadOnlySpan<double> few, int length)
    {
        var batch = few.Length / length;
        var result = new double[many.Count * batch];
        for (var start = 0; start < length; start += Piece)
        {
            var size = Math.Min(Piece, length - start);
            for (var i = 0; i < many.Count; i++)
            {
                var q = many[i].Span.Slice(start, size);
                for (var b = 0; b < batch; b++)
                {
                    result[(i * batch) + b] += TensorPrimitives.Dot(q, few.Slice((b * length) + start, size));
                }
            }
        }

        return result;
    }

    /// <summary>few_b += Σ_i coefficients[i, b] many_i.</summary>
    public static void Accumulate(IReadOnlyList<ReadOnlyMemory<double>> many, ReadOnlySpan<double> coefficients, Span<double> few, int length)
    {
        var batch = few.Length / length;
        for (var start = 0; start < length; start += Piece)
        {
            var size = Math.Min(Piece, length - start);
            for (var i = 0; i < many.Count; i++)
            {
                var q = many[i].Span.Slice(start, size);
                for (var b = 0; b < batch; b++)
                {
                    var c = coefficients[(i * batch) + b];
                    if (c != 0)
                    {
                        var y = few.Slice((b * length) + start, size);
                        TensorPrimitives.MultiplyAdd(q, c, y, y);
                    }
                }
            }
        }
    }
}
