using System.Numerics.Tensors;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// What a limit variable lives in. A variable is an array of <see cref="Length"/> numbers on which sums, multiples and the Nonlins that the carrier
/// allows act number by number, and E[x y] = <see cref="ProductScale"/> · Σ x y, each term with its weight where there are <see cref="Weights"/>.
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

    /// <summary>What each number counts in an expectation, 1 on average; null when they all count the same.</summary>
    public virtual double[]? Weights => null;

    /// <summary>Variables one after the other, each number times its weight: what to multiply with in a plain dot product.</summary>
    public ReadOnlySpan<double> Weighted(ReadOnlySpan<double> variables)
    {
        if (Weights is not { } weights)
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

    /// <summary>Writes a standard Gaussian, independent of every other one of its coordinate space.</summary>
    /// <param name="space">The coordinate space: variables of different spaces never meet elementwise.</param>
    /// <param name="number">How many Gaussians this space has met before, 0-based.</param>
    /// <param name="destination">The variable, <see cref="Length"/> numbers.</param>
    public abstract void FreshGaussian(int space, int number, Span<double> destination);

    /// <summary>E[x y].</summary>
    public double Expectation(ReadOnlySpan<double> x, ReadOnlySpan<double> y) => ProductScale * TensorPrimitives.Dot(x, Weighted(y));
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

    public override void FreshGaussian(int space, int number, Span<double> destination) => sobol.Normals(number, destination);
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

/// <summary>
/// A variable is its values at the points of a grid, m nodes along each Gaussian of its coordinate space: the trapezoidal rule for the normal density on [−R, R], whose error falls
/// geometrically in m for analytic functions (Trefethen and Weideman, SIAM Review 56, 2014). R³ = π² m makes what is cut off as small as what a pole
/// at ±iπ/2, tanh's, leaves between the nodes.
/// </summary>
public sealed class GridCarrier : Carrier
{
    private readonly double[] nodes;
    private readonly int dimensions;

    /// <param name="nodes">m, nodes along a dimension.</param>
    /// <param name="dimensions">The Gaussians of the largest space.</param>
    public GridCarrier(int nodes, int dimensions)
        : base(PointsOf(nodes, dimensions), 1.0 / PointsOf(nodes, dimensions))
    {
        this.dimensions = dimensions;
        var end = Math.Cbrt(Math.PI * Math.PI * nodes);
        this.nodes = [.. Enumerable.Range(0, nodes).Select(k => end * ((2.0 * k / (nodes - 1)) - 1))];
        var density = this.nodes.Select(x => Math.Exp(-0.5 * x * x)).ToArray();
        var mean = density.Average();
        Weights = new double[Length];
        Array.Fill(Weights, 1);
        for (int dimension = 0, stride = 1; dimension < dimensions; dimension++, stride *= nodes)
        {
            for (var point = 0; point < Length; point++)
            {
                Weights[point] *= density[point / stride % nodes] / mean;
            }
        }
    }

    public override double[] Weights { get; }

    /// <summary>m^dimensions.</summary>
    public static int PointsOf(int nodes, int dimensions) => checked((int)Math.Pow(nodes, dimensions));

    public override void FreshGaussian(int space, int number, Span<double> destination)
    {
        if (number >= dimensions)
        {
            throw new CapacityExceededException();
        }

        var stride = PointsOf(nodes.Length, number);
        for (var point = 0; point < Length; point++)
        {
            destination[point] = nodes[point / stride % nodes.Length];
        }
    }
}

/// <summary>A space met more Gaussians than the carrier has room for; the evaluator starts again with a larger one.</summary>
public sealed class CapacityExceededException : Exception;
