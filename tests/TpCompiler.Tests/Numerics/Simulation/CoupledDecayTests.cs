using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Tests.Numerics.Simulation;

/// <summary>Weight decay as a part of the loss, whose gradient goes through momentum, against decay beside the step.</summary>
public class CoupledDecayTests
{
    private const double Rate = 0.1;
    private const double Decay = 0.5;

    /// <summary>B has no gradient of its own: m ← βm + λw, w ← w − ηm, and w ← (1 − ηλ)w where the decay is decoupled. Its mean square follows, in nets and in the limit.</summary>
    [Theory]
    [InlineData("l2", 0.0)]
    [InlineData("l2", 0.9)]
    [InlineData("weight_decay", 0.9)]
    public void A_weight_that_only_decays_follows_its_recursion(string setting, double momentum)
    {
        var compilation = Compilation.Compile(new SourceText("decay.tp", FormattableString.Invariant($$"""
            network net(x : [1]) {
              width n
              weight U : [n, 1]
              weight V : [1, n]
              weight B : [n]
              return V * tanh(U * x), Moment(B^2) * x
            }
            parametrization mup
            train { loss (f1 - y1)^2 optimizer sgd(lr: {{Rate}}, momentum: {{momentum}}, {{setting}}: {{Decay}}) batch 1 steps 4 }
            """)));
        Assert.Empty(compilation.Diagnostics.Where(d => d.Severity == Severity.Error).Select(d => d.ToString()));
        var (w, m) = (1.0, 0.0);
        var expected = new List<double> { 1 };
        for (var t = 0; t < 4; t++)
        {
            m = (momentum * m) + (setting == "l2" ? Decay * w : 0);
            w = setting == "l2" ? w - (Rate * m) : (1 - (Rate * Decay)) * w;
            expected.Add(w * w);
        }

        var net = new Simulator<double>(compilation.TrainingProgram!, 32, 3, new()).Run(new Ones()).Records.Where(record => record.Name == "f2").SelectMany(record => record.Values).ToArray();
        var limit = LimitEvaluator.Evaluate(LimitProgram.Of(compilation.TrainingProgram!).Program!, new Ones(), new LimitSettings { Tolerance = 1e-2 })
            .Records.Where(record => record.Name == "f2").SelectMany(record => record.Values).ToArray();
        Assert.Equal(expected.Count, net.Length);
        for (var t = 0; t < expected.Count; t++)
        {
            Assert.Equal(expected[t] * net[0], net[t], 1e-12);
            Assert.InRange(limit[t].Value - expected[t], -5 * (limit[t].Error + 1e-9), 5 * (limit[t].Error + 1e-9));
        }
    }
}
