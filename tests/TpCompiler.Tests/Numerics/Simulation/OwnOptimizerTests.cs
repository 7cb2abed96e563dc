using System.Text.Json;
using TpCompiler.Tests.Cli;

namespace TpCompiler.Tests.Numerics.Simulation;

/// <summary>Optimizers with slots that are the same number at every entry of a hidden matrix: an outer nonlinearity that reads no matrix.</summary>
public sealed class OwnOptimizerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("optimizer").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>c counts the steps: gradient descent with the rate 0.3/(2 + t).</summary>
    [Theory]
    [InlineData("--width 24 --precision fp64")]
    [InlineData("--limit --points 64")]
    public void A_slot_that_is_one_number_divides_the_rate(string how)
    {
        var own = Losses("mine(lr: 0.3)", how);
        var plain = Losses("sgd(lr: 0.3 / (2 + t))", how);
        Assert.Equal(5, own.Count);
        Assert.All(own.Zip(plain), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Assert.All(own.Zip(Losses("sgd(lr: 0.3)", how)).Skip(1), pair => Assert.NotEqual(pair.Second, pair.First, 1e-3));
    }

    private List<double> Losses(string optimizer, string how)
    {
        File.WriteAllText(Path.Combine(folder, "rows.csv"), "1,2,1\n0.5,-1,0.3\n-0.7,0.4,-0.6\n");
        var source = Path.Combine(folder, "net.tp");
        File.WriteAllText(source, $$"""
            optimizer mine(lr) {
              slot c
              c = c + 1
              w = w - rate * g / (1 + c)
            }
            network net(x : [2]) {
              width n
              weight U : [n, 2]
              weight W : [n, n]
              weight V : [1, n]
              return V * tanh(W * tanh(U * x))
            }
            parametrization mup { U: (c: 0), W: (c: 0), V: (c: 0) }
            train { data "rows.csv" loss mse optimizer {{optimizer}} batch 3 steps 4 }
            """);
        var run = TpcRun.Of(["run", source, .. how.Split(' '), "--format", "json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        using var document = JsonDocument.Parse(run.Output);
        return [.. document.RootElement.GetProperty("outputs").EnumerateArray().Where(output => output.GetProperty("name").GetString() == "loss").Select(output => output.GetProperty("values")[0].GetDouble())];
    }
}
