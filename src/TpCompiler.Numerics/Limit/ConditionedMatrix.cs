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
        right = new Side(rowSpace, sigma * Math.Sqrt(columns), sigma * columns / Math.Sqrt(rows));
        left = new Side(columnSpace, sigma * Math.Sqrt(rows), sigma * rows / Math.Sqrt(columns));
    }

    /// <summary>How many directions the matrix was probed with, both sides.</summary>
    public int Directions => right.Directions.Count + left.Directions.Count;

    /// <summary>y_b += coefficient · W x_b, or Wᵀ x_b, for a batch of vectors one after the other in <paramref name="x"/>.</summary>
    public void MultiplyAdd(bool transposed, double coefficient, ReadOnlySpan<double> x, Span<double> y)
    {
        var (side, other) = transposed ? (left, right) : (right, left);
        var known = side.Directions.Count;
        var coefficients = Orthogonalise(side, x);
        AddImages(side, other, known);
        TensorPrimitives.Multiply(coefficients, coefficient, coefficients);
        Block.Accumulate(side.Images, coefficients, y, carrier.Length);
    }

    /// <summary>The coefficients [direction, b] of each vector in the directions, after adding the directions that were missing.</summary>
    private double[] Orthogonalise(Side side, ReadOnlySpan<double> x)
    {
        var length = carrier.Length;
        var batch = x.Length / length;
        var known = side.Directions.Count;
        var remainders = x.ToArray();
        var coefficients = new double[(known + batch) * batch];

        // Gram–Schmidt twice is enough (Kahan and Parlett); first against the known directions, all vectors at once.
        for (var pass = 0; pass < 2 && known > 0; pass++)
        {
            var part = Block.Dots(side.Directions, remainders, length);
            TensorPrimitives.Multiply(part, carrier.ProductScale, part);
            TensorPrimitives.Add(part, coefficients.AsSpan(0, part.Length), coefficients);
            TensorPrimitives.Negate(part, part);
            Block.Accumulate(side.Directions, part, remainders, length);
        }

        for (var b = 0; b < batch; b++)
        {
            var vector = x.Slice(b * length, length);
            var remainder = remainders.AsSpan(b * length, length);
            for (var pass = 0; pass < 2; pass++)
            {
                for (var i = known; i < side.Directions.Count; i++)
                {
                    var c = carrier.Expectation(side.Directions[i].Span, remainder);
                    coefficients[(i * batch) + b] += c;
                    TensorPrimitives.MultiplyAdd(side.Directions[i].Span, -c, remainder, remainder);
                }
            }

            var size = Math.Sqrt(carrier.Expectation(remainder, remainder));
            if (size > DependenceThreshold * Math.Sqrt(carrier.Expectation(vector, vector)))
            {
                coefficients[(side.Directions.Count * batch) + b] = size;
                var direction = remainder.ToArray();
                TensorPrimitives.Divide(direction, size, direction);
                side.Directions.Add(direction);
            }
        }

        return coefficients[..(side.Directions.Count * batch)];
    }

    /// <summary>The images of the directions from number <paramref name="known"/> on: W q = s ξ + Σ_j p_j E[p_j W q].</summary>
    private void AddImages(Side side, Side other, int known)
    {
        var length = carrier.Length;
        var fresh = side.Directions.Count - known;
        if (fresh == 0)
        {
            return;
        }

        var directions = new double[fresh * length];
        var images = new double[fresh * length];
        for (var i = 0; i < fresh; i++)
        {
            side.Directions[known + i].CopyTo(directions.AsMemory(i * length, length));
            var gaussian = new double[length];
            side.ImageSpace.FreshGaussian(carrier, gaussian);
            side.Gaussians.Add(gaussian);
            TensorPrimitives.Multiply(gaussian, side.Scale, images.AsSpan(i * length, length));
        }

        var determined = Block.Dots(other.Gaussians, directions, length);
        TensorPrimitives.Multiply(determined, side.AdjointScale * carrier.ProductScale, determined);
        Block.Accumulate(other.Directions, determined, images, length);
        for (var i = 0; i < fresh; i++)
        {
            side.Images.Add(images.AsMemory(i * length, length));
        }
    }

    /// <summary>One side of the matrix: what it was multiplied with there, and the images in the other coordinate space.</summary>
    /// <param name="ImageSpace">Where the images live.</param>
    /// <param name="Scale">The standard deviation of the image of a unit direction.</param>
    /// <param name="AdjointScale">What turns E[ζ_j q] into the coefficient of p_j in W q.</param>
    private sealed record Side(CoordinateSpace ImageSpace, double Scale, double AdjointScale)
    {
        public List<ReadOnlyMemory<double>> Directions { get; } = [];

        public List<ReadOnlyMemory<double>> Gaussians { get; } = [];

        public List<ReadOnlyMemory<double>> Images { get; } = [];
    }
}

/// <summary>A coordinate space: it counts the Gaussians that its variables have met.</summary>
public sealed class CoordinateSpace(int number)
{
    public int Number { get; } = number;

    public int Gaussians { get; private set; }

    public void FreshGaussian(Carrier carrier, Span<double> destination) => carrier.FreshGaussian(Number, Gaussians++, destination);
}
