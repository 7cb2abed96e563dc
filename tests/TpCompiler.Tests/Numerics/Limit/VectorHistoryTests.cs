using CsCheck;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Tests.Numerics.Limit;

public class VectorHistoryTests
{
    private static readonly Gen<(int Length, int[] Added, int Batch, uint Seed)> Shapes =
        Gen.Select(Gen.Int[1, 700], Gen.Int[0, 40].Array[1, 6], Gen.Int[1, 7], Gen.UInt);

    [Fact]
    public void Products_with_a_batch_are_those_of_the_definition() => Shapes.Sample(
        shape =>
        {
            var random = new Random((int)shape.Seed);
            var (vectors, history) = Make(random, shape.Length, shape.Added);
            var few = Numbers(random, shape.Batch * shape.Length);
            var products = history.Dots(few);
            Assert.Equal(vectors.Length * shape.Batch, products.Length);
            for (var i = 0; i < products.Length; i++)
            {
                var expected = vectors[i / shape.Batch].Select((q, k) => q * few[(i % shape.Batch * shape.Length) + k]).Sum();
                Assert.Equal(expected, products[i], 1e-12 * shape.Length);
            }
        },
        iter: 200);

    [Fact]
    public void Combinations_for_a_batch_are_those_of_the_definition() => Shapes.Sample(
        shape =>
        {
            var random = new Random((int)shape.Seed);
            var (vectors, history) = Make(random, shape.Length, shape.Added);
            var few = Numbers(random, shape.Batch * shape.Length);
            var coefficients = Numbers(random, shape.Batch * vectors.Length);
            double[] sums = [.. few];
            history.Accumulate(coefficients, sums);
            for (var k = 0; k < sums.Length; k++)
            {
                var (b, at) = (k / shape.Length, k % shape.Length);
                var expected = few[k] + vectors.Select((q, i) => coefficients[(i * shape.Batch) + b] * q[at]).Sum();
                Assert.Equal(expected, sums[k], 1e-12 * (1 + vectors.Length));
            }
        },
        iter: 200);

    private static (double[][] Vectors, VectorHistory History) Make(Random random, int length, int[] added)
    {
        var history = new VectorHistory(length);
        var vectors = new List<double[]>();
        foreach (var count in added)
        {
            var numbers = Numbers(random, count * length);
            history.Add(numbers);
            vectors.AddRange(numbers.Chunk(length));
        }

        Assert.Equal(vectors.Count, history.Count);
        return ([.. vectors], history);
    }

    private static double[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextDouble()) - 1)];
}
