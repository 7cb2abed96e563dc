using System.Globalization;
using System.Text.Json;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Cli.Results;

/// <summary>What a run gave, of a finite net or of the limit: for people, for machines, and what there is to say about it.</summary>
/// <param name="Heading">The program and how it was run, in one line.</param>
/// <param name="WriteHow">The same for machines: properties of the JSON document.</param>
/// <param name="Outputs">Every output at every step.</param>
/// <param name="HasErrors">Whether numbers come with errors.</param>
internal sealed record RunReport(string Heading, Action<Utf8JsonWriter> WriteHow, IReadOnlyList<LimitRecord> Outputs, bool HasErrors)
{
    /// <param name="program">What ran.</param>
    /// <param name="settings">How.</param>
    /// <param name="result">What it gave.</param>
    public static RunReport OfFiniteNet(Program program, FiniteSettings settings, ExecutionResult result) => new(
        string.Create(CultureInfo.InvariantCulture, $"{program.Name} at width {settings.Width} (seed {settings.Seed}, {settings.Precision.Name()})"),
        json =>
        {
            json.WriteString("program", program.Name);
            json.WriteString("kind", "finite");
            json.WriteNumber("width", settings.Width);
            json.WriteNumber("seed", settings.Seed);
            json.WriteString("precision", settings.Precision.Name());
            json.WriteBoolean("complete", result.IsComplete);
        },
        [.. result.Records.Select(record => new LimitRecord(
            record.Name,
            record.Iteration,
            record.Shape,
            [.. record.Values.Select(value => new Estimate(value, 0, ErrorKind.Exact, 0))]))],
        HasErrors: false);

    public static RunReport OfLimit(Program program, LimitResult result) => new(
        $"{program.Name} in the limit of infinite width ({How(result)})",
        json =>
        {
            json.WriteString("program", program.Name);
            json.WriteString("kind", "limit");
            json.WriteString("carrier", result.Tier);
            json.WriteNumber("points", result.Points);
            json.WriteNumber("scramblings", result.Replicates);
            json.WriteBoolean("complete", result.Shortfall is LimitShortfall.None or LimitShortfall.Tolerance);
        },
        [.. result.Records],
        HasErrors: true);

    /// <param name="name">The program's name.</param>
    /// <param name="startsAtZero">Whether f₀ is 0, and not the mean of a Gaussian process.</param>
    /// <param name="isClosedForm">Whether every moment of the kernel has a closed form.</param>
    /// <param name="records">f and loss at each step.</param>
    public static RunReport OfKernel(string name, bool startsAtZero, bool isClosedForm, IReadOnlyList<LimitRecord> records)
    {
        string tier = isClosedForm ? "closed forms" : "quadrature";
        string start = startsAtZero ? "f starts at 0" : "f starts at 0, the mean of its Gaussian process";
        return new(
            $"{name} in the limit of infinite width (kernel regime, {tier}, ± {(isClosedForm ? "rounding" : "a bound")}; {start})",
            json =>
            {
                json.WriteString("program", name);
                json.WriteString("kind", "kernel");
                json.WriteString("carrier", tier);
                json.WriteNumber("points", 0);
                json.WriteNumber("scramblings", 1);
                json.WriteBoolean("complete", true);
            },
            records,
            HasErrors: true);
    }

    public string Text() => $"{Heading}\n\n{ResultTable.Of([.. Outputs.Select(CellsOf)])}";

    /// <summary><c>outputs</c> is an array of <c>name</c>, <c>iteration</c>, <c>shape</c>, <c>values</c> (last axis fastest) and, of a limit, <c>errors</c>.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        WriteHow(json);
        json.WriteStartArray("outputs");
        foreach (LimitRecord output in Outputs)
        {
            json.WriteStartObject();
            json.WriteString("name", output.Name);
            Write(json, "iteration", output.Iteration);
            Write(json, "shape", output.Shape);
            Write(json, "values", output.Values.Select(estimate => estimate.Value));
            if (HasErrors)
            {
                Write(json, "errors", output.Values.Select(estimate => estimate.Error));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The number that ended a run, at the instruction that computed it.</summary>
    public static Diagnostic Of(NotFiniteValue failure, SourceText source)
    {
        Location? location = failure.Instruction.Origin is { } origin ? new Location(source, origin.Span) : null;
        string step = failure.Iteration.Count == 0 ? "0" : string.Join(", ", failure.Iteration.Select(Number));
        return Diagnostic.Create(Codes.NotFinite, location, failure.Instruction.Result.Name, double.IsNaN(failure.Value) ? "not a number" : "infinite", step)
            .WithHelp("`tpc compile` says whether the parametrization is stable; if it is, lower the learning rate or clip the gradient");
    }

    private static string How(LimitResult result) => result.Tier == LimitEvaluator.QuasiRandom
        ? string.Create(CultureInfo.InvariantCulture, $"{result.Replicates} scramblings of {result.Points} {result.Tier}, ± one standard error")
        : $"{result.Tier}, ± rounding";

    private ResultCells CellsOf(LimitRecord output) =>
        new(output.Name, output.Iteration, output.Shape, [.. output.Values.Select(estimate => HasErrors ? NumberText.Of(estimate) : NumberText.Of(estimate.Value))]);

    private static void Write(Utf8JsonWriter json, string property, IEnumerable<int> numbers)
    {
        json.WriteStartArray(property);
        foreach (int number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    /// <summary>JSON has no number for infinity; where one is not known it is null.</summary>
    private static void Write(Utf8JsonWriter json, string property, IEnumerable<double> numbers)
    {
        json.WriteStartArray(property);
        foreach (double number in numbers)
        {
            if (double.IsFinite(number))
            {
                json.WriteNumberValue(number);
            }
            else
            {
                json.WriteNullValue();
            }
        }

        json.WriteEndArray();
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
