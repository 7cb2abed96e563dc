using TpCompiler.Ir;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Numerics.Simulation;

public class MemoryNeedTests
{
    [Fact]
    public void Need_grows_with_the_square_of_the_width_and_with_momentum()
    {
        var plain = Program(null);
        var momentum = Program(Rational.Half);
        double Need(TpCompiler.Ir.Program program, int n) => MemoryNeed.Of(program, n, new Dictionary<string, int>(), 4, out _);

        // W as drawn, as carried, and as a row-major copy while it is drawn; momentum one more.
        Assert.InRange(Need(plain, 4096), 3L * 4096 * 4096 * 4, (3L * 4096 * 4096 * 4) + (200L * 4096 * 4));
        Assert.InRange(Need(momentum, 4096) - Need(plain, 4096), 4096L * 4096 * 4, (4096L * 4096 * 4) + (100L * 4096 * 4));
        Assert.InRange(Need(plain, 10_000_000), 3 * 4e14, 3.001 * 4e14);
        MemoryNeed.Of(plain, 100_000, new Dictionary<string, int>(), 4, out var largest);
        Assert.Equal(1e10, largest);
    }

    private static TpCompiler.Ir.Program Program(Rational? momentum)
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), inputs: 4, batch: 3, momentum: momentum);
        return TrainingProgram.Of(network, plan);
    }
}
