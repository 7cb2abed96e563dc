using BenchmarkDotNet.Attributes;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Benchmarks.Kernels;

/// <summary>Square matrix products, 2·Width³ operations each, on each backend.</summary>
public class ProductBenchmarks
{
    private float[] a = [];
    private float[] b = [];
    private float[] c = [];

    [Params(256, 1024, 2048)]
    public int Width { get; set; }

    [Params(GemmBackend.Portable, GemmBackend.OpenBlas)]
    public GemmBackend Backend { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Gemm.Preferred = Backend;
        (a, b, c) = (new float[Width * Width], new float[Width * Width], new float[Width * Width]);
        new Philox(1, 1).Normal(a);
        new Philox(1, 2).Normal(b);
    }

    [Benchmark]
    public void Multiply() => Gemm.Multiply<float>(Width, Width, Width, a, b, c);
}
