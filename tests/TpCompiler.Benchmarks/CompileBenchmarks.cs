using BenchmarkDotNet.Attributes;
using TpCompiler.Diagnostics;
using TpCompiler.Emit;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Benchmarks;

/// <summary>From text to equations, without starting a process: a net of two hidden layers, and one of fifty.</summary>
[MemoryDiagnoser]
public class CompileBenchmarks
{
    private string text = string.Empty;

    [Params(2, 50)]
    public int HiddenLayers { get; set; }

    [GlobalSetup]
    public void Setup() => text = Sources.Tanh(HiddenLayers, steps: 1000);

    [Benchmark]
    public string Compile()
    {
        var training = Compilation.Compile(new SourceText("bench.tp", text)).TrainingProgram!;
        var scales = ScalingAnalysis.Analyze(training);
        return scales.Verdict!.Text + EquationsText.Write(Deriver.Derive(LimitProgram.Of(training).Program!));
    }
}
