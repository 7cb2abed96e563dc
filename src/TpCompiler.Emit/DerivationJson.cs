using System.Text;
using System.Text.Json;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit;

/// <summary>
/// A derivation as JSON. Exponents e are strings of exact rationals, sizes being Θ(n^(-e)), and null for what is identically 0. Each equation carries <c>left</c>, <c>relation</c>
/// (<c>equal</c>, or <c>gaussian</c>: left ~ N(0, right)) and <c>right</c> as text, as LaTeX, and in the IR's syntax.
/// </summary>
public static class DerivationJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(Derivation derivation)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            Write(json, derivation);
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <summary>The document's one object.</summary>
    public static void Write(Utf8JsonWriter json, Derivation derivation)
    {
        json.WriteStartObject();
        json.WriteNumber("schema", 1);
        json.WriteString("program", derivation.Source.Name);
        WriteParameters(json, derivation);
        WriteVerdict(json, derivation);
        WriteValues(json, derivation);
        WriteEquations(json, derivation);
        json.WriteStartArray("exact");
        foreach (var output in derivation.ExactOutputs)
        {
            json.WriteStartObject();
            json.WriteString("name", output.Name);
            json.WriteStartArray("values");
            foreach (var value in output.Values)
            {
                json.WriteStringValue(value.ToString());
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteTiers(json, derivation);
        WriteExpectations(json, derivation);
        json.WriteEndObject();
    }

    /// <summary>For each output the ways to compute it, in the order in which they are tried, and the way to its first number where that is another one.</summary>
    private static void WriteTiers(Utf8JsonWriter json, Derivation derivation)
    {
        json.WriteStartArray("tiers");
        foreach (var output in derivation.Tiers)
        {
            json.WriteStartObject();
            json.WriteString("output", output.Output);
            if (output.First is { } first)
            {
                json.WriteString("first", first);
            }

            json.WriteStartArray("tiers");
            foreach (var tier in output.Tiers)
            {
                json.WriteStringValue(tier);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>For each expectation in the equations the ways to compute it, in the order in which they are tried, and how many Gaussians it is an integral over.</summary>
    private static void WriteExpectations(Utf8JsonWriter json, Derivation derivation)
    {
        var printer = LimitNotation.Printer(ExprStyle.Unicode);
        json.WriteStartArray("expectations");
        foreach (var line in derivation.Expectations)
        {
            json.WriteStartObject();
            json.WriteString("expectation", printer.Print(line.Expectation));
            json.WriteString("expectation_ir", line.Expectation.ToString());
            WriteStrings(json, "tiers", line.Tiers);
            if (line.Dimensions is { } dimensions)
            {
                json.WriteNumber("dimensions", dimensions);
            }
            else
            {
                json.WriteNull("dimensions");
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteParameters(Utf8JsonWriter json, Derivation derivation)
    {
        json.WriteStartArray("parameters");
        foreach (var parameter in derivation.Scaling.Parameters)
        {
            json.WriteStartObject();
            json.WriteString("name", parameter.Name);
            json.WriteString("role", ScalesText.Role(parameter.Role));
            json.WriteString("a", parameter.A.ToString());
            json.WriteString("b", parameter.B.ToString());
            json.WriteString("c", parameter.C.ToString());
            json.WriteBoolean("trained", parameter.Trained);
            json.WriteString("initial", parameter.Initial?.ToString());
            if (parameter.Decay is { } decay)
            {
                json.WriteString("decay", decay.ToString());
            }

            json.WriteString("update", parameter.Update?.ToString());
            json.WriteString("preactivation", parameter.Preactivation?.ToString());
            json.WriteString("output", parameter.Output?.ToString());
            json.WriteBoolean("maximal", parameter.Maximal);
            json.WriteBoolean("learns_features", parameter.LearnsFeatures);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteVerdict(Utf8JsonWriter json, Derivation derivation)
    {
        if (derivation.Scaling.Verdict is not { } verdict)
        {
            json.WriteNull("verdict");
            return;
        }

        json.WriteStartObject("verdict");
        json.WriteString("regime", verdict.Regime.ToString());
        json.WriteString("r", verdict.R?.ToString());
        json.WriteString("text", verdict.Text);
        json.WriteString("initial_output", verdict.InitialOutput?.ToString());
        WriteStrings(json, "features", verdict.Features);
        WriteStrings(json, "kernel", verdict.Kernel);
        json.WriteStartArray("reasons");
        foreach (var reason in verdict.Reasons)
        {
            json.WriteStartObject();
            json.WriteString("instruction", reason.Instruction);
            json.WriteString("quantity", reason.Quantity);
            json.WriteString("exponent", reason.Exponent?.ToString());
            json.WriteString("phase", reason.Phase.ToString());
            json.WriteString("text", reason.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (verdict.Repair is { } repair)
        {
            json.WriteStartObject("repair");
            json.WriteString("text", repair.Text);
            json.WriteString("regime", repair.Regime.ToString());
            json.WriteStartArray("changes");
            foreach (var change in repair.Changes)
            {
                json.WriteStartObject();
                json.WriteString("parameter", change.Parameter);
                json.WriteString("exponent", change.Exponent.ToString());
                json.WriteString("from", change.From.ToString());
                json.WriteString("to", change.To.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("repair");
        }

        json.WriteEndObject();
    }

    private static void WriteValues(Utf8JsonWriter json, Derivation derivation)
    {
        json.WriteStartArray("values");
        foreach (var value in derivation.Scaling.Values)
        {
            json.WriteStartObject();
            json.WriteString("name", value.Name);
            json.WriteString("kind", value.Kind.ToString());
            json.WriteString("initial", value.Scale.Initial?.ToString());
            json.WriteString("change", value.Scale.Change?.ToString());
            if (value.Scale.Decay is { } decay)
            {
                json.WriteString("decay", decay.ToString());
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteEquations(Utf8JsonWriter json, Derivation derivation)
    {
        json.WriteStartArray("equations");
        var (text, latex) = (LimitNotation.Printer(ExprStyle.Unicode), LimitNotation.Printer(ExprStyle.Latex));
        foreach (var section in derivation.Equations?.Sections ?? [])
        {
            json.WriteStartObject();
            json.WriteString("title", section.Title);
            json.WriteStartArray("equations");
            foreach (var equation in section.Equations)
            {
                json.WriteStartObject();
                json.WriteString("relation", equation.Relation == Relation.Equal ? "equal" : "gaussian");
                json.WriteString("left", text.Print(equation.Left));
                json.WriteString("right", text.Print(equation.Right));
                json.WriteString("left_latex", latex.Print(equation.Left));
                json.WriteString("right_latex", latex.Print(equation.Right));
                json.WriteString("left_ir", equation.Left.ToString());
                json.WriteString("right_ir", equation.Right.ToString());
                json.WriteString("note", equation.Note);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("no_equations", derivation.NoEquations);
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
