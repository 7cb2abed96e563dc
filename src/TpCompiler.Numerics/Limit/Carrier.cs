using System.Numerics.Tensors;
using TpCompiler.Numerics.Limit.Grids;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// What a limit variable lives in. A variable is an array of <see cref="Length"/> numbers on which sums, multiples and the Nonlins that the carrier
/// allows act number by number, and E[x y] = <see cref="ProductScale"/> · Σ x y, each term with its weight where they have weights.
/// </summary>
public abstract class Carrier
{
    protected Carrier(int length, double productScale)
    {
        Length = length;
        ProductScale = productScale;
    }

    /// <summary>How many numbers a variable is.</summary>
    public int Length { get; }

    /// <summary>The factor that makes a plain dot product an expectation.</summary>
    public double ProductScale { get; }

    /// <summary>Where the expectations of a run are kept, or come from; null for neither.</summary>
    internal ExpectationTape? Tape { get; init; }

    /// <summary>What each number of a variable of this coordinate space counts in an expectation, 1 on average; null when they all count the same.</summary>
    public virtual double[]? WeightsOf(int space) => null;

    /// <summary>Variables of a space, one after the other, each number times its weight: what to multiply with in a plain dot product.</summary>
    public ReadOnlySpan<double> Weighted(int space, ReadOnlySpan<double> variables)
    {
        if (WeightsOf(space) is not { } weights)
        {
            return variables;
        }

        var weighted = new double[variables.Length];
        for (var start = 0; start < weighted.Length; start += Length)
        {
            TensorPrimitives.Multiply(variables.Slice(start, Length), weights, weighted.AsSpan(start, Length));
        }

        return weighted;
    }

    /// <summary>Makes expectations of plain dot products with weighted variables.</summary>
    public void ToExpectations(Span<double> products)
    {
        TensorPrimitives.Multiply(products, ProductScale, products);
        Tape?.Pass(products);
    }

    /// <summary>Writes a standard Gaussian, independent of every other one of its coordinate space.</summary>
    /// <param name="space">The coordinate space: variables of different spaces never meet elementwise.</param>
    /// <param name="number">How many Gaussians this space has met before, 0-based.</param>
    /// <param name="destination">The variable, <see cref="Length"/> numbers.</param>
    public abstract void FreshGaussian(int space, int number, Span<double> destination);

    /// <summary>E[x y] of variables of one space.</summary>
    public double Expectation(int space, ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var product = TensorPrimitives.Dot(x, Weighted(space, y));
        ToExpectations(new Span<double>(ref product));
        return product;
    }
}

/// <summary>
/// A variable is its values at the points of one scrambled Sobol sequence, one dimension for each Gaussian of its coordinate space.
/// The error falls almost like 1/points for smooth Nonlins.
/// </summary>
/// <param name="points">A power of two.</param>
/// <param name="seed">The scrambling.</param>
public sealed class QuasiRandomCarrier(int points, ulong seed) : Carrier(points, 1.0 / points)
{
    private readonly Sobol sobol = new(seed);

    /// <summary>How far the points are moved outwards along their rays; 1 for points whose means are expectations.</summary>
    internal double Stretch { get; init; } = 1;

    public override void FreshGaussian(int space, int number, Span<double> destination)
    {
        sobol.Normals(number, destination);
        if (Stretch != 1)
        {
            TensorPrimitives.Multiply(destination, Stretch, destination);
        }
    }
}

/// <summary>
/// A variable is its coefficients: number 0 that of the constant 1, the others those of the Gaussians that its space has met. Exact, to rounding,
/// when every Nonlin is affine in the vectors and every Moment at most quadratic.
/// </summary>
/// <param name="capacity">One more than the Gaussians of the largest space.</param>
public sealed class CoefficientCarrier(int capacity) : Carrier(capacity, 1)
{
    public override void FreshGaussian(int space, int number, Span<double> destination)
    {
        if (number + 1 >= Length)
        {
            throw new CapacityExceededException();
        }

        destination.Clear();
        destination[number + 1] = 1;
    }
}

/// <summary>A space met more Gaussians than the carrier has room for; the evaluator starts again with a larger one.</summary>
public sealed class CapacityExceededException : Exception;
