using System.Globalization;
using System.Numerics;
using System.Text.Json;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;
using TpCompiler.Tests.Cli;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>Coefficients are exact but for rounding, which a long training makes larger: the error that is printed holds, against the recurrence in integers of 120 digits.</summary>
public class MovedRoundingTests
{
    private static readonly BigInteger One = BigInteger.Pow(10, 120);

    // Learning rate, momentum, steps: descent that oscillates for long, converges, or blows up.
    [Theory]
    [InlineData("1/10", "99/100", 200)]
    [InlineData("1/2", "0", 60)]
    [InlineData("13/10", "0", 8)]
    [InlineData("16/10", "0", 6)]
    [InlineData("19/10", "0", 5)]
    public void The_error_of_coefficients_holds_over_many_steps(string rate, string momentum, int steps)
    {
        var compilation = Compilation.Compile(new SourceText("linear.tp", $$"""
            network linear(x : [1]) {
              width n
              weight U : [n, 1]
              weight V : [1, n]
              return V * (U * x)
            }
            parametrization mup
            train { loss mse optimizer sgd(lr: {{rate}}, momentum: {{momentum}}) batch 1 steps {{steps}} }
            """));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        var result = LimitEvaluator.Evaluate(LimitProgram.Of(compilation.TrainingProgram!).Program!, new Ones(), new LimitSettings());
        Assert.Equal(LimitEvaluator.Coefficients, result.Tier);
        var found = result.Records.Where(record => record.Name == "f").Select(record => record.Values[0]).ToList();
        var truth = Truth(Number(rate), Number(momentum)).Take(found.Count).ToList();
        Assert.Equal(steps + 1, found.Count);
        Assert.All(found.Zip(truth), pair => Assert.InRange(Math.Abs(Difference(pair.First.Value, pair.Second)), 0, pair.First.Error));

        // Nor is it vast where nothing is lost.
        Assert.InRange(found[1].Error, 1e-17, 1e-13);
    }

    private static Rational Number(string text) => text.Split('/') is [var over, var under] ? new Rational(BigInteger.Parse(over, CultureInfo.InvariantCulture), BigInteger.Parse(under, CultureInfo.InvariantCulture)) : int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Attention on tokens, which are numbers of rows: what is read isn't moved.</summary>
    [Fact]
    public void Rows_that_are_looked_up_are_the_same_in_moved_runs()
    {
        using var document = JsonDocument.Parse(TpcRun.Of("run", Path.Combine(Checkout.Root, "examples", "multihead.tp"), "--limit", "--format", "json").Output);
        var outputs = document.RootElement.GetProperty("outputs").EnumerateArray().Where(output => output.GetProperty("iteration")[0].GetInt32() > 0).ToList();
        Assert.NotEmpty(outputs);
        Assert.All(outputs.SelectMany(output => output.GetProperty("errors").EnumerateArray()), error => Assert.InRange(error.GetDouble(), 1e-19, 5e-14));
    }

    /// <summary>f of (A, B, C, D): U = u₁ ζ₁ + u₂ ζ₂ and V alike, from U = ζ₁, V = ζ₂, with x = y = 1.</summary>
    private static IEnumerable<BigInteger> Truth(Rational rate, Rational momentum)
    {
        BigInteger[] u = [One, 0], v = [0, One], mu = [0, 0], mv = [0, 0];
        while (true)
        {
            var f = ((u[0] * v[0]) + (u[1] * v[1])) / One;
            yield return f;
            for (var i = 0; i < 2; i++)
            {
                mu[i] = Times(momentum, mu[i]) + ((f - One) * v[i] / One);
                mv[i] = Times(momentum, mv[i]) + ((f - One) * u[i] / One);
            }

            for (var i = 0; i < 2; i++)
            {
                u[i] -= Times(rate, mu[i]);
                v[i] -= Times(rate, mv[i]);
            }
        }

        static BigInteger Times(Rational factor, BigInteger number) => factor.Numerator * number / factor.Denominator;
    }

    private static double Difference(double value, BigInteger truth)
    {
        const int Bits = 300;
        return (double)(((new BigInteger(Math.ScaleB(value, Bits)) * One) >> Bits) - truth) / 1e120;
    }
}
