using System.Globalization;

namespace TpCompiler.Benchmarks.Coverage;

/// <summary><c>coverage [SEEDS]</c>: how often reported errors hold on integrals with known values.</summary>
internal static class CoverageCommand
{
    public static int Run(string[] args)
    {
        var seeds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20;
        Console.WriteLine($"{CoverageSuite.All.Count} integrals; true errors inside the reported bound, and inside three reported standard errors ({seeds} seeds each)");
        Console.WriteLine($"{"",-16}{"quadrature",14}{"limit's bound",16}{"at points",14}");
        foreach (var kind in CoverageSuite.All.Select(integral => integral.Kind).Distinct())
        {
            Console.WriteLine($"{kind,-16}{Text(CoverageSuite.Deterministic(kind)),14}{Text(CoverageSuite.Chosen(kind)),16}{Text(CoverageSuite.Random(kind, seeds)),14}");
        }

        return 0;
    }

    private static string Text((int Inside, int Total) coverage) => $"{coverage.Inside}/{coverage.Total}";
}
