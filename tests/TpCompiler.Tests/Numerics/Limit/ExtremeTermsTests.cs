using TpCompiler.Numerics.Limit;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>How large a term is that no point met, from those that were.</summary>
public class ExtremeTermsTests
{
    private const int Runs = 16;

    /// <summary>Terms (N/k)^ξ, the quantiles of Pareto's law: the next one is e^ξ times the largest, as far as 17 terms tell.</summary>
    [Theory]
    [InlineData(0.25)]
    [InlineData(0.5)]
    public void The_index_of_a_power_law_is_found(double index)
    {
        const int Count = 1 << 12;
        var terms = Enumerable.Range(1, Count).Select(k => Math.Pow((double)Count / k, index)).ToArray();
        var threshold = terms[Runs];

        // The mean of log(x_k / u) over k ≤ 16 is ξ (log 17 − log 16!/16).
        var expected = index * (Math.Log(Runs + 1) - (Enumerable.Range(1, Runs).Sum(k => Math.Log(k)) / Runs));
        Assert.Equal((terms[0] * Math.Exp(expected)) - threshold, Unseen(terms), 9);
        Assert.InRange(expected / index, 0.8, 1.3);
    }

    /// <summary>Twice what lies between the largest and the 17th at most, a cosine near its top: that is 1 − cos of 8 steps.</summary>
    [Fact]
    public void Bounded_terms_leave_little_that_is_unseen()
    {
        const int Count = 1 << 12;
        var range = 1 - Math.Cos(8 * 2 * Math.PI / Count);
        Assert.InRange(Unseen([.. Enumerable.Range(0, Count).Select(i => Math.Cos(i * 2 * Math.PI / Count))]), range, 2 * range);
    }

    [Fact]
    public void A_few_terms_among_zeros_have_nothing_in_their_place()
    {
        var terms = new double[1 << 10];
        terms[100] = 1;
        Assert.Equal(Math.E, Unseen(terms), 12);
        terms[700] = 1;
        Assert.Equal(Math.Exp(0.5), Unseen(terms), 12);
    }

    [Fact]
    public void The_larger_end_counts()
    {
        double[] terms = [.. Enumerable.Range(0, 1 << 10).Select(i => i == 5 ? -100.0 : Math.Sin(i))];
        Assert.InRange(Unseen(terms), 100, 200);
        Assert.Equal(Unseen(terms), Unseen([.. terms.Select(term => -term)]));
    }

    private static double Unseen(double[] terms) =>
        ExtremeTerms.UnseenTerm([.. Enumerable.Range(0, Runs).Select(run => ExtremeTerms.Of(terms.AsSpan(run * terms.Length / Runs, terms.Length / Runs), Runs + 1))]);
}
