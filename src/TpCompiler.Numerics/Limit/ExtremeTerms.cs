namespace TpCompiler.Numerics.Limit;

/// <summary>
/// What one run has seen of the terms t_i of a mean (1/M) Σ t_i: the mean and the terms at both ends, from which <see cref="UnseenTerm"/> says how large a term may be that no point met.
/// </summary>
/// <param name="Mean">(1/M) Σ t_i.</param>
/// <param name="Largest">The largest terms, in falling order.</param>
/// <param name="Smallest">The negatives of the smallest, in falling order.</param>
/// <param name="Positive">The sum of the positive terms.</param>
internal sealed record ExtremeTerms(double Mean, double[] Largest, double[] Smallest, double Positive)
{
    /// <summary>So much of the sum of its sign is the largest of all terms at least where the mean is not to be told from them.</summary>
    private const double Dominant = 0.25;

    /// <summary>Rare terms say nothing of the next one where they are smaller than the largest by this on a logarithmic scale in the mean: a bump that no point is near has such.</summary>
    private const double Scattered = 8;

    /// <summary>Where all terms are 0, the product of the root mean squares of what they are products of, where a function is 0 that of what it has at its argument's root mean square on either side: what a term that isn't 0 may be like.</summary>
    public double Scale { get; init; }

    /// <summary>M.</summary>
    public required int Count { get; init; }

    /// <summary>The largest |t_i|.</summary>
    public double Size => Math.Max(Math.Abs(Largest[0]), Math.Abs(Smallest[0]));

    /// <summary>The |t_i| of this rank, 1 for the largest; of those that are kept the smallest, where that are fewer.</summary>
    public double SizeOf(int rank) => Largest.Concat(Smallest).Where(double.IsFinite).Select(term => Math.Max(0, term)).OrderDescending().Take(rank).LastOrDefault();

    /// <summary>Whether no term is anything but 0.</summary>
    public bool IsZero => Size == 0;

    /// <summary>The ends of one row of terms.</summary>
    /// <param name="terms">t_1 … t_M.</param>
    /// <param name="count">How many terms to keep of each end; fewer where there are fewer.</param>
    public static ExtremeTerms Of(ReadOnlySpan<double> terms, int count)
    {
        count = Math.Min(count, terms.Length);
        var (largest, smallest) = (Empty(count), Empty(count));
        var (sum, positive) = (0.0, 0.0);
        foreach (var term in terms)
        {
            sum += term;
            positive += Math.Max(term, 0);
            Insert(largest, term);
            Insert(smallest, -term);
        }

        return new(sum / terms.Length, largest, smallest, positive) { Count = terms.Length };
    }

    /// <summary>
    /// How large a term is that all runs missed, beyond what they have in its place: D = x₁ e^ξ − u, the larger one of both ends. u is the (R + 1)-th largest term of R runs: each run has one point in the outermost cell of mass
    /// 1/M, so these R terms stand for it together. ξ is Hill's index of the tail (Annals of Statistics 3, 1163, 1975), the mean of log(x_k / u): by as much is the next larger term larger on a logarithmic scale. Terms that are rare,
    /// R or fewer of their sign, have nothing in their place (u = 0), and too few logarithms for an index: one more, of size 1, is counted. Where there is none at all, D is <see cref="Scale"/>.
    /// Of a tail with ξ ≥ 1 there is no mean, and the largest term's share of the sum doesn't vanish with more of them (Embrechts, Klüppelberg and Mikosch, Modelling Extremal Events, 1997, section 6.2.6): where the terms look like that as
    /// far as they go, D is infinite, whatever lies farther out.
    /// </summary>
    /// <param name="runs">The ends of all runs, R of them.</param>
    public static double UnseenTerm(IReadOnlyList<ExtremeTerms> runs)
    {
        return runs.All(run => run.IsZero) ? runs.Max(run => run.Scale) : Math.Max(
            Beyond(runs.SelectMany(run => run.Largest), runs.Sum(run => run.Positive)),
            Beyond(runs.SelectMany(run => run.Smallest), runs.Sum(run => run.Positive - (run.Mean * run.Count))));

        double Beyond(IEnumerable<double> terms, double sum)
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
                var index = HillIndex(tail);
                return index >= 1 && largest >= Dominant * sum ? double.PositiveInfinity : (largest * Math.Exp(index)) - threshold;
            }

            var positive = tail.Where(term => term > 0).ToArray();
            var logarithms = positive.Sum(term => Math.Log(term / positive[^1]));
            return logarithms > Scattered * (positive.Length - 1) && largest >= Dominant * sum ? double.PositiveInfinity : largest * Math.Exp((1 + logarithms) / positive.Length);
        }
    }

    /// <summary>
    /// The degree in Gaussians to which the terms grow where the outermost points are, d log|t| / d log|z|: Hill's index times z², as of terms that go like |z|^d the tail has index d/z². Infinite where too few terms differ from 0.
    /// </summary>
    /// <param name="runs">The ends of all runs.</param>
    public static double DegreeAtTheEnds(IReadOnlyList<ExtremeTerms> runs)
    {
        return 2 * Math.Log(runs.Sum(run => (double)run.Count)) * Math.Max(Index(runs.SelectMany(run => run.Largest)), Index(runs.SelectMany(run => run.Smallest)));

        double Index(IEnumerable<double> terms)
        {
            var tail = terms.OrderDescending().Take(runs.Count + 1).ToArray();
            return tail[0] <= 0 ? 0 : tail[^1] <= 0 ? double.PositiveInfinity : HillIndex(tail);
        }
    }

    /// <summary>The mean of log(x_k / u) of a falling tail that ends in u &gt; 0.</summary>
    private static double HillIndex(double[] tail) => tail.Take(tail.Length - 1).Average(term => Math.Log(term / tail[^1]));

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
