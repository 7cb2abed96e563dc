using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Derivation;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;
using TpCompiler.Tests.Cli;

namespace TpCompiler.Tests.Numerics.KernelRegime;

public sealed class KernelTrainingTests : IDisposable
{
    private const double Rate = 0.5;

    private static readonly double[][] Inputs = [[1, 0], [0, 1], [1, 1]];

    private readonly string data = Path.GetTempFileName();

    public void Dispose() => File.Delete(data);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Linear_net_with_momentum_follows_its_kernel_step_by_step(bool nesterov)
    {
        // One hidden linear layer, NTK: Θ = 2 x·x̄.
        double[] y = [1, -1, 0.5], f = [0, 0, 0], m = [0, 0, 0];
        File.WriteAllLines(data, Inputs.Select((x, i) => FormattableString.Invariant($"{x[0]},{x[1]},{y[i]}")));
        var outputs = Run(
            """
            network net(x : [2]) {
              width n
              weight W1 : [n, 2]
              weight W2 : [1, n]
              x1 = identity(W1 * x)
              return W2 * x1
            }
            parametrization ntk
            """,
            "mse",
            nesterov ? "nesterov(lr: 0.5)" : "sgd(lr: 0.5, momentum: 0.9)",
            batch: 3,
            "--limit");
        for (var t = 0; t <= 6; t++)
        {
            Assert.All(outputs[("f", t)].Zip(f), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
            double[] g = [.. Inputs.Select(x => Inputs.Select((other, b) => 2 * ((x[0] * other[0]) + (x[1] * other[1])) * (f[b] - y[b]) / 3).Sum())];
            m = [.. m.Zip(g, (slot, gradient) => (0.9 * slot) + gradient)];
            f = [.. f.Select((value, i) => value - (Rate * (nesterov ? g[i] + (0.9 * m[i]) : m[i])))];
        }

        Assert.True(Math.Abs(f[0]) > 0.3);
    }

    // The last weights start at 0, so that f does, in finite nets too; the kernel is theirs.
    [Theory]
    [InlineData("mse", "sgd(lr: 0.5)")]
    [InlineData("mse", "sgd(lr: 0.5, momentum: 0.9)")]
    [InlineData("mse", "nesterov(lr: 0.5)")]
    [InlineData("mse", "sgd(lr: 0.5 / (1 + t), momentum: 0.5, clip: 0.3)")]
    [InlineData("(f1[0] - y1[0])^4 + cosh(f1[1] - y1[1]) + (f2 + f1[0] - y2)^2", "sgd(lr: 0.1, momentum: 0.5)")]
    public void Wide_nets_with_two_outputs_train_along_the_kernel(string loss, string optimizer)
    {
        const string Network = """
            function cosh(u) { return (exp(u) + exp(-u)) / 2 }
            network net(x : [2]) {
              width n
              weight W1 : [n, 2]
              weight W2 : [2, n]
              weight W3 : [1, n]
              x1 = erf(W1 * x)
              f1 = W2 * x1
              f2 = W3 * x1
              return f1, f2
            }
            parametrization ntk { W2: (variance: 0)  W3: (variance: 0) }
            """;
        File.WriteAllText(data, "1,0,1,0.5,-1\n0,1,0,1,2\n1,1,-1,0,1\n");
        var limit = Run(Network, loss, optimizer, batch: 2, "--limit");
        var nets = Run(Network, loss, optimizer, batch: 2, "--width", "8192", "--precision", "fp64", "--seeds", "8");
        foreach (var (name, t) in limit.Keys)
        {
            Assert.All(limit[(name, t)].Zip(nets[(name, t)]), pair => Assert.Equal(pair.First, pair.Second, 0.02));
        }

        Assert.Contains(limit[("f2", 6)], value => Math.Abs(value) > 0.2);
    }

    [Theory]
    [InlineData("mse", "sgd(lr: 0.3)")]
    [InlineData("logistic", "sgd(lr: 0.3, momentum: 0.8)")]
    [InlineData("mse", "sgd(lr: 0.3, clip: 0.5)")]
    [InlineData("mse", "sgd(lr: 0.3, momentum: 0.8, clip: 0.2)")]
    [InlineData("(f - y)^4 + tanh(f) * exp(-f^2)", "sgd(lr: 0.1, momentum: 0.5)")]
    [InlineData("sqrt(1 + (f - y)^2) + sin(3 * f) / 4", "sgd(lr: 0.3)")]
    [InlineData("abs(f - y)^3 / (1 + f^2)", "sgd(lr: 0.1, clip: 0.4)")]
    public void Bound_holds_for_every_kernel_that_its_error_allows(string loss, string optimizer)
    {
        const double Error = 1e-4;
        var compilation = Compilation.Compile(new SourceText("k.tp", Program("network net(x : [2]) { width n weight W1 : [n, 2] weight W2 : [1, n] return W2 * erf(W1 * x) } parametrization ntk", loss, optimizer, 3)));
        var (network, plan) = (compilation.Network!, compilation.TrainingPlan!);
        var exact = Matrix<double>.Build.DenseOfArray(new[,] { { 1.2, 0.3, 0.7 }, { 0.3, 0.9, 0.5 }, { 0.7, 0.5, 1.5 } });
        var reported = Training(exact, Error);
        var largest = 0.0;
        for (var corner = 0; corner < 64; corner++)
        {
            // Each entry at one of its two ends.
            var bit = 0;
            var other = exact.Clone();
            for (var i = 0; i < 3; i++)
            {
                for (var j = i; j < 3; j++)
                {
                    other[i, j] = other[j, i] = exact[i, j] + ((corner >> bit++) % 2 == 0 ? Error : -Error);
                }
            }

            foreach (var (record, truth) in reported.Zip(Training(other, 0)))
            {
                for (var k = 0; k < record.Values.Count; k++)
                {
                    var miss = Math.Abs(record.Values[k].Value - truth.Values[k].Value);
                    Assert.InRange(miss, 0, record.Values[k].Error * (1 + 1e-9));
                    largest = Math.Max(largest, miss / record.Values[k].Error);
                }
            }
        }

        // It isn't met by being vast.
        Assert.True(largest > 0.05);

        IReadOnlyList<LimitRecord> Training(Matrix<double> kernel, double error) => new KernelTraining(
            [new KernelOutput("f", [], [(0, 0)])],
            new NetworkKernel([new KernelHead("f", [], [])], new Dictionary<(int, int), KernelMatrices>
            {
                [(0, 0)] = new(kernel, kernel, null, error == 0 ? null : Matrix<double>.Build.Dense(3, 3, error), ErrorKind.Bound, "quadrature"),
            }),
            LossProgram.Of(network, plan, new Dictionary<string, int> { ["batch"] = 3 })!,
            plan.LossValue,
            KernelRule.Of(plan.Rule)!,
            plan.LearningRate,
            new Dictionary<string, SampleField> { [plan.Targets[0].Field] = new([1, -1, 1], 3) },
            3).Run(3, 5);
    }

    [Fact]
    public void Weight_decay_changes_the_kernel_and_is_refused_with_the_reason()
    {
        File.WriteAllText(data, "1,0,1\n");
        var run = TpcRun.WithInput(
            Program("network net(x : [2]) { width n weight W1 : [n, 2] weight W2 : [1, n] return W2 * erf(W1 * x) } parametrization ntk", "mse", "sgd(lr: 0.5, weight_decay: 0.1)", 1), "run", "-", "--limit");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("weight decay shrinks the initial weights", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cross_entropy")]
    [InlineData("mse")]
    [InlineData("f[0] * f[1] * (f[2] - y[0])^2 + f[1]^4")]
    public void Gradient_of_a_loss_is_its_finite_difference(string loss)
    {
        var compilation = Compilation.Compile(new SourceText("net.tp", Program(
            "network net(x : [2]) { width n weight W1 : [n, 2] weight W2 : [3, n] f = W2 * tanh(W1 * x) return f } parametrization ntk", loss, "sgd(lr: 1)", 2)));
        Assert.Empty(compilation.Diagnostics);
        var program = LossProgram.Of(compilation.Network!, compilation.TrainingPlan!, new Dictionary<string, int>())!;
        var output = compilation.Network!.Outputs[0];
        double[] f = [0.3, -0.2, 0.5, 1.5, 0.1, -0.7], y = [0, 1, 0, 0.25, 0, 0.75];
        var gradient = program.Evaluate(At(f)).Gradients[output];
        for (var i = 0; i < f.Length; i++)
        {
            const double H = 1e-5;
            double[] up = [.. f], down = [.. f];
            up[i] += H;
            down[i] -= H;
            Assert.Equal((program.Evaluate(At(up)).Loss - program.Evaluate(At(down)).Loss) / (2 * H), gradient[i], 1e-8);
        }

        Dictionary<string, double[]> At(double[] at) => new() { [output] = at, ["y"] = y };
    }

    private string Program(string network, string loss, string optimizer, int batch) =>
        $$"""
        {{network}}
        train { data "{{data}}" loss {{loss}} optimizer {{optimizer}} batch {{batch}} steps 6 }
        """;

    private Dictionary<(string Name, int Step), double[]> Run(string network, string loss, string optimizer, int batch, params string[] how)
    {
        var run = TpcRun.WithInput(Program(network, loss, optimizer, batch), ["run", "-", "--format", "json", .. how]);
        Assert.True(run.ExitCode == 0, run.Error);
        using var json = JsonDocument.Parse(run.Output);
        return json.RootElement.GetProperty("outputs").EnumerateArray().ToDictionary(
            output => (output.GetProperty("name").GetString()!, output.GetProperty("iteration")[0].GetInt32()),
            output => output.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()).ToArray());
    }
}
