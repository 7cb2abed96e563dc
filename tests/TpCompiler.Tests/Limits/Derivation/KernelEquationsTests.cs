using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Tests.Limits.Derivation;

public class KernelEquationsTests
{
    [Theory]
    [InlineData("width m = 2 * n\n weight W1 : [m, 2]\n weight W2 : [n, m]\n weight W3 : [1, n]\n x1 = relu(W1 * x)\n x2 = relu(W2 * x1)\n return W3 * x2", 1.5)]
    [InlineData("width m = 3 * n\n weight W1 : [n, 2]\n weight W2 : [m, n]\n weight W3 : [1, m]\n x1 = relu(W1 * x)\n x2 = relu(W2 * x1)\n return W3 * x2", 2.25)]
    public void Kernel_with_other_widths_is_the_squared_gradient_of_a_wide_net(string body, double expected)
    {
        var compilation = Compile(body, "ntk", "lr: 1/10", batch: 1);
        const int Width = 120;
        const int Seeds = 16;
        var program = WithSteps(compilation.TrainingProgram!, 1);
        var samples = Enumerable.Range(0, Seeds).Select(seed =>
        {
            var run = NaiveInterpreter.Run(program, Width, (instruction, _, at) => instruction is Instruction.Data { Field: var field } ? (field == "y" ? 5 : at[^1] == 0 ? 0.6 : 0.8) : Normal(seed, instruction.Result.Name, at));
            var df = run.Scalar("df");

            // A hidden weight's gradient is dg2 x1ᵀ.
            return (Squared(run, "dW1") + Squared(run, "dW3") + (Squared(run, "dg2") * Squared(run, "x1"))) / (df * df);
        }).ToList();
        var mean = samples.Average();
        var error = Math.Sqrt(samples.Sum(sample => (sample - mean) * (sample - mean)) / (Seeds * (Seeds - 1)));
        Assert.Equal(expected, Theta(compilation), 1e-12);
        Assert.InRange(error, 0, 0.08 * expected);
        Assert.InRange(mean, expected - (4 * error), expected + (4 * error));
    }

    [Fact]
    public void Bias_that_starts_too_small_is_in_the_tangent_kernel_alone()
    {
        const string Body = "weight W1 : [n, 2]\n weight B1 : [n]\n weight W2 : [1, n]\n x1 = identity(W1 * x + B1)\n return W2 * x1";
        var small = Solve(Compile(Body, "ntk { B1: (a: 0, b: 1/2) }", "lr: 1/10", batch: 1));
        Assert.Equal(1, small["K_f", 0, 0], 1e-12);
        Assert.Equal(3, small["Theta_f", 0, 0], 1e-12);
        var full = Solve(Compile(Body, "ntk", "lr: 1/10", batch: 1));
        Assert.Equal(2, full["K_f", 0, 0], 1e-12);
        Assert.Equal(4, full["Theta_f", 0, 0], 1e-12);
    }

    /// <summary>K = x·x̄ and Θ = (L + 1) x·x̄ (golden values of linear nets, there with K = x·x̄/2), whether products have names or not.</summary>
    [Theory]
    [InlineData(2, "W2 * (W1 * x)")]
    [InlineData(3, "W3 * (W2 * (W1 * x))")]
    [InlineData(3, "W3 * identity(W2 * (W1 * x))")]
    [InlineData(4, "W4 * (W3 * (W2 * (W1 * x)))")]
    public void Layers_without_a_nonlinearity_hand_their_kernels_on(int weights, string output)
    {
        var declared = string.Join('\n', Enumerable.Range(1, weights).Select(l => $" weight W{l} : [{(l == weights ? "1" : "n")}, {(l == 1 ? "2" : "n")}]"));
        var kernels = Solve(Compile($"{declared}\n return {output}", "ntk", "lr: 1/10", batch: 1));
        Assert.Equal(1, kernels["K_f", 0, 0], 1e-12);
        Assert.Equal(weights, kernels["Theta_f", 0, 0], 1e-12);
    }

    [Fact]
    public void Weight_that_stands_twice_in_a_sum_is_not_taken_for_two()
    {
        var compilation = Compile(
            "weight W1 : [n, 2]\n weight W2 : [n, n]\n weight W3 : [1, n]\n x1 = relu(W1 * x)\n x2 = relu(W2 * x1)\n x3 = relu(W2 * x1 + W2 * x2)\n return W3 * x3", "ntk", "lr: 1/10", batch: 1);
        Assert.Null(Derive(compilation));
    }

    [Theory]
    [InlineData("sgd(lr: 1/5)")]
    [InlineData("sgd(lr: 1/5, momentum: 9/10)")]
    [InlineData("nesterov(lr: 1/5)")]
    [InlineData("inside(lr: 1/5)")]
    [InlineData("sgd(lr: 1/5, clip: 1/2)")]
    [InlineData("sgd(lr: 1/5, momentum: 9/10, clip: 3/2)")]
    public void Optimizer_moves_f_as_it_moves_the_weights_of_a_linear_model(string optimizer)
    {
        const string Rules = """
            optimizer inside(lr, momentum = 9/10) {
              slot m
              m = momentum * m - rate * g
              w = w + m
            }
            """;
        var compilation = Compile("weight W1 : [n, 2]\n weight W2 : [1, n]\n x1 = tanh(W1 * x)\n return W2 * x1", "ntk", null, batch: 3, Rules, optimizer);
        var training = Derive(compilation)!.Sections[^1].Equations;

        // f = Φ w; the gradient of the loss by w is Φᵀ ∂L/∂f.
        double[][] phi = [[1, 0.5, -0.2], [0.3, -1, 0.4], [0.7, 0.1, 0.9]];
        double[] targets = [1, -2, 0.5];
        double[] w = [0.2, -0.1, 0.3];
        var m = new double[3];
        var beta = optimizer.StartsWith("sgd", StringComparison.Ordinal) && !optimizer.Contains("momentum", StringComparison.Ordinal) ? 0 : 0.9;
        var clip = optimizer.Contains("clip: 1/2", StringComparison.Ordinal) ? 0.5 : optimizer.Contains("clip: 3/2", StringComparison.Ordinal) ? 1.5 : double.PositiveInfinity;
        var solver = new EquationSolver(new Dictionary<string, int> { ["b"] = 3 });
        for (var b = 0; b < 3; b++)
        {
            solver["f", 0, b] = F(b);
            for (var other = 0; other < 3; other++)
            {
                solver["Theta_f", b, other] = phi[b].Zip(phi[other], (x, y) => x * y).Sum();
            }
        }

        foreach (var start in training.Where(equation => equation.Left is Expr.Reference { Indices: [Index.Fixed, ..] }))
        {
            solver.Solve(start, new Dictionary<string, int>());
        }

        for (var t = 0; t < 4; t++)
        {
            var df = Enumerable.Range(0, 3).Select(b => (F(b) - targets[b]) / 3).ToList();
            for (var b = 0; b < 3; b++)
            {
                solver["dloss_f", t, b] = df[b];
            }

            var g = Enumerable.Range(0, 3).Select(k => Enumerable.Range(0, 3).Sum(b => phi[b][k] * df[b])).ToList();
            var scale = Math.Min(1, clip / Math.Sqrt(g.Sum(x => x * x)));
            for (var k = 0; k < 3; k++)
            {
                m[k] = (beta * m[k]) + (scale * g[k]);
                w[k] -= 0.2 * (optimizer.StartsWith("nesterov", StringComparison.Ordinal) ? g[k] + (beta * m[k]) : m[k]);
            }

            foreach (var equation in training.Where(equation => equation.Left is not Expr.Reference { Indices: [Index.Fixed, ..] }))
            {
                solver.Solve(equation, new Dictionary<string, int> { ["t"] = t });
            }

            for (var b = 0; b < 3; b++)
            {
                Assert.Equal(F(b), solver["f", t + 1, b], 1e-12);
            }
        }

        double F(int b) => phi[b].Zip(w, (x, y) => x * y).Sum();
    }

    [Fact]
    public void Weight_decay_changes_the_kernel_and_gets_no_equation_and_says_so()
    {
        var training = Derive(Compile("weight W1 : [n, 2]\n weight W2 : [1, n]\n x1 = tanh(W1 * x)\n return W2 * x1", "ntk", "lr: 1/10, weight_decay: 1/100", batch: 1))!.Sections[^1];
        Assert.Empty(training.Equations);
        Assert.StartsWith("training: this rule has no kernel gradient descent", training.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Bias_of_the_output_adds_its_variance_and_its_gradient()
    {
        var kernels = Solve(Compile("weight W1 : [n, 2]\n weight W2 : [1, n]\n weight D : [1]\n x1 = identity(W1 * x)\n return W2 * x1 + D", "ntk { D: (variance: 1/4) }", "lr: 1/10", batch: 1));
        Assert.Equal(1.25, kernels["K_f", 0, 0], 1e-12);
        Assert.Equal(3, kernels["Theta_f", 0, 0], 1e-12);
    }

    [Fact]
    public void Outputs_with_last_weights_of_their_own_have_a_kernel_each()
    {
        const string Body = "weight W1 : [n, 2]\n weight V : [1, n]\n weight Q : [1, n]\n x1 = identity(W1 * x)\n ";
        var kernels = Solve(Compile(Body + "return V * x1, 3 * (Q * x1)", "ntk", "lr: 1/10", batch: 1));
        Assert.Equal(1, kernels["K_f1", 0, 0], 1e-12);
        Assert.Equal(2, kernels["Theta_f1", 0, 0], 1e-12);
        Assert.Equal(9, kernels["K_f2", 0, 0], 1e-12);
        Assert.Equal(18, kernels["Theta_f2", 0, 0], 1e-12);
        Assert.Null(Derive(Compile(Body + "return V * x1, Q * x1 + V * x1", "ntk", "lr: 1/10", batch: 1)));
    }

    [Fact]
    public void Kernel_of_layers_that_do_not_contribute_is_not_written()
    {
        var equations = Derive(Compile("weight W1 : [n, 2]\n weight W2 : [1, n]\n x1 = tanh(W1 * x)\n return W2 * x1", "standard { all: (c: 1) }", "lr: 1/10", batch: 1))!;
        Assert.Equal([Expr.Of("Theta_f", "b", "b'")], equations.Sections[1].Equations.Select(equation => equation.Left));
    }

    [Fact]
    public void Coordinates_of_the_output_have_an_equation_each()
    {
        var text = TpCompiler.Emit.EquationsText.Write(Derive(Compile("weight W1 : [n, 2]\n weight W2 : [5, n]\n x1 = tanh(W1 * x)\n return W2 * x1", "ntk", "lr: 1/10", batch: 2))!);
        Assert.Contains("independent for each j", text, StringComparison.Ordinal);
        Assert.Contains("f_{t+1,b,j} = f_{t,b,j} − (1/10) Σ_b′ Θ^{f}_{b,b′} ∂L/∂f_{t,b′,j}", text, StringComparison.Ordinal);
    }

    /// <summary>A standard normal whose bits are mixed anew for each entry.</summary>
    private static double Normal(int seed, string name, ValueList<int> at)
    {
        var state = name.Select(c => (int)c).Concat(at).Aggregate(Mix((ulong)seed + 1), (h, i) => Mix(h ^ (ulong)(i + 1)));
        var (u, v) = ((Mix(state) >> 11) * Math.Pow(2, -53), (Mix(state + 1) >> 11) * Math.Pow(2, -53));
        return Math.Sqrt(-2 * Math.Log(1 - u)) * Math.Cos(2 * Math.PI * v);

        // The finalizer of SplitMix64.
        static ulong Mix(ulong x)
        {
            x += 0x9E3779B97F4A7C15;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            return x ^ (x >> 31);
        }
    }

    private static double Squared(NaiveInterpreter.Result run, string name) => run.Values[name].Data.Sum(x => x * x);

    private static TpCompiler.Ir.Program WithSteps(TpCompiler.Ir.Program program, int count) =>
        program with { Body = program.Body.Select(statement => statement is Loop loop ? loop with { Count = count } : statement).ToValueList() };

    private static double Theta(Compilation compilation) => Solve(compilation)["Theta_f", 0, 0];

    /// <summary>The kernels at the input (0.6, 0.8), of length 1.</summary>
    private static EquationSolver Solve(Compilation compilation)
    {
        var solver = new EquationSolver(new Dictionary<string, int> { ["i"] = 2, ["b"] = 1 });
        (solver["x", 0, 0], solver["x", 0, 1]) = (0.6, 0.8);
        foreach (var equation in Derive(compilation)!.Sections.Take(2).SelectMany(section => section.Equations))
        {
            solver.Solve(equation, new Dictionary<string, int>());
        }

        return solver;
    }

    private static LimitEquations? Derive(Compilation compilation)
    {
        var verdict = ScalingAnalysis.Analyze(compilation.TrainingProgram!).Verdict!;
        Assert.Equal(Regime.KernelRegime, verdict.Regime);
        return KernelEquations.Derive(compilation.Network!, verdict.Kernel, verdict.InitialOutput, compilation.TrainingPlan);
    }

    private static Compilation Compile(string body, string parametrization, string? sgd, int batch, string before = "", string? optimizer = null)
    {
        var text = $"{before}\nnetwork net(x : [2]) {{\n width n\n {body}\n}}\nparametrization {parametrization}\ntrain {{\n loss mse\n optimizer {optimizer ?? "sgd(" + sgd + ")"}\n batch {batch}\n steps 3\n}}\n";
        var compilation = Compilation.Compile(new SourceText("test.tp", text));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return compilation;
    }
}
