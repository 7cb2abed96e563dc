using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>
/// Π φ_i(g_i) g_1 … g_m with at most two φ, prepared for means at many covariances: E is a sum of integrals over at most two Gaussians. A g beside one φ(u), or beside functions that jump, is split into its regression on
/// their arguments and what is independent of these; beside others it is integrated by parts: E g F(h_1, …) = Σ_i Cov(g, h_i) E ∂F/∂h_i.
/// </summary>
internal sealed class FactorProduct
{
    /// <summary>Arguments are of the same direction when their correlation is ±1 to rounding.</summary>
    private const double Collinear = 1e-12;

    private readonly FunctionMoments functions;
    private readonly List<LinearForm> arguments = [];
    private readonly List<Part> nonlinear = [];
    private readonly List<int> linear = [];

    public FactorProduct(IReadOnlyList<Factor> factors, FunctionMoments functions)
    {
        this.functions = functions;

        // Two factors have closed forms that their product may lack.
        var isMerged = factors.Count > 2;
        foreach (var factor in factors)
        {
            var at = isMerged ? arguments.FindIndex(known => factor.Argument.RatioTo(known) is not null) : -1;
            var ratio = 1.0;
            if (at < 0)
            {
                at = arguments.Count;
                arguments.Add(factor.Argument);
            }
            else
            {
                ratio = factor.Argument.RatioTo(arguments[at])!.Value;
            }

            if (factor.IsLinear)
            {
                Coefficient *= ratio;
                linear.Add(at);
                continue;
            }

            var function = functions.Shared(factor.Of(ratio));
            var before = nonlinear.FindIndex(part => part.Argument == at);
            if (before < 0)
            {
                nonlinear.Add(new Part(function, at));
            }
            else
            {
                nonlinear[before] = new Part(functions.Shared(nonlinear[before].Function * function), at);
            }
        }

        if (nonlinear.Count > 2)
        {
            throw new NoCovariancesException();
        }
    }

    /// <summary>What arguments that are multiples of others multiply the product by; <see cref="Mean"/> is without it.</summary>
    public double Coefficient { get; private set; } = 1;

    /// <summary>φ of an argument.</summary>
    private readonly record struct Part(Expr Function, int Argument);

    /// <summary>The mean under each of several laws.</summary>
    public NodeValues Mean(GaussianLaws laws) => new Under(functions, arguments, laws).Mean([.. nonlinear], [.. linear]);

    private readonly struct Under(FunctionMoments functions, List<LinearForm> arguments, GaussianLaws laws)
    {
        public NodeValues Mean(Part[] nonlinear, int[] linear)
        {
            if (linear is [])
            {
                return nonlinear switch
                {
                    [] => laws.One,
                    [var phi] => functions.IsOdd(phi.Function) ? NodeValues.Zero : laws.Mean(phi.Function, arguments[phi.Argument], Expr.One, arguments[phi.Argument]),
                    [var phi, var psi] => laws.Mean(phi.Function, arguments[phi.Argument], psi.Function, arguments[psi.Argument]),
                    _ => throw new System.Diagnostics.UnreachableException(),
                };
            }

            var g = linear[0];
            var rest = linear[1..];
            if (nonlinear is [])
            {
                return Among(g, [], rest, nonlinear);
            }

            for (var i = 0; i < nonlinear.Length; i++)
            {
                if (nonlinear[i].Argument == g)
                {
                    return Mean(With(nonlinear, i, functions.Weighted(nonlinear[i].Function)), rest);
                }
            }

            if (nonlinear is [var first, var second])
            {
                if (functions.DerivativeOf(first.Function) is { } phi && functions.DerivativeOf(second.Function) is { } psi)
                {
                    var (under, byFirst, bySecond) = (this, With(nonlinear, 0, phi), With(nonlinear, 1, psi));
                    return Among(g, [], rest, nonlinear)
                        + Times(Covariance(g, first.Argument), () => under.Mean(byFirst, rest))
                        + Times(Covariance(g, second.Argument), () => under.Mean(bySecond, rest));
                }

                var (p, q, r) = (Covariance(first.Argument, first.Argument), Covariance(second.Argument, second.Argument), Covariance(first.Argument, second.Argument));
                var (u, v) = (Covariance(g, first.Argument), Covariance(g, second.Argument));
                if (p.Select((_, i) => (p[i] * q[i]) - (r[i] * r[i]) > Collinear * p[i] * q[i]).All(isLarge => isLarge))
                {
                    return Regressed(g, rest, nonlinear, [Weights(p, q, r, u, v), Weights(q, p, r, v, u)]);
                }
            }

            var only = nonlinear[0].Argument;
            return Regressed(g, rest, nonlinear, [NodeValues.Each(Covariance(g, only), Covariance(only, only), (shared, variance) => variance == 0 ? 0 : shared / variance)]);
        }

        private double[] Covariance(int g, int h) => laws.Covariance(arguments[g], arguments[h]);

        /// <summary>The coefficient of the first of two arguments in the regression on both.</summary>
        private static double[] Weights(double[] p, double[] q, double[] r, double[] u, double[] v) =>
            [.. p.Select((_, i) => ((q[i] * u[i]) - (r[i] * v[i])) / ((p[i] * q[i]) - (r[i] * r[i])))];

        private static Part[] With(Part[] parts, int at, Expr function)
        {
            Part[] copy = [.. parts];
            copy[at] = copy[at] with { Function = function };
            return copy;
        }

        /// <summary>What is multiplied by 0 isn't computed: it may have no value.</summary>
        private static NodeValues Times(double[] factors, Func<NodeValues> value) => Array.TrueForAll(factors, factor => factor == 0) ? NodeValues.Zero : value().Times(factors);

        /// <summary>g = Σ_i weight_i u_i + rest, u_i the arguments of the functions, the rest independent of them.</summary>
        private NodeValues Regressed(int g, int[] others, Part[] nonlinear, double[][] weights)
        {
            var sum = Among(g, weights, others, nonlinear);
            for (var i = 0; i < weights.Length; i++)
            {
                var weighted = With(nonlinear, i, functions.Weighted(nonlinear[i].Function));
                var under = this;
                sum += Times(weights[i], () => under.Mean(weighted, others));
            }

            return sum;
        }

        /// <summary>By parts, among the linear factors alone, for g − Σ_i weight_i u_i.</summary>
        private NodeValues Among(int g, double[][] weights, int[] others, Part[] nonlinear)
        {
            var sum = NodeValues.Zero;
            for (var k = 0; k < others.Length; k++)
            {
                var shared = Covariance(g, others[k]);
                for (var i = 0; i < weights.Length; i++)
                {
                    var along = NodeValues.Each(weights[i], Covariance(nonlinear[i].Argument, others[k]), (weight, covariance) => weight * covariance);
                    shared = NodeValues.Each(shared, along, (a, b) => a - b);
                }

                int[] left = [.. others[..k], .. others[(k + 1)..]];
                var under = this;
                sum += Times(shared, () => under.Mean(nonlinear, left));
            }

            return sum;
        }
    }
}
