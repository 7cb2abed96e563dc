using TpCompiler.Ir;
using TpCompiler.Limits;

namespace TpCompiler.Numerics.Data;

/// <summary>
/// A limit program with its inputs turned into the span of the samples. N samples of d numbers span r ≤ N dimensions; where <see cref="RotationInvariance"/> finds that the program
/// can't tell, it runs with r input weights and r numbers a sample in place of d: 20 drawings of 784 pixels need 20 Gaussians.
/// </summary>
/// <param name="Program">The program, with the sizes of the turned axes changed.</param>
/// <param name="Samples">The samples, by field, in the new basis.</param>
/// <param name="AxisSizes">The sizes of axes that the program leaves open, turned ones changed.</param>
public sealed record InputRotation(Program Program, IReadOnlyDictionary<string, SampleField> Samples, IReadOnlyDictionary<string, int> AxisSizes)
{
    /// <summary>Turns every axis that may be turned and whose samples span fewer dimensions than it has.</summary>
    /// <param name="limit">A limit program. Its Data has the samples on its first axis.</param>
    /// <param name="samples">All samples of each field.</param>
    /// <param name="axisSizes">Sizes of axes that the program leaves open.</param>
    public static InputRotation Of(Program limit, IReadOnlyDictionary<string, SampleField> samples, IReadOnlyDictionary<string, int> axisSizes) =>
        samples.Count == 0
            ? new(limit, samples, axisSizes)
            : RotationInvariance.AxesOf(limit).Aggregate(new InputRotation(limit, samples, axisSizes), (rotation, axis) => rotation.Turn(axis));

    private InputRotation Turn(string axis)
    {
        Dictionary<string, int> sizes = Program.Axes.Where(known => known.Size is not null).ToDictionary(known => known.Name, known => known.Size!.Value, StringComparer.Ordinal);
        foreach (var (name, size) in AxisSizes)
        {
            sizes[name] = size;
        }

        var d = sizes[axis];
        var fields = Program.Body.Instructions().OfType<Instruction.Data>().Where(data => data.Result.Indices.Any(binder => binder.Axis == axis)).DistinctBy(data => data.Field).ToList();
        if (!fields.All(data => Samples.TryGetValue(data.Field, out var field) && ShapeOf(data).Aggregate(1, (product, size) => product * size) == field.Size))
        {
            return this;
        }

        var span = OrthonormalSpan.Of(fields.SelectMany(data => Vectors(Samples[data.Field].Numbers, d, Inner(data))), d);
        if (span.Rank >= d)
        {
            return this;
        }

        var turned = new Dictionary<string, SampleField>(Samples, StringComparer.Ordinal);
        foreach (var data in fields)
        {
            var old = Samples[data.Field];
            var inner = Inner(data);
            var vectors = Vectors(old.Numbers, d, inner).Select(span.Coordinates).ToList();
            turned[data.Field] = new SampleField(Join(vectors, span.Rank, inner), old.Samples);
        }

        return new InputRotation(
            Program with { Axes = [.. Program.Axes.Select(other => other.Name == axis && other.Size is not null ? other with { Size = span.Rank } : other)] },
            turned,
            AxisSizes.ToDictionary(size => size.Key, size => size.Key == axis ? span.Rank : size.Value, StringComparer.Ordinal));

        // The sizes of a sample, without the axis of samples.
        IEnumerable<int> ShapeOf(Instruction.Data data) => data.Result.Indices.Skip(1).Select(binder => sizes[binder.Axis]);

        // How many numbers apart neighbours along the axis are.
        int Inner(Instruction.Data data) =>
            data.Result.Indices.SkipWhile(binder => binder.Axis != axis).Skip(1).Aggregate(1, (product, binder) => product * sizes[binder.Axis]);
    }

    /// <summary>The vectors along the axis of an array [outer, d, inner], in order of (outer, inner).</summary>
    private static IEnumerable<double[]> Vectors(double[] numbers, int d, int inner)
    {
        for (var start = 0; start < numbers.Length; start += d * inner)
        {
            for (var k = 0; k < inner; k++)
            {
                var vector = new double[d];
                for (var i = 0; i < d; i++)
                {
                    vector[i] = numbers[start + (i * inner) + k];
                }

                yield return vector;
            }
        }
    }

    /// <summary>The array [outer, r, inner] of vectors in order of (outer, inner).</summary>
    private static double[] Join(List<double[]> vectors, int r, int inner)
    {
        var numbers = new double[vectors.Count * r];
        for (var v = 0; v < vectors.Count; v++)
        {
            var start = (v / inner * r * inner) + (v % inner);
            for (var i = 0; i < r; i++)
            {
                numbers[start + (i * inner)] = vectors[v][i];
            }
        }

        return numbers;
    }
}
