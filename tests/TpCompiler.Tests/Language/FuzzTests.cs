using System.Globalization;
using System.Text;
using CsCheck;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Language;

/// <summary>No text crashes or hangs the compiler: every one comes back with a value or with an error.</summary>
public sealed class FuzzTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly string[][] Examples =
    [
        .. Directory.EnumerateFiles(Path.Combine(Checkout.Root, "examples"), "*.tp").Order(StringComparer.Ordinal)
            .Where(path => Path.GetFileName(path) != "deep.tp").Select(path => Tokens(File.ReadAllText(path))),
    ];

    private static readonly string[] Words = [.. Examples.SelectMany(tokens => tokens).Distinct().Order(StringComparer.Ordinal)];

    [Fact]
    public void Mutated_examples_come_back()
    {
        var mutation = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 9999], Gen.Int[0, 9999]);
        Gen.Select(Gen.Int[0, Examples.Length - 1], mutation.List[1, 4])
            .Sample((example, mutations) => ComesBack(Mutate(Examples[example], mutations)), iter: 300, threads: 1);
    }

    [Fact]
    public void Raw_text_comes_back() =>
        Gen.Byte.Array[0, 300].Sample(bytes => ComesBack(Encoding.Latin1.GetString(bytes)), iter: 200, threads: 1);

    [Fact]
    public void Shuffled_words_come_back() =>
        Gen.Int[0, 9999].List[0, 60].Sample(picks => ComesBack(string.Join(' ', picks.Select(i => Words[i % Words.Length]))), iter: 200, threads: 1);

    [Theory]
    [InlineData("(")]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("tanh(")]
    public void Ten_thousand_brackets_are_an_error(string open)
    {
        var close = open[^1] switch { '(' => ")", '[' => "]", _ => "}" };
        var nested = string.Concat(Enumerable.Repeat(open, 10_000)) + "x" + string.Concat(Enumerable.Repeat(close, 10_000));
        Assert.Equal(["TP0008"], Within($"program p {{ width n vector x : [n] ~ normal(0, 1) y = {nested} }}").Diagnostics.Select(d => d.Code));
    }

    [Theory]
    [InlineData("-")]
    [InlineData("x + ")]
    [InlineData("x * ")]
    public void Ten_thousand_operators_in_a_row_come_back(string operators) =>
        ComesBack($"program p {{ width n vector x : [n] ~ normal(0, 1) m = Moment({string.Concat(Enumerable.Repeat(operators, 10_000))}x) }}");

    [Fact]
    public void Functions_that_grow_exponentially_are_an_error()
    {
        var text = new StringBuilder("function f0(u) = u * u + tanh(u)\n");
        for (var i = 1; i < 60; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"function f{i}(u) = f{i - 1}(u) * tanh(f{i - 1}(u + {i}))\n");
        }

        Assert.Contains("TP0009", Within(text + "program p { width n vector x : [n] ~ normal(0, 1) m = Moment(f59(x)) }").Diagnostics.Select(d => d.Code));
    }

    [Fact]
    public void Numbers_without_end_are_an_error() =>
        Assert.Contains("TP0009", Within("program p { width n m = (((((2^64)^64)^64)^64)^64)^64 }").Diagnostics.Select(d => d.Code));

    [Fact]
    public void A_loop_without_end_is_an_error() =>
        Assert.Equal(["TP0009"], Within("program p { width n for i in 1..1000 { for j in 1..1000 { x[i, j] = 1 } } }").Diagnostics.Select(d => d.Code));

    [Theory]
    [InlineData("x")]
    [InlineData("(")]
    [InlineData("x = y\n")]
    [InlineData("\"")]
    public void Ten_megabytes_are_an_error(string piece) =>
        Assert.Equal(["TP0004"], Within(string.Concat(Enumerable.Repeat(piece, 10_000_000 / piece.Length))).Diagnostics.Select(d => d.Code));

    [Theory]
    [InlineData("x = y\n")]
    [InlineData("$ ")]
    [InlineData("} ")]
    public void A_megabyte_of_nonsense_comes_back(string piece) => ComesBack("program p { " + string.Concat(Enumerable.Repeat(piece, 900_000 / piece.Length)));

    private static void ComesBack(string text)
    {
        var compilation = Within(text);
        var hasProgram = compilation.Program is not null || compilation.Network is not null;
        Assert.True(hasProgram != compilation.Diagnostics.HasErrors, text);
        foreach (var program in new[] { compilation.Program, compilation.ForwardProgram, compilation.TrainingProgram }.OfType<TpCompiler.Ir.Program>())
        {
            Assert.True(TpCompiler.Ir.ProgramVerifier.Verify(program, "lower").Select(d => d.ToString()).ToList() is [], text);
        }

        Assert.All(compilation.Diagnostics, d => Assert.True(d.Location is null || d.Location.Span.End <= d.Location.Source.Text.Length));
    }

    private static Compilation Within(string text)
    {
        var task = Task.Run(() => Compilation.Compile(new SourceText("fuzz.tp", text)));
        Assert.True(Task.WhenAny(task, Task.Delay(Patience)).GetAwaiter().GetResult() == task, $"no answer after {Patience}: {text[..Math.Min(text.Length, 2000)]}");
        return task.GetAwaiter().GetResult();
    }

    private static string Mutate(string[] example, List<(int Kind, int At, int Other)> mutations)
    {
        var tokens = example.ToList();
        foreach (var (kind, at, other) in mutations.Where(_ => tokens.Count > 1))
        {
            var (i, j) = (at % tokens.Count, other % tokens.Count);
            switch (kind)
            {
                case 0:
                    tokens.RemoveAt(i);
                    break;
                case 1:
                    tokens.Insert(i, tokens[j]);
                    break;
                case 2:
                    (tokens[i], tokens[j]) = (tokens[j], tokens[i]);
                    break;
                default:
                    var from = Examples[other % Examples.Length];
                    tokens.InsertRange(i, from.Skip(at % from.Length).Take(8));
                    break;
            }
        }

        return string.Join(' ', tokens);
    }

    /// <summary>Words and symbols, without comments.</summary>
    private static string[] Tokens(string text) =>
        [.. System.Text.RegularExpressions.Regex.Matches(System.Text.RegularExpressions.Regex.Replace(text, "//.*", ""), "\"[^\"]*\"|\\w+|\\.\\.|[^\\s\\w]").Select(m => m.Value)];
}
