using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Numerics.KernelRegime;

/// <summary>Two layers on samples at a small angle θ₁, against the recursion in θ.</summary>
public class NearlyEqualSampleTests
{
    [Theory]
    [InlineData("step(h)")]
    [InlineData("sign(h)")]
    [InlineData("relu(h)")]
    [InlineData("abs(h)")]
    public void Kernels_are_right_within_their_error(string phi)
    {
        for (var k = 1; k <= 15; k++)
        {
            var small = Math.Pow(10, -k);
            var x = Matrix<double>.Build.DenseOfRowArrays([1, 0], [1, small]);
            var kernels = new LayeredKernel(LayeredNetwork.Ntk(2, ExprReader.Read(phi).Expr!, 1, 0)).Between(InnerProducts.Of(x, x, 1));
            var size = Math.Sqrt(1 + (small * small));
            var (covariance, theta, angle) = (1.0, 1.0, Math.Atan(small));
            for (var layer = 0; layer < 2; layer++)
            {
                (covariance, var slope, angle, size) = Layer(phi, angle, size);
                theta = (theta * slope) + covariance;
            }

            Assert.InRange(Math.Abs(kernels.Covariance[0, 1] - covariance), 0, kernels.CovarianceAt(0, 1).Error);
            Assert.InRange(Math.Abs(kernels.Tangent[0, 1] - theta), 0, kernels.TangentAt(0, 1).Error);
            Assert.InRange(kernels.CovarianceAt(0, 1).Error, 0, 1.01e-13);
        }
    }

    /// <summary>E φφ̄, E φ′φ̄′, the next angle from 1 − ρ = 2 sin²(θ/2), and the next √(pq).</summary>
    private static (double Covariance, double Slope, double Angle, double Size) Layer(string phi, double angle, double size)
    {
        // θ cos θ − sin θ = −θ³/3 + θ⁵/30 − θ⁷/840.
        var (versine, rest) = (2 * Math.Pow(Math.Sin(angle / 2), 2), (Math.Pow(angle, 3) / 3) - (Math.Pow(angle, 5) / 30) + (Math.Pow(angle, 7) / 840) - (Math.Pow(angle, 9) / 45360));
        return phi switch
        {
            "step(h)" => (0.5 - (angle / (2 * Math.PI)), 0, Of(angle / Math.PI), 0.5),
            "sign(h)" => (1 - (2 * angle / Math.PI), 0, Of(2 * angle / Math.PI), 1),
            "relu(h)" => (size / 2 * (1 - versine + (rest / Math.PI)), 0.5 - (angle / (2 * Math.PI)), Of(versine - (rest / Math.PI)), size / 2),
            _ => (size * (1 - versine + (2 * rest / Math.PI)), 1 - (2 * angle / Math.PI), Of(versine - (2 * rest / Math.PI)), size),
        };

        static double Of(double distance) => 2 * Math.Asin(Math.Sqrt(distance / 2));
    }
}
