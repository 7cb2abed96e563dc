using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>Means that come from farther out than any point: told from the degree of their terms, and exact as far as exact rationals go.</summary>
public class TermDegreesTests
{
    /// <summary>What lies beyond r is all of it when the degree is far above r²: E|z|^d = (d − 1)!! for even d. And for degree 0 the probability of being there.</summary>
    [Fact]
    public void The_share_beyond_all_points_is_that_of_the_moments_of_a_normal_variable()
    {
        const double Points = 1 << 20;
        var reach = MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, 1 - (1 / Points));
        var doubleFactorial = Enumerable.Range(0, 100).Sum(i => Math.Log((2 * i) + 1));
        Assert.Equal(doubleFactorial - (200 * Math.Log(reach)), Math.Log(BeyondPoints.ShareBeyond(200, Points)), 1e-9);
        Assert.Equal(MathNet.Numerics.SpecialFunctions.Erfc(reach / Math.Sqrt(2)), BeyondPoints.ShareBeyond(0, Points), 1e-12);
    }

    /// <summary>Terms z² + ε z^40 at the quantiles of a normal variable: the degree seen at the ends lies between 2 and 40 and gives no less than the part that z^40 has there.</summary>
    [Theory]
    [InlineData(1e-40)]
    [InlineData(1e-28)]
    [InlineData(1e-22)]
    public void The_degree_at_the_ends_bounds_the_part_of_the_highest_power(double leading)
    {
        const int Runs = 16, Count = 1 << 14;
        var runs = Enumerable.Range(0, Runs).Select(run => ExtremeTerms.Of([.. Enumerable.Range(0, Count).Select(i => Term((i + ((run + 0.5) / Runs)) / Count))], Runs + 1)).ToList();
        var seen = ExtremeTerms.DegreeAtTheEnds(runs);
        var outermost = MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, 1 - (0.5 / Runs / Count));
        var part = leading * Math.Pow(outermost, 40) / Math.Abs(Term(1 - (0.5 / Runs / Count)));
        Assert.InRange(seen, 1.5, 60);
        Assert.True(seen / 40 >= 0.9 * part, $"{seen} / 40 and {part}");

        double Term(double quantile) => MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, quantile) is var z ? (z * z) + (leading * Math.Pow(z, 40)) : 0;
    }

    /// <summary>One hidden layer: V and U are linear at the start, dh = V φ′(h), so that V x has degree 1 + p, then (p + 1 vector degrees) more in every step; nets whose φ grows linearly stay at degree 2.</summary>
    [Theory]
    [InlineData("h^3", 4, 12)]
    [InlineData("h^2", 3, 6)]
    [InlineData("relu(h)", 2, 2)]
    [InlineData("gelu(h)", 2, 2)]
    [InlineData("h * sigmoid(h)", 2, 2)]
    [InlineData("softplus(h)", 2, 2)]
    [InlineData("tanh(h)", 1, 1)]
    [InlineData("sin(h)", 1, 1)]
    public void Degrees_grow_with_powers_and_not_with_what_is_linear(string phi, double atStart, double afterOneStep)
    {
        var degrees = new TermDegrees(Net(phi, 3));
        Assert.Equal(atStart, degrees.Of("f", 0));
        Assert.Equal(afterOneStep, degrees.Of("f", 1));
        if (atStart <= 2)
        {
            Assert.Equal(afterOneStep, degrees.Of("f", 3));
        }
    }

    /// <summary>
    /// A cubic net on ξ = y = 1, rate 1/20: f₁ = 42e + 4050e³ and f₂ = 3824.78 are exact although f₄ is too large for exact rationals. At points alone, f₂ is far from what any of them says, and the error says so.
    /// </summary>
    [Fact]
    public void Exact_steps_stay_exact_when_a_later_one_is_too_large_and_points_know_that_they_miss_the_mean()
    {
        var limit = Net("h^3", 4);
        var records = LimitEvaluator.Evaluate(limit, new Ones(), new LimitSettings { Tolerance = 1 }).Records.Where(record => record.Name == "f").Select(record => record.Values[0]).ToList();
        Assert.Equal((42 * 0.05) + (4050 * Math.Pow(0.05, 3)), records[1].Value, 1e-12);
        Assert.Equal(3824.78, records[2].Value, 0.01);
        Assert.All(records.Take(3), estimate => Assert.Equal(ErrorKind.Exact, estimate.Kind));
        foreach (var seed in new ulong[] { 0, 1, 2 })
        {
            var atPoints = LimitEvaluator.Evaluate(limit, new Ones(), new LimitSettings { AllowExact = false, Points = 1 << 10, Seed = seed }).Records.Where(record => record.Name == "f").Select(record => record.Values[0]).ToList();
            Assert.All(records.Take(4).Zip(atPoints), pair => Assert.True(Math.Abs(pair.First.Value - pair.Second.Value) <= (3 * pair.Second.Error) + 1e-14, $"{pair.Second.Value} ± {pair.Second.Error} and not {pair.First.Value}"));
        }
    }

    private static TpCompiler.Ir.Program Net(string phi, int steps) => LimitProgram.Of(Compilation.Compile(new SourceText("net.tp", $$"""
        network net(x : [1]) {
          width n
          weight U : [n, 1]
          weight V : [1, n]
          h = U * x
          return V * ({{phi}})
        }
        parametrization mup
        train { loss mse optimizer sgd(lr: 1/20) batch 1 steps {{steps}} }
        """)).TrainingProgram!).Program!;
}
