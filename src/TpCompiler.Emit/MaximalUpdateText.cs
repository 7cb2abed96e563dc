using System.Globalization;
using System.Text;
using System.Text.Json;
using TpCompiler.Ir;
using TpCompiler.Limits.Scaling;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit;

/// <summary>Two widths, when numbers are asked for: what was tuned at the base width, at another.</summary>
public sealed record WidthRatio(int Base, int Width)
{
    /// <summary>Two numbers of layers besides; null where that stays.</summary>
    public (int Base, int Depth)? Depths { get; init; }

    /// <summary>(width / base)^exponent, and the same of the numbers of layers, to six digits.</summary>
    public string Factor(Rational exponent)
    {
        var (width, layers) = DepthSymbol.Split(exponent);
        return (Power(Base, Width, width) * (Depths is var (from, to) ? Power(from, to, layers) : 1)).ToString("G6", CultureInfo.InvariantCulture);

        static double Power(int from, int to, Rational exponent) => Math.Pow((double)to / from, (double)exponent.Numerator / (double)exponent.Denominator);
    }
}

/// <summary>A maximal-update parametrization as tables of weights, in its equivalent forms: for people, as Markdown, and for machines.</summary>
public static class MaximalUpdateText
{
    public static string Write(string name, MaximalUpdate maximal, WidthRatio? widths = null) => Tables(name, maximal, widths, markdown: false);

    public static string Markdown(string name, MaximalUpdate maximal, WidthRatio? widths = null) => Tables(name, maximal, widths, markdown: true);

    public static void Write(Utf8JsonWriter json, string name, MaximalUpdate maximal, WidthRatio? widths = null)
    {
        json.WriteStartObject();
        json.WriteString("program", name);
        json.WriteString("updates", maximal.Kind.ToString().ToLowerInvariant());
        if (widths is not null)
        {
            json.WriteNumber("base_width", widths.Base);
            json.WriteNumber("width", widths.Width);
        }

        if (maximal.Depth is { } depth)
        {
            json.WriteString("depth", depth.Axis);
            if (widths?.Depths is var (from, to))
            {
                json.WriteNumber("base_depth", from);
                json.WriteNumber("depth_layers", to);
            }
        }

        json.WriteStartArray("multipliers");
        foreach (var multiplier in maximal.Multipliers)
        {
            json.WriteStartObject();
            json.WriteString("value", multiplier.Value);
            json.WriteString("power_of_n", DepthSymbol.Split(multiplier.Power).Width.ToString());
            json.WriteString("reason", multiplier.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("forms");
        foreach (var form in EquivalentForms.Of(maximal))
        {
            json.WriteStartObject();
            json.WriteString("name", form.Name);
            json.WriteString("title", form.Title);
            json.WriteStartArray("weights");
            foreach (var row in form.Rows)
            {
                Write(json, row, widths, maximal.Depth);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What to change in a program, one line a finding.</summary>
    public static string Lint(string name, ValueList<LintFinding> findings) => findings.Count == 0
        ? $"{name}: stable, and every weight is maximal\n"
        : $"{name}: {findings.Count} {(findings.Count == 1 ? "thing keeps" : "things keep")} it from the maximal update\n"
            + string.Concat(findings.Select(finding => $"  {finding.Name}: {finding.Problem}\n    {finding.Repair}\n"));

    public static void Lint(Utf8JsonWriter json, string name, ValueList<LintFinding> findings)
    {
        json.WriteStartObject();
        json.WriteString("program", name);
        json.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("name", finding.Name);
            json.WriteString("problem", finding.Problem);
            json.WriteString("repair", finding.Repair);
            if (finding.Change is { } change)
            {
                json.WriteString("exponent", change.Exponent.ToString().ToLowerInvariant());
                json.WriteString("from", change.From.ToString());
                json.WriteString("to", change.To.ToString());
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, FormRow row, WidthRatio? widths, DepthSymbol? depth)
    {
        json.WriteStartObject();
        json.WriteString("name", row.Weight.Name);
        json.WriteString("role", ScalesText.Role(row.Weight.Role));
        json.WriteString("a", DepthSymbol.Split(row.Exponents.A).Width.ToString());
        json.WriteString("b", DepthSymbol.Split(row.Exponents.B).Width.ToString());
        json.WriteString("c", DepthSymbol.Split(row.Exponents.C).Width.ToString());
        foreach (var (key, exponent) in Columns(row))
        {
            json.WriteString($"{key.Replace(' ', '_')}_power_of_n", exponent is { } whole ? DepthSymbol.Split(whole).Width.ToString() : null);
            if (depth is not null)
            {
                json.WriteString($"{key.Replace(' ', '_')}_power_of_depth", exponent is { } both ? DepthSymbol.Split(both).Depth.ToString() : null);
            }

            if (widths is not null && exponent is { } power)
            {
                json.WritePropertyName($"{key.Replace(' ', '_')}_factor");
                json.WriteRawValue(widths.Factor(power));
            }
        }

        json.WriteEndObject();
    }

    private static IEnumerable<(string Name, Rational? Exponent)> Columns(FormRow row)
    {
        yield return ("multiplier", row.Multiplier);
        yield return ("variance", row.Variance);
        yield return ("learning rate", row.Rate);
        yield return ("weight decay", row.WeightDecay);
        if (row.Epsilon is { } epsilon)
        {
            yield return ("epsilon", epsilon);
        }
    }

    private static string Tables(string name, MaximalUpdate maximal, WidthRatio? widths, bool markdown)
    {
        var text = new StringBuilder();
        var code = markdown ? "`" : string.Empty;
        text.Append(markdown ? "# " : string.Empty).Append($"maximal-update parametrization of {name}, for {Updates(maximal.Kind)}\n");
        text.Append(widths is null
            ? $"{(markdown ? "\n" : string.Empty)}powers of the width n{(maximal.Depth is { } depth ? $" and of the number of layers {depth.Axis}" : string.Empty)}; W = multiplier · w, and the variance, the learning rate and the rest are those of w\n"
            : $"{(markdown ? "\n" : string.Empty)}factors on what was tuned at width {widths.Base}, for width {widths.Width}{(widths.Depths is var (few, many) ? $", from {few} layers to {many}" : string.Empty)}; W = multiplier · w, and the rest are of w\n");
        foreach (var multiplier in maximal.Multipliers)
        {
            text.Append(markdown ? "- " : "  ").Append($"multiply {code}{multiplier.Value}{code} by {(widths is null ? DepthText.Powers(multiplier.Power, maximal.Depth) : widths.Factor(multiplier.Power))}: {multiplier.Reason}\n");
        }

        foreach (var form in EquivalentForms.Of(maximal))
        {
            var rows = new List<IReadOnlyList<string>> { new[] { "weight", "role" }.Concat(Columns(form.Rows[0]).Select(column => column.Name)).ToList() };
            rows.AddRange(form.Rows.Select(row => (IReadOnlyList<string>)
            [
                $"{code}{row.Weight.Name}{code}",
                ScalesText.Role(row.Weight.Role),
                .. Columns(row).Select(column => column.Exponent is { } power ? widths is null ? DepthText.Powers(power, maximal.Depth) : widths.Factor(power) : "0"),
            ]));
            text.Append('\n').Append(markdown ? $"## {form.Title}\n\n" : $"{form.Title}\n");
            text.Append(markdown ? MarkdownTable(rows) : TextTable.Write(rows));
        }

        return text.Append(InDepth(maximal, markdown)).ToString();
    }

    /// <summary>What each layer learns, beside what it is: a change that vanishes with depth is one in which the layer is linear.</summary>
    private static string InDepth(MaximalUpdate maximal, bool markdown)
    {
        if (maximal.Depth is not { } depth)
        {
            return string.Empty;
        }

        var rows = maximal.Rows.Where(row => row.Relative is not null && row.Family != row.Name)
            .GroupBy(row => row.Relative!.Value)
            .Select(group => (Size: DepthText.Powers(-group.Key, depth), Lazy: group.Key.Sign > 0, Names: string.Join(", ", group.Select(row => row.Family).Distinct())))
            .ToList();
        var text = new StringBuilder();
        text.Append('\n').Append(markdown ? "## " : string.Empty).Append($"depth: the stream stays of one size, and moves by as much, as {depth.Axis} grows\n").Append(markdown ? "\n" : string.Empty);
        foreach (var (size, lazy, names) in rows)
        {
            text.Append(markdown ? "- " : "  ").Append($"ΔW x is {size} of W x: {names}; {(lazy ? "each layer is linear in its change, and a larger one would make the stream blow up" : "each layer learns beyond what is linear in its change")}\n");
        }

        return text.ToString();
    }

    private static string MarkdownTable(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var text = new StringBuilder();
        for (var i = 0; i < rows.Count; i++)
        {
            text.Append("| ").AppendJoin(" | ", rows[i]).Append(" |\n");
            if (i == 0)
            {
                text.Append("| ").AppendJoin(" | ", rows[i].Select(_ => "---")).Append(" |\n");
            }
        }

        return text.ToString();
    }

    private static string Updates(UpdateKind kind) => kind switch
    {
        UpdateKind.Gradient => "gradient descent",
        UpdateKind.Entrywise => "updates of a size of their own, entry by entry (Adam, AdamW, sign-SGD)",
        _ => "orthogonalised updates of hidden matrices (Muon), and entrywise ones of all other weights",
    };
}
