using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>The Gaussians that a coordinate space of polynomials has met, with their variances.</summary>
/// <param name="spend">Told of polynomials that are multiplied.</param>
internal sealed class GaussianBasis(Action<Polynomial, Polynomial> spend)
{
    private readonly List<Rational> variances = [];

    public Polynomial Fresh(Rational variance)
    {
        variances.Add(variance);
        return Polynomial.Variable(variances.Count - 1);
    }

    public Rational Expectation(Polynomial x, Polynomial y)
    {
        spend(x, y);
        return x.Expectation(y, variances);
    }
}

/// <summary>
/// A Gaussian matrix over polynomials: the conditioning of <see cref="ConditionedMatrix"/> without square roots. Directions are orthogonal, not normalised,
/// and their images have the variance that goes with their length.
/// </summary>
/// <param name="variance">σ², entries N(0, σ²/n).</param>
/// <param name="rows">Rows divided by n.</param>
/// <param name="columns">Columns divided by n.</param>
/// <param name="rowBasis">The space of W x.</param>
/// <param name="columnBasis">The space of x.</param>
internal sealed class PolynomialMatrix(Rational variance, Rational rows, Rational columns, GaussianBasis rowBasis, GaussianBasis columnBasis)
{
    private readonly List<Direction> right = [];
    private readonly List<Direction> left = [];

    /// <summary>W x, or Wᵀ x.</summary>
    public Polynomial Multiply(bool transposed, Polynomial x)
    {
        var (mine, others, domain, image, size, otherSize) = transposed
            ? (left, right, rowBasis, columnBasis, rows, columns)
            : (right, left, columnBasis, rowBasis, columns, rows);
        var remainder = x;
        var result = Polynomial.Zero;
        foreach (var direction in mine)
        {
            var c = domain.Expectation(direction.Vector, x) / direction.SquaredLength;
            remainder = remainder.AddScaled(-c, direction.Vector);
            result = result.AddScaled(c, direction.Image);
        }

        var squaredLength = domain.Expectation(remainder, remainder);
        if (squaredLength.IsZero)
        {
            return result;
        }

        // W r = g + Σ_j p_j E[p_j W r] / E p_j²; rows · E[p_j W r] = columns · E[ζ_j r], ζ_j the Gaussian part of Wᵀ p_j.
        var gaussian = image.Fresh(variance * size * squaredLength);
        var newImage = others.Aggregate(
            gaussian, (sum, other) => sum.AddScaled(size / otherSize * domain.Expectation(other.Gaussian, remainder) / other.SquaredLength, other.Vector));
        mine.Add(new Direction(remainder, squaredLength, gaussian, newImage));
        return result + newImage;
    }

    private sealed record Direction(Polynomial Vector, Rational SquaredLength, Polynomial Gaussian, Polynomial Image);
}
