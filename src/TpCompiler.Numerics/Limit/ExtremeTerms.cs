namespace TpCompiler.Numerics.Limit;

/// <summary>
/// What one run has seen of the terms t_i of a mean (1/M) Σ t_i: the mean and the terms at both ends, from which <see cref="UnseenTerm"/> says how large a term may be that no point met.
/// </summary>
/// <param name="Mean">(1/M) Σ t_i.</param>
/// <param name="Largest">The largest terms, in falling order.</param>
/// <param name="Smallest">The negatives of the smallest, in falling order.</param>
internal sealed record ExtremeTerms(double Mean, double[] Largest, double[] Smallest)
{
    /// <summary>Where all terms are 0, the product of the root mean squares of what they are products of: what a term that isn't may be like.</summary>
    public double Scale { get; init; }

    /// <summary>Whether no term is anything but 0.</summary>
    public bool IsZero => Largest[0] == 0 && Smallest[0] == 0;

    /// <summary>The ends of one row of terms.</summary>
    /// <param name="terms">t_1 … t_M.</param>
    /// <param name="count">How many terms to keep of each end; fewer where there are fewer.</param>
    public static ExtremeTerms Of(ReadOnlySpan<double> terms, int count)
    {
        count = Math.Min(count, terms.Length);
        var (largest, smallest) = (Empty(count), Empty(count));
        var sum = 0.0;
        foreach (var term in terms)
        {
            sum += term;
            Insert(largest, term);
            Insert(smallest, -term);
        }

        return new(sum / terms.Length, largest, smallest);
    }

    /// <summary>
    /// How large a term is that all runs missed, beyond what they have in its place: D = x₁ e^ξ − u, the larger one of both ends. u is the (R + 1)-th largest term of R runs: each run has one point in the outermost cell of mass
    /// 1/M, so these R terms stand for it together. ξ is Hill's index of the tail (Annals of Statistics 3, 1163, 1975), the mean of log(x_k / u): by as much is the next larger term larger on a logarithmic scale. Terms that are rare,
    /// R or fewer of their sign, have nothing in their place (u = 0), and too few logarithms for an index: one more, of size 1, is counted. Where there is none at all, D is <see cref="Scale"/>.
    /// </summary>
    /// <param name="runs">The ends of all runs, R of them.</param>
    public static double UnseenTerm(IReadOnlyList<ExtremeTerms> runs)
    {
        return runs.All(run => run.IsZero) ? runs.Max(run => run.Scale) : Math.Max(Beyond(runs.SelectMany(run => run.Largest)), Beyond(runs.SelectMany(run => run.Smallest)));

        double Beyond(IEnumerable<double> terms)
        {
            var tail = terms.OrderDescending().Take(runs.Count + 1).ToArray();
            var (largest, threshold) = (tail[0], tail[^1]);
            if (!(largest > threshold))
            {
                return 0;
            }

            if (largest <= 0)
            {
                return largest - threshold;
            }

            if (threshold > 0)
            {
                return (largest * Math.Exp(tail.Take(tail.Length - 1).Average(term => Math.Log(term / threshold)))) - threshold;
            }

            var positive = tail.Where(term => term > 0).ToArray();
            return largest * Math.Exp((1 + positive.Sum(term => Math.Log(term / positive[^1]))) / positive.Length);
        }
    }

    private static double[] Empty(int count)
    {
        var terms = new double[count];
        Array.Fill(terms, double.NegativeInfinity);
        return terms;
    }

    private static void Insert(double[] falling, double term)
    {
        if (!(term > falling[^1]))
        {
            return;
        }

        var place = falling.Length - 1;
        for (; place > 0 && falling[place - 1] < term; place--)
        {
            falling[place] = falling[place - 1];
        }

        falling[place] = term;
    }
}
