using CsCheck;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Language;

/// <summary>What is said about the rest of a text with syntax errors: what is surely wrong, and nothing that the broken part may explain.</summary>
public class BrokenSyntaxTests
{
    private static readonly string[] Examples = [.. Directory.GetFiles(Path.Combine(Checkout.Root, "examples"), "*.tp").Order(StringComparer.Ordinal).Select(File.ReadAllText)];

    [Fact]
    public void A_wrong_name_is_told_beside_a_broken_statement() => AssertErrors(
        ["TP0101 6", "TP0201 8", "TP0209 9", "TP0311 14"],
        """
        network net(x : [2]) {
          width n
          weight W1 : [n, 2]
          weight W2 : [n, n]
          weight W3 [1, n]
          x1 = tanh(W1 * x)
          x2 = tanh(W2 * x1)
          x4 = tanh(W2 * y1)
          x5 = tanhh(x1)
          return W3 * x2
        }
        parametrization mup
        train {
          loss mse  optimizer sdg(lr: 1)
          batch 1  steps 3
        }
        """);

    [Fact]
    public void Each_bracket_without_a_partner_is_told_beside_what_else_is_wrong() => AssertErrors(
        ["TP0103 1", "TP0101 3", "TP0101 4", "TP0103 5"],
        """
        network net(x : [2] {
          width n
          weight W1 : [n 2]
          weigth W2 : [1, n]
          return W2 * tanh(W1 * x
        }
        parametrization mup
        train { loss mse  optimizer sgd(lr: 1)  steps 3 }
        """);

    [Fact]
    public void A_bracket_that_closes_nothing_is_told_and_not_the_brace_around_it() => AssertErrors(
        ["TP0108 5"],
        """
        network net(x : [2]) {
          weight W1 : [1, 2]
          return W1 * x
        }
        parametrization { W1: a: -1/2, b: 1/2, c: 0) }
        """);

    [Fact]
    public void Where_braces_do_not_pair_nothing_else_is_guessed() => AssertErrors(
        ["TP0103 1"],
        """
        network net(x : [2]) {
          width n
          weight W1 : [n, 2]
          return tanhh(W1 * x)
        parametrization mup
        """);

    [Fact]
    public void What_a_broken_definition_would_have_defined_is_not_called_unknown() => AssertErrors(
        ["TP0101 4"],
        """
        network net(x : [2]) {
          width n
          weight W1 : [n, 2]
          x1 = tanh(W1 * * x)
          x2 = x1 + x1
          return x2
        }
        parametrization mup
        """);

    [Fact]
    public void Sizes_that_depend_on_a_broken_axis_are_not_compared() => AssertErrors(
        ["TP0101 3"],
        """
        network net(x : [d]) {
          width n
          axis k = = 3
          weight W1 : [n, k]
          weight W2 : [k, n]
          h = W1 * (W2 * (W1 * x))
          return h
        }
        """);

    [Fact]
    public void A_missing_part_is_not_missed_in_a_broken_text() => AssertErrors(
        ["TP0101 6"],
        """
        network net(x : [2]) {
          width n
          weight W1 : [n, 2]
          weight W2 : [1, n]
          h = tanh(W1 * x)
          return W2 * + h
        }
        """);

    [Fact]
    public void A_broken_declaration_leaves_the_others() => AssertErrors(
        ["TP0101 1", "TP0201 5"],
        """
        function f(u = u * u
        network net(x : [2]) {
          width n
          weight W : [n, 2]
          return f(W * x) + W * z
        }
        """.Replace("function f(u = u * u", "function f(u) u * u", StringComparison.Ordinal).Replace("f(W * x) + ", "", StringComparison.Ordinal));

    [Theory]
    [InlineData(":")]
    [InlineData("=")]
    [InlineData("..")]
    [InlineData("for")]
    public void A_stray_symbol_in_a_sound_program_is_all_that_is_complained_about(string symbol) =>
        Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 100_000]).Sample(
            (which, where) =>
            {
                var text = Examples[which % Examples.Length];

                // Behind `width n` an equals sign is sound: n is then whatever the next word names.
                int[] places = [.. Enumerable.Range(1, text.Length - 1).Where(i => text[i - 1] is ' ' or '\n' && !text[..i].Split('\n')[^1].Contains("//", StringComparison.Ordinal)
                    && !(symbol == "=" && text[..i].TrimEnd().Split('\n')[^1].TrimStart().StartsWith("width ", StringComparison.Ordinal)))];
                var at = places[where % places.Length];
                var compilation = Compilation.Compile(new SourceText("net.tp", $"{text[..at]} {symbol} {text[at..]}"));
                var errors = compilation.Diagnostics.Select(error => error.Code).ToList();
                Assert.True(errors.Exists(code => code.StartsWith("TP01", StringComparison.Ordinal)), "no syntax error");
                Assert.True(errors.TrueForAll(code => code.StartsWith("TP01", StringComparison.Ordinal)), $"{text[..at]} {symbol} {text[at..]}\n{string.Join('\n', compilation.Diagnostics)}");
            },
            iter: 150);

    private static void AssertErrors(string[] expected, string text)
    {
        var compilation = Compilation.Compile(new SourceText("net.tp", text));
        Assert.Equal(expected, compilation.Diagnostics.Select(error => $"{error.Code} {error.Location!.Start.Line}"));
        Assert.Null(compilation.TrainingProgram);
        Assert.Null(compilation.Network);
    }
}
