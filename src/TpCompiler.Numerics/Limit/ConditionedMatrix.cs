using System.Numerics.Tensors;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// A Gaussian matrix W in the limit, known by what it was multiplied with. On its right side it keeps orthonormal directions q_i (E q_i q_j = δ_ij) and their
/// images W q_i; on its left side directions p_j and images Wᵀ p_j. A new direction's image is a fresh Gaussian plus what the other side's images already determine:
/// W q = s ξ + Σ_j p_j E[p_j W q], and E[p_j W q] follows from E[ζ_j q], ζ_j the Gaussian part of Wᵀ p_j. This is the Master Theorem's Ẑ + Ż by Gaussian conditioning
/// (arXiv 2009.10685, section on NETSOR⊤'s proof; theory of the Ż term by integration by parts).
/// </summary>
public sealed class ConditionedMatrix
{
    /// <summary>A remainder smaller than this part of its vector is rounding, not a new direction.</summary>
    private const double DependenceThreshold = 1e-9;

    private readonly Carrier carrier;
    private readonly Side right;
    private readonly Side left;

    /// <param name="carrier">What variables live in.</param>
    /// <param name="variance">σ², where entries are N(0, σ²/n), n the reference width.</param>
    /// <param name="rows">Rows divided by n.</param>
    /// <param name="columns">Columns divided by n.</param>
    /// <param name="rowSpace">The coordinate space of W x.</param>
    /// <param name="columnSpace">The coordinate space of x.</param>
    public ConditionedMatrix(Carrier carrier, double variance, double rows, double columns, CoordinateSpace rowSpace, CoordinateSpace columnSpace)
    {
        this.carrier = carrier;
        var sigma = Math.Sqrt(variance);

        // W q has variance σ² columns/n; Σ_α p_α (W q)_α = Σ_β (Wᵀp)_β q_β turns rows·E[p Wq] into columns·E[Wᵀp q].
        right = new Side(carrier.Length, columnSpace.Number, rowSpace, sigma * Math.Sqrt(columns), sigma * columns / Math.Sqrt(rows));
        left = new Side(carrier.Length, rowSpace.Number, columnSpace, sigma * Math.Sqrt(rows), sigma * rows / Math.Sqrt(columns));
    }

    /// <summary>How many directions the matrix was probed with, both sides.</summary>
    public int Directions => right.Directions.Count + left.Directions.Count;

    /// <summary>
    /// Memory of directions and images for each number of a variable. Few numbers hold few directions; where they held no more, every vector met counts as one that more numbers would have had.
    /// </summary>
    public double BytesPerNumber => right.BytesPerNumber + left.BytesPerNumber;

    /// <summary>y_b += coefficient · W x_b, or Wᵀ x_b, for a batch of vectors one after the other in <paramref name="x"/>.</summary>
    public void MultiplyAdd(bool transposed, double coefficient, ReadOnlySpan<double> x, Span<double> y)
    {
        var (side, other) = transposed ? (left, right) : (right, left);
        var coefficients = Orthogonalise(side, x, out var fresh);
        AddImages(side, other, fresh);
        TensorPrimitives.Multiply(coefficients, coefficient, coefficients);
        side.Images.Accumulate(coefficients, y);
    }

    /// <summary>The coefficients [direction, b] of each vector in the directions, after adding the directions that were missing: <paramref name="fresh"/>, one after the other.</summary>
    private double[] Orthogonalise(Side side, ReadOnlySpan<double> x, out double[] fresh)
    {
        var length = carrier.Length;
        var batch = x.Length / length;
        var known = side.Directions.Count;
        side.Met += batch;
        var remainders = x.ToArray();
        var coefficients = new double[(known + batch) * batch];

        // Gram–Schmidt twice is enough (Kahan and Parlett); first against the known directions, all vectors at once.
        for (var pass = 0; pass < 2 && known > 0; pass++)
        {
            var part = side.Directions.Dots(carrier.Weighted(side.Space, remainders));
            carrier.ToExpectations(part);
            TensorPrimitives.Add(part, coefficients.AsSpan(0, part.Length), coefficients);
            TensorPrimitives.Negate(part, part);
            side.Directions.Accumulate(part, remainders);
        }

        // Then against the new ones, which take the places of the remainders from the front.
        var added = 0;
        var products = new double[batch];
        for (var b = 0; b < batch; b++)
        {
            var vector = x.Slice(b * length, length);
            var remainder = remainders.AsSpan(b * length, length);
            for (var pass = 0; pass < 2; pass++)
            {
                var part = products.AsSpan(0, added);
                part.Clear();
                Block.Dots(remainders, length, added, carrier.Weighted(side.Space, remainder), length, 1, length, part);
                carrier.ToExpectations(part);
                for (var i = 0; i < added; i++)
                {
                    coefficients[((known + i) * batch) + b] += part[i];
                }

                TensorPrimitives.Negate(part, part);
                Block.Accumulate(remainders, length, added, part, remainder, length, 1, length);
            }

            var size = Math.Sqrt(carrier.Expectation(side.Space, remainder, remainder));
            if (size > DependenceThreshold * Math.Sqrt(carrier.Expectation(side.Space, vector, vector)))
            {
                coefficients[((known + added) * batch) + b] = size;
                TensorPrimitives.Divide(remainder, size, remainders.AsSpan(added * length, length));
                added++;
            }
        }

        fresh = remainders[..(added * length)];
        side.Directions.Add(fresh);
        return coefficients[..((known + added) * batch)];
    }

    /// <summary>The images of new directions: W q = s ξ + Σ_j p_j E[p_j W q].</summary>
    private void AddImages(Side side, Side other, double[] directions)
    {
        if (directions.Length == 0)
        {
            return;
        }

        var length = carrier.Length;
        var images = new double[directions.Length];
        for (var start = 0; start < images.Length; start += length)
        {
            side.ImageSpace.FreshGaussian(carrier, images.AsSpan(start, length));
        }

        side.Gaussians.Add(images);
        TensorPrimitives.Multiply(images, side.Scale, images);
        var determined = other.Gaussians.Dots(carrier.Weighted(side.Space, directions));
        carrier.ToExpectations(determined);
        TensorPrimitives.Multiply(determined, side.AdjointScale, determined);
        other.Directions.Accumulate(determined, images);
        side.Images.Add(images);
    }

    /// <summary>One side of the matrix: what it was multiplied with there, and the images in the other coordinate space.</summary>
    /// <param name="length">Numbers of a variable.</param>
    /// <param name="space">Where the directions live.</param>
    /// <param name="imageSpace">Where the images live.</param>
    /// <param name="scale">The standard deviation of the image of a unit direction.</param>
    /// <param name="adjointScale">What turns E[ζ_j q] into the coefficient of p_j in W q.</param>
    private sealed class Side(int length, int space, CoordinateSpace imageSpace, double scale, double adjointScale)
    {
        public int Space => space;

        public CoordinateSpace ImageSpace => imageSpace;

        public double Scale => scale;

        public double AdjointScale => adjointScale;

        public VectorHistory Directions { get; } = new(length);

        public VectorHistory Gaussians { get; } = new(length);

        public VectorHistory Images { get; } = new(length);

        /// <summary>Vectors that the matrix was multiplied with on this side.</summary>
        public int Met { get; set; }

        public double BytesPerNumber => Directions.Count < length
            ? (double)(Directions.Bytes + Gaussians.Bytes + Images.Bytes) / length
            : 3.0 * sizeof(double) * Met;
    }
}

/// <summary>A coordinate space: it counts the Gaussians that its variables have met.</summary>
public sealed class CoordinateSpace(int number)
{
    public int Number { get; } = number;

    public int Gaussians { get; private set; }

    public void FreshGaussian(Carrier carrier, Span<double> destination) => carrier.FreshGaussian(Number, Gaussians++, destination);
}
