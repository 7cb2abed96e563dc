using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TpCompiler.Diagnostics;

/// <summary>
/// Diagnostics for machines: an array of objects with <c>code</c>, <c>name</c>, <c>severity</c>, <c>message</c>, <c>location</c>
/// (null when there is no place), <c>related</c>, <c>notes</c> and <c>help</c>. Lines and columns count from 1, columns in Unicode
/// code points; <c>start</c> and <c>length</c> are UTF-16 units from 0.
/// </summary>
public static class JsonRenderer
{
    public static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Render(IEnumerable<Diagnostic> diagnostics)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Options))
        {
            Write(json, diagnostics);
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <summary>The same as a part of a larger document.</summary>
    public static void Write(Utf8JsonWriter json, IEnumerable<Diagnostic> diagnostics)
    {
        json.WriteStartArray();
        foreach (Diagnostic diagnostic in diagnostics)
        {
            Write(json, diagnostic);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Diagnostic diagnostic)
    {
        json.WriteStartObject();
        json.WriteString("code", diagnostic.Code);
        json.WriteString("name", diagnostic.Descriptor.Name);
        json.WriteString("severity", diagnostic.Severity == Severity.Error ? "error" : "warning");
        json.WriteString("message", diagnostic.Message);
        json.WritePropertyName("location");
        Write(json, diagnostic.Location);
        json.WriteStartArray("related");
        foreach (RelatedLocation related in diagnostic.Related)
        {
            json.WriteStartObject();
            json.WriteString("message", related.Message);
            json.WritePropertyName("location");
            Write(json, related.Location);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, "notes", diagnostic.Notes);
        Write(json, "help", diagnostic.Help);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Location? location)
    {
        if (location is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("file", location.Source.Name);
        json.WriteNumber("line", location.Start.Line);
        json.WriteNumber("column", location.Start.Column);
        json.WriteNumber("endLine", location.End.Line);
        json.WriteNumber("endColumn", location.End.Column);
        json.WriteNumber("start", location.Span.Start);
        json.WriteNumber("length", location.Span.Length);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string property, IReadOnlyList<string> lines)
    {
        json.WriteStartArray(property);
        foreach (string line in lines)
        {
            json.WriteStringValue(line);
        }

        json.WriteEndArray();
    }
}
