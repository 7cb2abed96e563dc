using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;

namespace TpCompiler.Tests.Numerics.Simulation;

public class SimulatorTests
{
    private static readonly double[] Inputs = [0.5, -1, 2, 0.25, 1, 1, -0.5, 0.75, 0.1, -0.2, 0.3, 1.5];
    private static readonly double[] Targets = [1, -0.5, 0.25];

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(9, 0, 0)]
    [InlineData(0, 1, 0)]
    [InlineData(8, 1, 0)]
    [InlineData(5, 1, 3)]
    public void Training_equals_plain_loops_over_stored_weights(int momentumInTenths, int decayInTenths, int clipInTenths)
    {
        const int Width = 37;
        var (network, plan) = SampleNetworks.Mlp(
            2, "tanh", SampleNetworks.Mup(2), inputs: 4, batch: 3, steps: 6,
            momentum: momentumInTenths == 0 ? null : new Rational(momentumInTenths, 10),
            decay: decayInTenths == 0 ? null : new Rational(decayInTenths, 10),
            clip: clipInTenths == 0 ? null : new Rational(clipInTenths, 10));
        var program = TrainingProgram.Of(network, plan);

        var expected = PlainTraining(Width, 7, momentumInTenths / 10.0, decayInTenths / 10.0, clipInTenths == 0 ? double.PositiveInfinity : clipInTenths / 10.0);
        AssertClose(expected, Outputs(new Simulator<double>(program, Width, 7, new()).Run(Feed()), "f"), 1e-12);
    }

    [Fact]
    public void Single_precision_has_the_same_weights_up_to_rounding()
    {
        var program = Program(steps: 5);
        var wide = Outputs(new Simulator<double>(program, 200, 1, new()).Run(Feed()), "f");
        var single = Outputs(new Simulator<float>(program, 200, 1, new()).Run(Feed()), "f");

        AssertClose(wide, single, 1e-4);
        Assert.NotEqual(wide, single);
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads()
    {
        var program = Program(steps: 3);
        var one = Outputs(new Simulator<float>(program, 700, 1, new() { Threads = 1 }).Run(Feed()), "f");
        var four = Outputs(new Simulator<float>(program, 700, 1, new() { Threads = 4 }).Run(Feed()), "f");

        Assert.Equal(one, four);
    }

    [Fact]
    public void Another_seed_gives_another_net_and_the_same_seed_the_same()
    {
        var program = Program(steps: 1);
        double[] Run(ulong seed) => Outputs(new Simulator<double>(program, 64, seed, new()).Run(Feed()), "f");

        Assert.Equal(Run(3), Run(3));
        Assert.NotEqual(Run(3), Run(4));
    }

    // golden.md: one hidden layer, tanh, η = ½, ξ = y = 1. The mean over nets differs from the limit by O(1/n), far below the bound taken here.
    [Fact]
    public void Wide_tanh_nets_approach_the_mu_limit()
    {
        double[] limit = [0, 0.40102103533600, 0.61427892019097, 0.75099745385790, 0.84045997835975];
        var (network, plan) = SampleNetworks.Mlp(1, "tanh", SampleNetworks.Mup(1), inputs: 1, batch: 1, steps: 4);
        var program = TrainingProgram.Of(network, plan);
        var feed = new BatchFeed(new Dictionary<string, SampleField> { ["x"] = new([1], 1), ["y"] = new([1], 1) });
        var runs = Enumerable.Range(0, 40).Select(seed => Outputs(new Simulator<double>(program, 4096, (ulong)seed, new()).Run(feed), "f")).ToList();

        for (var t = 0; t < limit.Length; t++)
        {
            var values = runs.Select(run => run[t]).ToArray();
            var mean = values.Average();
            var error = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length);
            Assert.InRange(error, 1e-5, 5e-3);
            Assert.InRange(mean - limit[t], (-4 * error) - 5e-4, (4 * error) + 5e-4);
        }
    }

    [Fact]
    public void A_run_can_be_cancelled_and_keeps_what_it_has()
    {
        using var source = new CancellationTokenSource();
        var result = new Simulator<double>(Program(steps: 50), 16, 1, new()).Run(Feed(), new CancelAfter(source, 3), source.Token);

        Assert.True(result.IsCancelled);
        Assert.Equal(3, result.Records.Count(record => record.Name == "f"));
    }

    [Fact]
    public void A_learning_rate_that_is_too_large_ends_in_a_failure_with_what_came_before()
    {
        var (network, plan) = SampleNetworks.Mlp(2, h => h * h, SampleNetworks.Mup(2), inputs: 4, batch: 3, steps: 60, rate: 50);
        var result = new Simulator<float>(TrainingProgram.Of(network, plan), 50, 1, new()).Run(Feed());

        Assert.NotNull(result.Failure);
        Assert.False(double.IsFinite(result.Failure.Value));
        Assert.NotEmpty(result.Records);
        Assert.All(result.Records.Where(record => record.Iteration[0] < result.Failure.Iteration[0]), record => Assert.All(record.Values, value => Assert.True(double.IsFinite(value))));
    }

    internal static void AssertClose(IReadOnlyList<double> expected, IReadOnlyList<double> actual, double tolerance)
    {
        Assert.Equal(expected.Count, actual.Count);
        Assert.All(Enumerable.Range(0, expected.Count), i => Assert.Equal(expected[i], actual[i], tolerance * (1 + Math.Abs(expected[i]))));
    }

    private static TpCompiler.Ir.Program Program(int steps)
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), inputs: 4, batch: 3, steps: steps, momentum: new Rational(1, 2));
        return TrainingProgram.Of(network, plan);
    }

    private static BatchFeed Feed() => new(new Dictionary<string, SampleField> { ["x"] = new(Inputs, 3), ["y"] = new(Targets, 3) });

    private static double[] Outputs(ExecutionResult result, string name)
    {
        Assert.Null(result.Failure);
        return [.. result.Records.Where(record => record.Name == name).SelectMany(record => record.Values)];
    }

    /// <summary>Two hidden layers, tanh, µP, trained by textbook backpropagation: f before each step, sample by sample.</summary>
    private static double[] PlainTraining(int n, ulong seed, double momentum, double decay, double clip)
    {
        const double Rate = 0.5;
        double[] Draw(string name, int count, double deviation)
        {
            var numbers = new double[count];
            new Philox(seed, Streams.Of(name, [])).Normal(numbers);
            return [.. numbers.Select(x => deviation * x)];
        }

        // The weights w; W = n^{-a} w with a = −½, 0, ½ and b = ½ throughout.
        var (w1, w2, w3) = (Draw("W1_0", 4 * n, Math.Pow(n, -0.5)), Draw("W2_0", n * n, Math.Pow(n, -0.5)), Draw("W3_0", n, Math.Pow(n, -0.5)));
        var (m1, m2, m3) = (new double[4 * n], new double[n * n], new double[n]);
        var root = Math.Sqrt(n);
        var outputs = new List<double>();
        for (var t = 0; t <= 6; t++)
        {
            var (g1, g2, g3) = (new double[4 * n], new double[n * n], new double[n]);
            for (var b = 0; b < 3; b++)
            {
                var (x1, x2, d1, d2) = (new double[n], new double[n], new double[n], new double[n]);
                var f = 0.0;
                for (var k = 0; k < n; k++)
                {
                    x1[k] = Math.Tanh(root * Enumerable.Range(0, 4).Sum(i => w1[(i * n) + k] * Inputs[(b * 4) + i]));
                }

                for (var k = 0; k < n; k++)
                {
                    x2[k] = Math.Tanh(Enumerable.Range(0, n).Sum(j => w2[(k * n) + j] * x1[j]));
                    f += w3[k] * x2[k] / root;
                }

                outputs.Add(f);
                var chi = (f - Targets[b]) / 3;
                for (var k = 0; k < n; k++)
                {
                    g3[k] += chi * x2[k] / root;
                    d2[k] = chi * w3[k] / root * (1 - (x2[k] * x2[k]));
                }

                for (var k = 0; k < n; k++)
                {
                    for (var j = 0; j < n; j++)
                    {
                        g2[(k * n) + j] += d2[k] * x1[j];
                        d1[j] += w2[(k * n) + j] * d2[k];
                    }
                }

                for (var k = 0; k < n; k++)
                {
                    for (var i = 0; i < 4; i++)
                    {
                        g1[(i * n) + k] += d1[k] * (1 - (x1[k] * x1[k])) * root * Inputs[(b * 4) + i];
                    }
                }
            }

            // c = 0 for every weight, so the global norm is the plain one.
            var norm = Math.Sqrt(g1.Concat(g2).Concat(g3).Sum(g => g * g));
            foreach (var (w, m, g) in new[] { (w1, m1, g1), (w2, m2, g2), (w3, m3, g3) })
            {
                for (var i = 0; i < w.Length; i++)
                {
                    m[i] = (momentum * m[i]) + (Math.Min(1, clip / norm) * g[i]);
                    w[i] = ((1 - (Rate * decay)) * w[i]) - (Rate * m[i]);
                }
            }
        }

        return [.. outputs];
    }

    private sealed class CancelAfter(CancellationTokenSource source, int steps) : IProgress<ExecutionProgress>
    {
        public void Report(ExecutionProgress value)
        {
            if (value.Done == steps)
            {
                source.Cancel();
            }
        }
    }
}
