using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TpCompiler.Cli.Results;

/// <summary>What trainings with validations gave: an epoch a row, the test below.</summary>
/// <param name="Heading">The program and how it was run, in one line.</param>
/// <param name="WriteHow">The same for machines: properties of the JSON document.</param>
/// <param name="Sessions">The nets, or the limit alone.</param>
internal sealed record TrainingReport(string Heading, Action<Utf8JsonWriter> WriteHow, IReadOnlyList<TrainingSession> Sessions)
{
    public string Text()
    {
        StringBuilder text = new(Heading);
        text.Append("\n\n");
        List<ResultCells> cells = [];
        for (int i = 0; i < Sessions.Min(session => session.Epochs.Count); i++)
        {
            EpochResult[] epochs = [.. Sessions.Select(session => session.Epochs[i])];
            cells.AddRange(Cells("", epochs[0].Step, [.. epochs.Select(epoch => epoch.Training)]));
            cells.AddRange(Cells("validation ", epochs[0].Step, [.. epochs.Select(epoch => epoch.Validation)]));
        }

        text.Append(ResultTable.Of(cells));
        TrainingSession[] tested = [.. Sessions.Where(session => session.Final.Count > 0)];
        if (tested.Length > 0)
        {
            text.Append('\n');
            Measure[] measures = [.. Enumerable.Range(0, tested[0].Final.Count).Select(k => Measure.OfNets([.. tested.Select(session => session.Final[k])]))];
            if (measures is [var only])
            {
                text.Append(CultureInfo.InvariantCulture, $"test {only.Name} = {only.Text}{Spread(tested)}\n");
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"test{Spread(tested)}\n");
                int longest = measures.Max(measure => measure.Name.Length);
                foreach (Measure measure in measures)
                {
                    text.Append(CultureInfo.InvariantCulture, $"  {measure.Name.PadRight(longest)}  {measure.Text}\n");
                }
            }
        }

        return text.ToString();
    }

    /// <summary><c>nets</c> is an array, for each of them <c>epochs</c> (<c>step</c>, <c>training</c>, <c>validation</c>) and the <c>test</c> of the weights after <c>best_step</c> steps; every measure has its <c>mean</c> over samples and its standard <c>error</c>.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        WriteHow(json);
        json.WriteStartArray("nets");
        foreach (TrainingSession session in Sessions)
        {
            json.WriteStartObject();
            json.WriteStartArray("epochs");
            foreach (EpochResult epoch in session.Epochs)
            {
                json.WriteStartObject();
                json.WriteNumber("step", epoch.Step);
                Write(json, "training", epoch.Training);
                Write(json, "validation", epoch.Validation);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (session.Best is { } best)
            {
                json.WriteNumber("best_step", best);
            }

            Write(json, "test", session.Final);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static IEnumerable<ResultCells> Cells(string prefix, int step, IReadOnlyList<Measure>[] sessions) =>
        Enumerable.Range(0, sessions[0].Count).Select(k => new ResultCells(prefix + sessions[0][k].Name, [step], [], [Measure.OfNets([.. sessions.Select(measures => measures[k])]).Text]));

    private static string Spread(TrainingSession[] tested) => tested switch
    {
        [{ Best: { } best }] => string.Create(CultureInfo.InvariantCulture, $" (standard error over samples), with the weights after step {best}, the best in validation"),
        [_] => " (standard error over samples), with the last weights",
        _ => string.Create(CultureInfo.InvariantCulture, $" (mean and standard deviation of {tested.Length} nets)"),
    };

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<Measure> measures)
    {
        json.WriteStartArray(name);
        foreach (Measure measure in measures)
        {
            json.WriteStartObject();
            json.WriteString("name", measure.Name);
            json.WriteNumber("mean", measure.Mean);
            if (!double.IsNaN(measure.Error))
            {
                json.WriteNumber("error", measure.Error);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
