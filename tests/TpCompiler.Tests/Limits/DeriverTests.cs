using TpCompiler.Emit;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Limits;

public class DeriverTests(Xunit.Abstractions.ITestOutputHelper output)
{
    [Fact]
    public void Scratch()
    {
        foreach (var (l, phi, mom, dec) in new[] { (2, "tanh", default(Rational?), default(Rational?)), (1, "identity", null, null), (2, "tanh", new Rational(9, 10), new Rational(1, 100)) })
        {
            var (network, plan) = SampleNetworks.Mlp(l, phi, SampleNetworks.Mup(l), 2, 4, momentum: mom, decay: dec);
            var e = Deriver.Derive(LimitProgram.Of(TrainingProgram.Of(network, plan)).Program!);
            output.WriteLine(EquationsText.Write(e));
            output.WriteLine(EquationsLatex.Write(e));
        }
    }
}
