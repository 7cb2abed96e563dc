using BenchmarkDotNet.Attributes;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Benchmarks;

/// <summary>The µ-limit of two hidden tanh layers with a batch of four: one scrambling of 2^16 points, by how many steps.</summary>
[SimpleJob(launchCount: 1, warmupCount: 1, iterationCount: 5)]
public class LimitBenchmarks
{
    private TpCompiler.Ir.Program limit = null!;

    [Params(1, 10)]
    public int Steps { get; set; }

    [GlobalSetup]
    public void Setup() =>
        limit = LimitProgram.Of(Compilation.Compile(new SourceText("bench.tp", Sources.Tanh(2, Steps))).TrainingProgram!).Program!;

    [Benchmark]
    public LimitResult OneScrambling() => LimitEvaluator.Evaluate(
        limit, new Waves(), new LimitSettings { Points = 1 << 16, Replicates = 1, Threads = 1, AxisSizes = new Dictionary<string, int> { ["d"] = 3, ["batch"] = 4 } });

    private sealed class Waves : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var i = 0; i < destination.Span.Length; i++)
            {
                destination.Span[i] = Math.Sin(field.Length + (1.7 * i));
            }
        }
    }
}
