using TpCompiler.Diagnostics;
using TpCompiler.Language;

namespace TpCompiler.Tests.Language;

/// <summary>What is wrong stands between [| and |] in each source.</summary>
public sealed class BadInputTests
{
    private const string Mlp = """
        network mlp(x : [d]) {
          width n
          weight W1 : [n, d]
          weight W2 : [n, n]
          weight W3 : [1, n]
          x1 = tanh(W1 * x)
          x2 = tanh(W2 * x1)
          return W3 * x2
        }
        """;

    private const string Train = "train { loss mse optimizer sgd(lr: 0.5) batch 4 steps 10 }";

    [Theory]
    [InlineData("TP0201", "x2 = tanh(W2 * x1)", "x2 = tanh(W2 * [|x7|])")]
    [InlineData("TP0206", "x1 = tanh(W1 * x)", "x1 = tanh(W2 * [|x2|])")]
    [InlineData("TP0203", "x2 = tanh(W2 * x1)", "x2 = tanh([|W2 * x|])")]
    [InlineData("TP0203", "x2 = tanh(W2 * x1)", "x2 = tanh([|W1 * x1|])")]
    [InlineData("TP0202", "x2 = tanh(W2 * x1)", "x2 = tanh(W2 * x1) [|x2|] = tanh(W2 * x1)")]
    [InlineData("TP0202", "weight W2 : [n, n]", "weight W2 : [n, n] weight [|W2|] : [n, n]")]
    [InlineData("TP0204", "network mlp(x : [d])", "network mlp(x : [d], z : [[|n|]])")]
    [InlineData("TP0204", "return W3 * x2", "return sum([|n|], x2)")]
    [InlineData("TP0207", "return W3 * x2", "return [|x2|]")]
    [InlineData("TP0209", "x1 = tanh(W1 * x)", "x1 = [|tahn|](W1 * x)")]
    [InlineData("TP0401", "x1 = tanh(W1 * x)", "[|x1 = exp(W1 * x)|]")]
    [InlineData("TP0407", "x1 = tanh(W1 * x)", "[|x1 = log(W1 * x)|]")]
    [InlineData("TP0210", "weight W3 : [1, n]", "weight W3 : [[|0|], n]")]
    [InlineData("TP0211", "return W3 * x2", "")]
    [InlineData("TP0107", "x1 = tanh(W1 * x)", "x1 = tanh(W1 * x) width [|return|]")]
    [InlineData("TP0102", "x1 = tanh(W1 * x)", "x1 = tanh(W1 [|$|] x)")]
    [InlineData("TP0103", "x1 = tanh(W1 * x)", "x1 = tanh[|(|]W1 * x")]
    public void A_network_is_told_what_is_wrong_and_where(string code, string good, string bad)
    {
        var text = Mlp.Replace(good, bad, StringComparison.Ordinal).Replace("network mlp(", code == "TP0211" ? "network [|mlp|](" : "network mlp(", StringComparison.Ordinal);
        Reports(code, text + "\nparametrization mup\n" + Train);
    }

    [Theory]
    [InlineData("TP0301", "parametrization [|mop|]")]
    [InlineData("TP0302", "parametrization mup\n[|parametrization ntk|]")]
    [InlineData("TP0302", "parametrization mup { W1: (c: 1) [|W1|]: (c: 2) }")]
    [InlineData("TP0201", "parametrization mup { [|W4|]: (c: 1) }")]
    [InlineData("TP0304", "parametrization mup { [|x1|]: (c: 1) }")]
    [InlineData("TP0305", "parametrization mup { W1: (c: [|pi|]) }")]
    [InlineData("TP0305", "parametrization { all: (0, 0, 0) W1: ([|1/0|], 1/2, 0) }")]
    [InlineData("TP0305", "parametrization { W1: ([|1/0|], 1/2, 0) W2: (0, 1/2, 0) W3: (1/2, 1/2, 0) }")]
    [InlineData("TP0306", "parametrization mup { W1: ([|e: 1|]) }")]
    [InlineData("TP0307", "parametrization mup { W1: (a: 1, [|a: 2|]) }")]
    public void A_parametrization_is_told_what_is_wrong_and_where(string code, string parametrization) =>
        Reports(code, $"{Mlp}\n{parametrization}\n{Train}");

    [Fact]
    public void A_weight_without_exponents_is_reported() =>
        Reports("TP0303", Mlp.Replace("weight W3", "weight [|W3|]", StringComparison.Ordinal) + "\nparametrization { W1: (0, 0, 0) W2: (0, 1/2, 0) }");

    [Fact]
    public void Mean_field_says_nothing_about_hidden_weights() =>
        Reports("TP0314", Mlp.Replace("weight W2", "weight [|W2|]", StringComparison.Ordinal) + "\nparametrization mean_field");

    [Theory]
    [InlineData("TP0310", "loss [|mes|] optimizer sgd(lr: 1) steps 1")]
    [InlineData("TP0310", "loss [|x1|] optimizer sgd(lr: 1) steps 1")]
    [InlineData("TP0105", "loss mse optimizer sgd(lr: [|1e400|]) steps 1")]
    [InlineData("TP0105", "loss mse optimizer sgd(lr: [|1e-310|]) steps 1")]
    [InlineData("TP0311", "loss mse optimizer [|adamant|](lr: 1) steps 1")]
    [InlineData("TP0312", "loss [|cross_entropy|] optimizer sgd(lr: 1) steps 1")]
    [InlineData("TP0306", "loss mse optimizer sgd(lr: 1, [|momentun: 1/2|]) steps 1")]
    [InlineData("TP0306", "loss mse optimizer sgd(lr: 1) steps 1 [|stepz|] 3")]
    [InlineData("TP0307", "loss mse optimizer sgd(lr: 1) steps 1 [|steps 3|]")]
    [InlineData("TP0308", "loss mse optimizer [|sgd()|] steps 1")]
    [InlineData("TP0309", "loss mse optimizer sgd(lr: [|0|]) steps 1")]
    [InlineData("TP0309", "loss mse optimizer sgd(lr: 1) steps 1 batch [|0|]")]
    [InlineData("TP0902", "data [|text|] \"wiki.txt\" loss mse optimizer sgd(lr: 1) steps 1")]
    public void A_training_block_is_told_what_is_wrong_and_where(string code, string settings) =>
        Reports(code, $"{Mlp}\nparametrization mup\ntrain {{ {settings} }}");

    [Theory]
    [InlineData("TP0403", "width n matrix A : [n, n] ~ normal(0, [|1|])")]
    [InlineData("TP0402", "width n matrix A : [n, n] ~ [|uniform(0, 1)|]")]
    [InlineData("TP0402", "width n matrix A : [n, n] ~ normal([|2|], 1/n)")]
    [InlineData("TP0213", "width n vector u : [n] ~ normal(0, 1) vector x : [n] ~ normal([|Moment(u)|], 1)")]
    [InlineData("TP0205", "width n matrix A : [n, [|3|]] ~ normal(0, 1/n)")]
    [InlineData("TP0404", "width n matrix A : [n, n] ~ normal(0, 1/n) vector x : [n] ~ normal(0, 1) y = x * [|A|]")]
    [InlineData("TP0401", "width n vector x : [n] ~ normal(0, 1) m = [|Moment(exp(x^2))|]")]
    [InlineData("TP0208", "width n vector x : [n] ~ normal(0, 1) m = [|Moment(x, x)|]")]
    public void A_program_is_told_what_is_wrong_and_where(string code, string body) => Reports(code, $"program p {{ {body} }}");

    [Theory]
    [InlineData("")]
    [InlineData("// nothing\n")]
    [InlineData("function f(u) = u")]
    public void A_file_that_declares_nothing_is_reported_at_its_start(string text)
    {
        var diagnostic = Assert.Single(Compile(text).Diagnostics);
        Assert.Equal(("TP0006", 0), (diagnostic.Code, diagnostic.Location!.Span.Start));
    }

    [Theory]
    [InlineData("data data/xor[|.|]csv", "paths stand in double quotes: `\"data/xor.csv\"`")]
    [InlineData("data 'data/xor[|.|]v2.csv'", "paths stand in double quotes: `\"data/xor.v2.csv\"`")]
    [InlineData("data csv [|“|]xor.csv”", "paths stand in double quotes: `\"xor.csv\"`")]
    [InlineData("optimizer sgd(lr: [|.|]5)", "write `0.5`")]
    [InlineData("optimizer sgd(lr: 5[|.|])", "write `5`")]
    public void A_path_without_quotes_and_half_a_number_are_told_how_they_are_written(string setting, string help)
    {
        Reports("TP0102", $"{Mlp}\nparametrization mup\ntrain {{\n  loss mse\n  {setting}\n}}");
        var text = $"{Mlp}\ntrain {{\n  {setting.Replace("[|", "", StringComparison.Ordinal).Replace("|]", "", StringComparison.Ordinal)}\n}}";
        Assert.Equal(help, Assert.Single(Compile(text).Diagnostics).Help[0]);
    }

    [Theory]
    [InlineData("f")]
    [InlineData("y")]
    [InlineData("(f)")]
    public void An_output_or_a_target_is_an_expression_and_so_a_loss(string loss) =>
        Assert.DoesNotContain(Compile($"{Mlp}\nparametrization mup\ntrain {{ loss {loss} optimizer sgd(lr: 1) steps 1 }}").Diagnostics, diagnostic => diagnostic.Code == "TP0310");

    [Fact]
    public void Cubic_growth_in_training_is_fine() =>
        Assert.Empty(Compile($"{Mlp.Replace("tanh(W1 * x)", "(W1 * x)^3", StringComparison.Ordinal)}\nparametrization mup\n{Train}").Diagnostics);

    [Fact]
    public void Several_errors_come_in_one_run_each_with_a_suggestion()
    {
        var text = Mlp.Replace("tanh(W1", "tanj(W1", StringComparison.Ordinal) + "\nparametrization mop\n" + Train.Replace("mse", "mze", StringComparison.Ordinal);
        var diagnostics = Compile(text).Diagnostics;
        Assert.Equal(["TP0209", "TP0301", "TP0310"], diagnostics.Select(d => d.Code));
        Assert.All(diagnostics, d => Assert.Contains("did you mean", d.Help[0], StringComparison.Ordinal));
    }

    private static void Reports(string code, string marked)
    {
        var start = marked.IndexOf("[|", StringComparison.Ordinal);
        // In x : [[|n|]] the mark follows a bracket of the program.
        var text = marked.Replace("[|", "", StringComparison.Ordinal).Replace("|]", "", StringComparison.Ordinal);
        var length = marked.IndexOf("|]", StringComparison.Ordinal) - start - 2;
        var diagnostics = Compile(text).Diagnostics;
        var diagnostic = Assert.Single(diagnostics);
        Assert.Equal(code, diagnostic.Code);
        Assert.Equal(text.Substring(start, length), text.Substring(diagnostic.Location!.Span.Start, diagnostic.Location.Span.Length));
        Assert.Equal(start, diagnostic.Location.Span.Start);
    }

    private static Compilation Compile(string text) => Compilation.Compile(new SourceText("test.tp", text));
}
