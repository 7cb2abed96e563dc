using System.Diagnostics;

namespace TpCompiler.Benchmarks.Steps;

/// <summary>Times steps of a known number of operations, each beside a burst of multiply-adds.</summary>
internal sealed class StepWatch(double operations, bool single, double seconds)
{
    /// <summary>Steps before the loss is read.</summary>
    public const int LossAfter = 10;

    /// <summary>Seconds before the time counts: the runtime compiles what runs often once more, and better.</summary>
    private const double WarmUp = 1.5;

    private readonly List<double> times = [];
    private readonly List<double> shares = [];
    private readonly List<double> limits = [];
    private long begin;
    private long last;

    public bool IsOver => begin != 0 && Stopwatch.GetElapsedTime(begin).TotalSeconds > WarmUp + seconds;

    /// <summary>Milliseconds of a step.</summary>
    public double Median => Middle(times);

    public double Least => times.Min();

    /// <summary>The step's operations a second, over what the burst after it reached.</summary>
    public double Share => Middle(shares);

    /// <summary>10⁹ operations a second.</summary>
    public double Limit => Middle(limits);

    /// <summary>The clock starts with the first step that is done: drawing the initial weights of a wide net takes its time.</summary>
    public void StepDone()
    {
        if (begin == 0)
        {
            begin = last = Stopwatch.GetTimestamp();
            return;
        }

        double milliseconds = Stopwatch.GetElapsedTime(last).TotalMilliseconds;
        double limit = MultiplyAddLimit.Burst(single);
        if (Stopwatch.GetElapsedTime(begin).TotalSeconds > WarmUp)
        {
            times.Add(milliseconds);
            limits.Add(limit);
            shares.Add(operations / milliseconds / 1e6 / limit);
        }

        last = Stopwatch.GetTimestamp();
    }

    private static double Middle(List<double> numbers) => numbers.Order().ElementAt(numbers.Count / 2);
}
