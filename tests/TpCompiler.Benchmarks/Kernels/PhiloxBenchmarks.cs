using BenchmarkDotNet.Attributes;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Benchmarks.Kernels;

/// <summary>The time of one random number.</summary>
public class PhiloxBenchmarks
{
    private const int Length = 4096;
    private readonly Philox stream = new(1, 1);
    private readonly float[] single = new float[Length];
    private readonly double[] twice = new double[Length];

    [Benchmark(OperationsPerInvoke = Length)]
    public void NormalSingle() => stream.Normal(single);

    [Benchmark(OperationsPerInvoke = Length)]
    public void NormalDouble() => stream.Normal(twice);

    [Benchmark(OperationsPerInvoke = Length)]
    public void UniformSingle() => stream.Uniform(single);

    [Benchmark(OperationsPerInvoke = Length)]
    public void UniformDouble() => stream.Uniform(twice);
}
