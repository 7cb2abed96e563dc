using BenchmarkDotNet.Attributes;
using TpCompiler.Numerics.Kernels;

namespace TpCompiler.Benchmarks.Kernels;

/// <summary>The parts of a training step on one n × n matrix: 2n²·Batch operations each, the fused pass twice that.</summary>
public class PanelMatrixBenchmarks
{
    private PanelMatrix<float> weights = new(1, 1);
    private float[] x = [];
    private float[] d = [];
    private float[] y = [];

    [Params(1024, 4096)]
    public int Width { get; set; }

    [Params(1, 8, 32, 128)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        float[] start = new float[Width * Width];
        (x, d, y) = (new float[Batch * Width], new float[Batch * Width], new float[Batch * Width]);
        new Philox(1, 1).Normal(start);
        new Philox(1, 2).Normal(x);
        new Philox(1, 3).Normal(d);
        weights = PanelMatrix<float>.FromRowMajor(start, Width, Width);
    }

    [Benchmark]
    public void Forward() => weights.Forward(x, y, Batch);

    [Benchmark]
    public void Transposed() => weights.Transposed(d, y, Batch);

    [Benchmark]
    public void RankUpdate() => weights.RankUpdate(1, 1e-9f, d, x, Batch);

    [Benchmark]
    public void TransposedAndUpdate() => weights.TransposedAndUpdate(d, y, Batch, 1, 1e-9f, d, x, Batch);
}
