using TpCompiler.Benchmarks.Coverage;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>Whether reported errors hold on integrals with known values; with more seeds, the benchmark project's <c>coverage</c> counts the same.</summary>
public class CoverageTests
{
    public static TheoryData<string> Kinds => [.. CoverageSuite.All.Select(integral => integral.Kind).Distinct()];

    [Fact]
    public void The_suite_has_sixty_integrals_and_more() => Assert.True(CoverageSuite.All.Count >= 60);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_bound_holds(string kind)
    {
        var (inside, total) = CoverageSuite.Deterministic(kind);
        Assert.Equal(total, inside);
        (inside, total) = CoverageSuite.Chosen(kind);
        Assert.Equal(total, inside);
    }

    [Fact]
    public void Three_standard_errors_hold_in_99_of_100_runs_without_heavy_tails()
    {
        var counts = CoverageSuite.All.Select(integral => integral.Kind).Distinct().Where(kind => kind != "heavy-tailed").Select(kind => CoverageSuite.Random(kind, 2)).ToList();
        Assert.True(counts.Sum(count => count.Inside) >= 0.99 * counts.Sum(count => count.Total), string.Join(", ", counts));
    }

    [Fact]
    public void Heavy_tails_are_covered_nine_times_in_ten()
    {
        var (inside, total) = CoverageSuite.Random("heavy-tailed", 2);
        Assert.True(inside >= 0.9 * total, $"{inside} of {total}");
    }
}
