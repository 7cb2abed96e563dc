using System.Text;

namespace TpCompiler.Emit;

/// <summary>What <c>tpc compile</c> prints: weights, verdict, equations, exact values.</summary>
public static class ReportText
{
    public static string Write(Derivation derivation)
    {
        var parts = new List<string>
        {
            derivation.Source.Name + "\n",
            ScalesText.Parameters(derivation.Scaling),
            ScalesText.Verdict(derivation.Scaling),
            derivation.Equations is { } equations ? EquationsText.Write(equations) : string.Empty,
            derivation.NoEquations is { } reason ? "no limit equations: " + reason + "\n" : string.Empty,
            Tiers(derivation),
            Exact(derivation),
        };
        return string.Join("\n", parts.Where(part => part.Length > 0));
    }

    /// <summary>Outputs that are computed alike share a line.</summary>
    private static string Tiers(Derivation derivation)
    {
        var lines = derivation.Tiers.GroupBy(output => output.Tiers).Select(group => (Outputs: string.Join(", ", group.Select(output => output.Output)), Tiers: string.Join(", or else ", group.Key))).ToList();
        var width = lines.Select(line => line.Outputs.Length).DefaultIfEmpty(0).Max();
        return lines.Count == 0 ? string.Empty : "numbers of the limit come from\n" + string.Concat(lines.Select(line => $"  {line.Outputs.PadRight(width)}  {line.Tiers}\n"));
    }

    private static string Exact(Derivation derivation)
    {
        if (derivation.ExactOutputs.Count == 0)
        {
            return string.Empty;
        }

        var text = new StringBuilder("exact values\n");
        foreach (var output in derivation.ExactOutputs)
        {
            text.Append("  ").Append(output.Name).Append(" = ").AppendJoin(", ", output.Values).Append('\n');
        }

        return text.ToString();
    }
}
