using System.Text.Json;
using TpCompiler.Limits.Scaling;

namespace TpCompiler.Emit;

/// <summary>A maximal-update parametrization as a table of weights: a, b, c, and the same without multipliers, as a framework sets it.</summary>
public static class MaximalUpdateText
{
    public static string Write(string name, MaximalUpdate maximal)
    {
        var rows = new List<string[]> { new[] { "weight", "role", "a", "b", "c", "variance", "learning rate" } };
        rows.AddRange(maximal.Rows.Select(row => new[]
        {
            row.Name,
            ScalesText.Role(row.Role),
            row.Exponents.A.ToString(),
            row.Exponents.B.ToString(),
            row.Exponents.C.ToString(),
            row.Variance is { } variance ? ScalesText.Size(-variance) : "0",
            ScalesText.Size(-row.Rate),
        }));
        return $"maximal-update parametrization of {name}, for gradient descent\n" + TextTable.Write(rows)
            + "\nW = n^(-a) w, w ~ N(0, σ² n^(-2b)), learning rate η n^(-c); the last two columns are for a W without a multiplier.\n";
    }

    public static void Write(Utf8JsonWriter json, string name, MaximalUpdate maximal)
    {
        json.WriteStartObject();
        json.WriteString("program", name);
        json.WriteStartArray("weights");
        foreach (var row in maximal.Rows)
        {
            json.WriteStartObject();
            json.WriteString("name", row.Name);
            json.WriteString("role", ScalesText.Role(row.Role));
            json.WriteString("a", row.Exponents.A.ToString());
            json.WriteString("b", row.Exponents.B.ToString());
            json.WriteString("c", row.Exponents.C.ToString());
            json.WriteString("variance_power_of_n", row.Variance?.ToString());
            json.WriteString("rate_power_of_n", row.Rate.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
