using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// What independent scramblings say together: the mean of a number over the runs, and one standard error of it, which is Student's: the quantile of t with runs − 1 degrees of freedom at which a normal variable has three
/// standard deviations, over three, times the spread of the runs over the root of their number; times what <see cref="DominantPoints"/> adds.
/// </summary>
internal static class Scramblings
{
    /// <summary>The probability that a normal variable is below three standard deviations.</summary>
    private const double ThreeDeviations = 0.99865010196837;

    /// <summary>The records that all runs reached.</summary>
    public static ValueList<LimitRecord> Combine(ExecutionResult[] runs, int points, DominantPoints watched)
    {
        var first = runs[0].Records;
        var count = runs.Min(run => run.Records.Count);
        var places = Enumerable.Range(0, count).Where(i => watched.IsAdded(first[i].Name)).ToDictionary(i => (first[i].Name, first[i].Iteration));
        return Enumerable.Range(0, count).Where(i => !watched.IsAdded(first[i].Name)).Select(i =>
        {
            var factors = watched.Factors(first[i].Name, first[i].Values.Count, (double)points * runs.Length, name => places.TryGetValue((name, first[i].Iteration), out var at) ? Means(runs, at) : null);
            var values = Enumerable.Range(0, first[i].Values.Count).Select(k => Of(runs.Select(run => run.Records[i].Values[k]), points, factors[k])).ToValueList();
            return new LimitRecord(first[i].Name, first[i].Iteration, first[i].Shape, values);
        }).ToValueList();
    }

    private static double[] Means(ExecutionResult[] runs, int record) =>
        [.. Enumerable.Range(0, runs[0].Records[record].Values.Count).Select(k => runs.Average(run => run.Records[record].Values[k]))];

    private static Estimate Of(IEnumerable<double> values, int points, double factor)
    {
        var sample = values.ToArray();
        var mean = sample.Average();
        var squares = sample.Sum(value => (value - mean) * (value - mean));
        var error = sample.Length > 1 ? factor * StudentFactor(sample.Length - 1) * Math.Sqrt(squares / (sample.Length - 1) / sample.Length) : double.NaN;
        return new Estimate(mean, error, ErrorKind.StandardError, points);
    }

    private static double StudentFactor(int degrees) => MathNet.Numerics.Distributions.StudentT.InvCDF(0, 1, degrees, ThreeDeviations) / 3;
}
