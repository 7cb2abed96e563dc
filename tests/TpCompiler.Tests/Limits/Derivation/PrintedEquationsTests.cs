using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Limits.Derivation;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Limits.Derivation;

/// <summary>The equations, solved as they are printed, give exactly what conditioning on exact polynomials gives: two algorithms, one from Ẑ, Ż and derivatives, one without any.</summary>
public class PrintedEquationsTests
{
    private static readonly Rational[] Numbers = [new(1, 2), -1, 2, new(1, 4), 1, new(-3, 2), new(3, 8)];

    [Fact]
    public void Two_hidden_linear_layers_reach_three_halves_after_one_step()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "identity", SampleNetworks.Mup(2), 1, 1, steps: 1);
        var equations = Deriver.Derive(LimitProgram.Of(TrainingProgram.Of(network, plan)).Program!);
        var solved = new LinearEquations(equations, new Dictionary<string, int> { ["input"] = 1, ["batch"] = 1 }, (name, _) => name is "x" or "y" ? Rational.One : null);
        Assert.Equal(0, solved["f", 0, 0]);
        Assert.Equal(new(3, 2), solved["f", 1, 0]);
    }

    [Theory]
    [InlineData(1, false, false)]
    [InlineData(2, false, false)]
    [InlineData(2, true, false)]
    [InlineData(2, true, true)]
    [InlineData(3, false, true)]
    public void Equations_of_a_linear_net_give_what_exact_polynomials_give(int layers, bool momentum, bool biases)
    {
        var (network, plan) = SampleNetworks.Mlp(
            layers, "identity", SampleNetworks.Mup(layers), 2, 2, outputs: 2, steps: 2, rate: new(1, 4), momentum: momentum ? Rational.Half : null, decay: momentum ? new(1, 8) : null,
            variances: [.. Enumerable.Range(0, layers + 1).Select(layer => new Rational(layer + 1, 2))], biases: biases);
        Check(TrainingProgram.Of(network, plan));
    }

    [Fact]
    public void Widths_of_other_ratios_count_in_every_inner_product() => Check(Net("""
        width n
        width m = 2 * n
        width k = 3/2 * n
        weight U : [n, 2]
        weight W : [m, n]
        weight R : [k, m]
        weight V : [1, k]
        x1 = identity(U * x)
        x2 = identity(W * x1)
        x3 = identity(R * x2)
        return V * x3
        """));

    [Fact]
    public void Matrix_and_its_transpose_in_one_network_act_on_each_other() => Check(Net("""
        width n
        width m = 2 * n
        weight U : [n, 2]
        weight W : [m, n]
        weight B : [m]
        weight V : [1, n]
        x1 = identity(U * x)
        x2 = identity(W * x1 + B)
        x3 = x1 + identity(W' * x2)
        return V * x3
        """));

    [Fact]
    public void Words_in_a_rectangular_matrix_have_their_moments() => Check(LimitProgram.Of(Compile("""
        program words {
          width n
          width m = 3 * n
          matrix A : [m, n] ~ normal(0, 1/n)
          vector x : [n] ~ normal(0, 1)
          z[0] = x
          for k in 1..3 {
            y[k] = A * z[k - 1]
            z[k] = A' * y[k]
            c[k] = Moment(x * z[k])
          }
        }
        """).Program!).Program!);

    [Theory]
    [InlineData("w = w - rate * (g + 1/2 * m)", "1/4")]
    [InlineData("w = w - rate * (g + 1/2 * m)", "1 / (4 + t)")]
    [InlineData("w = 3/4 * w - rate * (2 * g - 1/3 * m)", "1/4")]
    [InlineData("v = 1/3 * v + m - 2 * g  w = w - rate * (v + g)", "1/4")]
    public void The_same_factors_come_into_a_weight_by_several_ways(string update, string rate) => Check(Compile($$"""
        optimizer own(lr) {
          slot m
          {{(update.Contains('v', StringComparison.Ordinal) ? "slot v" : "")}}
          m = 1/2 * m + g
          {{update}}
        }
        network net(x : [2]) {
          width n
          weight U : [n, 2]
          weight W : [n, n]
          weight V : [1, n]
          x1 = identity(U * x)
          return V * identity(W * identity(W * x1))
        }
        parametrization mup
        train { loss mse optimizer own(lr: {{rate}}) batch 1 steps 2 }
        """).TrainingProgram!);

    [Fact]
    public void Factors_that_go_other_ways_have_other_coefficients()
    {
        // u vᵀ comes into W directly and through M, v uᵀ through M alone.
        var text = """
            program ways
            width n 1
            W_0 : n x n = gaussian n^(-1)
            M_0 : n x n = matrix 0
            u_0 : n = gaussian 1
            loop t < 4 {
              carry W : n x n from W_0 next W_next
              carry M : n x n from M_0 next M_next
              carry u : n from u_0 next u_next
              v : n = matmul W, u
              w : n = matmul^T W, v
              f = moment n: u * w
              M_next : n x n = matrix {1/2} M + {n^(-1)} outer(; v, u) + {-1/3 * n^(-1)} outer(; u, v)
              W_next : n x n = matrix {1} W + {-1/4} M_next + {1/5 * n^(-1)} outer(; v, u)
              u_next : n = nonlin u + 1/5 * w
            }
            outputs f
            """;
        var diagnostics = new DiagnosticBag();
        var program = ProgramReader.Read(new SourceText("ways", text), diagnostics);
        Assert.Empty(diagnostics);
        Check(program!);
    }

    [Fact]
    public void Matrix_made_of_a_trained_one_keeps_its_history()
    {
        // Each step looks ahead: its product is with W − ½ u uᵀ/n, where W has the factors of the steps before.
        var text = """
            program ahead
            width n 1
            W_0 : n x n = gaussian n^(-1)
            u_0 : n = gaussian 1
            loop t < 3 {
              carry W : n x n from W_0 next W_next
              carry u : n from u_0 next u_next
              M : n x n = matrix {2} W + {-1/2 * n^(-1)} outer(; u, u)
              v : n = matmul M, u
              w : n = matmul^T M, v
              f = moment n: u * w
              W_next : n x n = matrix {1} W + {1/3 * n^(-1)} outer(; v, u)
              u_next : n = nonlin u + 1/5 * w
            }
            outputs f
            """;
        var diagnostics = new DiagnosticBag();
        var program = ProgramReader.Read(new SourceText("ahead", text), diagnostics);
        Assert.Empty(diagnostics);
        Check(program!);
    }

    private static Compilation Compile(string text)
    {
        var compilation = Compilation.Compile(new SourceText("test.tp", text));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return compilation;
    }

    private static TensorProgram Net(string body) => Compile(
        "network net(x : [2]) {\n" + body + "\n}\nparametrization mup\ntrain {\n  loss mse\n  optimizer sgd(lr: 1/4)\n  batch 2\n  steps 2\n}\n").TrainingProgram!;

    private static void Check(TensorProgram raw)
    {
        var limit = LimitProgram.Of(raw).Program!;
        var exact = PolynomialEvaluator.Evaluate(limit, new Samples())!;
        var axes = limit.Axes.ToDictionary(axis => axis.Name, axis => axis.Size!.Value, StringComparer.Ordinal);
        var shapes = limit.Body.Instructions().OfType<Instruction.Data>().ToDictionary(
            instruction => instruction.Result.Name, instruction => instruction.Result.Indices.Select(binder => axes[binder.Axis]).ToList(), StringComparer.Ordinal);
        var solved = new LinearEquations(Deriver.Derive(limit), axes, (name, at) => shapes.TryGetValue(name, out var shape)
            ? Numbers[Flat(at.Skip(at.Count - shape.Count), shape) % Numbers.Length]
            : null);
        Assert.NotEmpty(exact);
        foreach (var record in exact)
        {
            for (var i = 0; i < record.Values.Count; i++)
            {
                var at = new int[record.Shape.Count];
                for (var (axis, rest) = (at.Length - 1, i); axis >= 0; rest /= record.Shape[axis], axis--)
                {
                    at[axis] = rest % record.Shape[axis];
                }

                Assert.Equal(record.Values[i], solved[record.Name, [.. record.Iteration, .. at]]);
            }
        }
    }

    private static int Flat(IEnumerable<int> at, IEnumerable<int> shape) => at.Zip(shape).Aggregate(0, (flat, pair) => (flat * pair.Second) + pair.First);

    private sealed class Samples : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var k = 0; k < destination.Span.Length; k++)
            {
                destination.Span[k] = Numbers[k % Numbers.Length].ToDouble();
            }
        }
    }
}
