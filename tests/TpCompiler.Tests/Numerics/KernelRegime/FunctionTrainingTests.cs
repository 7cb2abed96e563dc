using System.Globalization;
using System.Text.Json;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Tests.Cli;

namespace TpCompiler.Tests.Numerics.KernelRegime;

/// <summary>Written steps in the kernel regime, run as descents of a function.</summary>
public sealed class FunctionTrainingTests : IDisposable
{
    private readonly string data = Path.GetTempFileName();

    public void Dispose() => File.Delete(data);

    [Theory]
    [InlineData("erf")]
    [InlineData("relu")]
    [InlineData("tanh")]
    public void Step_written_out_is_the_optimizer_that_it_writes_out(string phi)
    {
        File.WriteAllText(data, "1,0,1,0.5\n0,1,0,1\n1,1,-1,0\n-1,0.5,0.25,0\n");
        string network = $$"""
            network net(x : [2]) {
              width n
              weight W1 : [n, 2]
              weight b : [n]
              weight W2 : [n, n]
              weight W3 : [2, n]
              x1 = {{phi}}(W1 * x + b)
              return W3 * {{phi}}(W2 * x1)
            }
            parametrization ntk
            """;
        var optimizer = Run($$"""{{network}} train { data "{{data}}" loss (f[0] - y[0])^2 + f[0] * f[1] + (f[1] - y[1])^4 optimizer sgd(lr: 0.2 / (1 + t), momentum: 0.9, clip: 0.5) batch 3 steps 6 }""", "--limit");
        var written = Run(
            $$"""
            {{network}}
            step momentum(x : [2], y : [class]) {
              axis class = 2
              slot m
              f = net(x)
              loss = mean(batch, (f[0] - y[0])^2 + f[0] * f[1] + (f[1] - y[1])^4)
              g = grad(loss, params)
              m = 0.9 * m + min(1, 0.5 / norm(g)) * g
              params = params - 0.2 / (1 + t) * m
              return f, loss
            }
            train { data "{{data}}" batch 3 steps 6 }
            """,
            "--limit");
        Assert.Equal(14, written.Count);
        Assert.All(written, output => Assert.All(output.Value.Zip(optimizer[output.Key]), pair => Assert.Equal(pair.Second, pair.First, 1e-11)));
        Assert.Contains(written[("f", 6)], value => Math.Abs(value) > 0.1);
    }

    /// <summary>Kernels with a kink are integrated to 1e-9 or so; a run of the optimizer, whose bounds are rigorous, is within both errors, and neither error is vast.</summary>
    [Fact]
    public void Errors_of_integrals_spread_through_a_written_step()
    {
        File.WriteAllText(data, "1,0,1\n0,1,-1\n1,1,0.5\n");
        const string Network = "network net(x : [2]) { width n weight W1 : [n, 2] weight W2 : [1, n] return W2 * tanh(relu(W1 * x) - 1/2) } parametrization ntk";
        var optimizer = Estimates($$"""{{Network}} train { data "{{data}}" loss mse optimizer sgd(lr: 0.5) batch 3 steps 8 }""");
        var written = Estimates($$"""{{Network}} step descent(x : [2], y) { f = net(x) loss = mean(batch, mse(f, y)) params = params - 0.5 * grad(loss, params) return f, loss } train { data "{{data}}" batch 3 steps 8 }""");
        Assert.Equal(optimizer.Count, written.Count);
        Assert.All(optimizer.Zip(written), pair =>
        {
            Assert.InRange(pair.Second.Value - pair.First.Value, -(pair.First.Error + pair.Second.Error), pair.First.Error + pair.Second.Error);
            Assert.InRange(pair.Second.Error, 1e-14, 1e-7);
        });
        Assert.Contains(written, estimate => Math.Abs(estimate.Value) > 0.1);

        List<(double Value, double Error)> Estimates(string program)
        {
            var run = TpcRun.WithInput(program, ["run", "-", "--format", "json", "--limit"]);
            Assert.True(run.ExitCode == 0, run.Error);
            using var json = JsonDocument.Parse(run.Output);
            return [.. json.RootElement.GetProperty("outputs").EnumerateArray().SelectMany(output => output.GetProperty("values").EnumerateArray().Zip(output.GetProperty("errors").EnumerateArray(), (value, error) => (value.GetDouble(), error.GetDouble())))];
        }
    }

    // The last weights start at 0, so that f does, in finite nets too.
    [Theory]
    [InlineData("fast", "params", "params")]
    [InlineData("params", "params", "params")]
    [InlineData("fast", "V", "V")]
    public void Wide_nets_learn_from_tasks_along_the_kernel(string by, string inner, string outer)
    {
        File.WriteAllLines(data, Enumerable.Range(0, 6).Select(task => string.Join(',', Enumerable.Range(0, 12).Select(i => Math.Sin((13 * task) + (5 * i * i) + i).ToString("F3", CultureInfo.InvariantCulture)))));
        string program = $$"""
            network net(x : [2]) {
              width n
              weight U : [n, 2]
              weight V : [1, n]
              return V * erf(U * x)
            }
            parametrization ntk { V: (variance: 0) }
            step learn(x : [support, 2], y : [support], u : [query, 2], v : [query]) {
              axis support = 2
              axis query = 2
              fast[0] = {{inner}}
              for k in 1..2 {
                fast[k] = fast[k - 1] - 0.8 * grad(mean(support, (net(x; fast[k - 1]) - y)^2), fast[k - 1])
              }
              f = net(u; fast[2])
              outer = mean(query, (f - v)^2)
              g = {{(by == "fast" ? "sum(batch, grad(outer, fast[2]))" : "grad(sum(batch, outer), params)")}}
              {{outer}} = {{outer}} - 0.3 * min(1, 0.5 / norm(g)) * g
              return f, outer
            }
            train { data "{{data}}" batch 3 steps 4 }
            """;
        var limit = Run(program, "--limit");
        var nets = Run(program, "--width", "8192", "--precision", "fp64", "--seeds", "4");
        Assert.Equal(10, limit.Count);
        Assert.All(limit, output => Assert.All(output.Value.Zip(nets[output.Key]), pair => Assert.Equal(pair.First, pair.Second, 0.02)));
        Assert.True(limit[("f", 4)].Zip(limit[("f", 0)], (last, first) => Math.Abs(last - first)).Max() > 0.01);
    }

    /// <summary>Only the output weights of U x: a linear model, its weights written out here.</summary>
    [Theory]
    [InlineData("fp64", 1e-12)]
    [InlineData("fp32", 1e-12)]
    public void Linear_kernel_is_a_linear_model_with_a_step_for_each_task(string precision, double tolerance)
    {
        double[][] tasks = [.. Enumerable.Range(0, 4).Select(task => Enumerable.Range(0, 12).Select(i => Math.Round(Math.Sin((13 * task) + (5 * i * i) + i), 3)).ToArray())];
        File.WriteAllLines(data, tasks.Select(task => string.Join(',', task.Select(value => value.ToString(CultureInfo.InvariantCulture)))));
        var limit = Run(
            $$"""
            network net(x : [2]) { width n weight U : [n, 2] weight V : [1, n] x1 = identity(U * x) return V * x1 }
            parametrization ntk
            step learn(x : [support, 2], y : [support], u : [query, 2], v : [query]) {
              axis support = 2
              axis query = 2
              fast = V - 0.4 * grad(mean(support, mse(net(x), y)), V)
              f = net(u; fast)
              g = sum(batch, grad(mean(query, mse(f, v)), fast))
              V = V - 0.1 * min(1, 0.5 / norm(g)) * g
              return f, norm(g)
            }
            train { data "{{data}}" batch 2 steps 5 }
            """,
            "--limit", "--precision", precision);
        double[] w = [0, 0];
        for (int t = 0; t <= 5; t++)
        {
            double[] g = [0, 0];
            List<double> f = [];
            foreach (double[] task in Enumerable.Range(0, 2).Select(b => tasks[((2 * t) + b) % 4]))
            {
                double[] x = task[0..4], y = task[4..6], u = task[6..10], v = task[10..12];
                double[] fast = [.. w];
                for (int s = 0; s < 2; s++)
                {
                    double error = (w[0] * x[2 * s]) + (w[1] * x[(2 * s) + 1]) - y[s];
                    fast[0] -= 0.4 * error * x[2 * s] / 2;
                    fast[1] -= 0.4 * error * x[(2 * s) + 1] / 2;
                }

                for (int q = 0; q < 2; q++)
                {
                    double value = (fast[0] * u[2 * q]) + (fast[1] * u[(2 * q) + 1]);
                    f.Add(value);
                    g[0] += (value - v[q]) * u[2 * q] / 2;
                    g[1] += (value - v[q]) * u[(2 * q) + 1] / 2;
                }
            }

            double norm = Math.Sqrt((g[0] * g[0]) + (g[1] * g[1]));
            Assert.All(limit[("f", t)].Zip(f), pair => Assert.Equal(pair.Second, pair.First, tolerance));
            Assert.Equal(norm, Assert.Single(limit.Where(output => output.Key.Step == t && output.Key.Name != "f").Select(output => output.Value[0])), tolerance);
            w = [.. w.Zip(g, (weight, gradient) => weight - (0.1 * Math.Min(1, 0.5 / norm) * gradient))];
        }
    }

    [Theory]
    [InlineData("relu")]
    [InlineData("identity")]
    public void Descent_goes_on_from_a_saved_state_bit_for_bit(string phi)
    {
        var compilation = Compilation.Compile(new SourceText("net.tp", $$"""
            network net(x : [2]) { width n weight U : [n, 2] weight V : [1, n] h = {{phi}}(U * x) return V * h }
            parametrization ntk
            step momentum(x : [2], y) {
              slot m
              f = net(x)
              m = 0.9 * m + grad(mean(batch, mse(f, y)), params)
              params = params - 0.1 * m
              return f
            }
            train { data "x.csv" batch 3 steps 6 }
            """));
        Assert.Empty(compilation.Diagnostics);
        BatchFeed feed = new(new Dictionary<string, SampleField>
        {
            ["x"] = new([.. Enumerable.Range(0, 14).Select(i => Math.Sin((i * i) + i))], 7),
            ["y"] = new([.. Enumerable.Range(0, 7).Select(i => Math.Cos(3 * i))], 7),
        });
        TrainingState? saved = null;
        var whole = Training().Train(feed, 6, new Observer(run => saved = run.Step == 4 ? run.Save() : saved));
        var rest = Training().Train(feed, 6, new Observer(run =>
        {
            if (run.Step == 0)
            {
                run.Restore(saved!);
            }
        }));

        Assert.Equal(6, whole.Records.Count);
        Assert.Equal([4, 5], rest.Records.Select(record => record.Iteration[0]));
        Assert.Equal(whole.Records.Skip(4).SelectMany(record => record.Values), rest.Records.SelectMany(record => record.Values));

        FunctionTraining<double> Training() => FunctionTraining<double>.Of(compilation.Network!, compilation.TrainingPlan!, ["U", "V"], startsAtZero: true, new ExecutionSettings(), [])!;
    }

    private sealed class Observer(Action<ITrainingRun> look) : ITrainingObserver
    {
        public void AtStep(ITrainingRun run) => look(run);
    }

    [Fact]
    public void Weights_that_shrink_are_refused_with_the_reason()
    {
        File.WriteAllText(data, "1,0,1\n");
        var run = TpcRun.WithInput(
            $$"""
            network net(x : [2]) { width n weight W1 : [n, 2] weight W2 : [1, n] return W2 * erf(W1 * x) }
            parametrization ntk
            step decay(x : [2], y) { loss = mean(batch, mse(net(x), y)) params = 0.99 * params - 0.1 * grad(loss, params) return loss }
            train { data "{{data}}" batch 1 steps 2 }
            """,
            "run", "-", "--limit");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("the initial weights must count once", run.Error, StringComparison.Ordinal);
    }

    private static Dictionary<(string Name, int Step), double[]> Run(string program, params string[] how)
    {
        var run = TpcRun.WithInput(program, ["run", "-", "--format", "json", .. how]);
        Assert.True(run.ExitCode == 0, run.Error);
        using var json = JsonDocument.Parse(run.Output);
        return json.RootElement.GetProperty("outputs").EnumerateArray().ToDictionary(
            output => (output.GetProperty("name").GetString()!, output.GetProperty("iteration")[0].GetInt32()),
            output => output.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()).ToArray());
    }
}
