namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>A mean under each of several Gaussian laws, with bounds on the errors.</summary>
/// <param name="Values">The means; empty when all are 0.</param>
/// <param name="Errors">A bound on the error of each.</param>
internal readonly record struct NodeValues(double[] Values, double[] Errors)
{
    public static readonly NodeValues Zero = new([], []);

    public bool IsZero => Values.Length == 0;

    public static NodeValues operator +(NodeValues x, NodeValues y) => x.IsZero ? y : y.IsZero ? x
        : new(Each(x.Values, y.Values, (a, b) => a + b), Each(x.Errors, y.Errors, (a, b) => a + b));

    /// <summary>Each mean times a number of its law.</summary>
    public NodeValues Times(double[] factors) => IsZero || Array.TrueForAll(factors, factor => factor == 0) ? Zero
        : new(Each(factors, Values, (a, b) => a * b), Each(factors, Errors, (a, b) => Math.Abs(a) * b));

    public static double[] Each(double[] x, double[] y, Func<double, double, double> value)
    {
        var result = new double[x.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = value(x[i], y[i]);
        }

        return result;
    }
}
