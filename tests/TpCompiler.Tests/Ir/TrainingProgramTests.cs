using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Ir;

/// <summary>Training programs against steps written by hand over dense arrays.</summary>
public class TrainingProgramTests
{
    private const int Width = 5;
    private const int Inputs = 2;
    private const int Batch = 3;

    public static TheoryData<string, double, double, double> Optimizers => new()
    {
        { "mup", 0, 0, 0 },
        { "ntk", 0.5, 0, 0 },
        { "mup", 0, 0.125, 0 },
        { "mup", 0.75, 0.25, 0 },
        { "mup", 0.75, 0.25, 0.125 },
        { "standard", 0, 0, 0.125 },
        { "standard", 0.5, 0.125, 0.125 },
    };

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Steps_of_sgd_with_momentum_decay_and_clipping_equal_dense_updates(string parametrization, double momentum, double decay, double clip)
    {
        const int Steps = 4;
        var perLayer = parametrization switch
        {
            "mup" => SampleNetworks.Mup(2),
            "ntk" => SampleNetworks.Ntk(2),
            _ => SampleNetworks.Standard(2, Rational.Half),
        };
        var (network, plan) = SampleNetworks.Mlp(
            2, "tanh", perLayer, Inputs, Batch, steps: Steps, rate: Rational.Half, momentum: OrNull(momentum), decay: OrNull(decay), clip: OrNull(clip));
        var program = TrainingProgram.Of(network, plan);
        var source = NaiveInterpreter.Seeded(1);
        var run = NaiveInterpreter.Run(program, Width, source);
        var expected = Dense(perLayer, source, Steps, 0.5, momentum, decay, clip);

        Assert.Equal(Steps + 1, run.Reported["f"].Count);
        for (var t = 0; t <= Steps; t++)
        {
            for (var b = 0; b < Batch; b++)
            {
                Assert.Equal(expected[t][b], run.Reported["f"][t][b], 1e-12);
            }
        }

        // Clipping must have had something to do.
        if (clip > 0)
        {
            var free = Dense(perLayer, source, Steps, 0.5, momentum, decay, 0);
            Assert.True(Math.Abs(free[Steps][0] - expected[Steps][0]) > 1e-3);
        }

        static Rational? OrNull(double value) => value == 0 ? null : new Rational((int)(value * 8), 8);
    }

    [Fact]
    public void Momentum_zero_makes_no_slots()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), Inputs, Batch);
        var rule = new UpdateRule("sgd", ["m"], [new("m", Expr.Of("g")), new("w", Expr.Of("w") - (Expr.Of("rate") * Expr.Of("m")))]);
        var loop = TrainingProgram.Of(network, plan with { Rule = rule }).Body.OfType<Loop>().Single();
        Assert.Equal(["W1", "W2", "W3"], loop.Carried.Select(carried => carried.State.Name));
    }

    [Fact]
    public void The_update_of_a_hidden_matrix_is_itself_and_one_outer_factor()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), Inputs, Batch);
        var update = TrainingProgram.Of(network, plan).Body.Instructions().OfType<Instruction.MatrixSum>().Single();
        Assert.Equal(
            [
                new MatrixTerm.Scaled(1, new Expr.Reference("W2", [])),
                new MatrixTerm.Outer(-Rational.Half, [new IndexBinder("b", "batch")], new Expr.Reference("dh2", ["b"]), new Expr.Reference("x1", ["b"])),
            ],
            update.Terms);
    }

    [Fact]
    public void An_evaluation_set_sees_the_weights_of_the_same_step()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), Inputs, Batch, steps: 3);
        IndexBinder[] indices = [new("b", "test"), new("i", "input")];

        // The same inputs as the training set, under another name and axis.
        var set = new EvaluationSet(new Axis("test", Batch), [new Instruction.Data(new Definition("x_test", [.. indices], []), "x")]);
        var program = TrainingProgram.Of(network, plan with { Evaluation = set });
        var run = NaiveInterpreter.Run(program, Width, NaiveInterpreter.Seeded(3));
        Assert.Equal(["f", "loss", "f_test"], program.Outputs);
        Assert.Equal(run.Series("f", 1), run.Series("f_test", 1));
        Assert.Equal(4, run.Series("f", 1).Distinct().Count());
    }

    [Fact]
    public void A_matrix_update_that_is_not_linear_in_the_weight_is_refused()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), Inputs, Batch);
        var rule = new UpdateRule("sign", [], [new("w", Expr.Of("w") - (Expr.Of("rate") * Expr.Apply("sign", Expr.Of("w"))))]);
        DiagnosticBag diagnostics = [];
        TrainingProgram.Of(network, plan with { Rule = rule }, diagnostics);
        Assert.Contains("`W2`", Assert.Single(diagnostics).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_forward_program_gives_the_first_outputs_of_training()
    {
        var (network, plan) = SampleNetworks.Mlp(3, "relu", SampleNetworks.Ntk(3), Inputs, Batch, outputs: 2, biases: true);
        NaiveInterpreter.Entry source = (instruction, iteration, indices) => NaiveInterpreter.Seeded(5)(
            instruction with { Result = instruction.Result with { Name = instruction.Result.Name.Replace("_0", string.Empty, StringComparison.Ordinal) } }, iteration, indices);
        var forward = NaiveInterpreter.Run(ForwardProgram.Of(network), Width, source);
        var training = NaiveInterpreter.Run(TrainingProgram.Of(network, plan), Width, source);
        Assert.Equal(forward.Values["f"].Data, training.Reported["f"][0].Data);
    }

    /// <summary>Two hidden layers of tanh, one output, ½(f − y)² averaged over the batch.</summary>
    private static List<double[]> Dense(
        IReadOnlyList<(Rational A, Rational B, Rational C)> abc, NaiveInterpreter.Entry source, int steps, double rate, double momentum, double decay, double clip)
    {
        const int N = Width;
        double Gauss(string name, double b, params int[] at) =>
            Math.Pow(N, -b) * source(new Instruction.Gaussian(new Definition(name, [], []), 1), [], [.. at]);
        double Data(string name, params int[] at) => source(new Instruction.Data(new Definition(name, [], []), name), [], [.. at]);
        double A(int layer) => Math.Pow(N, -abc[layer - 1].A.ToDouble());

        var w1 = Fill(Inputs, (i, alpha) => Gauss("W1_0", abc[0].B.ToDouble(), i, alpha));
        var w2 = Fill(N, (alpha, beta) => Gauss("W2_0", abc[1].B.ToDouble(), alpha, beta));
        var w3 = Fill(1, (_, alpha) => Gauss("W3_0", abc[2].B.ToDouble(), alpha));
        var m1 = Fill(Inputs, (_, _) => 0);
        var m2 = Fill(N, (_, _) => 0);
        var m3 = Fill(1, (_, _) => 0);
        var series = new List<double[]>();
        for (var t = 0; ; t++)
        {
            var g1 = Fill(Inputs, (_, _) => 0);
            var g2 = Fill(N, (_, _) => 0);
            var g3 = Fill(1, (_, _) => 0);
            var f = new double[Batch];
            for (var b = 0; b < Batch; b++)
            {
                double[] x1 = [.. Enumerable.Range(0, N).Select(a => Math.Tanh(A(1) * Enumerable.Range(0, Inputs).Sum(i => w1[i][a] * Data("x", b, i))))];
                double[] x2 = [.. Enumerable.Range(0, N).Select(a => Math.Tanh(A(2) * Enumerable.Range(0, N).Sum(c => w2[a][c] * x1[c])))];
                f[b] = A(3) * Enumerable.Range(0, N).Sum(a => w3[0][a] * x2[a]);
                var chi = (f[b] - Data("y", b)) / Batch;
                double[] dh2 = [.. Enumerable.Range(0, N).Select(a => (1 - (x2[a] * x2[a])) * A(3) * w3[0][a] * chi)];
                double[] dh1 = [.. Enumerable.Range(0, N).Select(c => (1 - (x1[c] * x1[c])) * A(2) * Enumerable.Range(0, N).Sum(a => w2[a][c] * dh2[a]))];
                for (var a = 0; a < N; a++)
                {
                    g3[0][a] += A(3) * x2[a] * chi;
                    for (var c = 0; c < N; c++)
                    {
                        g2[a][c] += A(2) * dh2[a] * x1[c];
                    }

                    for (var i = 0; i < Inputs; i++)
                    {
                        g1[i][a] += A(1) * dh1[a] * Data("x", b, i);
                    }
                }
            }

            series.Add(f);
            if (t == steps)
            {
                return series;
            }

            double[][][] gradients = [g1, g2, g3];
            var norm = Math.Sqrt(gradients.Select((g, layer) => Math.Pow(N, -abc[layer].C.ToDouble()) * g.Sum(row => row.Sum(entry => entry * entry))).Sum());
            var scale = clip > 0 ? Math.Min(1, clip / norm) : 1;
            Step(w1, m1, g1, 0);
            Step(w2, m2, g2, 1);
            Step(w3, m3, g3, 2);

            void Step(double[][] w, double[][] m, double[][] g, int layer)
            {
                var eta = rate * Math.Pow(N, -abc[layer].C.ToDouble());
                for (var i = 0; i < w.Length; i++)
                {
                    for (var j = 0; j < N; j++)
                    {
                        m[i][j] = (momentum * m[i][j]) + (scale * g[i][j]);
                        w[i][j] = ((1 - (rate * decay)) * w[i][j]) - (eta * m[i][j]);
                    }
                }
            }
        }

        static double[][] Fill(int rows, Func<int, int, double> entry) =>
            [.. Enumerable.Range(0, rows).Select(i => (double[])[.. Enumerable.Range(0, N).Select(j => entry(i, j))])];
    }
}
