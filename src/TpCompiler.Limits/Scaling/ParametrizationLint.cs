using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>What keeps a weight, or a value, of a program from being stable and maximal, and what to write instead.</summary>
/// <param name="Name">The weight, or the value that needs a multiplier.</param>
/// <param name="Problem">In words: <c>starts too large by n^(1/2)</c>.</param>
/// <param name="Repair"><c>set b from 1/2 to 1</c>.</param>
/// <param name="Change">The repair as a number; null for a multiplier.</param>
public sealed record LintFinding(string Name, string Problem, string Repair, ExponentChange? Change);

/// <summary>A program's own exponents against the maximal-update parametrization that is derived from it.</summary>
public static class ParametrizationLint
{
    /// <summary>Nothing when every weight is maximal and the program stable.</summary>
    /// <param name="network">The network as it is written.</param>
    /// <param name="given">Its analysis.</param>
    /// <param name="maximal">The parametrization that it could have, for the same optimizer.</param>
    public static ValueList<LintFinding> Of(Network network, ScalingResult given, MaximalUpdate maximal)
    {
        var findings = maximal.Multipliers
            .Select(multiplier => new LintFinding(multiplier.Value, multiplier.Reason, $"multiply {multiplier.Value} by {Power(multiplier.Power)}", null))
            .ToList();
        var stable = given.Verdict is { Regime: Regime.FeatureLearning };
        foreach (var parameter in network.Parameters)
        {
            if (maximal.Rows.FirstOrDefault(row => row.Name == parameter.Name) is not { } row)
            {
                findings.Add(new LintFinding(parameter.Name, "isn't used", "use it, or leave it out", null));
                continue;
            }

            var scale = given.Parameters.First(scale => scale.Name == parameter.Name);
            if (stable && maximal.Depth is null && maximal.Multipliers.Count == 0 && scale.Maximal)
            {
                continue;
            }

            if (scale.Initial is { } initial && row.Initial is { } wanted && initial != wanted && !(row.Role == ParameterRole.Output && initial > wanted))
            {
                var change = new ExponentChange(parameter.Name, AbcExponent.B, parameter.B, parameter.B + wanted - initial);
                findings.Add(Finding(change, $"starts {Excess(initial - wanted, maximal.Depth)}", maximal.Depth));
            }

            if (!parameter.Trained)
            {
                findings.Add(new LintFinding(parameter.Name, "isn't trained", "train it", null));
                continue;
            }

            var rate = row.Rate - (maximal.Kind == UpdateKind.Gradient ? 2 * parameter.A : parameter.A);
            if (rate != parameter.C)
            {
                var change = new ExponentChange(parameter.Name, AbcExponent.C, parameter.C, rate);
                findings.Add(Finding(change, $"has a learning rate {Excess(parameter.C - rate, maximal.Depth)}", maximal.Depth));
            }
        }

        return findings.Select(finding => network.Depth is null ? finding : finding with { Name = network.FamilyOf(finding.Name) }).Distinct().ToValueList();
    }

    /// <summary>An exponent of n can be written; a power of the number of layers is a factor.</summary>
    private static LintFinding Finding(ExponentChange change, string problem, DepthSymbol? depth)
    {
        var (width, layers) = DepthSymbol.Split(change.To - change.From);
        List<string> repairs = [];
        if (!width.IsZero)
        {
            repairs.Add($"set {change.Exponent.ToString().ToLowerInvariant()} from {DepthSymbol.Split(change.From).Width} to {DepthSymbol.Split(change.To).Width}");
        }

        if (!layers.IsZero)
        {
            repairs.Add(change.Exponent == AbcExponent.B ? $"multiply its variance by {DepthText.Power(depth!.Axis, -2 * layers)}" : $"multiply its learning rate by {DepthText.Power(depth!.Axis, -layers)}");
        }

        return new(change.Parameter, problem, string.Join(", and ", repairs), layers.IsZero ? change : null);
    }

    private static string Excess(Rational exponent, DepthSymbol? depth) => exponent.Sign < 0 ? $"too large by {DepthText.Powers(-exponent, depth)}" : $"too small by {DepthText.Powers(exponent, depth)}";

    private static string Power(Rational exponent) => DepthText.Power("n", exponent);
}
