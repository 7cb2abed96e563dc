using System.Text.Json;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Cli;

/// <summary>The commands on whole programs, as a user runs them.</summary>
public class ProgramCommandTests
{
    private const string Cubic = """
        network net(x : [2]) {
          width n
          weight W1 : [n, 2]
          weight W2 : [1, n]
          return W2 * tanh(W1 * x)
        }
        parametrization mup
        """;

    [Fact]
    public void Compile_of_a_level_one_program_gives_its_moments_exactly()
    {
        var run = TpcRun.Of("compile", Example("wishart"));
        Assert.Equal(0, run.ExitCode);
        Assert.EndsWith("exact values\n  m1 = 1\n  m2 = 2\n  m3 = 5\n  m4 = 14\n  m5 = 42\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_stage_suggests_one_that_exists()
    {
        var run = TpcRun.Of("compile", Example("mlp"), "--emit", "latx");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("TP0802", run.Error, StringComparison.Ordinal);
        Assert.Contains("latex", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Limit_in_json_has_an_error_for_every_number()
    {
        var run = TpcRun.Of("run", Example("mlp"), "--limit", "--points", "256", "--format", "json");
        using var json = JsonDocument.Parse(run.Output);
        var outputs = json.RootElement.GetProperty("outputs").EnumerateArray().ToList();
        Assert.Equal(22, outputs.Count);
        Assert.All(outputs, output =>
        {
            Assert.Equal(output.GetProperty("values").GetArrayLength(), output.GetProperty("errors").GetArrayLength());
            Assert.All(output.GetProperty("errors").EnumerateArray(), error => Assert.True(error.GetDouble() >= 0));
        });
    }

    [Fact]
    public void Kernel_regime_runs_in_the_limit_and_its_first_step_is_the_kernel_times_the_error()
    {
        // Linear, NTK: Θ = 2 x·y for one hidden layer, f₁ = −η Θ (0 − y)/B on the samples of xor.
        const string Program = """
            network net(x : [2]) {
              width n
              weight W1 : [n, 2]
              weight W2 : [1, n]
              x1 = identity(W1 * x)
              return W2 * x1
            }
            parametrization ntk
            train { data "DATA" loss mse optimizer sgd(lr: 0.1) batch 4 steps 1 }
            """;
        var samples = Samples();
        var run = TpcRun.WithInput(Program.Replace("DATA", Path.Combine(Checkout.Root, "examples", "data", "xor.csv"), StringComparison.Ordinal), "run", "-", "--limit", "--format", "json");
        Assert.Equal(0, run.ExitCode);
        using var json = JsonDocument.Parse(run.Output);
        var f1 = json.RootElement.GetProperty("outputs").EnumerateArray().Last(output => output.GetProperty("name").GetString() == "f").GetProperty("values");
        for (var b = 0; b < 4; b++)
        {
            var expected = 0.1 / 4 * samples.Sum(other => 2 * ((samples[b][0] * other[0]) + (samples[b][1] * other[1])) * other[2]);
            Assert.Equal(expected, f1[b].GetDouble(), 1e-12);
        }
    }

    [Fact]
    public void Unstable_net_has_no_limit_and_the_message_names_the_repair()
    {
        var run = TpcRun.Of("run", Example("standard"), "--limit");
        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains("TP0506", run.Error, StringComparison.Ordinal);
        Assert.Contains("help: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Running_a_network_without_training_says_what_is_missing()
    {
        var run = TpcRun.WithInput(Cubic, "run", "-", "--width", "16");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("TP0611", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Maximal_update_of_the_standard_net_is_the_published_table()
    {
        // arXiv 2203.03466, table 3, SGD: input variance 1, rate n; hidden 1/n, 1; output 1/n², 1/n.
        var run = TpcRun.Of("mup", Example("standard"), "--format", "json");
        using var json = JsonDocument.Parse(run.Output);
        var rows = json.RootElement.GetProperty("forms")[0].GetProperty("weights").EnumerateArray()
            .Select(row => (row.GetProperty("variance_power_of_n").GetString(), row.GetProperty("learning_rate_power_of_n").GetString())).ToList();
        Assert.Equal([("0", "1"), ("-1", "0"), ("-2", "-1")], rows);
    }

    private static string Example(string name) => Path.Combine(Checkout.Root, "examples", name + ".tp");

    private static double[][] Samples() => [.. File.ReadAllLines(Path.Combine(Checkout.Root, "examples", "data", "xor.csv")).Skip(1)
        .Select(line => line.Split(',').Select(cell => double.Parse(cell, System.Globalization.CultureInfo.InvariantCulture)).ToArray())];
}
