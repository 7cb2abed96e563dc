using TpCompiler.Emit;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Limits.Derivation;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Ir;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Tests.Limits.Derivation;

public class DeriverTests
{
    private static readonly double[,] Inputs = { { 0.5, -1 }, { 2, 0.25 }, { 1, 1 } };
    private static readonly double[] Targets = [1, -0.5, 2];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Closed_recurrence_of_a_linear_net_gives_what_exact_polynomials_give(bool momentum)
    {
        const int Steps = 4;
        var (network, plan) = SampleNetworks.Mlp(
            1, "identity", SampleNetworks.Mup(1), 2, 3, steps: Steps, rate: new(1, 4), momentum: momentum ? Rational.Half : null, decay: momentum ? new(1, 8) : null);
        var limit = LimitProgram.Of(TrainingProgram.Of(network, plan)).Program!;
        var exact = PolynomialEvaluator.Evaluate(limit, new Samples())!.Where(record => record.Name == "f").ToList();
        var equations = Deriver.Derive(limit);
        var closed = equations.Sections.Single(section => section.Title.StartsWith("closed", StringComparison.Ordinal)).Equations;

        var solver = new EquationSolver(new Dictionary<string, int> { ["i"] = 2, ["b"] = 3 }) { Missing = 0 };
        for (var t = 0; t <= Steps; t++)
        {
            for (var b = 0; b < 3; b++)
            {
                (solver["x", t, b, 0], solver["x", t, b, 1], solver["y", t, b]) = (Inputs[b, 0], Inputs[b, 1], Targets[b]);
            }
        }

        var scalars = equations.Sections.SelectMany(section => section.Equations).Where(equation => equation.Left is Expr.Reference { Name: "df" }).Take(1);
        foreach (var start in closed.Where(IsInitial))
        {
            solver.Solve(start, new Dictionary<string, int>());
        }

        for (var t = 0; t <= Steps; t++)
        {
            var now = new Dictionary<string, int> { ["t"] = t };
            foreach (var equation in closed.Where(equation => equation.Left is Expr.Reference { Name: "f" }).Concat(scalars).Concat(InOrder(closed.Where(IsNext))))
            {
                solver.Solve(equation, now);
            }

            for (var b = 0; b < 3; b++)
            {
                Assert.Equal(exact[t].Values[b].ToDouble(), solver["f", t, b], 1e-12);
            }
        }

        static bool IsInitial(Equation equation) => equation.Left is Expr.Reference { Indices: [Index.Fixed, ..] } and not Expr.Reference { Name: "f" };

        static bool IsNext(Equation equation) => equation.Left is Expr.Reference { Indices: [Index.Shifted, ..] };

        // A weight's coefficient may use the momentum's of the same step.
        static IEnumerable<Equation> InOrder(IEnumerable<Equation> equations) =>
            equations.OrderBy(equation => equation.Right.References().Any(reference => reference.Indices is [Index.Shifted, ..]));
    }

    [Fact]
    public void Equations_of_two_hidden_layers_carry_Zhat_and_Zdot_of_the_matrix_and_its_transpose()
    {
        var (network, plan) = SampleNetworks.Mlp(2, "tanh", SampleNetworks.Mup(2), 2, 4);
        var text = EquationsText.Write(Deriver.Derive(LimitProgram.Of(TrainingProgram.Of(network, plan)).Program!));
        Assert.Contains("Ż^{W²x¹}_{t,b} = Σ_{s<t} Σ_b′ Z^{dh²}_{s,b′} E[∂Z^{x¹}_{t,b}/∂Ẑ^{W²ᵀdh²}_{s,b′}]", text, StringComparison.Ordinal);
        Assert.Contains("− ½ Σ_{s<t} Σ_b′ Z^{dh²}_{s,b′} E[Z^{x¹}_{s,b′} Z^{x¹}_{t,b}]", text, StringComparison.Ordinal);
        Assert.Contains("Σ_b′ Z^{x¹}_{t,b′} E[∂Z^{dh²}_{t,b}/∂Ẑ^{W²x¹}_{t,b′}]", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 0.677547567766512608, 1.10044722658599268, -0.0682129923315521086)]
    [InlineData(2, 0.733433785825562243, 1.54441630067721021, 0.822747354705378207)]
    public void Kernel_recursion_of_relu_gives_the_reference_values(int layers, double k01, double theta01, double theta02)
    {
        // K¹ = 2 x·y/d, every layer of variance 2; x0 = (1,0), x1 = (0.6,0.8), x2 = (−1,2).
        double[][] x = [[1, 0], [0.6, 0.8], [-1, 2]];
        var (network, plan) = SampleNetworks.Mlp(layers, "relu", SampleNetworks.Ntk(layers), 2, 3, variances: [.. Enumerable.Repeat<Rational>(2, layers + 1)]);
        var equations = KernelEquations.Derive(network, [.. network.Parameters.Select(parameter => parameter.Name)], TpCompiler.Limits.Scaling.InitialOutput.GaussianProcess, plan)!;
        var solver = new EquationSolver(new Dictionary<string, int> { ["i"] = 2, ["b"] = 3 });
        for (var b = 0; b < 3; b++)
        {
            // The reference values divide x·y by d = 2 and let each weight's kernel count σ² times, as W = σ w does.
            (solver["x", b, 0], solver["x", b, 1]) = (x[b][0] / Math.Sqrt(2), x[b][1] / Math.Sqrt(2));
        }

        foreach (var equation in equations.Sections.Take(2).SelectMany(section => section.Equations))
        {
            solver.Solve(equation, new Dictionary<string, int>());
        }

        Assert.Equal(k01, solver["K_f", 0, 1], 1e-12);
        Assert.Equal(theta01, 2 * solver["Theta_f", 0, 1], 1e-12);
        Assert.Equal(theta02, 2 * solver["Theta_f", 0, 2], 1e-12);
    }

    private sealed class Samples : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var k = 0; k < destination.Span.Length; k++)
            {
                destination.Span[k] = field == "x" ? Inputs[k / 2, k % 2] : Targets[k];
            }
        }
    }
}
