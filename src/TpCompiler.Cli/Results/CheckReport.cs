using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using TpCompiler.Diagnostics;
using TpCompiler.Numerics.Checking;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli.Results;

/// <summary>The outcome of <c>tpc check</c>: a line for each quantity, derived exponent against fitted slope, and PASS or FAIL.</summary>
internal sealed record CheckReport(string Program, CheckResult Result)
{
    /// <summary>Why no distance to the limit is among the lines; null when there is one.</summary>
    public string? NoDistance { get; init; }

    /// <summary>The parametrization that is said of the nets, where it isn't the program's own.</summary>
    public string? Claim { get; init; }

    /// <summary>Gaussian numbers that every net has the same draw of, the limit's.</summary>
    public ValueList<string> SharedDraws { get; init; } = [];

    /// <summary>Weights and outputs: what their change in training is has to be decided for a PASS.</summary>
    public ValueList<string> Essential { get; init; } = [];

    /// <summary>No line differs, every net ran to its end, and what is essential is decided: sizes and changes of each weight and output, and outputs' distances to the limit.</summary>
    public bool Passes => NothingDiffers && Open.Count == 0 && Result.Lines.Any(line => line.Verdict == CheckVerdict.Agrees);

    private List<CheckLine> Undecided => [.. Result.Lines.Where(line => line.Verdict == CheckVerdict.Undecided)];

    /// <summary>Lines of weights and outputs that are not decided.</summary>
    private List<CheckLine> Open => [.. Undecided.Where(line => Essential.Contains(line.Name))];

    private bool NothingDiffers => !Result.IsCancelled
        && Result.Failures.Count == 0
        && Result.Lines.All(line => line.Verdict != CheckVerdict.Differs);

    /// <summary>A pass says what it leaves open, and what would decide it; without what is essential it is none.</summary>
    private string Outcome => (NothingDiffers, Passes, Undecided.Count) switch
    {
        (false, _, _) => "FAIL",
        (_, true, 0) => "PASS",
        (_, true, _) => $"PASS of {Decided}; {Advice(Undecided)}",
        (_, false, _) => $"UNDECIDED: nothing differs in {Decided}, but weights and outputs are among the others; {Advice(Undecided)}",
    };

    private string Decided => string.Create(CultureInfo.InvariantCulture, $"{Result.Lines.Count - Undecided.Count} of {Result.Lines.Count} lines");

    /// <summary>An interval narrows like the root of the number of nets.</summary>
    private string Advice(List<CheckLine> lines)
    {
        string named = $"undecided: {string.Join(", ", lines.Select(line => $"{line.Name} {Name(line.Quantity)}"))}";
        double[] factors = [.. lines.Select(line => line.MoreNets).OfType<double>()];
        return factors.Length == 0
            ? $"{named}; wider nets (--widths) may decide them"
            : string.Create(CultureInfo.InvariantCulture, $"{named}; --seeds {(int)Math.Clamp(Math.Ceiling(Result.Nets[^1] * Math.Max(2, factors.Max())), 2, 100_000)} or wider nets (--widths) would decide {(factors.Length == lines.Count ? "them" : string.Create(CultureInfo.InvariantCulture, $"{factors.Length} of them"))}");
    }

    public string Text()
    {
        List<string[]> rows = [["quantity", "", "derived", "measured", ""]];
        rows.AddRange(Result.Lines.Select(line => new[]
        {
            line.Name,
            Name(line.Quantity),
            Derived(line),
            Measured(line),
            line.IsHidden ? $"{Name(line.Verdict)} (below a larger part that vanishes)" : Name(line.Verdict),
        }));
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Program}: {string.Join(", ", Result.Widths.Zip(Result.Nets).Select(at => string.Create(CultureInfo.InvariantCulture, $"{at.Second} nets of width {at.First}")))}; exponents of n, ± 95 % confidence; a weight is w, as it is stored, of W = n^(-a) w\n{(Claim is null ? string.Empty : $"derived: of the parametrization {Claim}; measured: nets of the program's own\n")}\n");
        foreach (string[] row in rows)
        {
            text.Append(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd()).Append('\n');
        }

        if (NoDistance is { } reason)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nno distance to the limit: {reason}\n");
        }

        if (Result.Lines.Any(line => line.Quantity == CheckQuantity.Decay))
        {
            text.Append("\ndecay: what weight decay alone changes; change: what gradients add to that, the difference from the same net that only decays\n");
        }

        if (SharedDraws.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{string.Join(", ", SharedDraws)}: random at any width, so every net has the same draw, that of the limit\n");
        }

        return text.Append('\n').Append(Outcome).Append('\n').ToString();
    }

    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("program", Program);
        if (Claim is not null)
        {
            json.WriteString("claim", Claim);
        }

        json.WriteBoolean("passes", Passes);
        json.WriteNumber("undecided", Undecided.Count);
        json.WriteString("noDistance", NoDistance);
        json.WriteStartArray("widths");
        foreach (int width in Result.Widths)
        {
            json.WriteNumberValue(width);
        }

        json.WriteEndArray();
        json.WriteStartArray("nets");
        foreach (int nets in Result.Nets)
        {
            json.WriteNumberValue(nets);
        }

        json.WriteEndArray();
        json.WriteStartArray("lines");
        foreach (CheckLine line in Result.Lines)
        {
            json.WriteStartObject();
            json.WriteString("name", line.Name);
            json.WriteString("quantity", Name(line.Quantity));
            json.WriteString("derived", line.Derived?.ToString());
            Write(json, "measured", line.Measured?.Slope);
            Write(json, "halfWidth", line.Measured?.HalfWidth);
            json.WriteBoolean("isZero", line.IsZero);
            json.WriteString("verdict", Name(line.Verdict));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>An error for each line that differs, and for each width at which a net left the numbers.</summary>
    public void AddTo(DiagnosticBag diagnostics, SourceText source)
    {
        foreach (CheckLine line in Result.Lines.Where(line => line.Verdict == CheckVerdict.Differs))
        {
            diagnostics.Add(line.Quantity == CheckQuantity.Distance
                ? Diagnostic.Create(Codes.NotConverging, null, line.Name, Measured(line))
                : Diagnostic.Create(Codes.ExponentMismatch, null, line.Quantity switch { CheckQuantity.Change => $"the change of {line.Name}", CheckQuantity.Decay => $"the decay of {line.Name}", _ => line.Name }, Derived(line), Measured(line)));
        }

        foreach ((int width, Numerics.Execution.NotFiniteValue failure) in Result.Failures.DistinctBy(failure => failure.Width))
        {
            diagnostics.Add(RunReport.Of(failure, source).WithNote(string.Create(CultureInfo.InvariantCulture, $"in a net of width {width}")));
        }
    }

    private static string Derived(CheckLine line) => line.Derived is { } exponent ? PowerOfWidth(exponent) : "0";

    private static string Measured(CheckLine line) => line switch
    {
        { IsZero: true } => "0",
        { Measured: null } => "?",
        { Measured: { } fit } => string.Create(CultureInfo.InvariantCulture, $"n^({fit.Slope:0.00} ± {fit.HalfWidth:0.00})"),
    };

    private static string PowerOfWidth(Rational exponent) => exponent.IsZero ? "1" : exponent.IsOne ? "n" : $"n^({exponent})";

    private static string Name(CheckQuantity quantity) => quantity switch
    {
        CheckQuantity.Size => "size",
        CheckQuantity.Change => "change",
        CheckQuantity.Decay => "decay",
        CheckQuantity.Distance => "distance to the limit",
        _ => throw new UnreachableException(),
    };

    private static string Name(CheckVerdict verdict) => verdict switch
    {
        CheckVerdict.Agrees => "agrees",
        CheckVerdict.Differs => "DIFFERS",
        CheckVerdict.Undecided => "undecided",
        _ => throw new UnreachableException(),
    };

    private static void Write(Utf8JsonWriter json, string property, double? number)
    {
        if (number is { } known && double.IsFinite(known))
        {
            json.WriteNumber(property, known);
        }
        else
        {
            json.WriteNull(property);
        }
    }
}
