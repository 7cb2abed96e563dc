using System.IO.Compression;
using System.Text.Json;
using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Tests.Cli;

/// <summary><c>tpc run --limit</c> with <c>--kernel</c> and <c>--test</c>.</summary>
public sealed class KernelCommandTests : IDisposable
{
    /// <summary>Two relu layers with σ_w² = 2 in the NTK parametrization, inputs of two numbers.</summary>
    private const string Golden = """
        network golden(x : [2]) {
          width n
          weight W1 : [n, 2]
          weight W2 : [n, n]
          weight W3 : [1, n]
          x1 = 2^(1/2) * relu(W1 * x)
          x2 = 2^(1/2) * relu(W2 * x1)
          return W3 * x2
        }
        parametrization ntk
        """;

    private static readonly string Shallow = Golden.Replace("  x2 = 2^(1/2) * relu(W2 * x1)\n", "", StringComparison.Ordinal).Replace("  weight W2 : [n, n]\n", "", StringComparison.Ordinal)
        .Replace("x2", "x1", StringComparison.Ordinal);

    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, true);

    [Fact]
    public void Kernels_of_training_and_test_samples_have_their_known_values_in_every_format()
    {
        var (data, other, npz, csv) = (Write("data.csv", "1,0,1\n0.6,0.8,-1\n"), Write("other.csv", "-1,2\n"), Path.Combine(folder, "k.npz"), Path.Combine(folder, "k.csv"));
        var kernels = Kernels(Program(Golden, data), "--test", other, "--save", npz);
        Assert.Equal(0.733433785825562243, kernels["K_f training training"][0, 1], 1e-12);
        Assert.Equal(1.54441630067721021, kernels["Theta_f training training"][0, 1], 1e-12);
        Assert.Equal(0.822747354705378207, kernels["Theta_f test training"][0, 0], 1e-12);
        Assert.Equal(3 * kernels["K_f test test"][0, 0], kernels["Theta_f test test"][0, 0], 1e-12);
        using (var archive = ZipFile.OpenRead(npz))
        {
            Assert.Contains("Theta_f_test_training.npy", archive.Entries.Select(entry => entry.Name));
        }

        Kernels(Program(Golden, data), "--save", csv);
        var line = File.ReadLines(csv).Single(row => row.StartsWith("Theta_f,training,0,training,1,", StringComparison.Ordinal)).Split(',');
        Assert.Equal(1.54441630067721021, double.Parse(line[5], System.Globalization.CultureInfo.InvariantCulture), 1e-12);
        var text = TpcRun.WithInput(Program(Golden, data), "run", "-", "--limit", "--kernel");
        Assert.Contains("Theta of f: tangent kernel (2 x 2)", text.Output, StringComparison.Ordinal);
        Assert.Contains("1.5444163", text.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(100_000_000)]
    public void Squared_error_is_predicted_at_any_step_at_once(int steps)
    {
        // f_t = (1 − (1 − 0.1 · 0.89955277341400732)^t) y on the samples themselves.
        var data = Write("data.csv", "1,0,1\n0.6,0.8,-1\n");
        var outputs = Predictions(Program(Shallow, data, "sgd(lr: 0.2)"), data, "--steps", $"{steps}");
        var learned = 1 - Math.Pow(1 - (0.1 * 0.89955277341400732), steps);
        Assert.Equal([learned, -learned], outputs["f"], (first, second) => Math.Abs(first - second) < 1e-12);
        Assert.Equal([1, -1], outputs["f_end"], (first, second) => Math.Abs(first - second) < 1e-12);
        Assert.Equal([1, -1], outputs["f_posterior"], (first, second) => Math.Abs(first - second) < 1e-12);
        Assert.All(outputs["f_posterior_covariance"], value => Assert.Equal(0, value, 1e-12));
    }

    [Theory]
    [InlineData("sgd(lr: 0.3 / (1 + t), momentum: 0.9)")]
    [InlineData("sgd(lr: 0.4)")]
    public void Predictions_follow_the_recurrence_and_the_formulas_of_gaussian_processes(string optimizer)
    {
        var (data, other) = (Write("data.csv", "1,0,1\n0.6,0.8,-1\n-0.3,0.5,0.5\n"), Write("other.csv", "-1,2,9\n0.6,0.8,9\n"));
        var program = Program(Golden, data, optimizer);
        var outputs = Predictions(program, other, "--steps", "5");
        var kernels = Kernels(program, "--test", other);
        var y = Matrix<double>.Build.DenseOfColumnArrays([1, -1, 0.5]);
        var (theta, cross) = (kernels["Theta_f training training"], kernels["Theta_f test training"]);
        var (k, kCross, kTest) = (kernels["K_f training training"], kernels["K_f test training"], kernels["K_f test test"]);

        // f and momentum on training and test samples, written out, from f₀ = 0; the response to each target by itself gives A.
        var all = theta.Stack(cross);
        var (f, m) = (Matrix<double>.Build.Dense(5, 3), Matrix<double>.Build.Dense(5, 3));
        for (var t = 0; t < 5; t++)
        {
            var gradient = all * (f.SubMatrix(0, 3, 0, 3) - Matrix<double>.Build.DenseIdentity(3)) / 3;
            var momentum = optimizer.Contains("momentum", StringComparison.Ordinal);
            m = (momentum ? 0.9 * m : 0 * m) + gradient;
            f -= (momentum ? 0.3 / (1 + t) : 0.4) * m;
        }

        Check("f", f.SubMatrix(3, 2, 0, 3));
        Check("f_end", cross * theta.Inverse());
        Check("f_posterior", kCross * k.Inverse());

        void Check(string name, Matrix<double> response)
        {
            Assert.Equal((response * y).Column(0).ToArray(), outputs[name], (first, second) => Math.Abs(first - second) < 1e-10);
            var covariance = kTest - (response * kCross.Transpose()) - (kCross * response.Transpose()) + (response * k * response.Transpose());
            Assert.Equal(covariance.ToRowMajorArray(), outputs[name + "_covariance"], (first, second) => Math.Abs(first - second) < 1e-10);
        }
    }

    [Fact]
    public void Other_losses_and_clipped_gradients_are_predicted_step_by_step()
    {
        var data = Write("data.csv", "1,0,1\n0.6,0.8,-1\n-0.3,0.5,1\n");
        foreach (var (loss, optimizer) in new[] { ("logistic", "sgd(lr: 0.5)"), ("mse", "sgd(lr: 0.5, clip: 0.2)") })
        {
            var program = Program(Golden, data, optimizer, loss);
            var series = Json(TpcRun.WithInput(program, "run", "-", "--limit", "--steps", "4", "--format", "json"));
            var last = series.GetProperty("outputs").EnumerateArray().Last(output => output.GetProperty("name").GetString() == "f").GetProperty("values").EnumerateArray().Select(value => value.GetDouble());
            Assert.Equal(last, Predictions(program, data, "--steps", "4")["f"], (first, second) => Math.Abs(first - second) < 1e-12);
        }
    }

    /// <summary>What a test returns first is the share of right signs, then f itself: its mean is that of predictions of the same samples, which are computed by other code, step by step or at once.</summary>
    [Theory]
    [InlineData("mse", "sgd(lr: 0.3)")]
    [InlineData("mse", "sgd(lr: 0.3, momentum: 0.9)")]
    [InlineData("mse", "sgd(lr: 0.3 / (1 + t), momentum: 0.9, clip: 0.5)")]
    [InlineData("logistic", "nesterov(lr: 0.3)")]
    public void A_test_beside_an_optimizer_is_measured_on_the_function_that_it_trains(string loss, string optimizer)
    {
        var (data, other) = (Write("data.csv", "1,0,1\n0.6,0.8,-1\n-1,2,1\n"), Write("other.csv", "0.5,0.5,1\n-0.3,1,-1\n2,1,1\n"));
        var network = Golden + " test held_out(x : [2], y) { f = golden(x) return accuracy(f, y), f }";
        if (optimizer.StartsWith("nesterov", StringComparison.Ordinal))
        {
            network = "optimizer nesterov(lr) { slot m m = 0.8 * m + g w = w - rate * (g + 0.8 * m) } " + network;
        }

        var program = $$"""{{network}} train { data "{{data}}" test "{{other}}" loss {{loss}} optimizer {{optimizer}} steps 30 }""";
        var predicted = Predictions(Program(network[..network.IndexOf(" test held_out", StringComparison.Ordinal)], data, optimizer, loss), other, "--steps", "30")["f"];
        var measured = Json(TpcRun.WithInput(program, "run", "-", "--limit", "--format", "json")).GetProperty("nets")[0].GetProperty("test").EnumerateArray().Select(measure => measure.GetProperty("mean").GetDouble()).ToArray();
        Assert.Equal(predicted.Zip([1, -1, 1]).Average(pair => pair.First * pair.Second > 0 ? 1.0 : 0.0), measured[0]);
        Assert.Equal(predicted.Average(), measured[1], 1e-11);

        // With --kernel these samples stand beside those of the training.
        Assert.Equal(Kernels(Program(Golden, data), "--test", other)["Theta_f test training"], Kernels(program)["Theta_f test training"]);
    }

    [Fact]
    public void Samples_that_occur_twice_are_told_with_what_was_left_out_and_so_is_a_rate_that_diverges()
    {
        var data = Write("data.csv", "1,0,1\n1,0,1\n0.6,0.8,-1\n");
        var run = TpcRun.WithInput(Program(Golden, data, "sgd(lr: 0.2)"), "run", "-", "--limit", "--test", data);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("warning[TP0613]: 1 of 3 eigenvalues of the kernel", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("TP0614", run.Error, StringComparison.Ordinal);
        var wild = TpcRun.WithInput(Program(Golden, data, "sgd(lr: 50)"), "run", "-", "--limit", "--test", data);
        Assert.Contains("warning[TP0614]", wild.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_that_are_not_there_are_refused_with_the_reason()
    {
        var data = Write("data.csv", "1,0,1\n");
        Refused("--kernel is for --limit", 2, Program(Golden, data), "--width", "8", "--kernel");
        Refused("a `test` block is measured", 1, Program(Golden.Replace("ntk", "mup", StringComparison.Ordinal), data), "--limit", "--test", data);
        Refused("row 1 has 1 column", 1, Program(Golden, data), "--limit", "--test", Write("narrow.csv", "1\n"));
        Refused("can't find the data", 1, Program(Golden, data), "--limit", "--test", Path.Combine(folder, "none.csv"));
        Refused("another function's", 1, Program(Golden.Replace("W3 * x2", "W3 * (x2 + stop(x2))", StringComparison.Ordinal), data), "--limit", "--kernel");
        Refused("can't write", 1, Program(Golden, data), "--limit", "--kernel", "--save", Path.Combine(folder, "none", "k.npz"));

        static void Refused(string why, int code, string program, params string[] how)
        {
            var run = TpcRun.WithInput(program, ["run", "-", .. how]);
            Assert.Contains(why, run.Error, StringComparison.Ordinal);
            Assert.Equal(code, run.ExitCode);
        }
    }

    private static string Program(string network, string data, string optimizer = "sgd(lr: 0.2)", string loss = "mse") => $$"""{{network}} train { data "{{data}}" loss {{loss}} optimizer {{optimizer}} steps 3 }""";

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static Dictionary<string, Matrix<double>> Kernels(string program, params string[] how) =>
        Json(TpcRun.WithInput(program, ["run", "-", "--limit", "--kernel", "--format", "json", .. how])).GetProperty("kernels").EnumerateArray().ToDictionary(
            kernel => $"{kernel.GetProperty("name").GetString()} {kernel.GetProperty("rows").GetString()} {kernel.GetProperty("columns").GetString()}",
            kernel => Matrix<double>.Build.DenseOfRowMajor(kernel.GetProperty("shape")[0].GetInt32(), kernel.GetProperty("shape")[1].GetInt32(), kernel.GetProperty("values").EnumerateArray().Select(value => value.GetDouble())));

    private static Dictionary<string, double[]> Predictions(string program, string samples, params string[] how) =>
        Json(TpcRun.WithInput(program, ["run", "-", "--limit", "--test", samples, "--format", "json", .. how])).GetProperty("outputs").EnumerateArray().ToDictionary(
            output => output.GetProperty("name").GetString()!,
            output => output.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()).ToArray());

    private static JsonElement Json(TpcRun run)
    {
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonDocument.Parse(run.Output).RootElement;
    }
}
