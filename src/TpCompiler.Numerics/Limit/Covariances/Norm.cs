using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>q = constant + Σ_jk form_jk g_j g_k > 0 for jointly Gaussian variables g: what normalisation over a finite axis divides the square by, |z|²/B + ε.</summary>
internal sealed class Norm
{
    private readonly int[] variables;
    private readonly double[,] form;

    private Norm(double constant, int[] variables, double[,] form) => (Constant, this.variables, this.form) = (constant, variables, form);

    public double Constant { get; }

    public ReadOnlySpan<int> Variables => variables;

    /// <summary>The symmetric matrix of the form, by the order of the variables.</summary>
    public double this[int row, int column] => form[row, column];

    /// <summary>A variate that is a constant and products of two Gaussian variables; null when it is something else.</summary>
    public static Norm? Of(Variate square)
    {
        if (square.Number < 0 || square.IsNumber || !square.Terms.All(term => term is { Norms: [], Factors: [{ IsLinear: true }, { IsLinear: true }] }))
        {
            return null;
        }

        int[] variables = [.. square.Terms.SelectMany(term => term.Factors).SelectMany(factor => factor.Argument.Variables.ToArray()).Distinct().Order()];
        var form = new double[variables.Length, variables.Length];
        foreach (var term in square.Terms)
        {
            var (g, h) = (term.Factors[0].Argument, term.Factors[1].Argument);
            for (var j = 0; j < variables.Length; j++)
            {
                for (var k = 0; k < variables.Length; k++)
                {
                    form[j, k] += 0.5 * term.Coefficient * ((g[variables[j]] * h[variables[k]]) + (g[variables[k]] * h[variables[j]]));
                }
            }
        }

        return new Norm(square.Number, variables, form);
    }

    /// <summary>c with this = c · other, to rounding; null when there is none.</summary>
    public double? RatioTo(Norm other)
    {
        if (!Variables.SequenceEqual(other.Variables))
        {
            return null;
        }

        double[] own = [Constant, .. form.Cast<double>()], others = [other.Constant, .. other.form.Cast<double>()];
        var size = own.Max(Math.Abs);
        var largest = Array.FindIndex(own, entry => Math.Abs(entry) == size);
        var ratio = own[largest] / others[largest];
        return ratio > 0 && own.Zip(others).All(pair => Math.Abs(pair.First - (ratio * pair.Second)) <= 1e-14 * size) ? ratio : null;
    }

    /// <summary>∂q/∂g for one of its variables; 0 for any other.</summary>
    public LinearForm Gradient(int variable)
    {
        var row = Array.IndexOf(variables, variable);
        return LinearForm.Sum(row < 0 ? [] : [.. variables.Select((other, k) => (2 * form[row, k], LinearForm.Of(other)))]);
    }
}

/// <summary>q^e, e &lt; 0.</summary>
internal sealed record NormPower(Norm Norm, Rational Exponent)
{
    /// <summary>(Π q^e)^exponent.</summary>
    public static NormPower[] To(Rational exponent, NormPower[] powers) =>
        exponent.IsZero ? [] : exponent.Sign < 0 ? throw new NoCovariancesException() : [.. powers.Select(power => power with { Exponent = exponent * power.Exponent })];

    public static NormPower[] Product(NormPower[] x, NormPower[] y) =>
        x is [] ? y : y is [] ? x : [.. x.Concat(y).GroupBy(power => power.Norm).Select(group => new NormPower(group.Key, group.Select(power => power.Exponent).Aggregate((a, b) => a + b)))];
}
