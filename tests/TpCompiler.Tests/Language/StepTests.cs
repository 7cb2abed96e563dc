using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Simulation;
using TpCompiler.Tests.Ir;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Language;

/// <summary>Steps written out in the language.</summary>
public sealed class StepTests
{
    private const string Mlp = """
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

    private const string SecondOrder = """
        step maml(x : [shot, 2], u : [shot, 2], y : [shot], v : [shot]) {
          axis shot = 2
          inner  = mean(shot, mse(mlp(x), y))
          fast   = params - 0.7 * grad(inner, params)
          f      = mlp(u; fast)
          outer  = mean(batch, mean(shot, mse(f, v)))
          params = params - 0.5 * grad(outer, params)
          return f, outer
        }
        train { batch 3 steps 2 }
        """;

    [Theory]
    [InlineData("sgd(lr: 0.5)", "", "params = params - 0.5 * grad(loss, params)")]
    [InlineData("sgd(lr: 1 / (2 + t))", "", "params = params - 1 / (2 + t) * grad(loss, params)")]
    [InlineData("sgd(lr: 0.5, momentum: 0.9, weight_decay: 0.1)", "slot m", "m = 0.9 * m + grad(loss, params) params = (1 - 0.5 * 0.1) * params - 0.5 * m")]
    public void An_optimizer_written_out_is_the_same_program(string optimizer, string slots, string update)
    {
        var named = Compile($"{Mlp} train {{ loss mse optimizer {optimizer} batch 4 steps 5 }}");
        var written = Compile($"{Mlp} step plain(x : [2], y) {{ {slots} f = mlp(x) loss = mean(batch, mse(f, y)) {update} }} train {{ batch 4 steps 5 }}");

        // The optimizer goes weight by weight, the step line by line: the same instructions, perhaps in another order.
        Assert.Equal(Lines(named), Lines(written));

        static IEnumerable<string> Lines(TensorProgram program) => ProgramPrinter.Print(program).Split('\n').Order(StringComparer.Ordinal);
    }

    private const string TwoHeads = """
        network two(x : [2]) {
          width n
          weight W : [n, 2]
          weight V : [1, n]
          h = tanh(W * x)
          return V * h, Moment(h^2)
        }
        parametrization mup

        """;

    [Fact]
    public void Every_output_of_a_network_has_a_name_in_a_step()
    {
        var program = Compile(TwoHeads + "step s(x : [2], y) { f, g = two(x) loss = mean(batch, mse(f, y) + g) params = params - 0.5 * grad(loss, params) return loss } train { batch 4 steps 5 }");
        var sum = Compile(TwoHeads.Replace("V * h, Moment(h^2)", "V * h", StringComparison.Ordinal) + "step s(x : [2], y) { f = two(x) loss = mean(batch, mse(f, y)) params = params - 0.5 * grad(loss, params) return loss } train { batch 4 steps 5 }");
        Assert.NotEqual(ProgramPrinter.Print(program), ProgramPrinter.Print(sum));
        Assert.Single(program.Body.Definitions(), definition => definition.Name == "g");
    }

    [Fact]
    public void What_two_runs_of_a_network_have_in_common_is_computed_once()
    {
        var program = Compile(TwoHeads + "step s(x : [2], y) { f, g = two(x) other, more = two(x) loss = mean(batch, mse(f, y) + mse(other, y) + g + more) params = params - 0.5 * grad(loss, params) return loss } train { batch 4 steps 5 }");
        Assert.Single(program.Body.Instructions(), instruction => instruction is Instruction.Nonlin { Body: TpCompiler.Symbolics.Expr.Call { Function: "tanh", Derivative: 0 } });
    }

    [Theory]
    [InlineData("f = two(x) loss = mean(batch, f)", "TP0203")]
    [InlineData("f, g, k = two(x) loss = mean(batch, f)", "TP0203")]
    [InlineData("f, f = two(x) loss = mean(batch, f)", "TP0202")]
    [InlineData("f, g = 2 loss = mean(batch, f)", "TP0203")]
    public void Names_that_do_not_fit_the_outputs_are_refused(string lines, string code)
    {
        var compilation = Compilation.Compile(new SourceText("two.tp", $"{TwoHeads} step s(x : [2], y) {{ {lines} params = params - 0.5 * grad(loss, params) }} train {{ batch 4 steps 5 }}"));
        Assert.Contains(code, compilation.Diagnostics.Select(diagnostic => diagnostic.Descriptor.Code));
    }

    [Fact]
    public void A_second_name_on_the_left_is_for_steps()
    {
        var compilation = Compilation.Compile(new SourceText("two.tp", "program p {\n width n\n vector a : [n] ~ normal(0, 1)\n b, c = tanh(a)\n m = Moment(b)\n}"));
        Assert.Contains("TP0902", compilation.Diagnostics.Select(diagnostic => diagnostic.Descriptor.Code));
    }

    [Fact]
    public void A_fixed_random_matrix_is_drawn_once_and_each_step_reads_the_same()
    {
        var program = Compile("""
            network mlp(x : [2]) {
              width n
              matrix B : [n, n] ~ normal(0, 1/n)
              weight W1 : [n, 2]
              weight W2 : [1, n]
              x1 = tanh(W1 * x)
              return W2 * tanh(B * x1)
            }
            parametrization mup
            train { loss mse optimizer sgd(lr: 0.5) batch 2 steps 3 }
            """);

        Assert.Single(program.Body.OfType<Instruction.Gaussian>(), gaussian => gaussian.Result.Name == "B");
        Assert.DoesNotContain(program.Body.OfType<Loop>().Single().Body, statement => statement is Instruction.Gaussian);

        // The same net with the matrix as a weight of rate 0 gives the same numbers.
        var asWeight = Compile("""
            network mlp(x : [2]) {
              width n
              weight W1 : [n, 2]
              weight B : [n, n]
              weight W2 : [1, n]
              x1 = tanh(W1 * x)
              return W2 * tanh(B * x1)
            }
            parametrization mup
            step s(x : [2], y) { f = mlp(x) loss = mean(batch, mse(f, y)) W1 = W1 - 0.5 * grad(loss, W1) W2 = W2 - 0.5 * grad(loss, W2) }
            train { batch 2 steps 3 }
            """);
        NaiveInterpreter.Entry numbers = (instruction, iteration, indices) =>
            NaiveInterpreter.Seeded(5)(instruction with { Result = instruction.Result with { Name = instruction.Result.Name.Replace("_0", "", StringComparison.Ordinal) } }, iteration, indices);
        var (fixedly, untrained) = (NaiveInterpreter.Run(program, 6, numbers), NaiveInterpreter.Run(asWeight, 6, numbers));
        Assert.Equal(untrained.Series("loss"), fixedly.Series("loss"), (x, y) => Math.Abs(x - y) < 1e-13);
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("adam")]
    public void The_maximal_update_of_a_written_step_is_that_of_its_network(string optimizer)
    {
        var written = Cli.TpcRun.WithInput($"{Mlp} step s(x : [2], y) {{ f = mlp(x) loss = mean(batch, mse(f, y)) params = params - 0.1 * min(1, 1 / norm(grad(loss, params))) * grad(loss, params) }} train {{ batch 2 steps 3 }}", "mup", "-", "--optimizer", optimizer);
        var plain = Cli.TpcRun.WithInput($"{Mlp} train {{ loss mse optimizer sgd(lr: 0.1) batch 2 steps 3 }}", "mup", "-", "--optimizer", optimizer);

        Assert.Equal("", written.Error);
        Assert.Equal(plain.Output, written.Output);
    }

    [Fact]
    public void Clipping_written_out_gives_the_numbers_of_the_optimizer()
    {
        var named = Compile($"{Mlp} train {{ loss mse optimizer sgd(lr: 0.5, clip: 0.2) batch 4 steps 5 }}");
        var written = Compile($"{Mlp} step plain(x : [2], y) {{ f = mlp(x) loss = mean(batch, mse(f, y)) g = grad(loss, params) params = params - 0.5 * min(1, 0.2 / norm(g)) * g return f, loss }} train {{ batch 4 steps 5 }}");
        AssertClose(NaiveInterpreter.Run(named, 6, NaiveInterpreter.Seeded(3)).Series("loss"), NaiveInterpreter.Run(written, 6, NaiveInterpreter.Seeded(3)).Series("loss"));
    }

    [Theory]
    [InlineData("tanh")]
    [InlineData("sin")]
    public void A_gradient_through_an_inner_step_equals_finite_differences(string phi)
    {
        const int Width = 4;
        var program = Compile(Mlp.Replace("tanh", phi, StringComparison.Ordinal) + SecondOrder.Replace("steps 2", "steps 0", StringComparison.Ordinal));
        AssertDerivatives(program, Width, "outer", 0.5);
    }

    [Fact]
    public void Two_inner_steps_are_differentiated_through()
    {
        var source = SecondOrder.Replace("f      = mlp(u; fast)", "again = fast - 0.3 * grad(mean(shot, mse(mlp(x; fast), y)), fast) f = mlp(u; again)", StringComparison.Ordinal);
        var program = Compile(Mlp + source.Replace("steps 2", "steps 0", StringComparison.Ordinal));
        AssertDerivatives(program, 3, "outer", 0.5);
    }

    [Fact]
    public void First_order_is_second_order_with_the_inner_gradient_stopped()
    {
        var stopped = Compile(Mlp + SecondOrder.Replace("grad(inner, params)", "stop(grad(inner, params))", StringComparison.Ordinal));
        var first = Compile(Mlp + SecondOrder.Replace("grad(outer, params)", "mean(batch, grad(mean(shot, mse(f, v)), fast))", StringComparison.Ordinal));
        var second = Compile(Mlp + SecondOrder);
        double[][] runs = [.. new[] { stopped, first, second }.Select(program => NaiveInterpreter.Run(program, 5, NaiveInterpreter.Seeded(4)).Series("outer"))];
        AssertClose(runs[0], runs[1]);
        Assert.True(Math.Abs(runs[0][2] - runs[2][2]) > 1e-5);
    }

    [Fact]
    public void Tasks_of_a_batch_adapt_as_each_would_alone()
    {
        var together = Compile(Mlp + SecondOrder);
        var alone = Compile(Mlp + SecondOrder.Replace("batch 3", "batch 1", StringComparison.Ordinal));
        var source = NaiveInterpreter.Seeded(7);
        var all = NaiveInterpreter.Run(together, 5, source);
        for (var task = 0; task < 3; task++)
        {
            var shift = task;
            var one = NaiveInterpreter.Run(alone, 5, (instruction, iteration, indices) =>
                source(instruction, iteration, instruction is Instruction.Data ? [indices[0] + shift, .. indices.Skip(1)] : indices));
            Assert.Equal(one.Reported["f"][0][0, 1], all.Reported["f"][0][task, 1], 1e-12);
        }
    }

    [Fact]
    public void The_mean_of_adapted_weights_is_a_step_towards_them()
    {
        // Reptile with rate e: params + e (mean(fast) − params) is gradient descent at e · 0.7 with the mean of the tasks' gradients.
        var reptile = Compile(Mlp + SecondOrder.Replace("params = params - 0.5 * grad(outer, params)", "params = params + 0.5 * (mean(batch, fast) - params)", StringComparison.Ordinal));
        var descent = Compile(Mlp + SecondOrder.Replace("params = params - 0.5 * grad(outer, params)", "params = params - 0.35 * mean(batch, grad(inner, params))", StringComparison.Ordinal));
        AssertClose(NaiveInterpreter.Run(reptile, 5, NaiveInterpreter.Seeded(4)).Series("outer"), NaiveInterpreter.Run(descent, 5, NaiveInterpreter.Seeded(4)).Series("outer"));
    }

    [Fact]
    public void Weights_that_a_step_does_not_assign_stay_as_they_are()
    {
        var program = Compile(Mlp + "step head(x : [2], y) { f = mlp(x) loss = mean(batch, mse(f, y)) W3 = W3 - 0.5 * grad(loss, W3) } train { batch 4 steps 5 }");
        Assert.Equal(["W3"], program.Parameters.Where(parameter => parameter.Trained).Select(parameter => parameter.Name));
        Assert.Equal(["W3"], program.Body.OfType<Loop>().Single().Carried.Select(carried => carried.State.Name));
    }

    [Fact]
    public void Adapted_programs_read_back_as_they_were_printed()
    {
        var program = Compile(Mlp + SecondOrder);
        Assert.Equal(["W1_fast", "W2_fast", "W3_fast"], program.Adapted);
        Assert.Equal(program, ProgramReader.Read(new SourceText("printed", ProgramPrinter.Print(program)), []));
    }

    [Fact]
    public void Finite_nets_that_learn_to_learn_approach_their_limit_with_the_width()
    {
        var program = Compile(Mlp + SecondOrder);
        var limit = LimitEvaluator.Evaluate(LimitProgram.Of(program).Program!, new Waves(), new LimitSettings { Tolerance = 1e-3 })
            .Records.Where(record => record.Name == "f").SelectMany(record => record.Values).Select(value => value.Value).ToArray();
        Assert.Equal(3 * 3 * 2, limit.Length);
        const int Seeds = 24;
        int[] widths = [64, 256, 1024];
        var distances = widths.Select(width => Math.Log(Math.Sqrt(Enumerable.Range(0, Seeds).Average(seed =>
            new Simulator<float>(program, width, (ulong)seed, new()).Run(new Waves()).Records.Where(record => record.Name == "f").SelectMany(record => record.Values)
                .Zip(limit, (x, y) => (x - y) * (x - y)).Average())))).ToArray();
        var x = widths.Select(width => Math.Log(width)).ToArray();
        var slope = x.Zip(distances, (p, q) => (p - x.Average()) * (q - distances.Average())).Sum() / x.Sum(p => (p - x.Average()) * (p - x.Average()));
        Assert.InRange(slope, -0.6, -0.4);
    }

    [Theory]
    [InlineData("TP0207", "grad([|params|], params)")]
    [InlineData("TP0207", "grad(loss, [|f|])")]
    [InlineData("TP0207", "grad(loss, [|g|])")]
    [InlineData("TP0201", "grad(loss, [|parms|])")]
    [InlineData("TP0206", "grad(loss, [|later|])")]
    [InlineData("TP0405", "[|grad(mean(batch, y), params)|]")]
    [InlineData("TP0208", "[|grad(loss)|]")]
    [InlineData("TP0207", "params + [|1|]")]
    public void A_gradient_of_something_else_is_an_error_with_a_place(string code, string right) =>
        AssertError(code, $"f = mlp(x) loss = mean(batch, mse(f, y)) g = grad(loss, params) params = params - {right} later = params - g");

    [Theory]
    [InlineData("TP0203", "[|params = params - grad(mse(f, y), params)|]")]
    [InlineData("TP0203", "[|W1 = W2|]")]
    [InlineData("TP0207", "params = [|loss|]")]
    [InlineData("TP0207", "h = [|tanh(params)|] params = params - g")]
    [InlineData("TP0207", "h = mlp(x; [|f|]) params = params - g")]
    [InlineData("TP0203", "h = mlp([|y|]) params = params - g")]
    [InlineData("TP0206", "h = mlp([|later|]) later = 1 * f params = params - g")]
    [InlineData("TP0202", "[|f|] = 1 * loss params = params - g")]
    [InlineData("TP0306", "params = params - g } train { [|loss|] mse steps 3")]
    public void A_step_that_makes_no_sense_is_an_error_with_a_place(string code, string update) =>
        AssertError(code, $"f = mlp(x) loss = mean(batch, mse(f, y)) g = grad(loss, params) {update}");

    [Fact]
    public void A_step_that_trains_nothing_is_an_error() => AssertError("TP0313", "f = mlp(x)", name: "[|plain|]");

    private static void AssertError(string code, string body, string name = "plain")
    {
        var train = body.Contains("train {", StringComparison.Ordinal) ? "" : "train { steps 3 ";
        var marked = $"{Mlp}\nstep {name}(x : [2], y) {{ {body} }} {train}" + (train.Length > 0 ? "}" : "");
        var start = marked.IndexOf("[|", StringComparison.Ordinal);
        var end = marked.IndexOf("|]", StringComparison.Ordinal) - 2;
        var source = marked.Replace("[|", "", StringComparison.Ordinal).Replace("|]", "", StringComparison.Ordinal);
        var diagnostic = Compilation.Compile(new SourceText("step.tp", source)).Diagnostics.First();
        Assert.Equal((code, source[start..end]), (diagnostic.Code, source.Substring(diagnostic.Location!.Span.Start, diagnostic.Location.Span.Length)));
    }

    /// <summary>−(w₁ − w₀)/(rate n^{-c}) is the derivative of the output at the start, entry by entry; a weight is its standard normal times its deviation.</summary>
    private static void AssertDerivatives(TensorProgram program, int width, string output, double rate)
    {
        const double H = 1e-5;
        var source = NaiveInterpreter.Seeded(1);
        var start = NaiveInterpreter.Run(program, width, source);
        foreach (var parameter in program.Parameters)
        {
            var (before, after) = (start.Values[parameter.Initial], start.Values[parameter.Name + "_next"]);
            var deviation = Math.Pow(width, -parameter.B.ToDouble());
            for (var k = 0; k < before.Data.Length; k++)
            {
                var derivative = -(after.Data[k] - before.Data[k]) / rate * Math.Pow(width, parameter.C.ToDouble());
                Assert.Equal((At(k, H) - At(k, -H)) / (2 * H * deviation), derivative, 1e-7);
            }

            double At(int entry, double by)
            {
                var count = 0;
                return NaiveInterpreter.Run(program, width, (instruction, iteration, indices) =>
                    source(instruction, iteration, indices) + (instruction.Result.Name == parameter.Initial && count++ == entry ? by : 0)).Series(output)[0];
            }
        }
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-12);
        }
    }

    private static TensorProgram Compile(string text)
    {
        var compilation = Compilation.Compile(new SourceText("step.tp", text));
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        Assert.Empty(ProgramVerifier.Verify(compilation.TrainingProgram!, "lower").Select(d => d.ToString()));
        return compilation.TrainingProgram!;
    }

    private sealed class Waves : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var i = 0; i < destination.Span.Length; i++)
            {
                destination.Span[i] = Math.Sin((field[0] - 'a') + (1.7 * i));
            }
        }
    }
}
