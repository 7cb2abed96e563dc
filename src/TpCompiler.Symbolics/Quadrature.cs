namespace TpCompiler.Symbolics;

/// <summary>
/// Means over standard Gaussians in one and two dimensions. Without kinks: the trapezoidal rule on the line, which converges geometrically for analytic functions
/// (Trefethen and Weideman 2014); with kinks: the tanh-sinh rule between them. Levels are refined until the tolerance holds.
/// </summary>
public static class Quadrature
{
    /// <summary>How many standard deviations out bounded functions count.</summary>
    internal const double Reach = 12;

    /// <summary>How far behind the peak of |z|^d times the normal density, √d, nothing counts: it falls at least as exp(−½ (z − √d)²).</summary>
    private const double BehindPeak = 9;

    private const int FirstLevel = 1;
    private const int LastLineLevel = 12;
    private const int LastPlaneLevel = 8;

    private static readonly Dictionary<int, IReadOnlyList<(double Distance, double Weight, bool Right)>> Rules = [];
    private static readonly Dictionary<int, double[]> TrapezoidalRules = [];

    /// <summary>How far out functions count that grow like |z|^degree.</summary>
    internal static double ReachOf(double degree) => Math.Max(Reach, Math.Sqrt(degree) + BehindPeak);

    /// <summary>E f(z), z ~ N(0, 1).</summary>
    /// <param name="f">The function; it may be unequal to its limits at kinks.</param>
    /// <param name="kinks">Where f is not smooth.</param>
    /// <param name="tolerance">The absolute error to reach.</param>
    /// <param name="extraReach">How much further than 12 standard deviations f times the density matters (for f that grows fast).</param>
    public static NumericMoment Line(Func<double, double> f, IReadOnlyList<double> kinks, double tolerance, double extraReach = 0)
    {
        var reach = Reach + extraReach;
        return Refine(
            level =>
            {
                var sum = new Accumulator();
                ForEachNode(kinks, reach, level, (x, weight) => sum.Add(weight * f(x)));
                return sum;
            },
            LastLineLevel,
            tolerance);
    }

    /// <summary>E f(x) g(ρx + σy) for independent x, y ~ N(0, 1), with σ = √(1 − ρ²) &gt; 0, given by itself as it has not cancelled.</summary>
    public static NumericMoment Plane(
        Func<double, double> f, IReadOnlyList<double> kinksOfF, Func<double, double> g, IReadOnlyList<double> kinksOfG, double correlation, double sigma, double tolerance, double extraReach = 0)
    {
        var reach = Reach + extraReach;

        // Where a kink of g comes down on x: the mean over y changes there within a width of σ.
        double[] outer = [.. kinksOfF, .. correlation == 0 ? [] : kinksOfG.Select(kink => kink / correlation).Where(x => Math.Abs(x) < reach)];
        return Refine(
            level =>
            {
                var sum = new Accumulator();
                ForEachNode(outer, reach, level, (x, weight) =>
                {
                    var fx = f(x);
                    if (fx == 0 || weight == 0)
                    {
                        return;
                    }

                    var inner = new Accumulator();
                    var shift = correlation * x;

                    // Inside the disk of that radius: what lies outside weighs no more than what lies beyond the reach on the line.
                    var innerReach = Math.Sqrt(Math.Max(0, (reach * reach) - (x * x)));
                    ForEachNode(kinksOfG.Count == 0 ? [] : [.. kinksOfG.Select(kink => (kink - shift) / sigma)], innerReach, level, (y, w) => inner.Add(w * g(shift + (sigma * y))));
                    sum.Add(weight * fx * inner.Sum, Math.Abs(weight * fx) * inner.Magnitude);
                });
                return sum;
            },
            LastPlaneLevel,
            tolerance);
    }

    private static NumericMoment Refine(Func<int, Accumulator> atLevel, int lastLevel, double tolerance)
    {
        var before = atLevel(FirstLevel - 1);
        var differenceBefore = double.PositiveInfinity;
        for (var level = FirstLevel; ; level++)
        {
            var current = atLevel(level);
            var rounding = 1e-15 * current.Magnitude;
            var difference = Math.Abs(current.Sum - before.Sum);

            // The error of a level is about the next difference. Differences shrink at least as fast as they just did; ten times that, and never more than what was seen.
            var ratio = double.IsInfinity(differenceBefore) ? 1 : Math.Min(1, 10 * difference / differenceBefore);
            var error = (difference * ratio) + rounding;
            if (error <= tolerance || difference <= 4 * rounding || level == lastLevel || !double.IsFinite(current.Sum))
            {
                return double.IsFinite(current.Sum)
                    ? new NumericMoment(current.Sum, error, MomentTier.Quadrature)
                    : new NumericMoment(current.Sum, double.PositiveInfinity, MomentTier.Quadrature);
            }

            (before, differenceBefore) = (current, difference);
        }
    }

    /// <summary>Nodes and weights for the mean over N(0, 1).</summary>
    private static void ForEachNode(IReadOnlyList<double> kinks, double reach, int level, Action<double, double> visit)
    {
        if (kinks.Count == 0)
        {
            var h = Math.ScaleB(1, -level);
            var weights = Trapezoidal(level, (int)Math.Ceiling(reach / h));
            visit(0, weights[0]);
            for (var i = 1; i < weights.Length; i++)
            {
                visit(i * h, weights[i]);
                visit(-i * h, weights[i]);
            }

            return;
        }

        double[] ends = [-reach, .. kinks.Where(kink => Math.Abs(kink) < reach).Distinct().Order(), reach];
        var rule = TanhSinh(level);
        for (var panel = 0; panel + 1 < ends.Length; panel++)
        {
            var (a, b) = (ends[panel], ends[panel + 1]);
            foreach (var (distance, weight, right) in rule)
            {
                // From the nearer end, so that a node doesn't fall on it.
                var x = right ? b - ((b - a) * distance) : a + ((b - a) * distance);
                visit(x, (b - a) * weight * Density(x));
            }
        }
    }

    /// <summary>The weights at 0, h, 2h, …</summary>
    private static ReadOnlySpan<double> Trapezoidal(int level, int count)
    {
        lock (Rules)
        {
            if (TrapezoidalRules.GetValueOrDefault(level) is not { } known || known.Length <= count)
            {
                var h = Math.ScaleB(1, -level);
                TrapezoidalRules[level] = known = [.. Enumerable.Range(0, count + 1).Select(i => h * Density(i * h))];
            }

            return known.AsSpan(0, count + 1);
        }
    }

    /// <summary>Nodes on [0, 1]: the distance from the nearer end, the weight, and which end.</summary>
    private static IReadOnlyList<(double Distance, double Weight, bool Right)> TanhSinh(int level)
    {
        lock (Rules)
        {
            if (Rules.TryGetValue(level, out var known))
            {
                return known;
            }

            var rule = new List<(double, double, bool)>();
            var h = Math.ScaleB(1, -level - 1);
            for (var i = 0; i * h < 4; i++)
            {
                var t = i * h;
                var s = Math.PI * Math.Sinh(t);
                var distance = 1 / (1 + Math.Exp(s));
                var weight = h * Math.PI * Math.Cosh(t) * distance * (1 - distance);
                if (weight < 1e-25)
                {
                    break;
                }

                rule.Add((distance, weight, true));
                if (i > 0)
                {
                    rule.Add((distance, weight, false));
                }
            }

            return Rules[level] = rule;
        }
    }

    private static double Density(double x) => Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);

    /// <summary>A sum with compensation, and the sum of the magnitudes, which bounds its rounding.</summary>
    private sealed class Accumulator
    {
        private double compensation;
        private double sum;

        public double Sum => sum + compensation;

        public double Magnitude { get; private set; }

        public void Add(double value) => Add(value, Math.Abs(value));

        public void Add(double value, double magnitude)
        {
            var next = sum + value;
            compensation += Math.Abs(sum) >= Math.Abs(value) ? sum - next + value : value - next + sum;
            sum = next;
            Magnitude += magnitude;
        }
    }
}
