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
        // Each of 16 independent scramblings runs the whole program; a number is their mean, with its standard error behind the sign ±.
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

        // Points until every error is as small as it shall be, or as many as are given.
        // A quarter of them first: scramblings that all miss the same rare points agree, but more points then move the mean, and its error is at least half of the way.
        string? given = Option("--points");
        double tolerance = double.Parse(Option("--tolerance") ?? "5e-5", CultureInfo.InvariantCulture);
        int points = int.Parse(given ?? "{first}");
        List<Estimate> before = Estimates(points / 4);
        while (true)
        {
            List<Estimate> now = [.. Estimates(points).Zip(before, (estimate, earlier) => estimate.NotBelow(earlier, points))];
            double worst = now.Max(estimate => estimate.Errors.Max());
            int next = points * (worst > 3 * tolerance ? 4 : 2);
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
            Parallel.For(0, runs.Length, i => runs[i] = Evaluate(seed * 0x10000 + (ulong)i, points));
            return [.. Enumerable.Range(0, runs[0].Count).Select(i => Estimate.Of([.. runs.Select(run => run[i])]))];
        }
        """;

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

    private const string Variables = """
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

        // An output at step t.
        sealed record Output(string Name, int? T, double[] Numbers);

        // An output at step t, with standard errors.
        sealed record Estimate(string Name, int? T, double[] Means, double[] Errors)
        {
            public const int Scramblings = 16;

            // So that three errors hold as often as three standard deviations of a normal variable: the quantile of t with 15 degrees of freedom over 3.
            const double StudentFactor = 1.1955;

            public static Estimate Of(Output[] runs)
            {
                double[] means = [.. runs[0].Numbers.Select((_, k) => runs.Average(run => run.Numbers[k]))];
                return new(runs[0].Name, runs[0].T, means, [.. means.Select((mean, k) => StudentFactor * Math.Sqrt(runs.Sum(run => Math.Pow(run.Numbers[k] - mean, 2)) / (runs.Length - 1) / runs.Length))]);
            }

            // A number of which no scrambling shows an error is known to one point of all at best.
            public Estimate NotBelow(Estimate before, int points) => this with
            {
                Errors = [.. Errors.Select((error, k) => Math.Max(error, Math.Abs(Means[k] - before.Means[k]) / 2)).Select((error, k) => error > 0 ? error : Math.Abs(Means[k]) / ((double)points * Scramblings))],
            };

            public override string ToString() => $"{Name}{(T is { } t ? $" {t}" : "")} {Text(Means, "R")} ± {Text(Errors, "0.#e+00")}";

            private static string Text(double[] numbers, string format) => string.Join(' ', numbers.Select(number => number.ToString(format, CultureInfo.InvariantCulture)));
        }
        """;

    private const string MatrixEntries = """

            // n times the entries at each pair of points.
            public double[][] Entries(int size)
            {
                double[][] entries = [.. Enumerable.Range(0, size).Select(_ => new double[size])];
                foreach ((IPart part, double c) in parts)
                {
                    ((IEntries)part).AddTo(entries, c);
                }

                return entries;
            }
        """;

    private const string OuterEntries = """

            public void AddTo(double[][] entries, double c)
            {
                for (int row = 0; row < entries.Length; row++)
                {
                    Add(entries[row], c * u[row], v);
                }
            }
        """;

    private const string Pairs = """

        // What has entries at pairs of points; a Gaussian matrix has none.
        interface IEntries : IPart
        {
            void AddTo(double[][] entries, double c);
        }

        // ψ/n, its values at pairs of a point of the rows and one of the columns: x ↦ E ψ(u; v) x with u given and v, x another copy.
        sealed class Pairs(double[][] values{|, double rows, double columns|}) : IEntries
        {
            public void Multiply(bool transposed, double c, double[] x, double[] y)
            {
                for (int row = 0; row < x.Length; row++)
                {
                    if (transposed)
                    {
                        Add(y, c{| * rows|} * x[row] / x.Length, values[row]);
                    }
                    else
                    {
                        y[row] += c{| * columns|} * E(values[row], x);
                    }
                }
            }

            public void AddTo(double[][] entries, double c)
            {
                for (int row = 0; row < entries.Length; row++)
                {
                    Add(entries[row], c, values[row]);
                }
            }
        }
        """;

    private const string Matrices = """

        // A part of a matrix: y += c M x, or c Mᵀ x.
        interface IPart
        {
            void Multiply(bool transposed, double c, double[] x, double[] y);
        }

        // A matrix of the limit, Σ c M: Gaussian matrices and what updates have added to them. Matrices that are made of one another share their parts.
        sealed class Matrix
        {
            private readonly Dictionary<IPart, double> parts = [];

            public Matrix()
            {
            }

            public Matrix(IPart part) => Add(1, part);

            public void Add(double c, IPart part) => parts[part] = parts.GetValueOrDefault(part) + c;

            public void Add(double c, Matrix matrix)
            {
                foreach ((IPart part, double coefficient) in matrix.parts)
                {
                    Add(c * coefficient, part);
                }
            }

            public double[] Times(double[] x) => Multiply(false, x);

            public double[] TransposeTimes(double[] x) => Multiply(true, x);

            private double[] Multiply(bool transposed, double[] x)
            {
                double[] y = new double[x.Length];
                foreach ((IPart part, double c) in parts)
                {
                    part.Multiply(transposed, c, x, y);
                }

                return y;
            }
        {entries}
        }

        // u vᵀ/n: x ↦ u E[v x].
        sealed class Outer(double[] u, double[] v{|, double rows, double columns|}) : {outer}
        {
            public void Multiply(bool transposed, double c, double[] x, double[] y)
            {
                if (transposed)
                {
                    Add(y, c{| * rows|} * E(u, x), v);
                }
                else
                {
                    Add(y, c{| * columns|} * E(v, x), u);
                }
            }
        {outer entries}
        }

        // A Gaussian matrix W with entries N(0, σ²/n), conditioned on what it was multiplied with. On its right it has met the span of orthonormal q_i, on its left that of p_j.
        // The image of a new direction q is W q = Ẑ + Ż with Ẑ = {|√columns |}σ ζ, ζ a fresh Gaussian, and Ż = Σ_j p_j E[p_j W q], where E[p_j W q] = E[q Wᵀp_j]{| columns/rows|} is known from
        // the Gaussian part ζ_j of Wᵀ p_j; what is not Gaussian in it lies in the span of the q_i, to which q is orthogonal. All other products are combinations of images.
        sealed class GaussianMatrix(double variance, Space rowSpace, Space columnSpace{|, double rows, double columns|}) : IPart
        {
            private const double Rounding = 1e-9;

            private readonly Side right = new(rowSpace{|, Math.Sqrt(variance * columns), columns * Math.Sqrt(variance / rows)|}), left = new(columnSpace{|, Math.Sqrt(variance * rows), rows * Math.Sqrt(variance / columns)|});

            public void Multiply(bool transposed, double c, double[] x, double[] y)
            {
                (Side side, Side other) = transposed ? (left, right) : (right, left);

                // x = Σ_i a_i q_i + the rest, by Gram and Schmidt, twice so that rounding does no harm.
                double[] rest = (double[])x.Clone();
                double[] a = new double[side.Directions.Count];
                for (int pass = 0; pass < 2; pass++)
                {
                    for (int i = 0; i < a.Length; i++)
                    {
                        double part = E(side.Directions[i], rest);
                        a[i] += part;
                        Add(rest, -part, side.Directions[i]);
                    }
                }

                for (int i = 0; i < a.Length; i++)
                {
                    Add(y, c * a[i], side.Images[i]);
                }

                double length = Math.Sqrt(E(rest, rest));
                if (length > Rounding * Math.Sqrt(E(x, x)))
                {
                    double[] direction = new double[x.Length];
                    Add(direction, 1 / length, rest);
                    Add(y, c * length, NewImage(side, other, direction));
                }
            }

            private double[] NewImage(Side side, Side other, double[] direction)
            {
                double[] gaussian = side.Space.Gaussian(1);
                double[] image = new double[direction.Length];
                Add(image, {side.Scale|Math.Sqrt(variance)}, gaussian);
                for (int j = 0; j < other.Directions.Count; j++)
                {
                    Add(image, {side.Adjoint|Math.Sqrt(variance)} * E(other.Gaussians[j], direction), other.Directions[j]);
                }

                side.Directions.Add(direction);
                side.Gaussians.Add(gaussian);
                side.Images.Add(image);
                return image;
            }

            // The directions that the matrix has met on one side, the Gaussian parts of their images, and the images.
            private sealed class Side(Space space{|, double scale, double adjoint|})
            {
                public Space Space => space;
        {|
                public double Scale => scale;

                public double Adjoint => adjoint;
        |}
                public List<double[]> Directions { get; } = [];

                public List<double[]> Gaussians { get; } = [];

                public List<double[]> Images { get; } = [];
            }
        }
        """;

    private const string Sobol = """

        // Sobol points with the direction numbers of Joe and Kuo (SIAM J. Sci. Comput. 30, 2635, 2008), scrambled by a random lower triangular matrix over GF(2) and a digital shift (Matoušek 1998).
        static class Sobol
        {
            private const int InputBits = 32, OutputBits = 53;

            private static readonly uint[][] Directions = [[.. Enumerable.Range(0, InputBits).Select(k => 1u << (InputBits - 1 - k))], .. Table.Split([';', '\n']).Select(row => Direction([.. row.Split(' ').Select(uint.Parse)]))];

            // A dimension of the first points as standard Gaussian numbers.
            public static double[] Normals(ulong scrambling, int dimension, int points)
            {
                if (dimension >= Directions.Length)
                {
                    throw new NotSupportedException($"There are direction numbers for {Directions.Length} Gaussians in a coordinate space, and the program meets more.");
                }

                Random64 random = new(Random64.Mix(scrambling ^ Random64.Mix((ulong)dimension + 1)));
                ulong[] columns = Scramble(Directions[dimension], random);
                ulong value = random.Next() >> (64 - OutputBits);
                double[] normals = new double[points];
                for (int i = 0; i < points; i++)
                {
                    normals[i] = Quantile((value + 0.5) / (1UL << OutputBits));
                    value ^= columns[BitOperations.TrailingZeroCount(i + 1)];
                }

                return normals;
            }

            // Row r of the scrambling matrix has a one on the diagonal and random bits to its left, towards more significant digits.
            private static ulong[] Scramble(uint[] direction, Random64 random)
            {
                ulong[] columns = new ulong[InputBits];
                for (int row = 0; row < OutputBits; row++)
                {
                    uint bits = (uint)(random.Next() >> 32);
                    uint mask = row < InputBits ? (bits & ~(uint.MaxValue >> row)) | (1u << (InputBits - 1 - row)) : bits;
                    for (int j = 0; j < InputBits; j++)
                    {
                        columns[j] |= (ulong)(BitOperations.PopCount(mask & direction[j]) & 1) << (OutputBits - 1 - row);
                    }
                }

                return columns;
            }

            // A row of the table is a primitive polynomial, its coefficients as a binary number, and m_1 … m_s: m_k = 2a_1 m_{k-1} ⊕ 4a_2 m_{k-2} ⊕ … ⊕ 2^s m_{k-s} ⊕ m_{k-s} and v_k = m_k / 2^k.
            private static uint[] Direction(uint[] row)
            {
                int degree = row.Length - 1;
                uint[] v = new uint[InputBits];
                for (int k = 0; k < InputBits; k++)
                {
                    v[k] = k < degree ? row[k + 1] << (InputBits - 1 - k) : v[k - degree] ^ (v[k - degree] >> degree);
                    for (int j = 1; j < degree && k >= degree; j++)
                    {
                        v[k] ^= ((row[0] >> (degree - j)) & 1) * v[k - j];
                    }
                }

                return v;
            }

            // The x with Φ(x) = p (Wichura, Algorithm AS 241).
            private static double Quantile(double p)
            {
                double q = p - 0.5;
                if (Math.Abs(q) <= 0.425)
                {
                    return q * Ratio(
                        [2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608],
                        [5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1],
                        0.180625 - q * q);
                }

                double tail = Math.Sqrt(-Math.Log(q < 0 ? p : 1 - p));
                double x = tail <= 5
                    ? Ratio(
                        [7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734],
                        [1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1],
                        tail - 1.6)
                    : Ratio(
                        [2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772],
                        [2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1],
                        tail - 5);
                return q < 0 ? -x : x;
            }

            // A quotient of polynomials in r, highest powers first.
            private static double Ratio(ReadOnlySpan<double> numerator, ReadOnlySpan<double> denominator, double r)
            {
                (double p, double q) = (0, 0);
                for (int i = 0; i < numerator.Length; i++)
                {
                    (p, q) = (p * r + numerator[i], q * r + denominator[i]);
                }

                return p / q;
            }

            // SplitMix64 (Steele, Lea and Flood 2014).
            private sealed class Random64(ulong state)
            {
                public ulong Next() => Mix(state += 0x9E3779B97F4A7C15);

                public static ulong Mix(ulong z)
                {
                    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
                    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
                    return z ^ (z >> 31);
                }
            }

            // Dimensions 2, 3, …
            private const string Table = @"
        """;

    /// <summary>Runs the scramblings, with more and more points; where matrices have entries at pairs of points they start with few, as time grows like the square.</summary>
    public static string PointsMain(bool hasPairs) =>
        Main.Replace("{first}", hasPairs ? "256" : "2048", StringComparison.Ordinal).Replace("{most}", hasPairs ? "1 << 11" : "1 << 18", StringComparison.Ordinal);

    /// <summary>Writes the types that a limit needs.</summary>
    /// <param name="writer">Behind the functions of the program.</param>
    /// <param name="isAffine">Whether variables are coefficients.</param>
    /// <param name="hasMatrices">Whether there are matrices.</param>
    /// <param name="hasPairs">Whether there are outer nonlinearities.</param>
    /// <param name="hasRatios">Whether widths differ.</param>
    /// <param name="dimensions">Dimensions of the Sobol sequence.</param>
    public static void Write(CodeWriter writer, bool isAffine, bool hasMatrices, bool hasPairs, bool hasRatios, int dimensions)
    {
        writer.Line((isAffine ? CoefficientVariables : PointVariables) + "\n" + Variables);
        writer.Line(isAffine ? CoefficientSpace : PointSpace);
        if (hasMatrices)
        {
            writer.Line(Chosen(Matrices, hasRatios)
                .Replace("\n{entries}", hasPairs ? "\n" + MatrixEntries : string.Empty, StringComparison.Ordinal)
                .Replace("{outer}", hasPairs ? "IEntries" : "IPart", StringComparison.Ordinal)
                .Replace("\n{outer entries}", hasPairs ? "\n" + OuterEntries : string.Empty, StringComparison.Ordinal));
        }

        if (hasPairs)
        {
            writer.Line(Chosen(Pairs, hasRatios));
        }

        if (!isAffine)
        {
            IEnumerable<string> rows = SobolTable.Rows.Take(dimensions - 1).Select(row => string.Join(' ', row.Select(number => number.ToString(CultureInfo.InvariantCulture))));
            writer.Line(Sobol + string.Join('\n', Lines(rows, 150)) + "\";\n}");
        }
    }

    /// <summary>Takes or leaves what stands in {|…|}, and of {one|other} the one or the other.</summary>
    private static string Chosen(string text, bool first) => System.Text.RegularExpressions.Regex.Replace(
        text,
        @"\{\|(?<all>[^|]*)\|\}|\{(?<one>[A-Za-z.]+)\|(?<other>[A-Za-z.()]+)\}",
        match => match.Groups["all"].Success ? (first ? match.Groups["all"].Value : string.Empty) : match.Groups[first ? "one" : "other"].Value);

    /// <summary>Rows of a table, several a line.</summary>
    private static List<string> Lines(IEnumerable<string> rows, int width)
    {
        List<string> lines = [];
        foreach (string row in rows)
        {
            if (lines.Count > 0 && lines[^1].Length + 1 + row.Length <= width)
            {
                lines[^1] += ";" + row;
            }
            else
            {
                lines.Add(row);
            }
        }

        return lines;
    }
}
