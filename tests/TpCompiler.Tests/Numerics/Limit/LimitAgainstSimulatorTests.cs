using System.Numerics;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>
/// Two hidden tanh layers in µP, batch of four, ten steps, momentum: finite nets against their limit. `tpc check` does the same for any program.
/// </summary>
public class LimitAgainstSimulatorTests
{
    private const int Steps = 10;
    private const int Seeds = 24;
    private const int WidestNet = 4096;
    private const int WideNets = 10;

    [Fact]
    public void Finite_nets_approach_the_limit_like_the_inverse_root_of_the_width()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), 3, 4, steps: Steps, rate: new(1, 4), momentum: Rational.Half);
        var program = TrainingProgram.Of(network, plan);
        var limit = LimitEvaluator.Evaluate(LimitProgram.Of(program).Program!, new Waves(), new LimitSettings { Tolerance = 1e-3 });
        var f = limit.Records.Where(record => record.Name == "f").SelectMany(record => record.Values).ToArray();
        Assert.Equal((Steps + 1) * 4, f.Length);

        int[] widths = [64, 128, 256, 512];
        var distances = new double[widths.Length];
        for (var w = 0; w < widths.Length; w++)
        {
            var runs = Enumerable.Range(0, Seeds).Select(seed => Outputs<double>(program, widths[w], (ulong)seed)).ToArray();
            distances[w] = Math.Log(Math.Sqrt(runs.Average(run => run.Zip(f, (x, y) => (x - y.Value) * (x - y.Value)).Average())));
        }

        var slope = Slope([.. widths.Select(width => Math.Log(width))], distances);
        Assert.InRange(slope, -0.6, -0.4);

        // The mean over wide nets is the limit within its own standard error: its bias, of order 1/n, is far below.
        var wide = Enumerable.Range(0, WideNets).Select(seed => Outputs<float>(program, WidestNet, (ulong)seed)).ToArray();
        for (var k = 0; k < f.Length; k++)
        {
            var mean = wide.Average(run => run[k]);
            var error = Math.Sqrt(wide.Sum(run => (run[k] - mean) * (run[k] - mean)) / (WideNets - 1) / WideNets);
            Assert.InRange(error, k < 4 ? 0 : 1e-4, 0.02);
            var allowed = 4 * Math.Sqrt((error * error) + (f[k].Error * f[k].Error));
            Assert.InRange(mean, f[k].Value - allowed, f[k].Value + allowed);
        }
    }

    private static double[] Outputs<T>(TpCompiler.Ir.Program program, int width, ulong seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [.. new Simulator<T>(program, width, seed, new()).Run(new Waves()).Records.Where(record => record.Name == "f").SelectMany(record => record.Values)];

    private static double Slope(double[] x, double[] y)
    {
        var (mx, my) = (x.Average(), y.Average());
        return x.Zip(y, (p, q) => (p - mx) * (q - my)).Sum() / x.Sum(p => (p - mx) * (p - mx));
    }

    private sealed class Waves : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var i = 0; i < destination.Span.Length; i++)
            {
                destination.Span[i] = Math.Sin((field == "x" ? 1 : 2) + (1.7 * i));
            }
        }
    }
}
