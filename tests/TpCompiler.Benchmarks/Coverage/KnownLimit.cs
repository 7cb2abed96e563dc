using System.Globalization;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Benchmarks.Coverage;

/// <summary>A number of a whole limit: of a program with a matrix and its transpose, or of a net after steps of training on the sample ξ = y = 1.</summary>
/// <param name="Source">The file.</param>
/// <param name="Step">Which of the numbers f or m that it reports.</param>
/// <param name="Value">What it is.</param>
internal sealed record KnownLimit(string Source, int Step, double Value) : KnownNumber("whole limit")
{
    public override double Exact => Value;

    /// <summary>A net without biases in µP, all variances 1; x = 1, y = 1.</summary>
    /// <param name="phi">The nonlinearity of h.</param>
    /// <param name="optimizer">With its rate.</param>
    /// <param name="parametrization">µP, or what an update of a size of its own needs.</param>
    public static KnownLimit Net(int hiddenLayers, string phi, string optimizer, int step, double value, string parametrization = "mup")
    {
        var text = string.Create(CultureInfo.InvariantCulture, $$"""
            function phi(h) = {{phi}}
            network known(x : [1]) {
              width n
              weight U : [n, 1]
              weight W : [n, n]
              weight V : [1, n]
              x1 = phi(U * x)
              x2 = phi(W * x1)
              return V * x{{hiddenLayers}}
            }
            parametrization {{parametrization}}
            train { loss mse optimizer {{optimizer}} batch 1 steps {{step}} }
            """);
        return new(hiddenLayers == 2 ? text : text.Replace("  weight W : [n, n]\n", string.Empty, StringComparison.Ordinal).Replace("  x2 = phi(W * x1)\n", string.Empty, StringComparison.Ordinal), step, value);
    }

    /// <summary>The mean of something of z = A x and y = Aᵀφ(z), x ~ N(0, 1).</summary>
    public static KnownLimit Transposed(string statements, string moment, double value) => new($$"""
        program known {
          width n
          matrix A : [n, n] ~ normal(0, 1/n)
          vector x : [n] ~ normal(0, 1)
          {{statements}}
          m = Moment({{moment}})
          return m
        }
        """, 0, value);

    public override Estimate Evaluated(ulong seed, bool atPoints)
    {
        var compilation = Compilation.Compile(new SourceText("known.tp", Source));
        var raw = compilation.TrainingProgram ?? compilation.Program ?? throw new InvalidOperationException(Source);
        return LimitEvaluator.Evaluate(LimitProgram.Of(raw).Program!, new Ones(), Settings(seed, atPoints)).Records.Where(record => record.Name is "f" or "m").ElementAt(Step).Values[0];
    }

    private sealed class Ones : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) => destination.Span.Fill(1);
    }
}
