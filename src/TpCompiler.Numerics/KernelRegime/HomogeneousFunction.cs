using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// A function αx for x > 0 and βx for x &lt; 0 (relu, leaky relu, abs, linear), or α and β themselves (step, sign). With κ the mean of two of them at angle θ and a its value at 0, for variances 1:
/// a = (α² + β²)/2 and κ = (α − β)² (sin θ + (π − θ) cos θ)/2π + αβ cos θ, or a − (α − β)² θ/2π (arc-cosine kernels, Cho &amp; Saul 2009). What is near 0 is computed as such: a − κ at θ = 0, a + κ at π.
/// </summary>
/// <param name="Square">(α − β)².</param>
/// <param name="Product">αβ.</param>
/// <param name="IsLinear">Whether it is αx and βx.</param>
internal sealed record HomogeneousFunction(double Square, double Product, bool IsLinear)
{
    /// <summary>a.</summary>
    public double AtZero => (0.5 * Square) + Product;

    /// <summary>Null when it is another function.</summary>
    /// <param name="phi">A function of <paramref name="variable"/>.</param>
    /// <param name="variable">Its argument.</param>
    public static HomogeneousFunction? Of(Expr phi, Expr.Reference variable)
    {
        var isLinear = IsOfLines(phi);
        if (!isLinear && !IsOfJumps(phi))
        {
            return null;
        }

        var function = Evaluation.Compile(phi, variable);
        var (alpha, beta) = (function(1), isLinear ? -function(-1) : function(-1));
        return new((alpha - beta) * (alpha - beta), alpha * beta, isLinear);
    }

    /// <summary>1 − ρ² of φ(u) and φ(v), and its error.</summary>
    public (double Complement, double Error) Complement(CovariancePair pair)
    {
        var complement = Complement(pair.Complement, pair.R < 0);
        return (complement, pair.Error == 0 ? 0 : Math.Max(Moved(pair.Error), Moved(-pair.Error)));

        double Moved(double by) => Math.Abs(Complement(Math.Clamp(pair.Complement + by, 0, 1), pair.R < 0) - complement);
    }

    /// <param name="complement">1 − ρ² of u and v.</param>
    /// <param name="isNegative">Whether ρ &lt; 0.</param>
    private double Complement(double complement, bool isNegative)
    {
        // τ is the angle with the nearer end of the axis.
        var sine = Math.Sqrt(complement);
        var cosine = Math.Sqrt(1 - complement);
        var angle = Math.Atan2(sine, cosine);
        var versine = complement / (1 + cosine);
        var (a, part) = (AtZero, Square / (2 * Math.PI));
        var end = isNegative ? (0.5 * Square) + (2 * Product) : 0;
        double gap, sum;
        if (IsLinear)
        {
            var rest = part * SineLess(angle, sine, cosine);
            gap = isNegative ? end - (Product * versine) - rest : (a * versine) - rest;
            sum = isNegative ? (0.5 * Square) + (Product * versine) + rest : (2 * a) - gap;
        }
        else
        {
            gap = isNegative ? (0.5 * Square) - (part * angle) : part * angle;
            sum = isNegative ? end + (part * angle) : (2 * a) - gap;
        }

        return Math.Clamp(gap * sum / (a * a), 0, 1);
    }

    /// <summary>sin τ − τ cos τ = τ³/3 − τ⁵/30 + …</summary>
    private static double SineLess(double angle, double sine, double cosine)
    {
        if (angle > 0.5)
        {
            return sine - (angle * cosine);
        }

        var (square, term, sum) = (angle * angle, angle * angle * angle / 3, 0.0);
        for (var k = 1; Math.Abs(term) > 1e-17 * sum; k++)
        {
            sum += term;
            term *= -square * (k + 1) / (k * ((2 * k) + 2) * ((2 * k) + 3));
        }

        return sum;
    }

    private static bool IsOfLines(Expr expr) => expr switch
    {
        Expr.Reference => true,
        Expr.Call { Arguments: [var argument] } call => Nonlinearities.DegreeOf(call) == 1 && IsOfLines(argument),
        Expr.Multiply product => product.Factors.Count(factor => factor.References().Any()) == 1 && product.Factors.Where(factor => factor.References().Any()).All(IsOfLines),
        Expr.Add sum => sum.Terms.All(IsOfLines),
        _ => false,
    };

    private static bool IsOfJumps(Expr expr) => !expr.References().Any() || expr switch
    {
        Expr.Call { Function: "step" or "sign", Derivative: 0, Arguments: [var argument] } => IsOfLines(argument),
        Expr.Multiply product => product.Factors.All(IsOfJumps),
        Expr.Add sum => sum.Terms.All(IsOfJumps),
        _ => false,
    };
}
