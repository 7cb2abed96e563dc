using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Limits.Scaling;

/// <summary>Random parametrizations of an MLP, most of them at or near the boundaries of the theorem: uniform ones are nearly all unstable at initialisation.</summary>
internal static class RandomParametrization
{
    private static readonly int[] Denominators = [1, 2, 2, 3, 4];

    public static IReadOnlyList<(Rational A, Rational B, Rational C)> Draw(Random random, int hiddenLayers)
    {
        if (random.Next(8) == 0)
        {
            return Enumerable.Range(0, hiddenLayers + 1).Select(_ => (Any(), Any(), Any())).ToList();
        }

        // σ and λ of each layer; then a is free.
        var initial = Enumerable.Range(0, hiddenLayers).Select(l => l == 0 ? Rational.Zero : Rational.Half)
            .Append(random.Next(3) switch { 0 => Rational.Half, 1 => 1, _ => Rational.Half + Any().Abs }).ToList();
        if (random.Next(10) == 0)
        {
            initial[random.Next(hiddenLayers + 1)] += Any();
        }

        var lastRate = random.Next(3) switch { 0 => Rational.One, 1 => 1 + Any().Abs, _ => 1 + Any() };
        var gradient = Rational.Min(initial[^1], lastRate);
        var r = random.Next(4) switch { 0 => Rational.Zero, 1 => 1 - initial[^1], 2 => Any().Abs, _ => Any() };

        // Each λ gives a layer's own r; one layer at least has the smallest.
        var first = random.Next(hiddenLayers);
        var rates = Enumerable.Range(0, hiddenLayers).Select(l => r + 1 - gradient - (l == 0 ? 1 : 0) + (l == first || random.Next(2) == 0 ? 0 : Any().Abs)).Append(lastRate).ToList();
        return Enumerable.Range(0, hiddenLayers + 1).Select(l =>
        {
            var a = random.Next(3) == 0 ? 0 : Any();
            return (a, initial[l] - a, rates[l] - (2 * a));
        }).ToList();

        Rational Any()
        {
            var denominator = Denominators[random.Next(Denominators.Length)];
            return new Rational(random.Next(-2 * denominator, (2 * denominator) + 1), denominator);
        }
    }
}
