using CsCheck;

namespace TpCompiler.Tests.Verification;

public class SeededSamplingTests
{
    [Fact]
    public void A_test_sees_the_same_cases_every_time_and_another_test_sees_others()
    {
        Assert.Equal(Draw("one"), Draw("one"));
        Assert.NotEqual(Draw("one"), Draw("two"));
        Assert.True(Draw("one").Distinct().Count() > 50);
    }

    [Fact]
    public void A_case_that_fails_fails_the_test() =>
        Assert.Throws<CsCheckException>(() => Gen.Int[0, 1000].Sample(x => Assert.InRange(x, 0, 900)));

    // Written as every property test is: were CsCheck's own method the one called, the numbers would differ.
    [Fact]
    public void Property_tests_call_the_seeded_method()
    {
        List<int> first = [], second = [];
        Gen.Int.Sample(first.Add);
        Gen.Int.Sample(second.Add);
        Gen.Select(Gen.Int, Gen.Int).Sample((x, y) => second.Add(x + y));
        Assert.Equal(first, second.Take(100));
    }

    private static List<int> Draw(string name)
    {
        List<int> drawn = [];
        Gen.Int.Sample(drawn.Add, name: name);
        return drawn;
    }
}
