using CsCheck;
using TpCompiler.Diagnostics;

namespace TpCompiler.Tests.Diagnostics;

public sealed class SpellingTests
{
    private static readonly Gen<string> Word = Gen.Char["abc"].Array[0, 7].Select(letters => new string(letters));

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("relu", "relu", 0)]
    [InlineData("rlu", "relu", 1)]
    [InlineData("reul", "relu", 1)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("ca", "abc", 3)]
    [InlineData("", "abc", 3)]
    public void Distance_counts_the_slips_of_the_finger(string first, string second, int expected)
    {
        Assert.Equal(expected, Spelling.Distance(first, second));
    }

    [Fact]
    public void Distance_is_symmetric_and_zero_only_between_equals()
    {
        Gen.Select(Word, Word).Sample((first, second) =>
        {
            int distance = Spelling.Distance(first, second);
            Assert.Equal(distance, Spelling.Distance(second, first));
            Assert.Equal(first == second, distance == 0);
            Assert.InRange(distance, Math.Abs(first.Length - second.Length), Math.Max(first.Length, second.Length));
        });
    }

    [Fact]
    public void One_edit_is_at_distance_one()
    {
        Gen.Select(Word, Gen.Int[0, 7], Gen.Char["xyz"]).Sample((word, at, letter) =>
        {
            int position = Math.Min(at, word.Length);
            Assert.Equal(1, Spelling.Distance(word, word.Insert(position, letter.ToString())));
        });
    }

    [Theory]
    [InlineData("rlu", "relu")]
    [InlineData("Tanh", "tanh")]
    [InlineData("W12", "W1")]
    [InlineData("signmoid", "sigmoid")]
    [InlineData("q", null)]
    [InlineData("elephant", null)]
    [InlineData("tanh", null)]
    public void The_nearest_candidate_is_suggested_when_it_is_near(string name, string? expected)
    {
        Assert.Equal(expected, Spelling.Suggest(name, ["tanh", "relu", "sigmoid", "W1"]));
    }

    [Fact]
    public void Among_equals_the_ordinally_first_is_suggested_in_whatever_order_they_come()
    {
        Assert.Equal("x1", Spelling.Suggest("x9", ["x2", "x1", "x3"]));
        Assert.Equal("x1", Spelling.Suggest("x9", ["x3", "x1", "x2"]));
    }

    [Fact]
    public void A_name_of_a_megabyte_costs_nothing()
    {
        Assert.Null(Spelling.Suggest(new string('a', 1 << 20), [new string('b', 1 << 20)]));
    }
}
