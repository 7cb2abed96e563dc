using BenchmarkDotNet.Attributes;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Benchmarks;

/// <summary>From text to scales and to the maximal-update parametrization of a transformer with Adam: two seconds are allowed for 24 layers.</summary>
[MemoryDiagnoser]
public class TransformerBenchmarks
{
    private string text = string.Empty;

    [Params(6, 24)]
    public int Layers { get; set; }

    [Params(1, 4)]
    public int Heads { get; set; }

    [GlobalSetup]
    public void Setup() => text = Sources.Transformer(Layers, Heads);

    [Benchmark]
    public int MaximalUpdate()
    {
        var compilation = Compilation.Compile(new SourceText("bench.tp", text));
        return Limits.Scaling.MaximalUpdate.Of(compilation.Network!, compilation.TrainingPlan!, training: compilation.GradientProgram)!.Rows.Count;
    }

    [Benchmark]
    public string Scales()
    {
        var compilation = Compilation.Compile(new SourceText("bench.tp", text));
        return ScalingAnalysis.Analyze(compilation.Network!, compilation.TrainingPlan!, compilation.GradientProgram!).Verdict!.Text;
    }
}
