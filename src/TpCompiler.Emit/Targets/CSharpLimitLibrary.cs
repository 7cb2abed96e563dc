using System.Globalization;
using TpCompiler.Limits;

namespace TpCompiler.Emit.Targets;

/// <summary>What stands behind the text of an emitted limit: expectations, coordinate spaces, conditioned matrices.</summary>
internal static class CSharpLimitLibrary
{
    public const string CoefficientsNote = """
        // All functions here are affine in the vectors, so every variable is a linear combination of 1 and of independent standard Gaussians: an array of its coefficients, 1's first.
        // E of a product is the sum of the products of coefficients, and nothing is approximated.
        """;

    public const string PointsNote = """
        // A variable is an array: its values at the points of a scrambled Sobol sequence, with a dimension for each Gaussian that its coordinate space has met. E is the mean over the points.
        // Each of 16 independent scramblings runs the whole program; a number is their mean, with its standard error behind the sign ±, or ? where what all points have missed, far out, may be anything.
        """;

    public const string CoefficientsMain = """

        // More room for coefficients until there is enough.
        List<Output>? found = null;
        for (int size = 64; found is null; size *= 4)
        {
            try
            {
                found = Evaluate(size);
            }
            catch (NoRoomException)
            {
            }
        }

        foreach (Output output in found)
        {
            Console.WriteLine(output);
        }
        """;

    private const string Main = """

        // {grid or }oints until every error is as small as it shall be, or as many as are given.
        // A quarter of them first: scramblings that all miss the same rare points agree, but more points then move the mean, and its error is at least half of the way.
        string? given = Option("--points");
        double tolerance = double.Parse(Option("--tolerance") ?? "5e-5", CultureInfo.InvariantCulture);{unless integrated}
        int points = int.Parse(given ?? "{first}");
        List<Estimate> before = Estimates(points / 4);
        while (true)
        {
            List<Estimate> now = [.. Estimates(points).Zip(before, (estimate, earlier) => estimate.NotBelow(earlier, points))];
            double worst = now.Max(estimate => estimate.Errors.Max());
            {beside integrated}int next = points * (worst > 3 * tolerance ? 4 : 2);
            if (given is not null || !(worst > tolerance) || next > {most})
            {
                Console.WriteLine(string.Join('\n', now));
                break;
            }

            (before, points) = (now, next);
        }

        List<Estimate> Estimates(int points)
        {
            List<Output>[] runs = new List<Output>[Estimate.Scramblings];
            Parallel.For(0, runs.Length, i => runs[i] = {evaluate});
            return [.. Estimate.Following(Enumerable.Range(0, runs[0].Count).Select(i => Estimate.Of([.. runs.Select(run => run[i])])))];
        }
        """;

    private const string IntegratedFirst = "\n" + """
        List<Estimate>? integrated = given is null ? Quadrature.Integrate(Evaluate, seed, tolerance) : null;
        double bound = integrated?.Max(estimate => estimate.Errors.Max()) ?? double.PositiveInfinity;
        if (bound <= tolerance)
        {
            Console.WriteLine(string.Join('\n', integrated!));
            return;
        }

        """;

    /// <summary>Even with an error that falls like 1/points no number of them gets as near as the grid.</summary>
    private const string IntegratedAfterAll = """
        if (integrated is not null && worst * points / (1 << 18) > bound)
            {
                Console.WriteLine(string.Join('\n', integrated));
                break;
            }

        """ + "\n    ";

    private const string CoefficientVariables = """

        // Variables are arrays of coefficients in orthonormal variables.
        static class Variables
        {
            // E x y
            public static double E(double[] x, double[] y) => Sum(x, y);

        """;

    private const string PointVariables = """

        // Variables are arrays of values at points.
        static class Variables
        {
            // E x y
            public static double E(double[] x, double[] y) => Sum(x, y) / x.Length;

        """;

    private const string GridVariables = """

        // Variables are arrays of values at points.
        static class Variables
        {
        """;

    private const string Addition = """
            // y += c x
            public static void Add(double[] y, double c, double[] x)
            {
                Span<Vector<double>> many = MemoryMarshal.Cast<double, Vector<double>>(y.AsSpan());
                ReadOnlySpan<Vector<double>> others = MemoryMarshal.Cast<double, Vector<double>>(x);
                for (int i = 0; i < many.Length; i++)
                {
                    many[i] += c * others[i];
                }

                for (int i = many.Length * Vector<double>.Count; i < y.Length; i++)
                {
                    y[i] += c * x[i];
                }
            }
        """;

    private const string Product = """
            private static double Sum(double[] x, double[] y)
            {
                ReadOnlySpan<Vector<double>> left = MemoryMarshal.Cast<double, Vector<double>>(x), right = MemoryMarshal.Cast<double, Vector<double>>(y.AsSpan());
                Vector<double> sums = Vector<double>.Zero;
                for (int i = 0; i < left.Length; i++)
                {
                    sums += left[i] * right[i];
                }

                double sum = Vector.Sum(sums);
                for (int i = left.Length * Vector<double>.Count; i < x.Length; i++)
                {
                    sum += x[i] * y[i];
                }

                return sum;
            }
        }
        """;

    private const string CoefficientSpace = """

        // Vectors that meet coordinate by coordinate; the Gaussians that they have met are numbered.
        sealed class Space(int size)
        {
            private int met;

            public double[] Gaussian(double variance)
            {
                double[] coefficients = new double[size];
                met++;
                coefficients[met < size ? met : throw new NoRoomException()] = Math.Sqrt(variance);
                return coefficients;
            }
        }

        sealed class NoRoomException : Exception;

        // An output at step t.
        sealed record Output(string Name, int? T, double[] Numbers)
        {
            public override string ToString() => $"{Name}{(T is { } t ? $" {t}" : "")} {string.Join(' ', Numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture)))}";
        }
        """;

    private const string PointSpace = """

        // Vectors that meet coordinate by coordinate; each Gaussian that they meet is the next dimension of the sequence.
        sealed class Space(ulong scrambling, int size)
        {
            private int met;

            public double[] Gaussian(double variance)
            {
                double[] values = Sobol.Normals(scrambling, met++, size);
                for (int point = 0; point < size; point++)
                {
                    values[point] *= Math.Sqrt(variance);
                }

                return values;
            }
        }
        """;

    private const string Estimates = """

        // An output at step t, and the terms at the ends of the means that it is made of, or of itself.
        sealed record Output(string Name, int? T, double[] Numbers, List<Tail>? Tails = null, bool IsMean = false);

        // An output at step t, with standard errors.
        sealed record Estimate(string Name, int? T, double[] Means, double[] Errors)
        {
            public const int Scramblings = 16;

            // So that three errors hold as often as three standard deviations of a normal variable: the quantile of t with 15 degrees of freedom over 3.
            private const double StudentFactor = 1.1955;

            // Runs that miss a term of size D lack D/N in the mean and D²/N² in its variance. With the variance as it would be if the mean µ were right (Wilson's score), (µ - m)² = 9 (s² + δ (µ - m)), δ = D/N.
            public static Estimate Of(Output[] runs)
            {
                double[] means = [.. runs[0].Numbers.Select((_, k) => runs.Average(run => run.Numbers[k]))];
                double[] errors = [.. means.Select((_, k) => Spread(runs.Select(run => run.Numbers[k])))];
                if (runs[0].Tails is { } tails)
                {
                    Tail[][] seen = [.. tails.Select((_, k) => runs.Select(run => run.Tails![k]).ToArray())];
                    if (runs[0].IsMean && seen.Length == errors.Length)
                    {
                        errors = [.. errors.Select((error, k) => Score(error, Tail.Unseen(seen[k])))];
                    }
                    else
                    {
                        // By as much as the error of a mean grows, that of a function of it does; of a mean without a spread it is that of the function.
                        (double growth, double least) = (1, 0);
                        foreach (Tail[] tail in seen)
                        {
                            double spread = Spread(tail.Select(run => run.Mean)), score = Score(spread, Tail.Unseen(tail));
                            (growth, least) = spread > 0 ? (Math.Max(growth, score / spread), least) : (growth, Math.Max(least, score));
                        }

                        errors = [.. errors.Select(error => Math.Max(error > 0 ? growth * error : 0, least))];
                    }
                }

                return new(runs[0].Name, runs[0].T, means, errors);
            }

            // A number of which no scrambling shows an error is known to one point of all at best.
            public Estimate NotBelow(Estimate before, int points) => this with
            {
                Errors = [.. Errors.Select((error, k) => Math.Max(error, Math.Abs(Means[k] - before.Means[k]) / 2)).Select((error, k) => error > 0 ? error : Math.Abs(Means[k]) / ((double)points * Scramblings))],
            };

            // What follows from a number of which nothing is known isn't known either.
            public static IEnumerable<Estimate> Following(IEnumerable<Estimate> estimates)
            {
                int? lost = null;
                foreach (Estimate estimate in estimates)
                {
                    yield return estimate.T > lost ? estimate with { Errors = [.. estimate.Errors.Select(_ => double.PositiveInfinity)] } : estimate;
                    lost ??= estimate.Errors.Any(double.IsPositiveInfinity) ? estimate.T ?? -1 : null;
                }
            }

            public override string ToString() => $"{Name}{(T is { } t ? $" {t}" : "")} {Text(Means, "R")} ± {Text(Errors, "0.#e+00")}";

            private static double Spread(IEnumerable<double> values)
            {
                double[] all = [.. values];
                double mean = all.Average();
                return StudentFactor * Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1) / all.Length);
            }

            private static double Score(double spread, double share) => 1.5 * share + Math.Sqrt(spread * spread + 2.25 * share * share);

            private static string Text(double[] numbers, string format) => string.Join(' ', numbers.Select(number => double.IsPositiveInfinity(number) ? "?" : number.ToString(format, CultureInfo.InvariantCulture)));
        }

        // Of the terms of a mean those at both ends, falling from the largest and from the negative of the smallest. Terms grow at most like the power degree of a Gaussian; scale is the size of one where all terms are 0.
        sealed record Tail(double Mean, double Positive, int Count, double[] Largest, double[] Smallest, double Scale, double Degree)
        {
            // One for each scrambling, which stand together for the outermost cell, and the next one.
            private const int Kept = Estimate.Scramblings + 1;

            public static double[] Product(double[] x, double[] y) => [.. x.Zip(y, (a, b) => a * b)];

            public static double Size(double[] x) => Math.Sqrt(x.Sum(value => value * value) / x.Length);

            public static Tail Of(double[] terms, double scale, double degree = 0) =>
                new(terms.Average(), terms.Sum(term => Math.Max(term, 0)), terms.Length, Ends(terms, 1), Ends(terms, -1), scale, degree);

            // δ: how much of the mean of all N points a term has that all of them missed.
            public static double Unseen(Tail[] runs)
            {
                double all = runs.Sum(run => (double)run.Count);
                if (runs.All(run => run.Largest[0] == 0 && run.Smallest[0] == 0))
                {
                    return runs.Max(run => run.Scale) / all;
                }

                // |z|^d times the density of z has its peak at √d: what lies beyond all points is not known.
                double reach = Sobol.Quantile(1 - 1 / all);
                return runs[0].Degree > reach * reach
                    ? double.PositiveInfinity
                    : Math.Max(Beyond(runs.SelectMany(run => run.Largest), runs.Sum(run => run.Positive)), Beyond(runs.SelectMany(run => run.Smallest), runs.Sum(run => run.Positive - run.Mean * run.Count))) / all;
            }

            // The next term is larger than the largest by as much as terms grow along the tail, Hill's index; of a tail with index 1 there is no mean, where the largest term counts.
            private static double Beyond(IEnumerable<double> terms, double sum)
            {
                double[] tail = [.. terms.OrderDescending().Take(Kept)];
                double largest = tail[0], threshold = tail[^1];
                if (!(largest > threshold) || largest <= 0)
                {
                    return Math.Max(0, largest - threshold);
                }

                double[] positive = [.. tail.Where(term => term > 0)];
                double logarithms = positive.Sum(term => Math.Log(term / positive[^1]));
                bool counts = largest >= 0.25 * sum;
                return threshold > 0
                    ? counts && logarithms >= Kept - 1 ? double.PositiveInfinity : largest * Math.Exp(logarithms / (Kept - 1)) - threshold
                    : counts && logarithms > 8 * (positive.Length - 1) ? double.PositiveInfinity : largest * Math.Exp((1 + logarithms) / positive.Length);
            }

            private static double[] Ends(double[] terms, int sign)
            {
                PriorityQueue<double, double> ends = new();
                foreach (double term in terms)
                {
                    if (ends.Count < Kept)
                    {
                        ends.Enqueue(sign * term, sign * term);
                    }
                    else if (sign * term > ends.Peek())
                    {
                        ends.EnqueueDequeue(sign * term, sign * term);
                    }
                }

                return [.. ends.UnorderedItems.Select(item => item.Element).OrderDescending()];
            }
        }
        """;

    /// <summary>Runs the scramblings, with more and more points; where matrices have entries at pairs of points they start with few, as time grows like the square.</summary>
    public static string PointsMain(bool hasPairs, bool hasGrids) => Main.Replace("{first}", hasPairs ? "256" : "2048", StringComparison.Ordinal).Replace("{most}", hasPairs ? "1 << 11" : "1 << 18", StringComparison.Ordinal)
            .Replace("{grid or }", hasGrids ? "Where no grid does it: p" : "P", StringComparison.Ordinal)
            .Replace("{unless integrated}", hasGrids ? IntegratedFirst : string.Empty, StringComparison.Ordinal)
            .Replace("{beside integrated}", hasGrids ? IntegratedAfterAll : string.Empty, StringComparison.Ordinal)
            .Replace("{evaluate}", hasGrids ? "Evaluate(new SobolPoints(seed * 0x10000 + (ulong)i, points))" : "Evaluate(seed * 0x10000 + (ulong)i, points)", StringComparison.Ordinal);

    /// <summary>Writes the types that a limit needs.</summary>
    /// <param name="writer">Behind the functions of the program.</param>
    /// <param name="isAffine">Whether variables are coefficients.</param>
    /// <param name="hasMatrices">Whether there are matrices.</param>
    /// <param name="hasPairs">Whether there are outer nonlinearities.</param>
    /// <param name="hasRatios">Whether widths differ.</param>
    /// <param name="hasGrids">Whether points may be those of grids.</param>
    /// <param name="dimensions">Dimensions of the Sobol sequence.</param>
    public static void Write(CodeWriter writer, bool isAffine, bool hasMatrices, bool hasPairs, bool hasRatios, bool hasGrids, int dimensions)
    {
        writer.Line(hasGrids ? GridVariables + "\n" + Addition + "\n}" : (isAffine ? CoefficientVariables : PointVariables) + "\n" + Addition + "\n\n" + Product);
        writer.Line(isAffine ? CoefficientSpace : (hasGrids ? CSharpGridLibrary.Space : PointSpace) + "\n" + Estimates);
        if (hasGrids)
        {
            writer.Line(CSharpGridLibrary.Points).Line(CSharpGridLibrary.Search);
        }

        CSharpMatrixLibrary.Write(writer, hasMatrices, hasPairs, hasRatios, hasGrids);
        if (!isAffine)
        {
            CSharpSobolLibrary.Write(writer, dimensions);
        }
    }
}
