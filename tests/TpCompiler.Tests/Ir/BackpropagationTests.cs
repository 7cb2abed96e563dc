using TpCompiler.Ir;
using TpCompiler.Symbolics;
using static TpCompiler.Tests.Ir.Block;
using Index = TpCompiler.Symbolics.Index;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Ir;

/// <summary>Gradients against central differences of the naive interpreter.</summary>
public class BackpropagationTests
{
    private const int Width = 5;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Gradients_of_perceptrons_of_any_depth_equal_finite_differences(int hiddenLayers)
    {
        var (network, plan) = SampleNetworks.Mlp(hiddenLayers, "tanh", SampleNetworks.Ntk(hiddenLayers), inputs: 2, batch: 3, outputs: 2, biases: true);
        var block = new Block();
        foreach (var statement in network.Initialisation.Select(s => s.RenameValues(name => name[..^2])).Concat(network.Inputs).Concat(plan.Targets).Concat(network.Forward).Concat(plan.Loss))
        {
            block.Add((Instruction)statement);
        }

        AssertGradients(block, plan.LossValue, [.. network.Parameters.Select(parameter => parameter.Name)], network.Axes);
    }

    [Fact]
    public void A_matrix_and_its_transpose_share_one_gradient()
    {
        var block = new Block();
        var w = block.Gaussian("W n n");
        var x = block.Gaussian("x n");
        var y = block.MatMul("y n", w, x);
        var z = block.MatMul("z n", w, block.Nonlin("a n", F("tanh", y)), transposed: true);
        var u = block.MatMul("u n", w, z);
        block.Moment("L", u * z * x);
        AssertGradients(block, "L", ["W", "x"]);
    }

    [Fact]
    public void A_residual_stream_adds_its_adjoints()
    {
        var block = new Block();
        var w = block.Gaussian("W n n");
        Expr x = block.Gaussian("x0[b] n");
        for (var layer = 1; layer <= 3; layer++)
        {
            var g = block.MatMul($"g{layer}[b] n", w, x);
            x = block.Nonlin($"x{layer}[b] n", x + (new Rational(1, 3) * F("tanh", g)));
        }

        block.Moment("f[b]", x * x);
        block.Nonlin("L", Sum("b", F("sigmoid", Expr.Of("f", "b"))));
        AssertGradients(block, "L", ["W", "x0"]);
    }

    [Fact]
    public void Layer_normalisation_is_differentiated_through_its_moments()
    {
        var block = new Block();
        var w = block.Gaussian("W n n");
        var x = block.Gaussian("x[b] n");
        var gain = block.Gaussian("gain n");
        var h = block.MatMul("h[b] n", w, x);
        var mean = block.Moment("mean[b]", h);
        var variance = block.Moment("variance[b]", Expr.Pow(h - mean, 2));
        var y = block.Nonlin("y[b] n", gain * (h - mean) * Expr.Pow(variance + new Rational(1, 10), -Rational.Half));
        block.Moment("f[b]", F("tanh", y) * x);
        block.Nonlin("L", Sum("b", Expr.Pow(Expr.Of("f", "b"), 2)));
        AssertGradients(block, "L", ["W", "x", "gain"]);
    }

    [Fact]
    public void Softmax_attention_over_an_axis_equals_finite_differences()
    {
        var block = new Block();
        var q = block.MatMul("query[p] n", block.Gaussian("Q n n"), block.Gaussian("x[p] n"));
        var x = Expr.Of("x", "p");
        var k = block.MatMul("key[p] n", block.Gaussian("K n n"), x);
        var v = block.MatMul("val[p] n", block.Gaussian("V n n"), x);
        block.Moment("logit[p,q]", q * At(k, "q"));
        var e = block.Nonlin("e[p,q]", F("exp", Expr.Of("logit", "p", "q")));
        var a = block.Nonlin("a[p,q]", e / Sum("q'", At(e, "p", "q'")));
        var y = block.Nonlin("y[p] n", Sum("q", a * At(v, "q")));
        block.Moment("f[p]", F("tanh", y) * x);
        block.Nonlin("L", Sum("p", Expr.Pow(Expr.Of("f", "p"), 2)));
        AssertGradients(block, "L", ["Q", "K", "V", "x"]);
    }

    [Fact]
    public void Causal_sums_reach_only_the_past()
    {
        var block = new Block();
        var x = block.Gaussian("x[p] n");
        var y = block.Nonlin("y[p] n", x + Expr.SumOver(new IndexBinder("s", "p", "p"), F("tanh", At(x, "s")) * At(x, "p")));
        block.Moment("L", Sum("p", Expr.Pow(y, 3)));
        AssertGradients(block, "L", ["x"]);
    }

    [Fact]
    public void Shifted_indices_read_zero_outside_and_so_do_their_adjoints()
    {
        var block = new Block();
        var x = block.Gaussian("x[b,p] n");
        var left = block.Gaussian("Left n n");
        var right = block.Gaussian("Right n n");
        var here = block.Gaussian("Here n n");
        var a = block.MatMul("g1[b,p] n", left, At(x, "b", new Index.Shifted("p", -1)));
        var b = block.MatMul("g2[b,p] n", here, x);
        var c = block.MatMul("g3[b,p] n", right, At(x, "b", new Index.Shifted("p", 1)));
        var h = block.Nonlin("h[b,p] n", a + b + c);
        // The derivative by the shifted value has a pole where a neighbour would read 0.
        var y = block.Nonlin("y[b,p] n", F("tanh", h) * At(x, "b", new Index.Shifted("p", 1)) / (1 + Expr.Pow(x, 2)) * Expr.Pow(Expr.Pow(x, 2), -Rational.Half));
        block.Moment("f[b,p]", y * x);
        block.Nonlin("L", Sum("b", Sum("p", Expr.Of("f", "b", new Index.Shifted("p", -2)))));
        AssertGradients(block, "L", ["x", "Left", "Right", "Here"]);
    }

    [Fact]
    public void A_lookup_sends_its_gradient_to_the_rows_that_were_read()
    {
        var block = new Block();
        var table = block.Gaussian("U[p] n");
        var token = block.Nonlin("token[b]", F("step", new Expr.IndexValue("b") - Rational.Half) * 2);
        var x = block.Nonlin("x[b] n", F("tanh", At(table, new Index.Lookup(token))));
        var w = block.Gaussian("W n n");
        var y = block.MatMul("y[b] n", w, At(table, new Index.Lookup(token)));
        block.Moment("f[b]", x * y * At(table, new Index.Fixed(3)));
        block.Nonlin("L", Sum("b", Expr.Pow(Expr.Of("f", "b"), 2)));
        AssertGradients(block, "L", ["U", "W"]);
    }

    [Fact]
    public void A_diagonal_occurrence_is_one_condition()
    {
        var block = new Block();
        var x = block.Gaussian("x[p,q] n");
        block.Moment("f[p]", F("tanh", Expr.Of("x", "p", "p")) * At(x, "p", new Index.Fixed(1)));
        block.Nonlin("L", Sum("p", Expr.Pow(Expr.Of("f", "p"), 2)));
        AssertGradients(block, "L", ["x"]);
    }

    [Fact]
    public void Axes_that_the_value_lacks_are_summed()
    {
        var block = new Block();
        var w = block.Gaussian("W[k] n n");
        var x = block.Gaussian("x n");
        var s = block.Gaussian("s[b]");
        var y = block.MatMul("y[b,k] n", w, x);
        var z = block.Nonlin("z[b,k] n", F("tanh", y) * s);
        block.Moment("f[b,k]", z * x);
        block.Nonlin("L", Sum("b", Sum("k", Expr.Pow(Expr.Of("f", "b", "k"), 2) * s)));
        AssertGradients(block, "L", ["W", "x", "s"]);
    }

    [Fact]
    public void Two_widths_scale_their_own_moments()
    {
        var block = new Block();
        var w = block.Gaussian("W m n");
        var x = block.Gaussian("x[b] n");
        var y = block.MatMul("y[b] m", w, x);
        var s = block.Moment("s[b]", Expr.Pow(y, 2), "m");
        var z = block.MatMul("z[b] n", w, block.Nonlin("a[b] m", F("tanh", y) * s), transposed: true);
        block.Moment("f[b]", z * x);
        block.Nonlin("L", Sum("b", F("tanh", Expr.Of("f", "b"))));
        AssertGradients(block, "L", ["W", "x"]);
    }

    [Fact]
    public void Cross_entropy_of_a_softmax_equals_finite_differences()
    {
        var block = new Block();
        var v = block.Gaussian("V[c] n");
        var x = block.Gaussian("x[b] n");
        var f = block.Moment("f[b,c]", 5 * v * x);
        var label = block.Nonlin("label[b]", F("step", new Expr.IndexValue("b") - Rational.Half));
        block.Nonlin("L", Sum("b", F("log", Sum("c", F("exp", f))) - At(f, "b", new Index.Lookup(label))));
        AssertGradients(block, "L", ["V", "x"]);
    }

    [Fact]
    public void A_sum_of_matrices_passes_gradients_to_coefficients_factors_and_matrices()
    {
        var block = new Block();
        var a = block.Gaussian("A n n");
        var c = block.Gaussian("c0[k]");
        var u = block.Gaussian("u[b] n");
        var v = block.Gaussian("v[b,k] n");
        var x = block.Gaussian("x[b] n");
        var m = block.Matrix(
            "M[k] n n",
            new MatrixTerm.Scaled(F("tanh", c), (Expr.Reference)a),
            new MatrixTerm.Outer(c * At(c, new Index.Fixed(1)), [new IndexBinder("b", "b")], u, v));
        var y = block.MatMul("y[b,k] n", m, x);
        var z = block.MatMul("z[b,k] n", m, block.Nonlin("t[b,k] n", F("tanh", y)), transposed: true);
        block.Moment("f[b,k]", z * x * y);
        block.Nonlin("L", Sum("b", Sum("k", Expr.Of("f", "b", "k"))));
        AssertGradients(block, "L", ["A", "c0", "u", "v", "x"]);
    }

    [Fact]
    public void The_gradient_of_a_loss_after_an_inner_step_holds_second_derivatives()
    {
        // Tasks k with samples b: two inner steps on W and v per task, then the loss of the adapted weights on other samples.
        var block = new Block();
        block.Gaussian("W n n");
        block.Gaussian("v n");
        var support = block.Gaussian("xs[b,k] n");
        var query = block.Gaussian("xq[b,k] n");
        Expr rate = new Rational(1, 2);
        var w = block.Matrix("W0[k] n n", new MatrixTerm.Scaled(1, new Expr.Reference("W", [])));
        var v = block.Nonlin("v0[k] n", Expr.Of("v"));
        for (var step = 1; step <= 2; step++)
        {
            Loss($"inner{step}", support, w, v);
            var gradients = block.Gradient($"inner{step}", w.Name, v.Name);
            w = block.Matrix($"W{step}[k] n n", new MatrixTerm.Scaled(1, w), new MatrixTerm.Scaled(-rate, gradients[0]));
            v = block.Nonlin($"v{step}[k] n", v - (rate * gradients[1]));
        }

        Loss("outer", query, w, v);
        AssertGradients(block, "outer", ["W", "v"]);

        void Loss(string name, Expr x, Expr.Reference matrix, Expr readout)
        {
            var h = block.MatMul($"{name}_h[b,k] n", matrix, x);
            var a = block.Nonlin($"{name}_x[b,k] n", F("tanh", h));
            var f = block.Moment($"{name}_f[b,k]", readout * a);
            block.Nonlin($"{name}[k]", Sum("b", Expr.Pow(f - 1, 2)));
        }
    }

    [Fact]
    public void A_value_that_the_scalar_does_not_depend_on_has_gradient_zero()
    {
        var block = new Block();
        block.Gaussian("W n n");
        block.Gaussian("u[b] n");
        block.Moment("L", block.Gaussian("x n"));
        AssertGradients(block, "L", ["W", "u", "x"]);
    }

    [Fact]
    public void The_gradient_of_a_hidden_matrix_stays_one_outer_factor()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), inputs: 2, batch: 3);
        var gradients = Backpropagation.Gradient(
            [.. network.Parameters.Select(p => p.Type)], [.. network.Inputs, .. plan.Targets, .. network.Forward, .. plan.Loss], "loss", ["W1", "W2", "W3"], new NameSupply([]), [], []);
        Assert.Equal(["dW1", "dW2", "dW3"], gradients.Names);
        var sum = gradients.Statements.OfType<Instruction.MatrixSum>().Single();
        Assert.Equal([new MatrixTerm.Outer(1, [new IndexBinder("b", "batch")], Expr.Of("dh2", "b") as Expr.Reference ?? throw new InvalidOperationException(), new Expr.Reference("x1", ["b"]))], sum.Terms);
    }

    [Fact]
    public void An_adjoint_comes_from_where_its_instruction_came_from()
    {
        var block = new Block();
        block.Gaussian("x n");
        var span = new TpCompiler.Diagnostics.Span(3, 4);
        block.Add(new Instruction.Moment(new Definition("L", [], []), "n", F("tanh", Expr.Of("x"))) { Origin = new Origin(span) });
        block.Add(new Instruction.Nonlin(new Definition("M", [], []), F("tanh", Expr.Of("L"))) { Origin = new Origin(span) });
        block.Gradient("M", "x");
        Assert.Equal(new Origin(span, "backward of L"), block.Statements.Instructions().Single(instruction => instruction.Result.Name == "dL").Origin);
    }

    [Fact]
    public void A_loop_on_the_way_is_refused()
    {
        var block = new Block();
        block.Gaussian("x n");
        block.Add(new Loop("t", 3, [new Carried(new Definition("y", [], ["n"]), "x", "z")], [new Instruction.Nonlin(new Definition("z", [], ["n"]), F("tanh", Expr.Of("y")))]));
        block.Moment("L", Expr.Of("y"));
        TpCompiler.Diagnostics.DiagnosticBag diagnostics = [];
        Backpropagation.Gradient([], block.Statements, "L", ["x"], new NameSupply([]), [], diagnostics);
        Assert.Equal("TP0902", Assert.Single(diagnostics).Code);
    }

    private static void AssertGradients(Block block, string scalar, string[] wrt, ValueList<Axis>? axes = null)
    {
        var gradients = block.Gradient(scalar, wrt);
        var program = block.Program() with { Axes = axes ?? Block.Axes };
        Assert.Empty(ProgramVerifier.Verify(program, "backpropagation"));
        var source = NaiveInterpreter.Seeded(1);
        var values = NaiveInterpreter.Run(program, Width, source).Values;
        var table = ValueTable.Of(program);
        var forward = program with { Body = DeadCode.Remove(program with { Outputs = [scalar] }).Body };
        for (var w = 0; w < wrt.Length; w++)
        {
            var gradient = values[gradients[w].Name];
            Assert.Equal(table[wrt[w]].Definition.Widths, table[gradients[w].Name].Definition.Widths);
            Assert.Equal(values[wrt[w]].Sizes, gradient.Sizes);
            var scale = Math.Sqrt(((Instruction.Gaussian)table[wrt[w]].Instruction!).Variance is Expr.Constant c ? c.Value.ToDouble() : throw new NotSupportedException());
            for (var flat = 0; flat < gradient.Data.Length; flat++)
            {
                var position = gradient.Position(flat).ToValueList();
                const double H = 1e-5;
                var difference = (At(H) - At(-H)) / (2 * H);
                Assert.Equal(difference, gradient.Data[flat], 1e-7 * Math.Max(1, Math.Abs(difference)));

                double At(double h) => NaiveInterpreter.Run(forward, Width, (instruction, iteration, indices) =>
                    source(instruction, iteration, indices) + (instruction.Result.Name == wrt[w] && indices.Equals(position) ? h / scale : 0)).Values[scalar].Data.Sum();
            }
        }
    }
}
