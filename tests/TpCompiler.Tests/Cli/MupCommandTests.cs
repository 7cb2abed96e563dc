using System.Text.Json;
using TpCompiler.Tests.Repository;

namespace TpCompiler.Tests.Cli;

public class MupCommandTests
{
    [Fact]
    public void Numbers_are_the_ratio_of_the_widths_to_the_power()
    {
        var run = TpcRun.Of("mup", Example("mlp"), "--optimizer", "adam", "--base-width", "256", "--width", "4096", "--format", "json");
        Assert.Equal(0, run.ExitCode);
        using var json = JsonDocument.Parse(run.Output);
        var hidden = json.RootElement.GetProperty("forms")[0].GetProperty("weights")[1];
        Assert.Equal(0.0625, hidden.GetProperty("learning_rate_factor").GetDouble());
        Assert.Equal(0.0625, hidden.GetProperty("variance_factor").GetDouble());
        Assert.Equal(16, hidden.GetProperty("weight_decay_factor").GetDouble());
        Assert.Equal(0.0625, hidden.GetProperty("epsilon_factor").GetDouble());
        Assert.Equal(4, json.RootElement.GetProperty("forms")[2].GetProperty("weights")[0].GetProperty("multiplier_factor").GetDouble());
    }

    [Fact]
    public void Markdown_has_a_table_for_each_form()
    {
        var run = TpcRun.Of("mup", Example("rnn"), "--markdown");
        Assert.Equal(3, run.Output.Split("| weight | role | multiplier | variance | learning rate | weight decay |").Length - 1);
        Assert.Contains("| `W` | hidden | 1 | n^(-1) | 1 | 1 |", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Lint_names_each_weight_and_exits_with_one()
    {
        var run = TpcRun.Of("mup", Example("standard"), "--lint");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            """
            standard: 3 things keep it from the maximal update
              W1: has a learning rate too small by n
                set c from 0 to -1
              W3: starts too large by n^(1/2)
                set b from 1/2 to 1
              W3: has a learning rate too large by n
                set c from 0 to 1

            """.ReplaceLineEndings("\n"),
            run.Output);
        Assert.Equal(0, TpcRun.Of("mup", Example("mlp"), "--lint").ExitCode);
    }

    [Fact]
    public void Attention_with_a_square_root_is_told_to_divide_by_the_width()
    {
        var run = TpcRun.Of("mup", Example("attention_sqrt"), "--lint");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("multiply l_p by n^(-1/2)", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_score_that_stays_random_is_an_error_at_its_own_place()
    {
        const string Source = """
            program scores {
              width n
              matrix Q : [n, n] ~ normal(0, 1/n)
              vector h : [n] ~ normal(0, 1)
              q = Q * h
              score = POWERMoment(q * h)
              x = cos(score) * h
              m = Moment(x^2)
            }
            """;
        var path = Path.Combine(Path.GetTempPath(), $"scores-{Guid.NewGuid():N}.tp");
        try
        {
            File.WriteAllText(path, Source.Replace("POWER", "n^(1/2) * ", StringComparison.Ordinal));
            var run = TpcRun.Of("compile", path);
            Assert.Equal(1, run.ExitCode);
            Assert.Contains("TP0408", run.Error, StringComparison.Ordinal);
            Assert.Contains(":6:", run.Error, StringComparison.Ordinal);
            File.WriteAllText(path, Source.Replace("POWER", string.Empty, StringComparison.Ordinal));
            Assert.Equal(0, TpcRun.Of("compile", path).ExitCode);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("--optimizer", "adamm")]
    [InlineData("--base-width", "256")]
    public void A_wrong_request_is_a_misuse(string option, string value)
    {
        var run = TpcRun.Of("mup", Example("mlp"), option, value);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
    }

    private static string Example(string name) => Path.Combine(Checkout.Root, "examples", name + ".tp");
}
