using TpCompiler.Limits.Derivation;

namespace TpCompiler.Emit.Targets;

/// <summary>What emitted programs of the kernel regime say, and what stands behind their text.</summary>
internal static class KernelText
{
    /// <summary>What the program computes, in lines.</summary>
    public static string About(KernelDescentProgram kernel) =>
        $"""
        In the kernel regime f stays affine in the weights, and gradients move it along the tangent kernel Theta of the net at initialisation: kernel gradient descent (arXiv 1806.07572; 2011.14522, section 4).
        {(kernel.StartsAsProcess ? "f starts at 0, the mean of its Gaussian process." : "f starts at 0.")} K is the covariance of a layer's preactivations, or the mean of the product of its features, for two samples b and b'.
        Samples are read from an .npz file as `tpc run --limit --save FILE.npz` writes it.
        """;

    public const string CSharpExpectation = """

        // E f(u, v) for (u, v) ~ N(0, [[p, r], [r, q]]): with u = √p x and v = r/√p x + √(q − r²/p) y a mean over independent x and y, by the trapezoidal rule. Of smooth functions a step half as wide
        // squares the error, so that two values that agree to 1e-8 are right to rounding.
        static double E(Func<double, double, double> f, double p, double q, double r)
        {
            double deviation = Math.Sqrt(p), slope = p > 0 ? r / deviation : 0, rest = Math.Sqrt(Math.Max(0, q - slope * slope));
            double before = double.NaN;
            for (int nodes = 20; nodes <= 1280; nodes *= 2)
            {
                double step = 10.0 / nodes, sum = 0;
                for (int i = -nodes; i <= nodes; i++)
                {
                    double x = i * step, along = 0;
                    for (int j = -nodes; j <= nodes; j++)
                    {
                        double y = j * step;
                        along += Math.Exp(-y * y / 2) * f(deviation * x, slope * x + rest * y);
                    }

                    sum += Math.Exp(-x * x / 2) * along;
                }

                double value = sum * step * step / (2 * Math.PI);
                if (Math.Abs(value - before) <= 1e-8 * Math.Max(1, Math.Abs(value)))
                {
                    return value;
                }

                before = value;
            }

            throw new ArithmeticException("an expectation didn't converge");
        }
        """;

    /// <summary>The mean of a function of two Gaussian numbers at all pairs of samples, in Python.</summary>
    public static string PairMean(string module, string variances, string slope, string rest, string line) =>
        $""""
        def pair_mean(function, K):
            """E function(u, v) for all pairs of samples, u and v Gaussian with covariance K: with independent x and y, u = √p x and v = r/√p x + √(q − r²/p) y, by the trapezoidal rule.
            Of smooth functions a step half as wide squares the error, so that two values that agree to 1e-8 are right to rounding."""
            variance = {variances}
            deviation = {module}.sqrt(variance)[:, None]
            slope = {slope}
            rest = {rest}
            before = None
            for nodes in (20, 40, 80, 160, 320, 640, 1280):
                y = {line}
                weights = {module}.exp(-(y**2) / 2) / (2 * {module}.pi) ** 0.5 * (10 / nodes)
                value = 0
                for x, weight in zip(y, weights):
                    v = (slope * x)[:, :, None] + rest[:, :, None] * y
                    value = value + weight * (function({module}.broadcast_to((deviation * x)[:, :, None], v.shape), v) @ weights)
                if before is not None and {module}.abs(value - before).max() <= 1e-8 * max(1, {module}.abs(value).max()):
                    return value
                before = value
            raise ArithmeticError("an expectation didn't converge")
        """";

    public const string CSharpAngle = """

        // The angle whose cosine is x. Rounding moves a cosine of 1 or -1, of samples that are multiples of one another; 0/0, of a sample that is 0, has no angle, and none matters: π/2.
        static double Angle(double x) => double.IsNaN(x) ? Math.PI / 2 : 1 - Math.Abs(x) <= 1e-15 ? Math.Acos(Math.Sign(x)) : Math.Acos(x);
        """;

    /// <summary>The angle of a cosine, in Python.</summary>
    public static string Angle(string module) =>
        $""""
        def angle(x):
            """The angle whose cosine is x. Rounding moves a cosine of 1 or -1, of samples that are multiples of one another; 0/0, of a sample that is 0, has no angle, and none matters: π/2."""
            x = {module}.nan_to_num(x)
            return {module}.arccos({module}.where(1 - {module}.abs(x) <= 1e-15, {module}.sign(x), x))
        """";
}
