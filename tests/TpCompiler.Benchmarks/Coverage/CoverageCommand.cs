using System.Globalization;

namespace TpCompiler.Benchmarks.Coverage;

/// <summary><c>coverage [SEEDS]</c>: how often reported errors hold on numbers that are known.</summary>
internal static class CoverageCommand
{
    public static int Run(string[] args)
    {
        var seeds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100;
        Console.WriteLine($"{CoverageSuite.All.Count} integrals and limits; true errors inside the reported bound, and inside three reported standard errors ({seeds} seeds each);");
        Console.WriteLine("behind @ the median of reported over true error, behind ≥ what the share of runs inside is at least (95 % of such statements hold)");
        Console.WriteLine($"{"",-16}{"quadrature",16}{"limit's bound",20}{"at points",24}");
        List<CoverageCount> random = [];
        foreach (var kind in CoverageSuite.Kinds)
        {
            random.Add(CoverageSuite.Random(kind, seeds));
            Console.WriteLine($"{kind,-16}{Text(CoverageSuite.Deterministic(kind)),16}{Text(CoverageSuite.Chosen(kind)),20}{Text(random[^1]),24}{Share(random[^1].Inside, random[^1].Total, random[^1].LeastShare)}");
        }

        CoverageCount all = new(random.Sum(coverage => coverage.Inside), random.Sum(coverage => coverage.Total), double.NaN, []);
        Console.WriteLine($"at points, all: {all.Inside}/{all.Total}{Share(all.Inside, all.Total, all.LeastShare)}");
        foreach (var run in random.SelectMany(coverage => coverage.Outside))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"outside: {run.TrueError / run.Error:0.0} errors of {run.Error:0.0e+0}, {run.Number}"));
        }

        return 0;
    }

    private static string Share(int inside, int total, double least) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * inside / total,9:0.00} % ≥ {100 * least:0.00} %");

    private static string Text(CoverageCount coverage) =>
        coverage.Total == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{coverage.Inside}/{coverage.Total} @ {coverage.MedianRatio:0.0}");
}
