using System.Globalization;

namespace TpCompiler.Benchmarks;

/// <summary>Programs to time.</summary>
internal static class Sources
{
    /// <summary>A tanh net in µP, trained in full batches of four.</summary>
    public static string Tanh(int hiddenLayers, int steps)
    {
        var weights = Enumerable.Range(2, hiddenLayers - 1).Select(l => Invariant($"  weight W{l} : [n, n]\n"));
        var layers = Enumerable.Range(2, hiddenLayers - 1).Select(l => Invariant($"  x{l} = tanh(W{l} * x{l - 1})\n"));
        return Invariant($"network bench(x : [d]) {{\n  width n\n  weight W1 : [n, d]\n{string.Concat(weights)}  weight V : [1, n]\n\n  x1 = tanh(W1 * x)\n{string.Concat(layers)}")
            + Invariant($"  return V * x{hiddenLayers}\n}}\nparametrization mup\ntrain {{\n  loss mse\n  optimizer sgd(lr: 0.5, momentum: 0.9)\n  batch 4\n  steps {steps}\n}}\n");

        static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
