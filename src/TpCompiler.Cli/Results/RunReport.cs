using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Limit.Covariances;

namespace TpCompiler.Cli.Results;

/// <summary>What a run gave, of a finite net or of the limit: for people, for machines, and what there is to say about it.</summary>
/// <param name="Heading">The program and how it was run, in one line.</param>
/// <param name="WriteHow">The same for machines: properties of the JSON document.</param>
/// <param name="Outputs">Every output at every step.</param>
/// <param name="Spread">What a number's error is called in the JSON document: <c>errors</c> of a limit, <c>deviations</c> over nets; null when there is none.</param>
/// <param name="Tier">Of a limit: how its numbers were computed.</param>
internal sealed record RunReport(string Heading, Action<Utf8JsonWriter> WriteHow, IReadOnlyList<LimitRecord> Outputs, string? Spread, string? Tier)
{
    private const string Errors = "errors";

    private const string Deviations = "deviations";

    /// <param name="program">What ran.</param>
    /// <param name="settings">How.</param>
    /// <param name="results">What each net gave, at least one.</param>
    public static RunReport OfFiniteNets(Program program, FiniteSettings settings, IReadOnlyList<ExecutionResult> results) => new(
        results.Count == 1
            ? string.Create(CultureInfo.InvariantCulture, $"{program.Name} at width {settings.Width} (seed {settings.Seed}, {settings.Precision.Name()})")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{program.Name} at width {settings.Width} (seeds {settings.Seed} to {settings.Seed + (ulong)results.Count - 1}, {settings.Precision.Name()}; mean ± standard deviation of a net)"),
        json =>
        {
            json.WriteString("program", program.Name);
            json.WriteString("kind", "finite");
            json.WriteNumber("width", settings.Width);
            json.WriteNumber("seed", settings.Seed);
            json.WriteNumber("nets", results.Count);
            json.WriteString("precision", settings.Precision.Name());
            json.WriteBoolean("complete", results.Count == settings.Seeds && results.All(result => result.IsComplete));
        },
        [.. results[0].Records.Select((record, i) => new LimitRecord(
            record.Name,
            record.Iteration,
            record.Shape,
            [.. record.Values.Select((_, k) => OverNets([.. results.Select(result => result.Records[i].Values[k])]))]))],
        results.Count == 1 ? null : Deviations,
        null);

    public static RunReport OfLimit(Program program, LimitResult result) => new(
        $"{program.Name} in the limit of infinite width ({How(result)}{(result.Remark is null ? string.Empty : "; " + result.Remark)})",
        json =>
        {
            json.WriteString("program", program.Name);
            json.WriteString("kind", "limit");
            json.WriteString("carrier", result.Tier);
            json.WriteNumber("points", result.Points);
            json.WriteNumber("scramblings", result.Replicates);
            if (result.Remark is not null)
            {
                json.WriteString("remark", result.Remark);
            }

            json.WriteBoolean("complete", result.Shortfall is LimitShortfall.None or LimitShortfall.Tolerance);
        },
        [.. result.Records],
        Errors,
        result.Tier);

    /// <param name="name">The program's name.</param>
    /// <param name="startsAtZero">Whether f₀ is 0, and not the mean of a Gaussian process.</param>
    /// <param name="how">How the numbers were computed, and what their errors mean.</param>
    /// <param name="tier">The same in one word.</param>
    /// <param name="points">Points of each scrambling; 0 when there are none.</param>
    /// <param name="records">f and loss at each step.</param>
    public static RunReport OfKernel(string name, bool startsAtZero, string how, string tier, int points, IReadOnlyList<LimitRecord> records)
    {
        string start = startsAtZero ? "f starts at 0" : "f starts at 0, the mean of its Gaussian process";
        return new(
            $"{name} in the limit of infinite width (kernel regime, {how}; {start})",
            json =>
            {
                json.WriteString("program", name);
                json.WriteString("kind", "kernel");
                json.WriteString("carrier", tier);
                json.WriteNumber("points", points);
                json.WriteNumber("scramblings", 1);
                json.WriteBoolean("complete", true);
            },
            records,
            Errors,
            tier);
    }

    /// <summary>How the numbers of a kernel were computed, and what their errors mean.</summary>
    public static string HowKnown(NetworkKernel kernel) => kernel.Kind switch
    {
        ErrorKind.Exact => $"{kernel.Tier}, ± rounding",
        ErrorKind.Bound => $"{kernel.Tier}, ± a bound",
        _ => string.Create(CultureInfo.InvariantCulture, $"{kernel.Tier}, {kernel.Points} of them, ± one standard error"),
    };

    public string Text() => $"{Heading}\n\n{ResultTable.Of([.. Outputs.Select(CellsOf)])}";

    /// <summary>
    /// <c>outputs</c> is an array of <c>name</c>, <c>iteration</c>, <c>shape</c> and <c>values</c> (last axis fastest). Of several nets these are means, with the <c>deviations</c> (standard, of a
    /// net). In the limit each number has its <c>errors</c>, <c>kinds</c> (<c>exact</c>: to rounding, <c>bound</c>, <c>standard error</c>), <c>tiers</c> and <c>points</c> (of a scrambling, 0 without).
    /// </summary>
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
            if (Spread is not null)
            {
                Write(json, Spread, output.Values.Select(estimate => estimate.Error));
            }

            if (Tier is not null)
            {
                Write(json, "kinds", output.Values.Select(estimate => Name(estimate.Kind)));
                Write(json, "tiers", output.Values.Select(_ => output.Tier ?? Tier));
                Write(json, "points", output.Values.Select(estimate => estimate.Points));
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
        return Diagnostic.Create(Codes.NotFinite, location, failure.Instruction.Origin?.Updated ?? failure.Instruction.Result.Name, double.IsNaN(failure.Value) ? "not a number" : "infinite", step)
            .WithHelp("`tpc compile` says whether the parametrization is stable; if it is, lower the learning rate or clip the gradient");
    }

    private static string How(LimitResult result)
    {
        List<string> tiers = [.. result.Records.Select(record => record.Tier).OfType<string>().Distinct()];
        return tiers.Count > 1 ? $"{string.Join(", ", tiers.Select(Tier))}; ± rounding, a bound or one standard error" : result.Tier switch
        {
            LimitEvaluator.QuasiRandom => $"{Tier(result.Tier)}, ± one standard error",
            LimitEvaluator.Quadrature => string.Create(CultureInfo.InvariantCulture, $"{result.Tier} at {result.Points} points, ± a bound"),
            CovarianceEvaluator.Integrals => $"{result.Tier}, ± a bound",
            _ => $"{result.Tier}, ± rounding",
        };

        string Tier(string tier) => tier == LimitEvaluator.QuasiRandom && result.Tier == tier ? string.Create(CultureInfo.InvariantCulture, $"{result.Replicates} scramblings of {result.Points} {tier}") : tier;
    }

    private ResultCells CellsOf(LimitRecord output) =>
        new(output.Name, output.Iteration, output.Shape, [.. output.Values.Select(estimate => Spread is not null ? NumberText.Of(estimate) : NumberText.Of(estimate.Value))]);

    /// <summary>Mean and standard deviation.</summary>
    private static Estimate OverNets(double[] values)
    {
        double mean = values.Average();
        double squares = values.Sum(value => (value - mean) * (value - mean));
        return new Estimate(mean, values.Length == 1 ? 0 : Math.Sqrt(squares / (values.Length - 1)), ErrorKind.Exact, 0);
    }

    public static string Name(ErrorKind kind) => kind switch
    {
        ErrorKind.Exact => "exact",
        ErrorKind.Bound => "bound",
        ErrorKind.StandardError => "standard error",
        _ => throw new UnreachableException(),
    };

    private static void Write(Utf8JsonWriter json, string property, IEnumerable<string> names)
    {
        json.WriteStartArray(property);
        foreach (string name in names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }

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
