namespace TpCompiler.Numerics.Limit;

/// <summary>What lies beyond all points of means whose terms grow like a power of |z| (<see cref="TpCompiler.Limits.TermDegrees"/>).</summary>
internal static class BeyondPoints
{
    /// <summary>Whether the mean of terms of this degree lies beyond all points: |z|^d times the normal density has its peak at √d.</summary>
    /// <param name="degree">The degree.</param>
    /// <param name="points">How many points there are in all.</param>
    public static bool IsBeyond(double degree, double points) => degree > Reach(points) * Reach(points);

    /// <summary>How far out the outermost of so many points lies: one of them in the mean is farther along any axis, on the side that counts.</summary>
    public static double Reach(double points) => NormalQuantile.Of(1 - (1 / points));

    /// <summary>
    /// What terms of this degree have beyond all points, in units of the largest of them, more than if they were no larger there. Of a sum Σ_k c_k |z|^k the degree seen at the outermost points is the mean of k, each weighted by its
    /// part of the sum there, so that the part of degree d is no more than the degree seen over d.
    /// </summary>
    /// <param name="degree">The degree by the program.</param>
    /// <param name="points">How many points there are in all.</param>
    /// <param name="seen">The degree to which terms grow where the outermost points are.</param>
    public static double ShareUnseen(double degree, double points, double seen) =>
        !IsBeyond(degree, points) ? 0 : Math.Min(1, seen / degree) * (ShareBeyond(degree, points) - ShareBeyond(0, points));

    /// <summary>
    /// What lies beyond the points of a mean, in units of the largest term: terms that grow like |z|^d from the <see cref="Reach"/> r on, E[(|z|/r)^d; |z| > r] = 2^{d/2} Γ((d + 1)/2, r²/2) / (√π r^d).
    /// </summary>
    public static double ShareBeyond(double degree, double points)
    {
        var reach = Reach(points);
        var shape = (degree + 1) / 2;
        return Math.Exp((degree / 2 * Math.Log(2 / (reach * reach))) - (Math.Log(Math.PI) / 2) + MathNet.Numerics.SpecialFunctions.GammaLn(shape) + Math.Log(MathNet.Numerics.SpecialFunctions.GammaUpperRegularized(shape, reach * reach / 2)));
    }
}
