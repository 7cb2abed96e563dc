using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Limit.Covariances;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>Moments of one Gaussian side by side: each is known as well as by itself, and errors hold where no point ever is.</summary>
public class ManyMomentsTests
{
    /// <summary>The third needs a finer rule than there is; the last has a mean in the size of 41!! = 1.3e25, of which 15 digits are right.</summary>
    [Fact]
    public void A_hard_integral_leaves_others_their_digits()
    {
        var result = Evaluate("tanh(u)^2", "relu(u)^30", "1/(1/1000000 + u^2)", "u^41 * tanh(u)");
        Assert.All(result.Records.Select((record, i) => (record, i)), item => Assert.Equal(item.i == 1 ? CovarianceEvaluator.ClosedForms : CovarianceEvaluator.Integrals, item.record.Tier ?? result.Tier));

        // With E tanh′ = 1 − E tanh², the E tanh² + (E tanh′)² of z = Aᵀ tanh(Ax).
        AssertHolds((1 - Math.Sqrt(1 - (4 * (1 - 0.761173654760252)))) / 2, result, 0, 1e-13);
        AssertHolds(0.5 * DoubleFactorial(29), result, 1, 1e3);

        // √(2π) e^(a/2) Q(√a)/√a, Q the upper tail, a = 1e-6.
        AssertHolds(Math.Sqrt(Math.PI / 2) * 1000 * Math.Exp(5e-7) * MathNet.Numerics.SpecialFunctions.Erfc(1e-3 / Math.Sqrt(2)), result, 2, 0.01);

        // E u^41 tanh u = E (40 u^39·… + …), by Stein: compared to |u|^41, from which it differs where |u| is of order 1 only.
        Assert.Equal(1, result.Records[3].Values[0].Value / (Math.Pow(2, 20.5) * MathNet.Numerics.SpecialFunctions.Gamma(21) / Math.Sqrt(Math.PI)), 1e-4);
        Assert.InRange(result.Records[3].Values[0].Error, 0, 1e-12 * result.Records[3].Values[0].Value);
        Assert.Equal(LimitShortfall.Tolerance, result.Shortfall);
        Assert.Equal(LimitShortfall.None, Evaluate("tanh(u)^2", "u^41 * tanh(u)").Shortfall);
    }

    /// <summary>Quadrature reaches as far as the mean comes from: E u^128 = 127!!, from √128 = 11.3 standard deviations.</summary>
    [Fact]
    public void Means_of_high_degree_come_from_far_out() => AssertHolds(DoubleFactorial(127) / 2, Evaluate("u^60 * u^60 * relu(u)^8"), 0, 1e-11 * DoubleFactorial(127));

    /// <summary>At points alone the coefficient of the highest power decides, of which 39!! = 3.2e23 times it is the mean: one in a thousand of all, or 32 times the rest. Far out on one side or on both is a factor of 44, and errors are up to 9 times what may be missing.</summary>
    [Theory]
    [InlineData(22)]
    [InlineData(26)]
    public void Errors_grow_with_the_part_of_the_highest_power(int exponent)
    {
        foreach (var seed in new ulong[] { 0, 1, 2 })
        {
            var estimate = AtPoints(seed, $"u^2 + u^40 / 10^{exponent}").Records[0].Values[0];
            var part = DoubleFactorial(39) * Math.Pow(10, -exponent);
            Assert.InRange(Math.Abs(estimate.Value - (1 + part)), 0, 3 * estimate.Error);
            Assert.InRange(estimate.Error, 0, 0.01 + (400 * part));
        }
    }

    [Fact]
    public void A_power_that_has_no_part_in_the_mean_leaves_the_error_alone()
    {
        var (with, without) = (AtPoints(0, "u^2 + u^40 / 10^40").Records[0].Values[0], AtPoints(0, "u^2").Records[0].Values[0]);
        Assert.Equal(without.Error, with.Error, 1e-3 * without.Error);
    }

    [Theory]
    [InlineData("relu(u - 8)")]
    [InlineData("u^2 * step(u - 8)")]
    [InlineData("u^3 * step(u - 5)")]
    public void What_no_point_meets_is_not_known_to_be_0(string body)
    {
        var estimate = AtPoints(0, body).Records[0].Values[0];
        Assert.Equal(0, estimate.Value);
        Assert.InRange(estimate.Error, 1e-8, 1e-2);
    }

    private static LimitResult Evaluate(params ReadOnlySpan<string> bodies) => LimitEvaluator.Evaluate(Program(bodies), NoData.Instance, new LimitSettings());

    private static LimitResult AtPoints(ulong seed, params ReadOnlySpan<string> bodies) =>
        LimitEvaluator.Evaluate(Program(bodies), NoData.Instance, new LimitSettings { AllowExact = false, Points = 1 << 10, Seed = seed });

    private static TpCompiler.Ir.Program Program(ReadOnlySpan<string> bodies)
    {
        var moments = string.Join('\n', bodies.ToArray().Select((body, i) => $"m{i} = Moment({body})"));
        return LimitProgram.Of(Compilation.Compile(new SourceText("many.tp", $"program many {{ width n vector u : [n] ~ normal(0, 1) {moments} }}")).Program!).Program!;
    }

    private static double DoubleFactorial(int n) => Enumerable.Range(0, (n + 1) / 2).Aggregate(1.0, (product, i) => product * (n - (2 * i)));

    private static void AssertHolds(double expected, LimitResult result, int output, double precision)
    {
        var estimate = result.Records[output].Values[0];
        Assert.InRange(estimate.Error, 0, precision);
        Assert.InRange(Math.Abs(estimate.Value - expected), 0, estimate.Error + (1e-14 * Math.Abs(expected)));
    }
}
