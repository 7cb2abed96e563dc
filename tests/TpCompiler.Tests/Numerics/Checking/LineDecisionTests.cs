using TpCompiler.Numerics.Checking;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Numerics.Checking;

/// <summary>Verdicts on sizes that are drawn: their law is known, so what is right is.</summary>
public class LineDecisionTests
{
    private static readonly int[] Widths = [32, 64, 128, 256, 512];

    private static readonly int[] Nets = [64, 32, 16, 8, 4];

    [Fact]
    public void A_fit_recovers_the_slope_below_corrections_that_it_knows()
    {
        foreach (var (slope, root, first) in new[] { (-0.5, 0.0, 0.0), (0.5, 1.0, 0.0), (-1.0, -0.7, 10.0), (0.0, 0.3, -12.0) })
        {
            var fit = SlopeFit.Of([.. Widths.Select(n => new LogSize(n, 3 + (slope * Math.Log(n)) + (root / Math.Sqrt(n)) + (first / n), 1e-5, 4))])!;
            Assert.Equal(slope, fit.Slope, 0.01);
            Assert.InRange(Math.Abs(fit.Slope - slope), 0, fit.HalfWidth);
        }
    }

    // Means of sizes with noise and corrections of the size that the fit expects: about 95 of 100 intervals hold the slope.
    [Theory]
    [InlineData(0.01)]
    [InlineData(0.3)]
    [InlineData(1)]
    public void The_interval_of_a_fit_covers_the_slope_at_its_confidence(double noise)
    {
        var covered = Enumerable.Range(0, 1000).Select(FitOf).Count(fit => Math.Abs(fit.Slope + 0.5) <= fit.HalfWidth);

        Assert.InRange(covered, 930, 985);

        SlopeFit FitOf(int seed) => SlopeFit.Of([.. Draw(seed, -0.5, noise).Select(group => LogSize.OfMean(group.Width, [.. group.Sizes])!.Value)])!;
    }

    [Fact]
    public void The_logarithm_of_a_mean_is_unbiased_for_few_nets()
    {
        // Squares of normal numbers, 16 nets: the plain logarithm of the mean is too small by about 1/16.
        var logs = Enumerable.Range(0, 4000).Select(seed => LogSize.OfMean(64, [.. Normal(seed, 16).Select(z => z * z)])!.Value).ToList();
        var error = Math.Sqrt(logs.Average(log => log.Value * log.Value) / logs.Count);

        Assert.InRange(logs.Average(log => log.Value), -4 * error - 0.01, 4 * error + 0.01);
        Assert.InRange(Math.Sqrt(logs.Average(log => log.Error * log.Error)) / Math.Sqrt(logs.Average(log => log.Value * log.Value)), 0.8, 1.2);
    }

    // A right exponent is rejected, and one that is wrong by the spacing accepted, in about one of a thousand lines; more than five of a thousand is out of the question then.
    [Theory]
    [InlineData(0.5, 0.05)]
    [InlineData(0.5, 0.4)]
    [InlineData(0.5, 1)]
    [InlineData(0.25, 0.05)]
    [InlineData(0.25, 0.4)]
    public void Verdicts_are_seldom_wrong(double spacing, double noise)
    {
        var decision = new LineDecision(Widths, spacing);
        var right = Enumerable.Range(0, 1000).Select(seed => Verdict(seed, 0.5)).ToList();
        var slower = Enumerable.Range(1000, 1000).Select(seed => Verdict(seed, 0.5 + spacing)).ToList();
        var faster = Enumerable.Range(2000, 1000).Select(seed => Verdict(seed, 0.5 - spacing)).ToList();

        Assert.True(right.Count(verdict => verdict == CheckVerdict.Differs) <= 5 && slower.Count(verdict => verdict == CheckVerdict.Agrees) <= 5 && faster.Count(verdict => verdict == CheckVerdict.Agrees) <= 5,
            string.Join(' ', new[] { right, slower, faster }.SelectMany(verdicts => Enum.GetValues<CheckVerdict>().Select(verdict => $"{verdict} {verdicts.Count(other => other == verdict)}"))));
        if (noise < 0.1)
        {
            var most = spacing < 0.5 ? 800 : 990;
            Assert.InRange(right.Count(verdict => verdict == CheckVerdict.Agrees), most, 1000);
            Assert.InRange(slower.Count(verdict => verdict == CheckVerdict.Differs), most, 1000);
        }

        CheckVerdict Verdict(int seed, double derived) => decision.Of(
            "x", CheckQuantity.Size, RationalOf(derived), [.. Draw(seed, -0.5, noise).SelectMany(group => group.Sizes.Select(size => (group.Width, new NetSize(size, null))))]).Verdict;

        static Rational RationalOf(double quarters) => new((int)(4 * quarters), 4);
    }

    // A moment that training moves by a little, below the fluctuation of its change: the average over nets shows it, and shows nothing where nothing is.
    [Theory]
    [InlineData(0.5, 0, true)]
    [InlineData(0, 0, false)]
    [InlineData(3, -0.5, false)]
    public void A_limit_below_its_fluctuation_is_seen_in_the_average_over_nets(double limit, double falls, bool expected)
    {
        var seen = Enumerable.Range(0, 100).Count(seed => LeadingAverage.IsSeen(
            [.. Widths.Select((n, k) => ((double)n, (IReadOnlyList<double[]>)[.. Enumerable.Range(0, 16 * Nets[k]).Select(i => Moment(n, (100_000 * seed) + (10_000 * k) + i))]))], 0, 0.5) == true);

        Assert.InRange(seen, expected ? 95 : 0, expected ? 100 : 1);

        double[] Moment(int n, int stream) => [.. Normal(stream, 3).Select((z, i) => (limit * Math.Pow(n, falls) * (i - 0.5)) + (5 * z / Math.Sqrt(n)))];
    }

    private static IEnumerable<(int Width, IEnumerable<double> Sizes)> Draw(int seed, double slope, double noise)
    {
        var corrections = Normal((10 * seed) + 9, 2);
        return Widths.Select((n, k) => (n, Normal((10 * seed) + k, Nets[k])
            .Select(z => Math.Pow(n, slope) * Math.Exp((noise * z) + (0.5 * corrections[0] / Math.Sqrt(n)) + (8 * corrections[1] / n)))));
    }

    private static double[] Normal(int stream, int count)
    {
        var noise = new double[count];
        new Philox(11, (ulong)stream).Normal(noise);
        return noise;
    }
}
