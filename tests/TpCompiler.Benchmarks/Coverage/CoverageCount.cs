using MathNet.Numerics.Distributions;

namespace TpCompiler.Benchmarks.Coverage;

/// <summary>How often reported errors hold, and how large they are beside the true ones: an error that always holds may still be useless.</summary>
/// <param name="Inside">Runs whose true error is inside.</param>
/// <param name="Total">Runs.</param>
/// <param name="MedianRatio">The median of reported over true error, of the runs with a true error above rounding; NaN when there is none.</param>
/// <param name="Outside">The runs whose true error is outside.</param>
internal sealed record CoverageCount(int Inside, int Total, double MedianRatio, IReadOnlyList<CoverageSuite.RunOf> Outside)
{
    /// <summary>The least share of runs whose error holds that leaves a chance of 1 in 40 to see as many as were seen: the lower end of Clopper and Pearson's interval of 95 %.</summary>
    public double LeastShare => Inside == 0 ? 0 : Beta.InvCDF(Inside, Total - Inside + 1, 0.025);

    /// <param name="runs">Runs; null for what was not run.</param>
    /// <param name="errors">How many reported errors the true one may be.</param>
    public static CoverageCount Of(IEnumerable<CoverageSuite.RunOf?> runs, double errors = 1)
    {
        var all = runs.OfType<CoverageSuite.RunOf>().ToList();
        var outside = all.Where(run => !(run.TrueError <= (errors * run.Error) + run.Rounding)).ToList();
        var ratios = all.Where(run => run.TrueError > run.Rounding).Select(run => run.Error / run.TrueError).Order().ToList();
        return new(all.Count - outside.Count, all.Count, ratios.Count == 0 ? double.NaN : ratios[ratios.Count / 2], outside);
    }
}
