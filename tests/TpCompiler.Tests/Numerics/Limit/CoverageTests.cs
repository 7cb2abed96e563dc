using TpCompiler.Benchmarks.Coverage;

namespace TpCompiler.Tests.Numerics.Limit;

/// <summary>Whether reported errors hold on numbers that are known; with more seeds, the benchmark project's <c>coverage</c> counts the same.</summary>
public class CoverageTests
{
    public static TheoryData<string> Kinds => [.. CoverageSuite.Kinds];

    [Fact]
    public void The_suite_has_sixty_integrals_and_limits_and_more() => Assert.True(CoverageSuite.All.Count >= 60);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_bound_holds(string kind)
    {
        Assert.Empty(CoverageSuite.Deterministic(kind).Outside);
        Assert.Empty(CoverageSuite.Chosen(kind).Outside);
    }

    [Fact]
    public void Three_standard_errors_hold_in_99_of_100_runs_heavy_tails_included()
    {
        var coverages = CoverageSuite.Kinds.Select(kind => CoverageSuite.Random(kind, 2)).ToList();
        Assert.True(coverages.Sum(coverage => coverage.Inside) >= 0.99 * coverages.Sum(coverage => coverage.Total), string.Join('\n', coverages.SelectMany(coverage => coverage.Outside)));
    }

    /// <summary>Errors that hold because they are large would be no use.</summary>
    [Theory]
    [InlineData("smooth", 6)]
    [InlineData("kinked", 6)]
    [InlineData("heavy-tailed", 8)]
    public void Reported_errors_are_of_the_size_of_the_true_ones(string kind, double most) =>
        Assert.InRange(CoverageSuite.Random(kind, 2).MedianRatio, 1, most);
}
