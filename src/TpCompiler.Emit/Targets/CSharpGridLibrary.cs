namespace TpCompiler.Emit.Targets;

/// <summary>
/// Quadrature in an emitted limit: a grid for each coordinate space and a rule for each Gaussian, refined where that moves the outputs, as <c>tpc run --limit</c> does for functions without kinks.
/// </summary>
internal static class CSharpGridLibrary
{
    public const string Note = """
        // A variable is an array: its values at points, with a dimension for each Gaussian that its coordinate space has met. E is a weighted mean over them. Where no space meets more than six Gaussians the points are
        // those of a grid, and the error of a number is bounded by what coarser rules make of it. Else, or with --points, they are scrambled Sobol points: each of 16 independent scramblings runs the whole
        // program, and a number is their mean, with its standard error behind the sign ±, or ? where what all points have missed, far out, may be anything.
        """;

    public const string Space = """

        // Vectors that meet coordinate by coordinate; each Gaussian that they meet is the next dimension of the points.
        sealed class Space(Points points, int number)
        {
            public double[] Weights { get; } = points.Weights(number);

            public double[] Gaussian(double variance)
            {
                double[] values = points.Gaussian(number);
                for (int point = 0; point < values.Length; point++)
                {
                    values[point] *= Math.Sqrt(variance);
                }

                return values;
            }

            // E x y
            public double E(double[] x, double[] y)
            {
                ReadOnlySpan<Vector<double>> left = MemoryMarshal.Cast<double, Vector<double>>(x), right = MemoryMarshal.Cast<double, Vector<double>>(y.AsSpan()), weights = MemoryMarshal.Cast<double, Vector<double>>(Weights.AsSpan());
                Vector<double> sums = Vector<double>.Zero;
                for (int i = 0; i < left.Length; i++)
                {
                    sums += weights[i] * left[i] * right[i];
                }

                double sum = Vector.Sum(sums);
                for (int i = left.Length * Vector<double>.Count; i < x.Length; i++)
                {
                    sum += Weights[i] * x[i] * y[i];
                }

                return sum;
            }
        }
        """;

    public const string Points = """

        // Where variables have their values, and how many Gaussians each coordinate space has met.
        abstract class Points(int size)
        {
            private readonly List<int> met = [];

            public int Size => size;

            public IReadOnlyList<int> Met => met;

            // A standard Gaussian, independent of those before.
            public double[] Gaussian(int space) => Gaussian(space, met[space]++);

            // What each point counts in an expectation.
            public double[] Weights(int space)
            {
                while (met.Count <= space)
                {
                    met.Add(0);
                }

                return WeightsOf(space);
            }

            protected abstract double[] Gaussian(int space, int number);

            protected abstract double[] WeightsOf(int space);
        }

        sealed class SobolPoints(ulong scrambling, int size) : Points(size)
        {
            protected override double[] Gaussian(int space, int number) => Sobol.Normals(scrambling, number, Size);

            protected override double[] WeightsOf(int space) => [.. Enumerable.Repeat(1.0 / Size, Size)];
        }

        // All combinations of the nodes of a rule for each Gaussian. Grids of smaller spaces are filled up with points that count nothing.
        sealed class Grid(Rule[][] rules) : Points(rules.Max(Count))
        {
            protected override double[] Gaussian(int space, int number)
            {
                Rule rule = number < rules[space].Length ? rules[space][number] : throw new NotSupportedException("a grid met more Gaussians than points did");
                int stride = Count(rules[space][..number]);
                return Filled(space, point => rule.Nodes[point / stride % rule.Nodes.Length]);
            }

            protected override double[] WeightsOf(int space) => Filled(space, point =>
            {
                double weight = 1;
                foreach (Rule rule in rules[space])
                {
                    weight *= rule.Weights[point % rule.Nodes.Length];
                    point /= rule.Nodes.Length;
                }

                return weight;
            });

            private double[] Filled(int space, Func<int, double> value)
            {
                double[] values = new double[Size];
                int count = Count(rules[space]);
                for (int point = 0; point < count; point++)
                {
                    values[point] = value(point);
                }

                return values;
            }

            private static int Count(Rule[] axes) => axes.Aggregate(1, (count, rule) => count * rule.Nodes.Length);
        }

        // A rule for means over a standard Gaussian.
        sealed record Rule(double[] Nodes, double[] Weights)
        {
            // Gauss's: the zeros of the Hermite polynomial He_m, by bisection between those of He_{m-1}, and weights 1 / Σ_k He_k(x)²/k!.
            public static Rule Gauss(int m)
            {
                double[] zeros = [];
                for (int degree = 1; degree <= m; degree++)
                {
                    double end = 2 * Math.Sqrt(degree + 1);
                    double[] ends = [-end, .. zeros, end];
                    zeros = [.. Enumerable.Range(0, degree).Select(i => ZeroBetween(degree, ends[i], ends[i + 1]))];
                }

                return new Rule(zeros, [.. zeros.Select(x => 1 / Hermite(x, m).SumOfSquares)]);
            }

            // The trapezoidal rule on [-R, R] with R³ = π² m: for functions with poles beside the line, as tanh has (Trefethen and Weideman, SIAM Review 56, 2014).
            public static Rule Trapezoidal(int m)
            {
                double end = Math.Cbrt(Math.PI * Math.PI * m);
                double[] nodes = [.. Enumerable.Range(0, m).Select(k => end * (2.0 * k / (m - 1) - 1))];
                double[] densities = [.. nodes.Select(x => Math.Exp(-x * x / 2))];
                double total = densities.Sum();
                int[] kept = [.. Enumerable.Range(0, m).Where(k => densities[k] / total > 1e-17)];
                return new Rule([.. kept.Select(k => nodes[k])], [.. kept.Select(k => densities[k] / total)]);
            }

            private static double ZeroBetween(int degree, double left, double right)
            {
                bool rises = Hermite(right, degree).Value > 0;
                for (int pass = 0; pass < 100; pass++)
                {
                    double middle = (left + right) / 2;
                    (left, right) = Hermite(middle, degree).Value > 0 == rises ? (left, middle) : (middle, right);
                }

                return (left + right) / 2;
            }

            // He_m(x)/√m!, and the sum of the squares of those below.
            private static (double Value, double SumOfSquares) Hermite(double x, int m)
            {
                (double h, double before, double sum) = (1, 0, 0);
                for (int k = 0; k < m; k++)
                {
                    sum += h * h;
                    (h, before) = ((x * h - Math.Sqrt(k) * before) / Math.Sqrt(k + 1), h);
                }

                return (h, sum);
            }
        }
        """;

    public const string Search = """

        // Looks for the smallest grid that gives the outputs within a tolerance: the rule is refined whose refinement moves them most. What coarser rules make of a number, one at a time, adds up to its error.
        sealed class Quadrature(Func<Points, List<Output>> evaluate, (int Space, int Gaussian)[] axes, int spaces, double tolerance)
        {
            private const int MostGaussians = 6, FirstLevel = 3, ChoiceLevel = 6, SmallGrid = 1 << 16;

            private static readonly int[] Nodes = [1, 2, 3, 5, 7, 10, 14, 19, 26, 34, 46, 62, 84, 120, 168, 240, 336, 480];

            private readonly Dictionary<Level, Rule> rules = [];
            private readonly Dictionary<string, double[]> known = [];
            private readonly Dictionary<int, (double[] Now, double[] Before)> changes = [];
            private List<Output> outputs = [];

            private readonly record struct Level(bool Trapezoidal, int Number);

            // The outputs with bounds on their errors; null where a space meets too many Gaussians, or where grids don't converge.
            public static List<Estimate>? Integrate(Func<Points, List<Output>> evaluate, ulong seed, double tolerance)
            {
                SobolPoints few = new(seed, 64);
                evaluate(few);
                (int, int)[] axes = [.. few.Met.SelectMany((count, space) => Enumerable.Range(0, count).Select(gaussian => (space, gaussian)))];
                return few.Met.Max() is > 0 and <= MostGaussians ? new Quadrature(evaluate, axes, few.Met.Count, tolerance).Search() : null;
            }

            private List<Estimate>? Search()
            {
                int[] all = [.. Enumerable.Range(0, axes.Length)];
                Level[] levels = [.. all.Select(_ => new Level(false, FirstLevel))];
                double most = tolerance < 1e-6 ? 1 << 22 : 1 << 20;
                List<Estimate>? best = null;
                while (true)
                {
                    double target = Size(levels) <= SmallGrid ? Math.Min(tolerance, 1e-9) : tolerance;
                    if (2 * all.Sum(axis => Change(levels, axis).Max()) <= target)
                    {
                        changes.Clear();
                        List<Estimate>? result = Verified(levels, all);
                        best = result is not null && (best is null || Worst(result) < Worst(best)) ? result : best;
                        if (result is not null && Worst(result) <= target)
                        {
                            return best;
                        }
                    }

                    double largest = all.Max(axis => Change(levels, axis).Max());
                    int[] coarse = [.. all.Where(axis => Change(levels, axis).Max() >= largest / 4 && levels[axis].Number + 1 < Nodes.Length)];
                    foreach (int axis in coarse.Where(axis => levels[axis] == new Level(false, ChoiceLevel)).ToArray())
                    {
                        levels = Chosen(levels, axis);
                    }

                    Level[] finer = Moved(levels, coarse, 1);
                    if (coarse.Length == 0 || Size(finer) > most)
                    {
                        return best ?? Verified(levels, all);
                    }

                    levels = finer;
                    foreach (int axis in coarse)
                    {
                        changes.Remove(axis);
                    }
                }
            }

            // How much of each number's error is this axis's: the last change, or what the change before allows for.
            private double[] Change(Level[] levels, int axis)
            {
                if (!changes.TryGetValue(axis, out var change))
                {
                    double[] fine = At(levels), middle = At(Moved(levels, [axis], -1)), coarse = At(Moved(levels, [axis], -2));
                    changes[axis] = change = (Distances(fine, middle), Distances(middle, coarse));
                }

                return [.. change.Now.Zip(change.Before, (now, before) => Math.Max(now, before / 12))];
            }

            // Gauss's rule or the trapezoidal one, whichever the next refinement moves less.
            private Level[] Chosen(Level[] levels, int axis)
            {
                Level[] other = [.. levels];
                other[axis] = new Level(true, levels[axis].Number);
                return ChangeOf(other) < ChangeOf(levels) ? other : levels;

                double ChangeOf(Level[] from) => Distances(At(Moved(from, [axis], 1)), At(from)).Max();
            }

            // All rules made coarser together move numbers far less than one refinement before, or they are not to be trusted.
            private List<Estimate>? Verified(Level[] levels, int[] all)
            {
                double[] fine = At(levels), middle = At(Moved(levels, all, -1)), coarse = At(Moved(levels, all, -2));
                double[] now = Distances(fine, middle), before = Distances(middle, coarse);
                if (!(double.IsFinite(before.Max()) && now.Max() <= Math.Max(before.Max() / 3, 1e-12) && now.Max() <= 1e-3))
                {
                    return null;
                }

                List<double[]> parts = [.. all.Select(axis => Change(levels, axis))];
                double[] errors = [.. fine.Select((value, i) => 2 * Math.Max(now[i], parts.Sum(part => part[i])) + 1e-13 * Math.Max(1, Math.Abs(value)))];
                int start = 0;
                return [.. outputs.Select(output =>
                {
                    Range range = start..(start += output.Numbers.Length);
                    return new Estimate(output.Name, output.T, fine[range], errors[range]);
                })];
            }

            // All numbers of the outputs.
            private double[] At(Level[] levels)
            {
                string key = string.Join(' ', levels);
                if (!known.TryGetValue(key, out double[]? numbers))
                {
                    outputs = evaluate(new Grid([.. Enumerable.Range(0, spaces).Select(space => axes.Zip(levels).Where(axis => axis.First.Space == space).Select(axis => RuleOf(axis.Second)).ToArray())]));
                    known[key] = numbers = [.. outputs.SelectMany(output => output.Numbers)];
                }

                return numbers;
            }

            private Rule RuleOf(Level level)
            {
                if (!rules.TryGetValue(level, out Rule? rule))
                {
                    rules[level] = rule = level.Trapezoidal ? Rule.Trapezoidal(NodesOf(level)) : Rule.Gauss(NodesOf(level));
                }

                return rule;
            }

            private static int NodesOf(Level level) => Nodes[Math.Max(0, level.Number)];

            private double Size(Level[] levels) => axes.Zip(levels).GroupBy(axis => axis.First.Space).Max(space => space.Aggregate(1.0, (size, axis) => size * NodesOf(axis.Second)));

            private static Level[] Moved(Level[] levels, int[] axes, int by) => [.. levels.Select((level, axis) => axes.Contains(axis) ? level with { Number = level.Number + by } : level)];

            private static double[] Distances(double[] x, double[] y) => [.. x.Zip(y, (left, right) => Math.Abs(left - right))];

            private static double Worst(List<Estimate> estimates) => estimates.Max(estimate => estimate.Errors.Max());
        }
        """;
}
