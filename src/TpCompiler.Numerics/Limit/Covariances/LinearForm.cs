namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>A linear combination of jointly Gaussian variables of mean 0, which are told by numbers: sorted, without zeros.</summary>
internal sealed class LinearForm : IEquatable<LinearForm>
{
    private readonly int[] variables;
    private readonly double[] coefficients;
    private readonly int hash;

    private LinearForm(int[] variables, double[] coefficients)
    {
        (this.variables, this.coefficients) = (variables, coefficients);
        var code = default(HashCode);
        foreach (var variable in variables)
        {
            code.Add(variable);
        }

        foreach (var coefficient in coefficients)
        {
            code.Add(coefficient);
        }

        hash = code.ToHashCode();
    }

    public ReadOnlySpan<int> Variables => variables;

    public ReadOnlySpan<double> Coefficients => coefficients;

    public bool IsZero => variables.Length == 0;

    public static LinearForm Of(int variable) => new([variable], [1]);

    /// <summary>Σ weight · form.</summary>
    public static LinearForm Sum(IReadOnlyList<(double Weight, LinearForm Form)> parts)
    {
        if (parts is [var (weight, only)])
        {
            return weight == 1 ? only : new LinearForm(weight == 0 ? [] : only.variables, weight == 0 ? [] : Array.ConvertAll(only.coefficients, coefficient => weight * coefficient));
        }

        var sum = new SortedDictionary<int, double>();
        foreach (var (factor, form) in parts)
        {
            for (var i = 0; i < form.variables.Length; i++)
            {
                sum[form.variables[i]] = sum.GetValueOrDefault(form.variables[i]) + (factor * form.coefficients[i]);
            }
        }

        var kept = sum.Where(pair => pair.Value != 0).ToList();
        return new LinearForm([.. kept.Select(pair => pair.Key)], [.. kept.Select(pair => pair.Value)]);
    }

    /// <summary>This without coefficients of this size and less.</summary>
    public LinearForm Without(double size)
    {
        int[] kept = [.. Enumerable.Range(0, variables.Length).Where(i => Math.Abs(coefficients[i]) > size)];
        return new LinearForm([.. kept.Select(i => variables[i])], [.. kept.Select(i => coefficients[i])]);
    }

    /// <summary>The coefficient of a variable.</summary>
    public double this[int variable] => Array.BinarySearch(variables, variable) is >= 0 and var at ? coefficients[at] : 0;

    /// <summary>c with this = c · other, to rounding; null when there is none.</summary>
    public double? RatioTo(LinearForm other)
    {
        if (IsZero || !Variables.SequenceEqual(other.Variables))
        {
            return null;
        }

        var ratio = coefficients[0] / other.coefficients[0];
        for (var i = 1; i < coefficients.Length; i++)
        {
            if (Math.Abs(coefficients[i] - (ratio * other.coefficients[i])) > 1e-14 * Math.Abs(coefficients[i]))
            {
                return null;
            }
        }

        return ratio;
    }

    public bool Equals(LinearForm? other) => other is not null && hash == other.hash && Variables.SequenceEqual(other.Variables) && Coefficients.SequenceEqual(other.Coefficients);

    public override bool Equals(object? obj) => Equals(obj as LinearForm);

    public override int GetHashCode() => hash;
}
