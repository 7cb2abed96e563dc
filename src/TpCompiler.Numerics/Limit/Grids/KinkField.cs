using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;

namespace TpCompiler.Numerics.Limit.Grids;

/// <summary>
/// The arguments of a program's kinks as functions of the Gaussians of one coordinate space, by the expectations of a run: the program runs again at the points asked for, with these expectations in place of its own.
/// </summary>
internal sealed class KinkField
{
    private static readonly int[] Batches = [64, 4096];

    private readonly IDataFeed feed;
    private readonly ExpectationTape tape;
    private readonly int space;
    private readonly Action<int> spend;
    private readonly (ProbeCarrier Carrier, LimitInterpreter Interpreter)[] batches;

    /// <param name="program">The program.</param>
    /// <param name="feed">The numbers of its Data.</param>
    /// <param name="settings">How far to go.</param>
    /// <param name="kinks">Its kinks.</param>
    /// <param name="tape">The expectations.</param>
    /// <param name="space">The number of the space.</param>
    /// <param name="gaussians">The Gaussians that the space meets.</param>
    /// <param name="spend">Told of the points at which the program is run.</param>
    public KinkField(Program program, IDataFeed feed, LimitSettings settings, KinkArguments kinks, ExpectationTape tape, int space, int gaussians, Action<int> spend)
    {
        (this.feed, this.tape, this.space, this.spend, Gaussians) = (feed, tape, space, spend, gaussians);
        batches = [.. Batches.Select(length =>
        {
            var carrier = new ProbeCarrier(length, space, gaussians) { Tape = tape };
            return (carrier, new LimitInterpreter(program, new ExecutionSettings { AxisSizes = settings.AxisSizes, Threads = 1 }, carrier, settings.Seed, kinks));
        })];
    }

    /// <summary>The Gaussians of the space.</summary>
    public int Gaussians { get; }

    /// <summary>Each argument, less the place of its kink, at each point.</summary>
    /// <param name="points">For each Gaussian its value at each point; those that are missing are 0.</param>
    /// <param name="count">How many points.</param>
    public double[][] At(IReadOnlyList<double[]> points, int count)
    {
        double[][] values = [];
        for (var start = 0; start < count;)
        {
            var (carrier, interpreter) = Array.Find(batches, batch => batch.Carrier.Length >= count - start) is { Carrier: not null } enough ? enough : batches[^1];
            var length = Math.Min(carrier.Length, count - start);
            spend(carrier.Length);
            carrier.Place(points, start, length);
            tape.Replay();
            interpreter.Restart();
            interpreter.Run(feed);
            var rows = interpreter.AtKinks.Where(kink => kink.Space == space).SelectMany(kink => Enumerable.Range(0, kink.Values.Rows).Select(row => (kink.Values, Row: row))).ToList();
            if (values.Length == 0)
            {
                values = [.. rows.Select(_ => new double[count])];
            }

            for (var i = 0; i < values.Length; i++)
            {
                rows[i].Values.Row(rows[i].Row)[..length].CopyTo(values[i].AsSpan(start));
            }

            start += length;
        }

        return values;
    }
}

/// <summary>
/// A variable of one space is its values at any points; those of other spaces are their values where all Gaussians are 0. It has no expectations: they come from the tape.
/// </summary>
/// <param name="length">Points.</param>
/// <param name="space">The space.</param>
/// <param name="gaussians">The Gaussians that it meets.</param>
internal sealed class ProbeCarrier(int length, int space, int gaussians) : Carrier(length, 1.0 / length)
{
    private readonly double[][] values = [.. Enumerable.Range(0, gaussians).Select(_ => new double[length])];
    private readonly int probed = space;

    /// <summary>Takes some of these points; what is missing is 0.</summary>
    public void Place(IReadOnlyList<double[]> points, int start, int count)
    {
        for (var gaussian = 0; gaussian < values.Length; gaussian++)
        {
            Array.Clear(values[gaussian]);
            if (gaussian < points.Count)
            {
                points[gaussian].AsSpan(start, count).CopyTo(values[gaussian]);
            }
        }
    }

    public override void FreshGaussian(int space, int number, Span<double> destination)
    {
        if (space == probed && number < values.Length)
        {
            values[number].CopyTo(destination);
        }
        else
        {
            destination.Clear();
        }
    }
}
