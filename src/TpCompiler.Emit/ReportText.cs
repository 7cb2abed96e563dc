using System.Text;
using TpCompiler.Symbolics;

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
            Expectations(derivation),
            Exact(derivation),
        };
        return string.Join("\n", parts.Where(part => part.Length > 0));
    }

    /// <summary>Outputs that are computed alike share a line.</summary>
    private static string Tiers(Derivation derivation)
    {
        var lines = derivation.Tiers.GroupBy(output => (output.First, output.Tiers)).Select(group => (Outputs: string.Join(", ", group.Select(output => output.Output)), Tiers: (group.Key.First is { } first ? $"{first} before the first update, then " : string.Empty) + string.Join(", or else ", group.Key.Tiers))).ToList();
        var width = lines.Select(line => line.Outputs.Length).DefaultIfEmpty(0).Max();
        return lines.Count == 0 ? string.Empty : "numbers of the limit come from\n" + string.Concat(lines.Select(line => $"  {line.Outputs.PadRight(width)}  {line.Tiers}\n"));
    }

    /// <summary>Expectations that are computed alike stand together; of most of them that is said last, without naming them.</summary>
    private static string Expectations(Derivation derivation)
    {
        var printer = LimitNotation.Printer(ExprStyle.Unicode);
        var groups = derivation.Expectations.GroupBy(line => string.Join(", or else ", line.Tiers)).OrderBy(group => group.Count()).ToList();
        var text = new StringBuilder(groups.Count == 0 ? string.Empty : "expectations are computed by\n");
        foreach (var group in groups.SkipLast(1))
        {
            text.Append("  ").Append(group.Key).Append('\n');
            foreach (var line in group)
            {
                text.Append("    ").Append(printer.Print(line.Expectation)).Append('\n');
            }
        }

        return groups.Count == 0 ? string.Empty : text.Append("  ").Append(groups[^1].Key).Append(groups.Count == 1 ? "\n" : "\n    all others\n").ToString();
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
