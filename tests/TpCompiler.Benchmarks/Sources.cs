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

    /// <summary>A decoder with causal attention and layer normalisation, in µP, trained by Adam.</summary>
    public static string Transformer(int layers, int heads) => string.Create(CultureInfo.InvariantCulture, $$"""
        function normalise(u) {
          c = u - Moment(u)
          return c / (Moment(c^2) + 1/1000)^(1/2)
        }
        function attention(h, Q, K, A, O) {
          q = Q * h
          k = K * h
          v = A * h
          p = softmax(s', Moment(q * k[s']), s' <= s)
          return O * sum(s', p * v[s'])
        }
        network transformer(token : [s]) {
          width n
          axis s = 16
          axis words = 50
          weight E : [n, words]
          weight P : [n, s]
          weight V : [words, n]
          h[0] = E[token] + P[s]
          for l in 1..{{layers}} {
            for i in 1..{{heads}} {
              weight Q[l, i] : [n, n]
              weight K[l, i] : [n, n]
              weight A[l, i] : [n, n]
              weight O[l, i] : [n, n]
            }
            weight W[l] : [n, n]
            weight U[l] : [n, n]
            z[l] = normalise(h[l - 1])
            a[l] = h[l - 1] + sum(i in 1..{{heads}}, attention(z[l], Q[l, i], K[l, i], A[l, i], O[l, i]))
            h[l] = a[l] + U[l] * relu(W[l] * normalise(a[l]))
          }
          last = normalise(h[{{layers}}])
          return V * last[15]
        }
        parametrization mup
        train { loss cross_entropy optimizer adam(lr: 0.01) batch 4 steps 3 }
        """);
}
