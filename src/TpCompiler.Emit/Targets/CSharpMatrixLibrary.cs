namespace TpCompiler.Emit.Targets;

/// <summary>The matrices of an emitted limit: Gaussian ones, conditioned on what they were multiplied with, and what updates have added to them.</summary>
internal static class CSharpMatrixLibrary
{
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

    /// <summary>On a grid an expectation is one of a coordinate space: each has points and weights of its own.</summary>
    private static readonly (string Alike, string OfSpace)[] Spaces =
    [
        ("sealed class Outer(double[] u, double[] v", "sealed class Outer(double[] u, double[] v, Space rowSpace, Space columnSpace"),
        ("E(u, x)", "rowSpace.E(u, x)"),
        ("E(v, x)", "columnSpace.E(v, x)"),
        ("E(side.Directions[i], rest)", "other.Space.E(side.Directions[i], rest)"),
        ("E(rest, rest)", "other.Space.E(rest, rest)"),
        ("E(x, x)", "other.Space.E(x, x)"),
        ("E(other.Gaussians[j], direction)", "other.Space.E(other.Gaussians[j], direction)"),
    ];

    /// <summary>Writes the types that matrices need.</summary>
    /// <param name="writer">Behind the functions of the program.</param>
    /// <param name="hasMatrices">Whether there are matrices.</param>
    /// <param name="hasPairs">Whether there are outer nonlinearities.</param>
    /// <param name="hasRatios">Whether widths differ.</param>
    /// <param name="hasGrids">Whether expectations are those of a coordinate space.</param>
    public static void Write(CodeWriter writer, bool hasMatrices, bool hasPairs, bool hasRatios, bool hasGrids)
    {
        if (hasMatrices)
        {
            string text = Chosen(Matrices, hasRatios)
                .Replace("\n{entries}", hasPairs ? "\n" + MatrixEntries : string.Empty, StringComparison.Ordinal)
                .Replace("{outer}", hasPairs ? "IEntries" : "IPart", StringComparison.Ordinal)
                .Replace("\n{outer entries}", hasPairs ? "\n" + OuterEntries : string.Empty, StringComparison.Ordinal);
            writer.Line(hasGrids ? Spaces.Aggregate(text, (made, space) => made.Replace(space.Alike, space.OfSpace, StringComparison.Ordinal)) : text);
        }

        if (hasPairs)
        {
            writer.Line(Chosen(Pairs, hasRatios));
        }
    }

    /// <summary>Takes or leaves what stands in {|…|}, and of {one|other} the one or the other.</summary>
    private static string Chosen(string text, bool first) => System.Text.RegularExpressions.Regex.Replace(
        text,
        @"\{\|(?<all>[^|]*)\|\}|\{(?<one>[A-Za-z.]+)\|(?<other>[A-Za-z.()]+)\}",
        match => match.Groups["all"].Success ? (first ? match.Groups["all"].Value : string.Empty) : match.Groups[first ? "one" : "other"].Value);
}
