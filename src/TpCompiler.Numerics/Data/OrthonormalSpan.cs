using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace TpCompiler.Numerics.Data;

/// <summary>
/// An orthonormal basis of the span of vectors in R^d, the direction in which they are longest (root mean square) first: at quasi-random points the first dimensions are the best.
/// </summary>
public sealed class OrthonormalSpan
{
    /// <summary>
    /// What is left of a vector after projection counts as rounding, not as a new dimension, when it is shorter than this part of the longest vector. It is close to the
    /// rounding of the projection itself: a dimension too many costs a little time, one too few an error of this size.
    /// </summary>
    public const double RankTolerance = 1e-14;

    private readonly double[][] basis;

    private OrthonormalSpan(double[][] basis) => this.basis = basis;

    /// <summary>The dimension of the span, at most d and at most the number of vectors.</summary>
    public int Rank => basis.Length;

    /// <summary>The span of vectors of d finite numbers. No vector, or only zeros: one dimension, so that axes keep a size.</summary>
    public static OrthonormalSpan Of(IEnumerable<double[]> vectors, int d)
    {
        // Gram–Schmidt with pivoting, each vector twice against the basis (Kahan and Parlett); then the principal axes of the coordinates.
        var rows = vectors.ToList();
        var rest = rows.Select(row => (double[])row.Clone()).ToList();
        var lengths = rest.Select(row => TensorPrimitives.Norm<double>(row)).ToList();
        var longest = lengths.DefaultIfEmpty(0).Max();
        var basis = new List<double[]>();
        while (basis.Count < d && rest.Count > 0)
        {
            var pivot = lengths.IndexOf(lengths.Max());
            var direction = rest[pivot];
            basis.ForEach(known => Project(known, direction));
            var length = TensorPrimitives.Norm<double>(direction);
            if (length > RankTolerance * longest)
            {
                TensorPrimitives.Divide(direction, length, direction);
                basis.Add(direction);
                for (var i = 0; i < rest.Count; i++)
                {
                    if (i != pivot)
                    {
                        Project(direction, rest[i]);
                        lengths[i] = TensorPrimitives.Norm<double>(rest[i]);
                    }
                }
            }

            rest.RemoveAt(pivot);
            lengths.RemoveAt(pivot);
        }

        return basis.Count == 0 ? new([Unit(d)]) : new(PrincipalAxes(basis, rows));
    }

    /// <summary>The coordinates of a vector's projection to the span.</summary>
    public double[] Coordinates(double[] vector) => [.. basis.Select(direction => TensorPrimitives.Dot<double>(direction, vector))];

    private static void Project(double[] direction, double[] vector) =>
        TensorPrimitives.MultiplyAdd<double>(direction, -TensorPrimitives.Dot<double>(direction, vector), vector, vector);

    private static double[] Unit(int d)
    {
        var unit = new double[d];
        unit[0] = 1;
        return unit;
    }

    private static double[][] PrincipalAxes(List<double[]> basis, List<double[]> rows)
    {
        var coordinates = Matrix<double>.Build.Dense(rows.Count, basis.Count, (i, k) => TensorPrimitives.Dot<double>(rows[i], basis[k]));
        var axes = coordinates.TransposeThisAndMultiply(coordinates).Evd(Symmetricity.Symmetric).EigenVectors;
        return [.. Enumerable.Range(1, basis.Count).Select(k => Combine(basis, axes.Column(basis.Count - k)))];
    }

    private static double[] Combine(List<double[]> basis, Vector<double> weights)
    {
        var sum = new double[basis[0].Length];
        for (var k = 0; k < basis.Count; k++)
        {
            TensorPrimitives.MultiplyAdd<double>(basis[k], weights[k], sum, sum);
        }

        return sum;
    }
}
