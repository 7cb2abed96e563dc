using BenchmarkDotNet.Attributes;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Benchmarks.Kernels;

/// <summary>Every row of the table on 4096 standard normal numbers: divide by that for the time of one.</summary>
public class ElementwiseBenchmarks
{
    private const int Length = 4096;
    private readonly float[] single = new float[Length];
    private readonly float[] singleResult = new float[Length];
    private readonly double[] twice = new double[Length];
    private readonly double[] twiceResult = new double[Length];

    [ParamsSource(nameof(Names))]
    public string Name { get; set; } = "";

    public static IEnumerable<string> Names => ElementwiseTable.All.Select(function => function.Name);

    private ElementwiseFunction function = ElementwiseTable.All[0];

    [GlobalSetup]
    public void Setup()
    {
        function = ElementwiseTable.All.First(row => row.Name == Name);
        new Philox(1, 1).Normal(single);
        new Philox(1, 2).Normal(twice);
    }

    [Benchmark(OperationsPerInvoke = Length)]
    public void Single() => function.Single(single, singleResult);

    [Benchmark(OperationsPerInvoke = Length)]
    public void Double() => function.Double(twice, twiceResult);
}
