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

    private static string Xor => Path.Combine(Path.GetDirectoryName(Example("xor"))!, "data", "xor.csv");

    [Fact]
    public void Compile_of_a_level_one_program_gives_its_moments_exactly()
    {
        var run = TpcRun.Of("compile", Example("wishart"));
        Assert.Equal(0, run.ExitCode);
        Assert.EndsWith("exact values\n  m1 = 1\n  m2 = 2\n  m3 = 5\n  m4 = 14\n  m5 = 42\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vector_and_a_scalar_may_start_with_a_mean()
    {
        // E x^2 = 2^2 + 1; y = A x has E y^2 = E x^2, and E x (A^T (y + x)) = E x^2.
        const string Program = """
            program p {
              width n
              matrix A : [n, n] ~ normal(0, 1/n)
              vector x : [n] ~ normal(2, 1)
              y = A * x
              z = A' * (y + x)
              m1 = Moment(x)
              m2 = Moment(y^2)
              m3 = Moment(z * x)
              return m1, m2, m3
            }
            """;
        var run = TpcRun.WithInput(Program, "compile", "-");
        Assert.Contains("  Z^{x}     = 2 + Z^{x_0}\n", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("exact values\n  m1 = 2\n  m2 = 5\n  m3 = 5\n", run.Output, StringComparison.Ordinal);

        var scalar = TpcRun.WithInput("program p { width n vector x : [n] ~ normal(0, 1) scalar s : [] ~ normal(1/2, 3) m = Moment(x^2) + s return m }", "compile", "-");
        Assert.Contains("  s  ", scalar.Output, StringComparison.Ordinal);
        Assert.Contains("= ½ + s_0\n", scalar.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_update_that_overflows_is_named_by_its_weight_at_its_declaration()
    {
        var run = TpcRun.WithInput(Cubic + "\ntrain { loss mse optimizer sgd(lr: 1e300, momentum: 0.9) steps 2 }", "run", "-", "--width", "8", "--data", Xor);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("error[TP0607]: `W1` became infinite at step 0\n --> <stdin>:3:10\n", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max(0, 1 - y * f)", "Σ_b relu(1 − f_{t,b} y_{t,b})", "y_{t,b} relu′(1 − f_{t,b} y_{t,b})")]
    [InlineData("max(1 - y * f, 0)", "Σ_b relu(1 − f_{t,b} y_{t,b})", "y_{t,b} relu′(1 − f_{t,b} y_{t,b})")]
    [InlineData("abs(f - y)", "Σ_b abs(f_{t,b} − y_{t,b})", "sign(f_{t,b} − y_{t,b})")]
    [InlineData("min((f - y)^2, 3)", "Σ_b min(3, (f_{t,b} − y_{t,b})²)", "relu′(3 − (f_{t,b} − y_{t,b})²) (f_{t,b} − y_{t,b})")]
    public void Losses_with_kinks_and_clipping_read_as_they_are_meant(string loss, string mean, string slope)
    {
        var run = TpcRun.WithInput($"{Cubic}\ntrain {{ loss {loss} optimizer sgd(lr: 1, momentum: 9/10, clip: 3/10) steps 1 batch 4 }}", "compile", "-", "--emit", "equations");
        Assert.Contains(mean + "\n", run.Output, StringComparison.Ordinal);
        Assert.Contains(slope + "\n", run.Output, StringComparison.Ordinal);
        Assert.Contains(" = min(1, 3 / (10 norm_t))\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Features_that_nothing_moves_do_not_move()
    {
        var run = TpcRun.WithInput(Cubic.Replace("tanh", "step", StringComparison.Ordinal).Replace("mup", "ntk", StringComparison.Ordinal) + "\ntrain { loss mse optimizer sgd(lr: 1) steps 1 }", "compile", "-");
        Assert.Contains("verdict  kernel regime (r = ∞): in one step the features x_f do not move, f moves by Θ(1)\n  - in training nothing moves x_f\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_larger_than_the_data_is_warned_of()
    {
        var run = TpcRun.WithInput(Cubic + "\ntrain { loss mse optimizer sgd(lr: 1) steps 1 batch 5 }", "run", "-", "--width", "8", "--data", Xor);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("warning[TP0615]: a batch of 5 holds some samples more than once: there are only 4\n", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Nets_with_a_random_output_bias_approach_the_limit_of_the_same_bias()
    {
        const string Program = """
            network net(x : [2]) {
              width n
              weight W1 : [n, 2]
              weight W2 : [1, n]
              weight D : [1]
              return W2 * tanh(W1 * x) + D
            }
            parametrization mup
            train { loss mse optimizer sgd(lr: 0.3) steps 4 }
            """;
        var data = Path.Combine(Path.GetDirectoryName(Example("xor"))!, "data", "xor.csv");
        var run = TpcRun.WithInput(Program, "check", "-", "--data", data, "--widths", "64,256,1024", "--seeds", "64");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"\nf +distance to the limit +n\^\(-1/2\) +n\^\(-0\.[0-9]+ ± 0\.[0-9]+\) +agrees\n", run.Output);
        Assert.Contains("\nD: random at any width, so every net has the same draw, that of the limit\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("f at initialisation is a Gaussian process", TpcRun.WithInput(Program, "compile", "-").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Nets_that_are_not_parametrized_as_is_claimed_fail_line_by_line()
    {
        string[] settings = ["--widths", "64,256,1024"];
        var wrong = TpcRun.Of(["check", Example("ntk"), "--claim", "mup", .. settings]);
        Assert.Equal(1, wrong.ExitCode);
        Assert.EndsWith("\nFAIL\n", wrong.Output, StringComparison.Ordinal);
        Assert.Matches(@"\nh2 +change +1 +n\^\(-0\.[45].*DIFFERS\n", wrong.Output);
        Assert.Matches(@"\nh2 +size +1 .*agrees\n", wrong.Output);
        Assert.Contains("TP0702", wrong.Error, StringComparison.Ordinal);

        Assert.DoesNotContain("DIFFERS", TpcRun.Of("check", Example("ntk"), "--claim", "ntk", "--widths", "64,128,256", "--seeds", "8").Output, StringComparison.Ordinal);
        Assert.Contains("TP0301", TpcRun.Of("check", Example("ntk"), "--claim", "mupp").Error, StringComparison.Ordinal);
        Assert.Contains("TP0611", TpcRun.Of("check", Example("wishart"), "--claim", "mup").Error, StringComparison.Ordinal);
        Assert.Equal(2, TpcRun.Of("check", Example("ntk"), "--claim", "mup", "--optimizer", "adam").ExitCode);
    }

    /// <summary>Two outputs with a readout in common: each is moved by the gradients of both.</summary>
    [Fact]
    public void Outputs_with_kernels_of_one_another_move_one_another()
    {
        var run = TpcRun.WithInput(
            """
            network net(x : [2]) {
              width n
              weight U : [n, 2]
              weight W : [n, n]
              weight V : [1, n]
              h = tanh(U * x)
              return V * tanh(W * h), V * h
            }
            parametrization ntk
            train { loss mse optimizer sgd(lr: 1/10) steps 3 }
            """,
            "compile", "-");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("f1_{t+1,b} = f1_{t,b} − (1/10) Σ_b′ Θ^{f¹}_{b,b′} ∂L/∂f1_{t,b′} − (1/10) Σ_b′ Θ^{f¹_f²}_{b,b′} ∂L/∂f2_{t,b′}", run.Output, StringComparison.Ordinal);
        Assert.Contains("f2_{t+1,b} = f2_{t,b} − (1/10) Σ_b′ Θ^{f²}_{b,b′} ∂L/∂f2_{t,b′} − (1/10) Σ_b′ Θ^{f²_f¹}_{b,b′} ∂L/∂f1_{t,b′}", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_stage_suggests_one_that_exists()
    {
        var run = TpcRun.Of("compile", Example("mlp"), "--emit", "latx");
        Assert.Equal(2, run.ExitCode);
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
            Assert.Equal(Repeated("standard error"), output.GetProperty("kinds").EnumerateArray().Select(kind => kind.GetString()));
            Assert.Equal(Repeated("quasi-random points"), output.GetProperty("tiers").EnumerateArray().Select(tier => tier.GetString()));
            Assert.All(output.GetProperty("points").EnumerateArray(), points => Assert.Equal(256, points.GetInt32()));

            IEnumerable<string> Repeated(string name) => Enumerable.Repeat(name, output.GetProperty("values").GetArrayLength());
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

    [Theory]
    [InlineData("linear", "exact", "coefficients")]
    [InlineData("standard_kernel", "bound", "quadrature")]
    public void Limit_in_json_says_what_its_errors_mean_and_where_its_numbers_come_from(string example, string kind, string tier)
    {
        var run = TpcRun.Of("run", Example(example), "--limit", "--steps", "2", "--format", "json");
        using var json = JsonDocument.Parse(run.Output);
        Assert.All(json.RootElement.GetProperty("outputs").EnumerateArray(), output =>
        {
            Assert.All(output.GetProperty("kinds").EnumerateArray(), found => Assert.Equal(kind, found.GetString()));
            Assert.All(output.GetProperty("tiers").EnumerateArray(), found => Assert.Equal(tier, found.GetString()));
            Assert.All(output.GetProperty("points").EnumerateArray(), points => Assert.Equal(0, points.GetInt32()));
        });
        using var compiled = JsonDocument.Parse(TpcRun.Of("compile", Example(example), "--format", "json").Output);
        Assert.All(
            compiled.RootElement.GetProperty("tiers").EnumerateArray(),
            output => Assert.Equal(tier, Assert.Single(output.GetProperty("tiers").EnumerateArray()).GetString()));
    }

    [Fact]
    public void Each_output_is_computed_as_exactly_as_it_can_be_by_itself()
    {
        var run = TpcRun.WithInput(
            "program mix {\n width n\n matrix A : [n, n] ~ normal(0, 1/n)\n vector x : [n] ~ normal(0, 1)\n y = A * x\n z = A' * y\n q = Moment(x^4)\n w = Moment(x * z)\n s = Moment(tanh(y)^2)\n}\n",
            "run", "-", "--limit", "--format", "json");

        using var document = JsonDocument.Parse(run.Output);
        var outputs = document.RootElement.GetProperty("outputs").EnumerateArray().ToList();
        Assert.Equal(["q polynomials exact 3", "w coefficients exact 1"], outputs.Take(2).Select(output =>
            $"{output.GetProperty("name")} {output.GetProperty("tiers")[0]} {output.GetProperty("kinds")[0]} {output.GetProperty("values")[0]}"));
        Assert.Equal("s integrals over two Gaussians bound", $"{outputs[2].GetProperty("name")} {outputs[2].GetProperty("tiers")[0]} {outputs[2].GetProperty("kinds")[0]}");
    }

    [Theory]
    [InlineData("relu(x)", "closed forms", "exact", "closed forms")]
    [InlineData("tanh(x)", "integrals over two Gaussians", "bound", "integrals over two Gaussians")]
    [InlineData("tanh(x) * tanh(x + z) * tanh(z + w)", "quadrature", "bound", "quadrature in 3 dimensions, or else quasi-random points in 3 dimensions")]
    [InlineData("relu(x) * relu(x + z) * tanh(z)", "quadrature", "bound", "quadrature in 2 dimensions, split at kinks, or else quasi-random points in 2 dimensions")]
    [InlineData("x^2", "polynomials", "exact", "exact rationals, or else closed forms")]
    [InlineData("x", "coefficients", "exact", "coefficients")]
    public void Each_expectation_is_computed_as_compile_says(string function, string tier, string kind, string said)
    {
        var program = $"program one {{\n width n\n vector x : [n] ~ normal(0, 1)\n vector z : [n] ~ normal(0, 1)\n vector w : [n] ~ normal(0, 1)\n y = {function}\n m = Moment(y^2)\n}}\n";
        using var run = JsonDocument.Parse(TpcRun.WithInput(program, "run", "-", "--limit", "--tolerance", "1e-3", "--format", "json").Output);
        var output = Assert.Single(run.RootElement.GetProperty("outputs").EnumerateArray());
        Assert.Equal((tier, kind), (output.GetProperty("tiers")[0].GetString(), output.GetProperty("kinds")[0].GetString()));

        using var compiled = JsonDocument.Parse(TpcRun.WithInput(program, "compile", "-", "--format", "json").Output);
        var expectation = Assert.Single(compiled.RootElement.GetProperty("expectations").EnumerateArray());
        Assert.Equal("E[Z^{y}²]", expectation.GetProperty("expectation").GetString());
        Assert.Equal(said, string.Join(", or else ", expectation.GetProperty("tiers").EnumerateArray().Select(some => some.GetString())));
    }

    [Fact]
    public void A_polynomial_too_large_for_exact_rationals_says_why_it_is_computed_otherwise()
    {
        // 1771 monomials, and three million products of two of them.
        var program = "program large {\n width n\n vector x : [n] ~ normal(0, 1)\n vector z : [n] ~ normal(0, 1)\n vector w : [n] ~ normal(0, 1)\n y = (x / 10 + z / 10 + w / 10 + 1/10)^20\n m = Moment(y^2)\n}\n";
        using var run = JsonDocument.Parse(TpcRun.WithInput(program, "run", "-", "--limit", "--points", "64", "--format", "json").Output);
        Assert.Contains("exact rationals would take more than", run.RootElement.GetProperty("remark").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bias_that_stays_random_is_told_beside_the_limit()
    {
        var run = TpcRun.WithInput(
            "network s(x : [2]) { width n weight W : [n, 2] weight V : [1, n] weight C : [1] return V * tanh(W * x) + C } parametrization mup train { loss mse optimizer sgd(lr: 1/10) steps 1 }",
            "run", "-", "--limit", "--tolerance", "1e-2", "--data", Checkout.File("examples/data/xor.csv").FullName);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("warning[TP0612]: `C` is a Gaussian number of variance 1 at any width", run.Error);
    }

    [Fact]
    public void A_wider_layer_in_the_kernel_regime_counts_by_its_ratio()
    {
        // A last layer of 3n features is one of n features with √3 before it; one of 3n features below sums over n.
        Assert.Equal(Run("width m = 3 * n", ""), Run("width m = n", "3^(1/2) * "), (x, y) => Math.Abs(x - y) < 1e-12);

        static double[] Run(string width, string factor)
        {
            var run = TpcRun.WithInput(
                $$"""
                network k(x : [2]) {
                  width n
                  {{width}}
                  weight W1 : [n, 2]
                  weight B1 : [n]
                  weight W2 : [m, n]
                  weight B2 : [m]
                  weight W3 : [1, m]
                  x1 = relu(W1 * x + B1)
                  x2 = erf(W2 * x1 + B2)
                  return {{factor}}(W3 * x2)
                }
                parametrization ntk
                train { loss mse optimizer sgd(lr: 1/5, clip: 1/2) steps 3 }
                """,
                "run", "-", "--limit", "--format", "json", "--data", Checkout.File("examples/data/xor.csv").FullName);
            Assert.Equal("", run.Error);
            using var document = JsonDocument.Parse(run.Output);
            Assert.All(document.RootElement.GetProperty("outputs").EnumerateArray().SelectMany(output => output.GetProperty("errors").EnumerateArray()), error => Assert.InRange(error.GetDouble(), 0, 1e-12));
            return [.. document.RootElement.GetProperty("outputs").EnumerateArray().SelectMany(output => output.GetProperty("values").EnumerateArray()).Select(value => value.GetDouble())];
        }
    }

    [Fact]
    public void Several_seeds_give_the_mean_and_standard_deviation_of_their_nets()
    {
        double[][] nets = [.. new[] { "3", "4", "5" }.Select(seed => Numbers("values", "--seed", seed))];
        var means = Numbers("values", "--seed", "3", "--seeds", "3");
        var deviations = Numbers("deviations", "--seed", "3", "--seeds", "3");
        Assert.Equal(15, means.Length);
        for (var i = 0; i < means.Length; i++)
        {
            double[] values = [.. nets.Select(net => net[i])];
            Assert.Equal(values.Average(), means[i], 1e-12);
            Assert.Equal(Math.Sqrt(values.Sum(value => Math.Pow(value - values.Average(), 2)) / 2), deviations[i], 1e-12);
        }

        double[] Numbers(string property, params string[] options)
        {
            var run = TpcRun.Of(["run", Example("mlp"), "--width", "16", "--steps", "2", "--precision", "fp64", "--format", "json", .. options]);
            Assert.Equal(0, run.ExitCode);
            using var json = JsonDocument.Parse(run.Output);
            return [.. json.RootElement.GetProperty("outputs").EnumerateArray().SelectMany(output => output.GetProperty(property).EnumerateArray()).Select(number => number.GetDouble())];
        }
    }

    [Fact]
    public void Fewer_steps_are_the_beginning_of_more_steps()
    {
        string[] all = TpcRun.Of("run", Example("mlp"), "--width", "16").Output.Split('\n'), some = TpcRun.Of("run", Example("mlp"), "--width", "16", "--steps", "3").Output.Split('\n');
        Assert.Equal(6, some.Count(line => line.Length > 0));
        Assert.Equal(some.Where(line => line.StartsWith("3 ", StringComparison.Ordinal)).Select(Squeeze), all.Where(line => line.StartsWith(" 3 ", StringComparison.Ordinal)).Select(Squeeze));

        static string Squeeze(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("--seeds must be at least 1", "--width", "4", "--seeds", "0")]
    [InlineData("--seeds is for finite nets", "--limit", "--seeds", "3")]
    [InlineData("--seeds takes a whole number, not 'two'", "--width", "4", "--seeds", "two")]
    [InlineData("--steps must be between 0 and 100000000", "--width", "4", "--steps", "-1")]
    [InlineData("--steps takes a whole number, not '1.5'", "--width", "4", "--steps", "1.5")]
    [InlineData("--tolerance takes a number, not 'small'", "--limit", "--tolerance", "small")]
    public void A_value_that_an_option_does_not_take_is_named(string message, params string[] options)
    {
        var run = TpcRun.Of(["run", Example("mlp"), .. options]);
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.StartsWith("error: " + message, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_of_a_program_without_training_are_refused()
    {
        var run = TpcRun.Of("run", Example("wishart"), "--width", "4", "--steps", "3");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("TP0611", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,0,0\n0,1,2\n1,1,1\n", "1,0,1,0,0\n0,1,0,0,1\n1,1,0,1,0\n")]
    public void Cross_entropy_reads_the_number_of_a_class_or_a_column_for_each(string labels, string columns)
    {
        const string Program = """
            network net(x : [2]) {
              width n
              weight W1 : [n, 2]
              weight W2 : [3, n]
              return W2 * tanh(W1 * x)
            }
            parametrization mup
            train { loss cross_entropy optimizer sgd(lr: 1) batch 3 steps 2 }
            """;
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var runs = new[] { labels, columns }.Select((text, i) =>
            {
                var path = Path.Combine(folder.FullName, $"{i}.csv");
                File.WriteAllText(path, text);
                return TpcRun.WithInput(Program, "run", "-", "--width", "8", "--data", path);
            }).ToList();
            Assert.All(runs, run => Assert.Equal(0, run.ExitCode));
            Assert.Equal(runs[0].Output, runs[1].Output);

            var wrong = Path.Combine(folder.FullName, "wrong.csv");
            File.WriteAllText(wrong, "1,0,0\n0,1,3\n");
            var refused = TpcRun.WithInput(Program, "run", "-", "--width", "8", "--data", wrong);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("TP0606", refused.Error, StringComparison.Ordinal);
            Assert.Contains("wrong.csv:2:5", refused.Error, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
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
