using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Cli.Results;

/// <summary>Trainings with a test: validations, the weights that are kept, and going on after a kill.</summary>
public sealed class TrainingSessionTests : IDisposable
{
    private const string Network = """
        network mlp(x : [2]) {
          width n
          weight W1 : [n, 2]
          weight W2 : [n, n]
          weight W3 : [1, n]
          x1 = tanh(W1 * x)
          x2 = tanh(W2 * x1)
          return W3 * x2
        }
        parametrization mup

        """;

    private const string Test = """
        test held_out(u : [2], v) {
          f = mlp(u)
          score = mean(batch, 0 - mse(f, v))
          return score
        }

        """;

    private readonly string directory = Directory.CreateTempSubdirectory("tpc-training").FullName;

    public TrainingSessionTests() => File.WriteAllText(Path.Combine(directory, "xor.csv"), "x1,x2,y\n1,1,-1\n1,-1,1\n-1,1,1\n-1,-1,-1\n");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("--width", "64", "--precision", "fp64")]
    [InlineData("--limit", "--points", "64")]
    public void A_validation_on_the_training_data_is_the_loss_of_the_next_step(params string[] how)
    {
        var measured = Run(Network + Test + "train { data \"xor.csv\" loss mse optimizer sgd(lr: 0.5, momentum: 0.9) batch 4 steps 4 validation \"xor.csv\" epoch 1 }", how);
        var plain = Write(Network + "train { data \"xor.csv\" loss mse optimizer sgd(lr: 0.5, momentum: 0.9) batch 4 steps 4 }");

        var epochs = measured.GetProperty("nets")[0].GetProperty("epochs").EnumerateArray().ToList();
        Assert.Equal([0, 1, 2, 3, 4], epochs.Select(epoch => epoch.GetProperty("step").GetInt32()));
        for (var step = 1; step <= 4; step++)
        {
            var before = -epochs[step - 1].GetProperty("validation")[0].GetProperty("mean").GetDouble();
            var reported = epochs[step].GetProperty("training").EnumerateArray().Single(output => output.GetProperty("name").GetString() == "loss").GetProperty("mean").GetDouble();
            Assert.Equal(reported, before, 1e-12);
        }

        // The last validation is of weights that no step reports: those that one more step starts from.
        if (how[0] == "--width")
        {
            using var longer = JsonDocument.Parse(TpcRun.Of(["run", plain, "--format", "json", "--steps", "4", .. how]).Output);
            var losses = longer.RootElement.GetProperty("outputs").EnumerateArray().Where(output => output.GetProperty("name").GetString() == "loss").ToList();
            Assert.Equal(losses[4].GetProperty("values")[0].GetDouble(), -epochs[4].GetProperty("validation")[0].GetProperty("mean").GetDouble(), 1e-12);
        }
    }

    [Theory]
    [InlineData(false, "--width", "32")]
    [InlineData(false, "--limit")]
    [InlineData(true, "--limit")]
    public void A_training_that_was_killed_goes_on_bit_for_bit(bool inTheKernelRegime, params string[] how)
    {
        var (maml, checkpoint) = (Maml(24, 4, 32, inTheKernelRegime), Path.Combine(directory, "state.ck"));
        var whole = TpcRun.Of(["run", maml, "--format", "json", .. how]);
        using CancellationTokenSource kill = new();
        var calls = 0;

        // Ctrl-C when the second epoch has been written.
        var killed = TpcRun.Of(
            new TpCompiler.Cli.Terminal(TextWriter.Null, TextWriter.Null) { OnInterrupt = interrupt => Watch(checkpoint, 2, () => calls++ < 1, interrupt) },
            ["run", maml, "--format", "json", "--checkpoint", checkpoint, .. how]);
        var resumed = TpcRun.Of(["run", maml, "--format", "json", "--checkpoint", checkpoint, .. how]);

        Assert.Equal(0, whole.ExitCode);
        Assert.Equal(whole.Output, resumed.Output);
        Assert.Contains("TP0610", killed.Error);
    }

    /// <summary>Validation is of what training makes worse: steps go up the loss. A checkpoint of a training that has ended is tested once more and not trained again.</summary>
    [Theory]
    [InlineData("mup", "--width", "32")]
    [InlineData("mup", "--limit")]
    [InlineData("ntk", "--limit")]
    public void A_training_whose_first_weights_are_the_best_ends_with_these(string parametrization, params string[] how)
    {
        File.WriteAllText(Path.Combine(directory, "line.csv"), "x1,x2,y\n1,0,1\n0,1,-1\n");
        var program = Write($$"""
            network linear(x : [2]) { width n weight U : [n, 2] weight V : [1, n] return V * (U * x) }
            parametrization {{parametrization}}
            step ascend(x : [2], y) {
              loss = mean(batch, mse(linear(x), y))
              params = params + 0.1 * grad(loss, params)
              return loss
            }
            test held_out(u : [2], v) { score = mean(batch, 0 - mse(linear(u), v)) return score }
            train { data "line.csv" batch 2 steps 3 epoch 1 validation "line.csv" test "line.csv" }
            """);
        var checkpoint = Path.Combine(directory, "ended.ck");
        var first = TpcRun.Of(["run", program, "--format", "json", "--checkpoint", checkpoint, .. how]);
        var again = TpcRun.Of(["run", program, "--format", "json", "--checkpoint", checkpoint, .. how]);

        Assert.Equal("", first.Error);
        var net = JsonDocument.Parse(first.Output).RootElement.GetProperty("nets")[0];
        var scores = net.GetProperty("epochs").EnumerateArray().Select(epoch => epoch.GetProperty("validation")[0].GetProperty("mean").GetDouble()).ToList();
        Assert.Equal(4, scores.Count);
        Assert.True(scores[3] < scores[0] - 0.01, string.Join(' ', scores.Select(score => score.ToString(CultureInfo.InvariantCulture))));
        Assert.Equal(scores[0], net.GetProperty("test")[0].GetProperty("mean").GetDouble(), 1e-12);
        Assert.Equal(first.Output, again.Output);
    }

    /// <summary>Other tasks to learn from, the same to be measured on: weights before training have the same validation and the same test.</summary>
    [Fact]
    public void Another_data_seed_draws_other_tasks_for_training_alone()
    {
        var maml = Maml(2, 2, 32);
        var (one, same, other) = (Nets(), Nets("--data-seed", "0"), Nets("--data-seed", "5"));

        Assert.Equal(one.ToString(), same.ToString());
        Assert.Equal(Epoch(one, 0).ToString(), Epoch(other, 0).ToString());
        Assert.NotEqual(Epoch(one, 1).GetProperty("training").ToString(), Epoch(other, 1).GetProperty("training").ToString());
        Assert.Contains("--data-seed", TpcRun.Of("run", Checkout.File("examples/mlp.tp").FullName, "--width", "8", "--data-seed", "1").Error, StringComparison.Ordinal);

        JsonElement Nets(params string[] how) => JsonDocument.Parse(TpcRun.Of(["run", maml, "--width", "8", "--format", "json", .. how]).Output).RootElement.GetProperty("nets")[0];

        static JsonElement Epoch(JsonElement net, int number) => net.GetProperty("epochs")[number];
    }

    [Fact]
    public void A_checkpoint_of_another_run_is_refused()
    {
        var (maml, checkpoint) = (Maml(2, 2, 32), Path.Combine(directory, "state.ck"));
        TpcRun.Of("run", maml, "--width", "8", "--checkpoint", checkpoint);

        var other = TpcRun.Of("run", maml, "--width", "16", "--checkpoint", checkpoint);

        Assert.Equal(1, other.ExitCode);
        Assert.Contains("another program, other settings", other.Error);
    }

    /// <summary>What a copy that broke off leaves, and archives in which something is missing.</summary>
    [Theory]
    [InlineData("half", "only a part of one")]
    [InlineData("empty", "only a part of one")]
    [InlineData("no training.json", "only a part of one")]
    [InlineData("training.json is no JSON", "only a part of one")]
    [InlineData("no state/U", "it has no U, or one of another size")]
    public void A_damaged_checkpoint_is_refused(string damage, string words)
    {
        var (maml, checkpoint) = (Maml(2, 2, 32), Path.Combine(directory, "state.ck"));
        TpcRun.Of("run", maml, "--limit", "--checkpoint", checkpoint);
        if (damage is "half" or "empty")
        {
            File.WriteAllBytes(checkpoint, File.ReadAllBytes(checkpoint)[..(damage == "half" ? (int)(new FileInfo(checkpoint).Length / 2) : 0)]);
        }
        else
        {
            using var zip = ZipFile.Open(checkpoint, ZipArchiveMode.Update);
            foreach (var entry in zip.Entries.Where(entry => entry.FullName.StartsWith(damage.Split(' ')[^1], StringComparison.Ordinal) || (damage.Contains("JSON", StringComparison.Ordinal) && entry.FullName == "training.json")).ToList())
            {
                entry.Delete();
            }

            if (damage.Contains("JSON", StringComparison.Ordinal))
            {
                using StreamWriter text = new(zip.CreateEntry("training.json").Open());
                text.Write("{ \"Run\": 3");
            }
        }

        var again = TpcRun.Of("run", maml, "--limit", "--checkpoint", checkpoint);

        Assert.Equal(1, again.ExitCode);
        Assert.Contains("TP0002", again.Error);
        Assert.Contains(words, again.Error);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_is_told()
    {
        var run = TpcRun.Of("run", Maml(2, 2, 32), "--width", "8", "--checkpoint", Path.Combine(directory, "nowhere", "state.ck"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("TP0007", run.Error);
    }

    [Fact]
    public void Each_epoch_is_told_where_standard_error_is_no_terminal_and_much_shall_be_said()
    {
        var run = TpcRun.Of("run", Maml(4, 2, 32), "--width", "8", "--verbose");

        Assert.Contains(" left, step 2 of 4", run.Error);
        Assert.DoesNotContain("left, step", TpcRun.Of("run", Maml(4, 2, 32), "--width", "8").Error);
    }

    [Fact]
    public void Meta_learning_in_the_limit_beats_the_weights_that_it_starts_from()
    {
        var run = TpcRun.Of("run", Maml(160, 160, 640), "--limit", "--format", "json");
        using var document = JsonDocument.Parse(run.Output);
        var net = document.RootElement.GetProperty("nets")[0];
        var right = net.GetProperty("epochs").EnumerateArray().Select(epoch => epoch.GetProperty("validation")[0].GetProperty("mean").GetDouble()).ToList();
        var error = net.GetProperty("epochs")[0].GetProperty("validation")[0].GetProperty("error").GetDouble();

        Assert.Equal("coefficients", document.RootElement.GetProperty("carrier").GetString());
        Assert.True(right[^1] > right[0] + (3 * error), string.Join(' ', right.Select(value => value.ToString(CultureInfo.InvariantCulture))));
    }

    [Theory]
    [InlineData("test t(u : [2], v) { f = mlp(u) params = params return f }", "validation \"xor.csv\"", "TP0902")]
    [InlineData("test t(u : [2], v) { f = mlp(u) return f }", "", "TP0")]
    [InlineData("", "validation \"xor.csv\"", "TP0")]
    [InlineData("test t(u : [2], v) { f = mlp(u) return f }", "validation tasks \"train.json\"", "TP0")]
    [InlineData("test t(u : [2], v) { f = mlp(u) return f }", "validation \"xor.csv\" 3", "TP0")]
    [InlineData("test t(u : [2], v) { f = mlp(u) return t }", "validation \"xor.csv\"", "TP0")]
    [InlineData("test t(u : [2], v) { f = mlp(u) return f }", "validation \"none.csv\"", "TP0601")]
    public void What_is_wrong_with_a_test_is_said(string test, string settings, string code)
    {
        var run = TpcRun.Of("run", Write($"{Network} {test} train {{ data \"xor.csv\" loss mse optimizer sgd(lr: 0.5) batch 4 steps 2 {settings} }}"), "--width", "8");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"error[{code}", run.Error);
    }

    private static void Watch(string file, int epochs, Func<bool> first, CancellationTokenSource interrupt)
    {
        if (!first())
        {
            return;
        }

        // The file is replaced in one move: it is there with each epoch's length or not at all.
        new Thread(() =>
        {
            while (!interrupt.IsCancellationRequested)
            {
                if (Epochs(file) >= epochs)
                {
                    interrupt.Cancel();
                }

                Thread.Sleep(1);
            }
        })
        { IsBackground = true }.Start();
    }

    private static int Epochs(string file)
    {
        try
        {
            using var zip = System.IO.Compression.ZipFile.OpenRead(file);
            using var document = JsonDocument.Parse(zip.GetEntry("training.json")!.Open());
            return document.RootElement.GetProperty("Epochs").GetArrayLength();
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return 0;
        }
    }

    /// <summary>The example, shorter and with fewer tasks; in the kernel regime with relu, too.</summary>
    private string Maml(int steps, int epoch, int validation, bool inTheKernelRegime = false)
    {
        var text = File.ReadAllText(Checkout.File("examples/maml.tp").FullName)
            .Replace("omniglot_tasks/", Checkout.Folder("examples/omniglot_tasks").FullName + "/", StringComparison.Ordinal)
            .Replace(" 640", $" {validation}", StringComparison.Ordinal).Replace(" 3200", " 32", StringComparison.Ordinal)
            .Replace("steps      200", $"steps {steps}", StringComparison.Ordinal).Replace("epoch      100", $"epoch {epoch}", StringComparison.Ordinal);
        if (inTheKernelRegime)
        {
            text = string.Join('\n', text.Split('\n').Select(line => line.StartsWith("parametrization", StringComparison.Ordinal) ? "parametrization ntk" : line)).Replace("U * x + b", "relu(U * x + b)", StringComparison.Ordinal);
        }

        return Write(text);
    }

    private JsonElement Run(string text, string[] how)
    {
        var run = TpcRun.Of(["run", Write(text), "--format", "json", .. how]);
        Assert.Equal("", run.Error);
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private string Write(string text)
    {
        var path = Path.Combine(directory, Guid.NewGuid() + ".tp");
        File.WriteAllText(path, text);
        return path;
    }
}
