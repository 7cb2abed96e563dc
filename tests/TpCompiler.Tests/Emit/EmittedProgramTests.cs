using System.Globalization;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Cli;
using TpCompiler.Tests.Repository;
using TpCompiler.Tests.Verification;

namespace TpCompiler.Tests.Emit;

/// <summary>Emitted programs: their text, and their numbers against those of <c>tpc run</c> from the same initial weights, fp32, ten steps, to 1e-5.</summary>
public sealed class EmittedProgramTests : IDisposable
{
    private static int ports;

    private readonly string folder = Directory.CreateTempSubdirectory("emitted").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("gru", "csharp")]
    [InlineData("mlp", "csharp")]
    [InlineData("linear", "numpy")]
    [InlineData("momentum", "numpy")]
    [InlineData("mlp", "pytorch")]
    [InlineData("omniglot", "pytorch")]
    [InlineData("transformer", "pytorch")]
    [InlineData("convolution", "numpy")]
    [InlineData("wishart", "pytorch")]
    public Task Program_is_as_reviewed(string example, string target)
    {
        var run = TpcRun.Of("compile", Example(example), "--emit", "simulator", "--target", target);
        var settings = new VerifySettings();
        settings.UseDirectory("Programs");
        settings.UseFileName($"{example}_{target}");
        return Verifier.Verify(run.Output, "txt", settings);
    }

    /// <summary>The file has the words of as many steps as tpc runs, and how many words there are, which no array of them says.</summary>
    [PythonFact("torch")]
    public void A_text_and_its_vocabulary_go_into_the_file_of_samples()
    {
        var source = Text();
        File.WriteAllText(Path.Combine(folder, "text.json"), TpcRun.Of("run", source, "--width", "16", "--seed", "3", "--save", Path.Combine(folder, "text.npz"), "--format", "json").Output);
        foreach (var target in new[] { "numpy", "pytorch" })
        {
            Assert.Equal(0, TpcRun.Of("compile", source, "--emit", "simulator", "--target", target, "-o", Path.Combine(folder, $"text_{target}.py")).ExitCode);
            Agree(target, 1, 1);
        }
    }

    /// <summary>Gathers side by side, gathers beside slices and shifts, diagonals, positions as numbers, sums that nothing depends on: what examples hold little of.</summary>
    [PythonFact("torch")]
    public void Arrays_read_at_mixed_positions_are_what_the_simulator_reads()
    {
        const string Text = """
            program reads {
              width n
              axis r = 3
              axis c = 3
              vector x : [r, c, n] ~ normal(0, 1)
              vector y : [c, n] ~ normal(0, 1)
              slice = Moment(x[1] * y)
              moved = sum(r, sum(c, Moment(x[r + 1, c - 1] * y[c] * x)))
              lower = sum(r, sum(r', Moment(y[0] * x[r, 0] * x[r', 1]), r' <= r))
              square = sum(r, Moment(x[r, 0] * erf(y[1])))
              kept = softmax(r, Moment(x * y))
            }
            """;
        foreach (var target in new[] { "numpy", "pytorch" })
        {
            var (source, program, weights) = (Path.Combine(folder, "reads.tp"), Path.Combine(folder, $"reads_{target}.py"), Path.Combine(folder, "reads.npz"));
            File.WriteAllText(source, Text);
            var compiled = TpcRun.Of("compile", source, "--emit", "simulator", "--target", target, "-o", program);
            Assert.True(compiled.ExitCode == 0, compiled.Error);
            File.WriteAllText(Path.Combine(folder, "reads.json"), TpcRun.Of("run", source, "--width", "64", "--seed", "3", "--save", weights, "--format", "json").Output);
            Agree(target, 1, 1);
        }
    }

    /// <summary>
    /// Rates that fall or warm up with t, beside decay, momentum, the norm and outer nonlinearities; slots that are numbers, made of the norm or run through functions; weights that Python has other words for, widths called as a
    /// counter is, an output that the loss doesn't read, a Moment of nothing.
    /// </summary>
    [PythonFact("torch")]
    public void Schedules_numbers_and_names_of_ones_own_are_what_the_simulator_makes_of_them()
    {
        const string Net = "network net(x : [2]) { width n weight U : [n, 2] weight W : [n, n] weight V : [1, n] return V * tanh(W * tanh(U * x)) }";
        string[] programs =
        [
            Train(Net, "mup", "sgd(lr: 0.5 / (1 + t), momentum: 0.9, l2: 0.01, weight_decay: 0.1, clip: 0.3)"),
            Train(Net, "mup", "sgd(lr: 0.2 * exp(-t) + 0.1 * step(2 - t) + min(0.1, (t + 1) / 40))"),
            Train(Net, "mup { all: (c: 1/2) W: (c: 1) }", "adamw(lr: 0.05 / (1 + t), weight_decay: 0.1)"),
            "optimizer mine(lr) { slot c slot k c = 0.5 * c + norm k = 0.5 * k + min(1, k / 3) + 1 w = w - rate * g / (1 + c) - rate * g * exp(-k) }\n" + Train(Net, "mup", "mine(lr: 0.3)"),
            "optimizer warm(lr) { slot r slot m r = 0.5 * r + rate m = 0.9 * m + g w = w - r * sign(m) }\n" + Train(Net, "mup { all: (c: 1/2) W: (c: 1) }", "warm(lr: 0.02)"),
            Train("network Processes(x : [2]) { width t weight in : [t, 2] weight type : [t, t] weight lambda : [1, t] return lambda * tanh(type * tanh(in * x)) }", "mup", "sgd(lr: 0.3)"),
            Train("network two(x : [2]) { width n weight U : [n, 2] weight V : [1, n] weight T : [1, n] h = tanh(U * x) return V * h, T * stop(h) }", "mup", "sgd(lr: 0.3, momentum: 0.5, weight_decay: 0.1, clip: 0.5)").Replace("loss mse", "loss (f1 - y1)^2", StringComparison.Ordinal).Replace("few.csv", "more.csv", StringComparison.Ordinal),
        ];
        File.WriteAllText(Path.Combine(folder, "few.csv"), "0.5,-1,0.25\n1,0.75,-0.5\n-0.3,0.2,1\n");
        File.WriteAllText(Path.Combine(folder, "more.csv"), "0.5,-1,0.25,1\n1,0.75,-0.5,0\n-0.3,0.2,1,0\n");
        foreach (var target in new[] { "numpy", "pytorch" })
        {
            for (var i = 0; i < programs.Length; i++)
            {
                var (source, program, weights) = (Path.Combine(folder, $"own{i}.tp"), Path.Combine(folder, $"own{i}_{target}.py"), Path.Combine(folder, $"own{i}.npz"));
                File.WriteAllText(source, programs[i]);
                var run = TpcRun.Of("run", source, "--width", "16", "--seed", "3", "--save", weights, "--format", "json");
                Assert.True(run.ExitCode == 0, programs[i] + run.Error);
                File.WriteAllText(Path.Combine(folder, $"own{i}.json"), run.Output);
                var compiled = TpcRun.Of("compile", source, "--emit", "simulator", "--target", target, "-o", program);
                Assert.True(compiled.ExitCode == 0, programs[i] + compiled.Error);
            }

            Agree(target, programs.Length, 1);
        }

        string Train(string network, string parametrization, string optimizer) => $"{network}\nparametrization {parametrization}\ntrain {{ data \"few.csv\" loss mse optimizer {optimizer} batch 2 steps 4 }}\n";
    }

    /// <summary>Every row that a network may use, in training, so that derivatives are in it too.</summary>
    [Theory]
    [InlineData("numpy")]
    [InlineData("pytorch")]
    [InlineData("csharp")]
    public void Every_function_of_the_table_can_be_written(string target)
    {
        var source = EveryFunction();
        Assert.Equal((0, string.Empty), TpcRun.Of("compile", source, "--emit", "simulator", "--target", target, "-o", source + ".out") is var run ? (run.ExitCode, run.Error) : default);
    }

    [Fact]
    public void A_simulator_needs_a_target() =>
        Assert.Equal(2, TpcRun.Of("compile", Example("mlp"), "--emit", "simulator").ExitCode);

    /// <summary>From the weights of a file, and from those of the seed. Compiling a file takes seconds: a few examples here, and all of them when <c>TPC_EVERY_EXAMPLE</c> is set.</summary>
    [Fact]
    [Trait("examples", "every")]
    public void CSharp_programs_agree_with_tpc()
    {
        string[] few = ["gru", "sine_tasks", "momentum", "transformer"];
        var every = EmittedCSharp.EveryExample;
        var agreed = 0;
        foreach (var example in EmittedCSharp.Examples.Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal))
        {
            var (program, weights) = (Path.Combine(folder, example + ".cs"), Path.Combine(folder, example + ".npz"));
            if ((every || few.Contains(example))
                && TpcRun.Of("compile", Example(example), "--emit", "simulator", "--target", "csharp", "-o", program) is { ExitCode: 0 }
                && TpcRun.Of(["run", Example(example), "--width", "16", "--seed", "3", "--save", weights, "--format", "json", .. EmittedCSharp.DataFor(example, folder)]) is { ExitCode: 0 } run)
            {
                AssertAgree(example, run.Output, (few.Contains(example) ? EmittedCSharp.Run : (Func<string, string[], string[]>)EmittedCSharp.RunCompiled)(program, [.. EmittedCSharp.OptionsOf(program, ("--width", "16"), ("--data", weights), ("--weights", weights))]));
                agreed++;
            }
        }

        Assert.Equal(every ? EmittedCSharp.Examples.Count() : few.Length, agreed);
        var (all, start) = (Path.Combine(folder, "every.cs"), Path.Combine(folder, "every.npz"));
        var source = EveryFunction();
        Assert.Equal(0, TpcRun.Of("compile", source, "--emit", "simulator", "--target", "csharp", "-o", all).ExitCode);
        AssertAgree("every function", TpcRun.Of("run", source, "--width", "16", "--seed", "3", "--save", start, "--format", "json").Output, EmittedCSharp.RunCompiled(all, "--width", "16", "--data", start, "--seed", "3"));
    }

    [PythonFact("numpy")]
    [Trait("examples", "every")]
    public void NumPy_programs_agree_with_tpc() => Agree("numpy", Emit("numpy"), 1);

    [PythonFact("torch")]
    public void The_table_of_a_transformer_makes_the_features_of_PyTorchs_encoder_move_alike_at_every_width()
    {
        var table = Path.Combine(folder, "table.json");
        File.WriteAllText(table, TpcRun.Of("mup", Example("transformer"), "--optimizer", "adam", "--format", "json").Output);

        var run = PythonFactAttribute.Run(
            PythonFactAttribute.Interpreter("torch")!,
            [Path.Combine(Checkout.Root, "tests", "TpCompiler.Tests", "Emit", "mup_encoder.py"), Path.Combine(Checkout.Root, "examples"), table],
            [])!;

        Assert.True(run.ExitCode == 0, run.Error);
        var slopes = run.Output.Trim().Split(' ').Select(slope => double.Parse(slope, CultureInfo.InvariantCulture)).ToList();
        Assert.InRange(slopes[0], -0.15, 0.15);
        Assert.InRange(slopes[1], -0.25, 0.1);
        Assert.InRange(slopes[2], 0.4, 1.5);
        Assert.InRange(slopes[3], 0.2, 0.6);
    }

    /// <summary>Alone, on two processes that share each batch, and on two that hold each net together.</summary>
    [PythonFact("torch")]
    [Trait("examples", "every")]
    public void PyTorch_programs_agree_with_tpc_on_one_process_and_on_two()
    {
        var count = Emit("pytorch");
        Agree("pytorch", count, 1);
        Agree("pytorch", count, 2, "--shards", "2");

        // Batch normalisation reads all samples, and programs without a network have no batch.
        string[] alone = EmittedCSharp.EveryExample ? ["batchnorm", "batchnorm_kernel", "rnn_process", "sine_tasks", "wishart"] : ["batchnorm", "rnn_process", "sine_tasks"];
        Assert.Equal($"{count - alone.Length} agree, and a batch isn't shared by {string.Join(' ', alone)}", RunPython(2, "run_emitted.py", [folder, "pytorch"]));
    }

    [PythonFact(PythonFactAttribute.Gpu)]
    public void PyTorch_programs_agree_with_tpc_on_a_GPU_in_single_precision_and_in_bfloat16()
    {
        var count = Emit("pytorch");
        Agree("pytorch", count, 1, "--device", "cuda");
        Agree("pytorch", count, 1, "--device", "cuda", "--dtype", "bfloat16");
    }

    [PythonFact("torch")]
    [Trait("examples", "every")]
    public void PyTorch_programs_in_bfloat16_stay_within_its_eight_bits() => Agree("pytorch", Emit("pytorch"), 1, "--dtype", "bfloat16");

    [PythonFact("torch")]
    public void A_sweep_and_a_net_of_a_seed_are_the_same_on_two_processes()
    {
        var (program, data, result) = (Path.Combine(folder, "momentum.py"), Path.Combine(folder, "momentum.npz"), Path.Combine(folder, "spread"));
        Assert.Equal(0, TpcRun.Of("compile", Example("momentum"), "--emit", "simulator", "--target", "pytorch", "-o", program).ExitCode);
        Assert.Equal(0, TpcRun.Of("run", Example("momentum"), "--width", "8", "--save", data).ExitCode);
        Assert.Equal("the same", RunPython(1, "spread_emitted.py", program, data, result));
        Assert.Equal("the same", RunPython(2, "spread_emitted.py", program, data, result));
    }

    [PythonFact("torch")]
    public void The_groups_of_a_module_serve_the_optimizer_of_torch_as_well()
    {
        var (source, program) = (Path.Combine(folder, "decayed.tp"), Path.Combine(folder, "decayed.py"));
        File.WriteAllText(source, File.ReadAllText(Example("adam")).Replace("adam(lr: 0.05, epsilon: 0.001)", "adamw(lr: 0.05, epsilon: 0.001, weight_decay: 0.1)", StringComparison.Ordinal));
        Assert.Equal(0, TpcRun.Of("compile", source, "--emit", "simulator", "--target", "pytorch", "-o", program).ExitCode);
        Assert.Contains("\"weight_decay\": 0.1 * self.n, \"eps\": 0.001 * self.n**-1}", File.ReadAllText(program), StringComparison.Ordinal);
        Assert.Equal("the same", RunPython(1, "groups_emitted.py", program, "Adam_net", "AdamW"));

        File.WriteAllText(source, File.ReadAllText(Example("adam")).Replace("adam(lr: 0.05, epsilon: 0.001)", "sgd(lr: 0.05, momentum: 0.9, l2: 0.1)", StringComparison.Ordinal));
        Assert.Equal(0, TpcRun.Of("compile", source, "--emit", "simulator", "--target", "pytorch", "-o", program).ExitCode);
        Assert.Equal("the same", RunPython(1, "groups_emitted.py", program, "Adam_net", "SGD", "0.9"));
    }

    /// <summary>Coefficients, tasks with adapted matrices, one matrix and its transpose, momentum, lookups: alone, and with the scramblings on two processes.</summary>
    [PythonFact("torch")]
    [Trait("examples", "every")]
    public void PyTorch_evaluators_agree_with_the_limit_of_tpc()
    {
        string[] examples = EmittedCSharp.EveryExample
            ? [.. EmittedCSharp.Examples.Select(path => Path.GetFileNameWithoutExtension(path)!).Except([.. EmittedCSharp.WithoutEvaluator, .. EmittedCSharp.OnPairs, .. EmittedCSharp.Long]).Order(StringComparer.Ordinal)]
            : ["batchnorm_kernel", "momentum", "ntk", "sine_tasks", "tied", "transpose"];
        foreach (var example in examples)
        {
            EmitEvaluator(Example(example), example);
        }

        File.WriteAllText(Path.Combine(folder, "chain.csv"), "1,2,1\n0.5,-1,0.3\n");
        var chain = Path.Combine(folder, "chain.tp");
        File.WriteAllText(chain, """
            network chain(x : [2]) {
              width n
              width m = 2 * n
              weight U : [n, 2]
              weight W : [m, n]
              weight B : [m]
              weight V : [1, m]
              return V * (W * (U * x) + B)
            }
            parametrization mup
            train { data "chain.csv" loss mse optimizer sgd(lr: 0.1, momentum: 0.5) batch 2 steps 4 }
            """);
        EmitEvaluator(chain, "chain");
        EmitEvaluator(Text(), "text");
        var scheduled = Path.Combine(folder, "scheduled.tp");
        File.WriteAllText(scheduled, """
            network scheduled(x : [2]) {
              width n
              weight U : [n, 2]
              weight W : [n, n]
              weight V : [1, n]
              weight D : [1]
              return V * tanh(W * tanh(U * x)) + D
            }
            parametrization mup
            train { data "chain.csv" loss mse optimizer sgd(lr: 0.5 / (1 + t), momentum: 0.5) batch 2 steps 3 }
            """);
        EmitEvaluator(scheduled, "scheduled");
        Assert.Contains("Numbers are right to rounding", File.ReadAllText(Path.Combine(folder, "chain_evaluator.py")), StringComparison.Ordinal);
        Assert.Equal($"{examples.Length + 3} agree", RunPython(1, "run_evaluators.py", folder));
        Assert.Equal($"{examples.Length + 3} agree", RunPython(2, "run_evaluators.py", folder));
    }

    private void EmitEvaluator(string source, string name)
    {
        var compiled = TpcRun.Of("compile", source, "--emit", "evaluator", "--target", "pytorch", "-o", Path.Combine(folder, name + "_evaluator.py"));
        Assert.True(compiled.ExitCode == 0, compiled.Error);
        File.WriteAllText(Path.Combine(folder, name + ".limit.json"), TpcRun.Of("run", source, "--limit", "--points", "1024", "--save", Path.Combine(folder, name + ".npz"), "--format", "json").Output);
    }

    [Fact]
    public Task Evaluator_in_PyTorch_is_as_reviewed()
    {
        var settings = new VerifySettings();
        settings.UseDirectory("Programs");
        settings.UseFileName("mlp_evaluator_pytorch");
        return Verifier.Verify(TpcRun.Of("compile", Example("mlp"), "--emit", "evaluator", "--target", "pytorch").Output, "txt", settings);
    }

    /// <summary>Words that predict the next one, from a text of fifteen.</summary>
    private string Text()
    {
        var random = new Random(5);
        string[] words = ["the", "cat", "dog", "sat", "on", "mat", "a", "red", "blue", "house", "tree", "ran", "fast", "slow", "bird"];
        File.WriteAllText(Path.Combine(folder, "text.txt"), string.Join(' ', Enumerable.Range(0, 2000).Select(_ => words[random.Next(words.Length)])));
        var path = Path.Combine(folder, "text.tp");
        File.WriteAllText(path, """
            network cbow(context : [place], share : [place], word) {
              width n
              axis place = 4
              axis words
              weight U : [n, words]
              weight W : [n, words]
              h = sum(place, share[place] * U[context[place]])
              return Moment(W[word] * h)
            }
            parametrization mup
            step sampling(context : [place], share : [place], target : [draw], label : [draw], drawn : [draw]) {
              axis draw = 3
              loss = sum(batch, sum(draw, drawn[draw] * logistic(cbow(context, share, target[draw]), label[draw])))
              U = U - 0.05 * grad(loss, U)
              W = W - 0.05 * grad(loss, W)
              return loss
            }
            train { data text "text.txt" min_count 2 batch 2 steps 5 }
            """);
        return path;
    }

    private static string Example(string name) => Path.Combine(Checkout.Root, "examples", name + ".tp");

    /// <summary>A network that sums every row of the table of nonlinearities that a network may use, and one function that is written in others.</summary>
    private string EveryFunction()
    {
        var functions = Nonlinearities.Rows.Where(row => row.Growth.IsPolynomial && row.Domain == Domain.Real).Select(row => row.Name + "(h)").Append("gabor(h)");
        var path = Path.Combine(folder, "every_function.tp");
        File.WriteAllText(Path.Combine(folder, "every.csv"), "0.5,-1,0.25\n1,0.75,-0.5\n");
        File.WriteAllText(path, $$"""
            network every(x : [2]) {
              width n
              weight U : [n, 2]
              weight V : [1, n]
              h = U * x
              return V * ({{string.Join(" + ", functions)}})
            }
            parametrization mup
            train { data "every.csv" loss mse optimizer sgd(lr: 1/500) batch 2 steps 3 }
            """);
        return path;
    }

    /// <summary>
    /// Examples that the target can say and that have data or need none, a few or, when <c>TPC_EVERY_EXAMPLE</c> is set, all: the program, tpc's numbers, the weights and samples. How many there are.
    /// </summary>
    private int Emit(string target)
    {
        string[] few = ["adam", "attention_sqrt", "batchnorm", "convolution", "feedback_alignment", "momentum", "posterior", "rnn_process", "sine_tasks", "tied", "transformer"];
        var every = EmittedCSharp.EveryExample;
        var count = 0;
        foreach (var source in EmittedCSharp.Examples.Order(StringComparer.Ordinal).Append(EveryFunction()))
        {
            var example = Path.GetFileNameWithoutExtension(source);
            var program = Path.Combine(folder, $"{example}_{target}.py");
            var weights = Path.Combine(folder, example + ".npz");
            if ((every || few.Contains(example) || example == "every_function")
                && TpcRun.Of("compile", source, "--emit", "simulator", "--target", target, "-o", program) is { ExitCode: 0 }
                && TpcRun.Of("run", source, "--width", "64", "--seed", "3", "--save", weights, "--format", "json") is { ExitCode: 0 } run)
            {
                File.WriteAllText(Path.Combine(folder, example + ".json"), run.Output);
                count++;
            }
            else
            {
                File.Delete(program);
            }
        }

        Assert.Equal((every ? EmittedCSharp.Examples.Count() : few.Length) + 1, count);
        return count;
    }

    private void Agree(string target, int count, int processes, params string[] options) => Assert.Equal($"{count} agree", RunPython(processes, "run_emitted.py", [folder, target, .. options]));

    /// <summary>The last words of the first of several processes that run a script of the tests.</summary>
    private static string RunPython(int processes, string script, params string[] arguments)
    {
        var python = PythonFactAttribute.Interpreter("torch") ?? PythonFactAttribute.Interpreter("numpy")!;
        var port = 20000 + (Environment.ProcessId % 20000) + Interlocked.Add(ref ports, 100);
        var running = Enumerable.Range(0, processes).Select(rank => PythonFactAttribute.Start(
            python,
            [Path.Combine(Checkout.Root, "tests", "TpCompiler.Tests", "Emit", script), .. arguments],
            processes == 1 ? [] : Rendezvous(rank, processes, port))).ToList();
        var (runs, open) = (running.Select(process => Task.Run(() => PythonFactAttribute.Finish(process))).ToList(), new List<Task<PythonRun>>());
        for (open.AddRange(runs); open.Count > 0;)
        {
            var first = open[Task.WaitAny([.. open])];
            open.Remove(first);
            if (first.Result.ExitCode != 0)
            {
                // The others would wait for it for ever.
                running.Where(process => !process.HasExited).ToList().ForEach(process => process.Kill());
                Task.WaitAll([.. open]);
                Assert.Fail(first.Result.Error);
            }
        }

        running.ForEach(process => process.Dispose());
        return runs[0].Result.Output.Trim();
    }

    private static void AssertAgree(string example, string json, string[] lines)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        var found = lines.Select(line => line.Split(' ')).ToLookup(words => words[0]);
        foreach (var output in document.RootElement.GetProperty("outputs").EnumerateArray())
        {
            var (name, iteration) = (output.GetProperty("name").GetString()!, output.GetProperty("iteration").EnumerateArray().Select(t => t.GetInt32()).ToList());
            var words = iteration.Count == 0 ? found[name].Single() : found[name].ElementAt(iteration[0]);
            var numbers = words.Skip(iteration.Count == 0 ? 1 : 2).Select(word => double.Parse(word, CultureInfo.InvariantCulture)).ToList();
            var expected = output.GetProperty("values").EnumerateArray().Select(value => value.GetDouble()).ToList();
            Assert.Equal(expected.Count, numbers.Count);
            Assert.All(expected.Zip(numbers), pair =>
                Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-5 * Math.Max(1, Math.Abs(pair.First)), $"{example}: {name} at {string.Join(',', iteration)} is {pair.Second}, and tpc says {pair.First}"));
        }
    }

    private static Dictionary<string, string> Rendezvous(int rank, int world, int port) => new()
    {
        ["RANK"] = rank.ToString(CultureInfo.InvariantCulture),
        ["WORLD_SIZE"] = world.ToString(CultureInfo.InvariantCulture),
        ["MASTER_ADDR"] = "127.0.0.1",
        ["OMP_NUM_THREADS"] = "1",
        ["MASTER_PORT"] = port.ToString(CultureInfo.InvariantCulture),
    };
}
