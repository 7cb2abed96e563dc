using System.Globalization;
using TpCompiler.Cli.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli.Results;

/// <summary>
/// A training with validations: after each epoch its test is measured on the validation data, the weights with the largest first measure are kept, and at the end these are tested. With a checkpoint the
/// training goes on after the last epoch that was written, bit for bit as if it had never stopped.
/// </summary>
/// <param name="training">What is trained and measured.</param>
/// <param name="checkpoint">Where the state is kept after each epoch; null for nowhere.</param>
/// <param name="progress">Told of steps done.</param>
internal sealed class TrainingSession(MeasuredTraining training, Checkpoint? checkpoint, Action<TrainingSession, int, int> progress) : ITrainingObserver
{
    /// <summary>Steps after which what was recorded is taken, so that an epoch of many steps doesn't fill the memory.</summary>
    private const int Together = 1 << 12;

    private readonly List<EpochResult> epochs = [];
    private readonly Dictionary<string, List<double>> recorded = [];
    private TrainingState? best;
    private bool started;

    /// <summary>What each epoch gave, the first before any step.</summary>
    public IReadOnlyList<EpochResult> Epochs => epochs;

    /// <summary>The kept weights' measures on the test data; empty without any, or when the training didn't come to its end.</summary>
    public IReadOnlyList<Measure> Final { get; private set; } = [];

    /// <summary>The step of the kept weights; null when the last ones are tested because nothing chooses between them, or they can't be kept.</summary>
    public int? Best { get; private set; }

    /// <summary>Steps that an earlier run had taken.</summary>
    public int ResumedAt { get; private set; }

    public void AtStep(ITrainingRun run)
    {
        if (!started)
        {
            started = true;
            if (checkpoint?.Load() is { } saved)
            {
                run.Restore(saved.State);
                (best, Best, ResumedAt) = (saved.Best, saved.Best?.Step, saved.State.Step);
                epochs.AddRange(saved.Epochs);
                progress(this, run.Step, run.Steps);
                if (run.Step < run.Steps)
                {
                    return;
                }
            }
        }

        progress(this, run.Step, run.Steps);
        bool atEnd = run.Step == run.Steps;
        if (run.Step % Together == 0)
        {
            Take(run);
        }

        if ((run.Step % training.Epoch == 0 || atEnd) && (epochs.Count == 0 || epochs[^1].Step < run.Step))
        {
            EndEpoch(run);
            progress(this, run.Step, run.Steps);
        }

        if (atEnd && training.Final is { } final)
        {
            if (best is not null)
            {
                run.Restore(best);
            }

            Final = final.Of(run, isFinal: true);
            run.End();
        }
    }

    private void EndEpoch(ITrainingRun run)
    {
        Take(run);
        IReadOnlyList<Measure> trained = [.. recorded.Select(output => Measure.Of(output.Key, output.Value))];
        recorded.Clear();
        IReadOnlyList<Measure> validation = training.Validation is { } heldOut ? heldOut.Of(run, isFinal: false) : [];
        bool isBest = validation.Count > 0 && run.CanSave && epochs.All(epoch => !(epoch.Validation[0].Mean >= validation[0].Mean));
        epochs.Add(new EpochResult(run.Step, trained, validation));
        if (isBest)
        {
            best = run.Save();
            Best = run.Step;
        }

        if (run.CanSave)
        {
            checkpoint?.Save(new CheckpointContent(run.Save(), best, epochs));
        }
    }

    private void Take(ITrainingRun run)
    {
        foreach (ExecutionRecord record in run.TakeRecords())
        {
            if (!recorded.TryGetValue(record.Name, out List<double>? numbers))
            {
                recorded.Add(record.Name, numbers = []);
            }

            numbers.AddRange(record.Values);
        }
    }
}

/// <summary>An epoch's end.</summary>
/// <param name="Step">Steps taken.</param>
/// <param name="Training">What the training reported in the epoch, each output's mean over all its numbers.</param>
/// <param name="Validation">The measures of the weights on the validation data.</param>
internal sealed record EpochResult(int Step, IReadOnlyList<Measure> Training, IReadOnlyList<Measure> Validation);

/// <summary>The mean of a measure over samples.</summary>
/// <param name="Name">The output.</param>
/// <param name="Mean">Over all its numbers.</param>
/// <param name="Error">The standard error of this mean, as an average of independent samples; NaN for one number.</param>
internal sealed record Measure(string Name, double Mean, double Error)
{
    /// <summary>For each output the mean of all numbers recorded of it.</summary>
    public static IReadOnlyList<Measure> Over(IReadOnlyList<ExecutionRecord> records) =>
        [.. records.GroupBy(record => record.Name).Select(output => Of(output.Key, [.. output.SelectMany(record => record.Values)]))];

    /// <summary>The mean of numbers.</summary>
    public static Measure Of(string name, IReadOnlyList<double> numbers)
    {
        double mean = numbers.Average();
        double squares = numbers.Sum(number => (number - mean) * (number - mean));
        return new Measure(name, mean, numbers.Count > 1 ? Math.Sqrt(squares / (numbers.Count - 1) / numbers.Count) : double.NaN);
    }

    /// <summary>The mean of nets, and the standard deviation of one.</summary>
    public static Measure OfNets(IReadOnlyList<Measure> nets)
    {
        double mean = nets.Average(net => net.Mean);
        return nets.Count == 1 ? nets[0] : new Measure(nets[0].Name, mean, Math.Sqrt(nets.Sum(net => (net.Mean - mean) * (net.Mean - mean)) / (nets.Count - 1)));
    }

    public string Text => double.IsNaN(Error)
        ? Mean.ToString("G6", CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Mean:F4} ± {Error:F4}");
}
