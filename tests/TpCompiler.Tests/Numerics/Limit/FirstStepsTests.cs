using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Limit.Covariances;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>Numbers from before the first update are exact where later ones need points.</summary>
public class FirstStepsTests
{
    /// <summary>
    /// Two hidden relu layers, one sample ξ = 1 with target 1: f₀ = 0, so ∂L/∂f = −1, and norm² = E x₂² + E dh₂² E x₁² + E dh₁² ξ² with E x₁² = ½, E x₂² = ¼, E dh₂² = E V² E φ′² = ½, E dh₁² = E dh₂² / 2 = ¼: ¼ + ¼ + ¼.
    /// </summary>
    [Fact]
    public void The_gradient_norm_of_a_relu_net_at_initialisation_is_a_closed_form()
    {
        var limit = LimitOf("relu", 5);
        var records = LimitEvaluator.Evaluate(limit, new Ones(), new LimitSettings { Tolerance = 1 }).Records;
        var first = records.Single(record => record.Name == "size" && record.Iteration is [0]);
        Assert.Equal(CovarianceEvaluator.ClosedForms, first.Tier);
        Assert.Equal(ErrorKind.Exact, first.Values[0].Kind);
        Assert.Equal(Math.Sqrt(0.75), first.Values[0].Value, 1e-12);
        Assert.InRange(first.Values[0].Error, Math.Abs(first.Values[0].Value - Math.Sqrt(0.75)), 1e-11);
        Assert.Equal(CovarianceEvaluator.ClosedForms, LimitEvaluator.FirstTiersOf(limit, LimitEvaluator.TiersOfOutputs(limit))["size"]);

        // The next step's is another number, at points.
        var second = records.Single(record => record.Name == "size" && record.Iteration is [1]);
        Assert.Equal(LimitEvaluator.QuasiRandom, second.Tier);
        Assert.InRange(Math.Abs(second.Values[0].Value - Math.Sqrt(0.75)), 10 * second.Values[0].Error, 1);
    }

    /// <summary>Where points don't reach the tolerance, the steps that grids can do have bounds, which agree with points.</summary>
    [Fact]
    public void The_first_steps_of_a_training_that_needs_points_are_integrated()
    {
        var limit = LimitOf("tanh", 8);
        var settings = new LimitSettings { Tolerance = 2e-5, MaxPoints = 1 << 11 };
        var records = LimitEvaluator.Evaluate(limit, new Ones(), settings).Records.Where(record => record.Name == "f").ToList();
        Assert.Equal([CovarianceEvaluator.Integrals, LimitEvaluator.Quadrature, LimitEvaluator.QuasiRandom], records.Select(record => record.Tier).Distinct());
        var atPoints = LimitEvaluator.Evaluate(limit, new Ones(), settings with { Points = 1 << 11 }).Records.Where(record => record.Name == "f").ToList();
        Assert.All(records.Zip(atPoints), pair => Assert.InRange(Math.Abs(pair.First.Values[0].Value - pair.Second.Values[0].Value), 0, pair.First.Values[0].Error + (3 * pair.Second.Values[0].Error)));
        Assert.InRange(records[1].Values[0].Error, 0, 2e-5);
    }

    private static TpCompiler.Ir.Program LimitOf(string phi, int steps) => LimitProgram.Of(Compilation.Compile(new SourceText("first.tp", $$"""
        network first(x : [1]) {
          width n
          weight U : [n, 1]
          weight W : [n, n]
          weight V : [1, n]
          return V * {{phi}}(W * {{phi}}(U * x))
        }
        parametrization mup
        step descend(x : [1], y) {
          f = first(x)
          g = grad(mean(batch, mse(f, y)), params)
          size = norm(g)
          params = params - 0.5 * g
          return f, size
        }
        train { batch 1 steps {{steps}} }
        """)).TrainingProgram!).Program!;
}
