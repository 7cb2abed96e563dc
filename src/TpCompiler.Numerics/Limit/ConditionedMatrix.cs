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

    /// <summary>y += coefficient · W x, or Wᵀ x.</summary>
    public void MultiplyAdd(bool transposed, double coefficient, ReadOnlySpan<double> x, Span<double> y)
    {
        var (side, other) = transposed ? (left, right) : (right, left);
        var remainder = x.ToArray();
        var norm = Math.Sqrt(carrier.Expectation(x, x));
        if (norm == 0)
        {
            return;
        }

        var coefficients = new double[side.Directions.Count];
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < coefficients.Length; i++)
            {
                var c = carrier.Expectation(side.Directions[i], remainder);
                coefficients[i] += c;
                TensorPrimitives.MultiplyAdd(side.Directions[i], -c, remainder, remainder);
            }
        }

        for (var i = 0; i < coefficients.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(side.Images[i], coefficient * coefficients[i], y, y);
        }

        var length = Math.Sqrt(carrier.Expectation(remainder, remainder));
        if (length > DependenceThreshold * norm)
        {
            TensorPrimitives.Divide(remainder, length, remainder);
            TensorPrimitives.MultiplyAdd(NewDirection(side, other, remainder), coefficient * length, y, y);
        }
    }

    private double[] NewDirection(Side side, Side other, double[] direction)
    {
        var gaussian = new double[carrier.Length];
        side.ImageSpace.FreshGaussian(carrier, gaussian);
        var image = new double[carrier.Length];
        TensorPrimitives.Multiply(gaussian, side.Scale, image);
        for (var j = 0; j < other.Directions.Count; j++)
        {
            var c = side.AdjointScale * carrier.Expectation(other.Gaussians[j], direction);
            TensorPrimitives.MultiplyAdd(other.Directions[j], c, image, image);
        }

        side.Directions.Add(direction);
        side.Gaussians.Add(gaussian);
        side.Images.Add(image);
        return image;
    }

    /// <summary>One side of the matrix: what it was multiplied with there, and the images in the other coordinate space.</summary>
    /// <param name="ImageSpace">Where the images live.</param>
    /// <param name="Scale">The standard deviation of the image of a unit direction.</param>
    /// <param name="AdjointScale">What turns E[ζ_j q] into the coefficient of p_j in W q.</param>
    private sealed record Side(CoordinateSpace ImageSpace, double Scale, double AdjointScale)
    {
        public List<double[]> Directions { get; } = [];

        public List<double[]> Gaussians { get; } = [];

        public List<double[]> Images { get; } = [];
    }
}

/// <summary>A coordinate space: it counts the Gaussians that its variables have met.</summary>
public sealed class CoordinateSpace(int number)
{
    public int Number { get; } = number;

    public int Gaussians { get; private set; }

    public void FreshGaussian(Carrier carrier, Span<double> destination) => carrier.FreshGaussian(Number, Gaussians++, destination);
}
