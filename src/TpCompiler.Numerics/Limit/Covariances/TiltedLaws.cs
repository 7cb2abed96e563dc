using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>
/// E F q^(−k), q = c + zᵀAz, as an integral over one number: q^(−k) = ∫ s^(k−1) e^(−sq) ds/Γ(k), and e^(−s zᵀAz) times the density of z is det(I + 2sCA)^(−1/2) times the density of N(0, (C⁻¹ + 2sA)⁻¹). So E F is
/// taken under one Gaussian law for each s, in closed form where F is made of homogeneous functions (as in the mean field theory of batch normalisation, arXiv 1902.08129), and the integral is the trapezoidal rule in x,
/// log s = (π/2) sinh x + const, at a fixed number of nodes.
/// </summary>
internal sealed class TiltedLaws : GaussianLaws
{
    /// <summary>Eigenvalues below these, of a largest of 1, are rounding.</summary>
    private const double Negligible = 1e-13;

    /// <summary>How far nodes go in x: s^(−1/2) is 1e-20 there.</summary>
    private const double Reach = 4.8;

    private readonly GaussianVariables variables;
    private readonly Norm norm;
    private readonly Matrix<double> coordinates;
    private readonly Matrix<double> inverse;
    private readonly double[] logarithms;
    private readonly double[] spacing;
    private readonly double[] determinants;
    private readonly double[][] shrinking;
    private readonly double step;
    private readonly Dictionary<(LinearForm, LinearForm), double[]> covariances = [];
    private readonly Dictionary<(Expr, LinearForm, Expr, LinearForm), NodeValues> means = [];

    /// <param name="variables">The variables, with their covariances.</param>
    /// <param name="norm">q.</param>
    /// <param name="level">Nodes are 2^−level apart in x.</param>
    public TiltedLaws(GaussianVariables variables, Norm norm, int level)
    {
        (this.variables, this.norm) = (variables, norm);
        LinearForm[] single = [.. norm.Variables.ToArray().Select(LinearForm.Of)];
        var covariance = Matrix<double>.Build.Dense(single.Length, single.Length, (i, j) => variables.Covariance(single[i], single[j])).Evd(Symmetricity.Symmetric);
        var largest = covariance.EigenValues.Max(value => value.Real);
        int[] kept = [.. Enumerable.Range(0, single.Length).Where(i => covariance.EigenValues[i].Real > Negligible * largest)];
        double[] deviations = [.. kept.Select(i => Math.Sqrt(covariance.EigenValues[i].Real))];
        var axes = Matrix<double>.Build.Dense(single.Length, kept.Length, (i, k) => covariance.EigenVectors[i, kept[k]]);

        // z = (coordinates) e for standard e, turned so that q = c + Σ λ_k e_k².
        var root = Matrix<double>.Build.Dense(single.Length, kept.Length, (i, k) => axes[i, k] * deviations[k]);
        var form = root.TransposeThisAndMultiply(Matrix<double>.Build.Dense(single.Length, single.Length, (i, j) => norm[i, j]) * root).Evd(Symmetricity.Symmetric);
        double[] eigenvalues = [.. form.EigenValues.Select(value => value.Real)];
        var size = eigenvalues.Append(0).Max();
        if (size == 0 || eigenvalues.Min() < -Negligible * size)
        {
            // It doesn't vary, or it may be negative.
            throw new NoCovariancesException();
        }

        coordinates = root * form.EigenVectors;
        inverse = Matrix<double>.Build.Dense(single.Length, kept.Length, (i, k) => axes[i, k] / deviations[k]) * form.EigenVectors;
        for (var k = 0; k < eigenvalues.Length; k++)
        {
            eigenvalues[k] = eigenvalues[k] < Negligible * size ? 0 : eigenvalues[k];
        }

        step = Math.ScaleB(1, -level);
        var half = (int)(Reach / step);
        double[] x = [.. Enumerable.Range(-half, (2 * half) + 1).Select(i => i * step)];
        var unit = -Math.Log(norm.Constant + (2 * eigenvalues.Sum()));
        logarithms = [.. x.Select(at => unit + (0.5 * Math.PI * Math.Sinh(at)))];
        spacing = [.. x.Select(at => step * 0.5 * Math.PI * Math.Cosh(at))];
        shrinking = [.. eigenvalues.Select(lambda => logarithms.Select(log => 1 / (1 + (2 * lambda * Math.Exp(log)))).ToArray())];
        determinants = [.. logarithms.Select((_, i) => 0.5 * shrinking.Sum(factors => Math.Log(factors[i])))];
    }

    public override NodeValues One => new([.. logarithms.Select(_ => 1.0)], new double[logarithms.Length]);

    /// <summary>E F q^(−k) from the means of F; the error of the rule, seen from every second and every fourth node, and what the errors of these means make.</summary>
    public (double Value, double OfRule, double OfMeans) Integral(Rational k, NodeValues mean)
    {
        if (mean.IsZero)
        {
            return default;
        }

        var power = k.ToDouble();
        var normalisation = MathNet.Numerics.SpecialFunctions.GammaLn(power);
        Span<double> sums = stackalloc double[3];
        var (magnitude, errors, ends, middle) = (0.0, 0.0, 0.0, logarithms.Length / 2);
        for (var i = 0; i < logarithms.Length; i++)
        {
            // s^(k−1) ds = s^k d log s.
            var weight = spacing[i] * Math.Exp((power * logarithms[i]) - (norm.Constant * Math.Exp(logarithms[i])) + determinants[i] - normalisation);
            if (weight == 0)
            {
                continue;
            }

            var term = weight * mean.Values[i];
            magnitude += Math.Abs(term);
            errors += weight * mean.Errors[i];
            ends = i == 0 || i == logarithms.Length - 1 ? ends + Math.Abs(term) : ends;
            for (var level = 0; level < sums.Length; level++)
            {
                sums[level] += (i - middle) % (1 << level) == 0 ? term * (1 << level) : 0;
            }
        }

        // As in Quadrature: differences shrink at least as fast as they just did, ten times that, and never more than what was seen.
        var (difference, before) = (Math.Abs(sums[0] - sums[1]), Math.Abs(sums[1] - sums[2]));
        return (sums[0], (difference == 0 ? 0 : difference * Math.Min(1, 10 * difference / before)) + (1e-15 * magnitude) + (ends / step), errors);
    }

    public override NodeValues Mean(Expr phi, LinearForm g, Expr psi, LinearForm h)
    {
        if (!means.TryGetValue((phi, g, psi, h), out var mean))
        {
            var (p, q, r) = (Covariance(g, g), Covariance(h, h), Covariance(g, h));
            var moments = variables.Functions.Of(phi, psi);
            var found = p.Select((_, i) => psi.IsOne ? variables.Moment(moments, p[i], 0, 0, true) : variables.Moment(moments, p[i], q[i], r[i], false)).ToArray();
            means[(phi, g, psi, h)] = mean = new NodeValues([.. found.Select(value => value.Value)], [.. found.Select(value => value.Error)]);
        }

        return mean;
    }

    public override double[] Covariance(LinearForm g, LinearForm h)
    {
        if (!covariances.TryGetValue((g, h), out var known))
        {
            covariances[(g, h)] = covariances[(h, g)] = known = CovarianceOf(g, h);
        }

        return known;
    }

    private double[] CovarianceOf(LinearForm g, LinearForm h)
    {
        var (first, second) = (Split(g), Split(h));
        var rest = first.Outside.IsZero || second.Outside.IsZero ? 0 : variables.Covariance(first.Outside, second.Outside) - first.Beside.Zip(second.Beside, (a, b) => a * b).Sum();
        var covariance = new double[logarithms.Length];
        Array.Fill(covariance, rest);
        for (var k = 0; k < shrinking.Length; k++)
        {
            var product = (first.Inside[k] + first.Beside[k]) * (second.Inside[k] + second.Beside[k]);
            for (var i = 0; i < covariance.Length; i++)
            {
                covariance[i] += product * shrinking[k][i];
            }
        }

        return covariance;
    }

    /// <summary>The coordinates along e of what a form has of the norm's variables, what it has of others, and the coordinates of that.</summary>
    private (double[] Inside, LinearForm Outside, double[] Beside) Split(LinearForm form)
    {
        var (inside, beside) = (new double[shrinking.Length], new double[shrinking.Length]);
        var others = new List<(double, LinearForm)>();
        for (var i = 0; i < form.Variables.Length; i++)
        {
            var row = norm.Variables.IndexOf(form.Variables[i]);
            if (row < 0)
            {
                others.Add((form.Coefficients[i], LinearForm.Of(form.Variables[i])));
            }

            for (var k = 0; row >= 0 && k < inside.Length; k++)
            {
                inside[k] += form.Coefficients[i] * coordinates[row, k];
            }
        }

        var outside = LinearForm.Sum(others);
        for (var row = 0; !outside.IsZero && row < norm.Variables.Length; row++)
        {
            var covariance = variables.Covariance(outside, LinearForm.Of(norm.Variables[row]));
            for (var k = 0; k < beside.Length; k++)
            {
                beside[k] += covariance * inverse[row, k];
            }
        }

        return (inside, outside, beside);
    }
}
