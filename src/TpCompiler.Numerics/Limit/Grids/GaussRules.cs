namespace TpCompiler.Numerics.Limit.Grids;

/// <summary>Nodes with weights.</summary>
internal readonly record struct Rule(double[] Nodes, double[] Weights);

/// <summary>Rules in one dimension.</summary>
internal static class GaussRules
{
    private const double LastWeight = 1e-17;

    private static readonly Dictionary<int, Rule> LegendreRules = [];

    /// <summary>Gauss's rule of m nodes on [0, 1].</summary>
    public static Rule Legendre(int m)
    {
        lock (LegendreRules)
        {
            if (!LegendreRules.TryGetValue(m, out var rule))
            {
                // The zeros of P_m, by Newton's method from their asymptotic places.
                var (nodes, weights) = (new double[m], new double[m]);
                for (var i = 0; i < m; i++)
                {
                    var x = Math.Cos(Math.PI * (i + 0.75) / (m + 0.5));
                    var slope = 0.0;
                    for (var pass = 0; pass < 100; pass++)
                    {
                        var (p, before) = (1.0, 0.0);
                        for (var k = 1; k <= m; k++)
                        {
                            (p, before) = ((((2 * k) - 1) * x * p / k) - ((k - 1) * before / k), p);
                        }

                        slope = m * ((x * p) - before) / ((x * x) - 1);
                        var step = p / slope;
                        x -= step;
                        if (Math.Abs(step) < 1e-15)
                        {
                            break;
                        }
                    }

                    nodes[m - 1 - i] = 0.5 * (1 + x);
                    weights[m - 1 - i] = 1 / ((1 - (x * x)) * slope * slope);
                }

                LegendreRules[m] = rule = new Rule(nodes, weights);
            }

            return rule;
        }
    }

    /// <summary>
    /// The trapezoidal rule for the normal density on [−R, R], whose error falls geometrically in m for analytic functions (Trefethen and Weideman, SIAM Review 56, 2014).
    /// R³ = π² m makes what is cut off as small as what a pole at ±iπ/2, tanh's, leaves between the nodes.
    /// </summary>
    public static Rule Trapezoidal(int m)
    {
        var end = Math.Cbrt(Math.PI * Math.PI * m);
        double[] nodes = [.. Enumerable.Range(0, m).Select(k => end * ((2.0 * k / (m - 1)) - 1))];
        var densities = Array.ConvertAll(nodes, x => Math.Exp(-0.5 * x * x));
        var total = densities.Sum();
        var weights = Array.ConvertAll(densities, density => density / total);
        int[] kept = [.. Enumerable.Range(0, m).Where(k => weights[k] > LastWeight)];
        return new Rule([.. kept.Select(k => nodes[k])], [.. kept.Select(k => weights[k])]);
    }

    /// <summary>Gauss's rule for N(0, 1): the zeros of the Hermite polynomial He_m, found by bisection between those of He_{m−1}.</summary>
    public static Rule Hermite(int m)
    {
        double[] zeros = [];
        for (var degree = 1; degree <= m; degree++)
        {
            var end = 2 * Math.Sqrt(degree + 1);
            double[] ends = [-end, .. zeros, end];
            zeros = [.. Enumerable.Range(0, degree).Select(i => ZeroBetween(degree, ends[i], ends[i + 1]))];
        }

        // Christoffel numbers: 1 / Σ_{k<m} He_k(x)²/k!.
        var weights = Array.ConvertAll(zeros, x =>
        {
            var (h, before, sum) = (1.0, 0.0, 0.0);
            for (var k = 0; k < m; k++)
            {
                sum += h * h;
                (h, before) = (((x * h) - (Math.Sqrt(k) * before)) / Math.Sqrt(k + 1), h);
            }

            return 1 / sum;
        });
        return new Rule(zeros, weights);
    }

    private static double ZeroBetween(int degree, double left, double right)
    {
        var rises = Value(right) > 0;
        for (var pass = 0; pass < 100; pass++)
        {
            var middle = 0.5 * (left + right);
            (left, right) = (Value(middle) > 0) == rises ? (left, middle) : (middle, right);
        }

        return 0.5 * (left + right);

        double Value(double x)
        {
            var (h, before) = (1.0, 0.0);
            for (var k = 0; k < degree; k++)
            {
                (h, before) = (((x * h) - (Math.Sqrt(k) * before)) / Math.Sqrt(k + 1), h);
            }

            return h;
        }
    }
}
