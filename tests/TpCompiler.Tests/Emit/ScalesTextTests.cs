using TpCompiler.Emit;
using TpCompiler.Ir;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;
using TpCompiler.Tests.Verification;

namespace TpCompiler.Tests.Emit;

public class ScalesTextTests
{
    [Fact]
    public Task Mup_ntk_and_standard()
    {
        var tables = new[]
        {
            ("µP", SampleNetworks.Mup(2)),
            ("NTK", SampleNetworks.Ntk(2)),
            ("standard, c = 0", SampleNetworks.Standard(2, 0)),
            ("standard, c = 1", SampleNetworks.Standard(2, 1)),
            ("standard, c = 2", SampleNetworks.Standard(2, 2)),
            ("µP with a₁ = b₁ = 0", [(0, 0, 0), .. SampleNetworks.Mup(2).Skip(1)]),
        }.Select(pair => $"# {pair.Item1}\n{Text(Analyze(pair.Item2))}");
        return Verifier.Verify(string.Join('\n', tables));
    }

    private static string Text(ScalingResult scaling) => ScalesText.Parameters(scaling) + ScalesText.Verdict(scaling);

    private static ScalingResult Analyze(IReadOnlyList<(Rational A, Rational B, Rational C)> layers)
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", layers, inputs: 2, batch: 2);
        return ScalingAnalysis.Analyze(TrainingProgram.Of(network, plan));
    }
}
