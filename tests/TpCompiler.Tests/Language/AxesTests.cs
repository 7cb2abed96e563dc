using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Language;

public sealed class AxesTests
{
    [Fact]
    public void A_neighbour_is_a_shifted_index_and_another_index_is_a_second_variable()
    {
        Assert.Equal("h[b,i-1] - h[b,i+2]", Body("x1 = h[s - 1] - h[s + 2]", "x1"));
        Assert.Equal("sum(i':s, h[b,i'] * k[b,i])", Body("x1 = sum(s', k * h[s'])", "x1"));
        Assert.Equal("h[b,0]", Body("x1 = h[0]", "x1"));
    }

    [Fact]
    public void A_column_is_looked_up_and_a_position_is_a_column_of_its_own()
    {
        Assert.Equal("n^(1/2) * `E`[token[b,i]] + n^(1/2) * P[i]", Body("x1 = E[token] + P[s]", "x1"));
        Assert.Equal("n^(1/2) * `E`[2] * h[b,i]", Body("x1 = E[2] * h", "x1"));
    }

    [Fact]
    public void A_causal_mask_leaves_out_what_comes_later()
    {
        Assert.Equal("sum(i':s, h[b,i'] * (1 - step(#i' - #i)))", Body("x1 = sum(s', h[s'], s' <= s)", "x1"));
        Assert.Equal("sum(i':s, h[b,i'] * step(#i - #i'))", Body("x1 = sum(s', h[s'], s' < s)", "x1"));
    }

    [Fact]
    public void A_sum_in_a_range_is_written_out()
    {
        Assert.Equal("h[b,i] + h[b,i-2] + h[b,i-1]", Body("x1 = sum(j in 0..2, h[s - j])", "x1"));
    }

    [Fact]
    public void A_function_with_a_block_names_its_values_after_what_it_defines()
    {
        var network = Network("x1 = centred(h)", "function centred(u) { m = Moment(u)  c = u - m  return c / Moment(c^2)^(1/2) }");
        Assert.Contains(network.Forward.OfType<Instruction.Moment>(), m => m.Result.Name == "m_x1");
        Assert.Contains(network.Forward.OfType<Instruction.Nonlin>(), m => m.Result.Name == "c_x1");
    }

    [Fact]
    public void A_function_takes_weights_and_uses_an_argument_without_a_name_twice()
    {
        var network = Network("x1 = twice(W, Moment(h) * h)", "function twice(A, u) { y = A * u  return tanh(y) + A' * y }");
        Assert.Equal([false, false, true], network.Forward.OfType<Instruction.MatMul>().Where(m => m.Matrix.Name == "W").Select(m => m.Transposed));

        var forward = Network("x1 = h * spread(Moment(h))", "function spread(u) = u - sum(s', u[s'])").Forward;
        var moment = Assert.Single(forward.OfType<Instruction.Moment>(), m => m.Result.Name != "f");
        Assert.Equal($"h[b,i] * ({moment.Result.Name}[b,i] - sum(i':s, {moment.Result.Name}[b,i']))", forward.OfType<Instruction.Nonlin>().Single(n => n.Result.Name == "x1").Body.ToString());
    }

    [Fact]
    public void Batch_normalisation_sums_over_the_batch_within_the_batch()
    {
        Assert.Equal("h[b,i] - sum(b':batch, h[b',i]) / sum(b':batch, 1)", Body("x1 = h - mean(batch, h)", "x1"));
    }

    [Theory]
    [InlineData("x1 = h[2 * s]", "TP0217")]
    [InlineData("x1 = h[h]", "TP0217")]
    [InlineData("x1 = h[words]", "TP0203")]
    [InlineData("x1 = h[9]", "TP0203")]
    [InlineData("x1 = h[0, 0]", "TP0203")]
    [InlineData("x1 = E[9] + h", "TP0203")]
    [InlineData("x1 = W[s] + h", "TP0203")]
    [InlineData("x1 = E[0, 1] + h", "TP0203")]
    [InlineData("x1 = E + h", "TP0207")]
    [InlineData("x1 = sum(s', h)", "TP0203")]
    [InlineData("x1 = sum(n, h)", "TP0204")]
    [InlineData("x1 = sum(s, h, 3)", "TP0208")]
    [InlineData("x1 = softmax(j in 0..2, h)", "TP0207")]
    [InlineData("x1 = tanh(s < s')", "TP0207")]
    [InlineData("x1 = sum(j in 0..1000000, h)", "TP0009")]
    [InlineData("x1 = (h * h[s'])[s]", "TP0101")]
    public void A_wrong_use_of_positions_is_said(string line, string code)
    {
        var diagnostics = Compilation.Compile(Text(line, "")).Diagnostics;
        Assert.Contains(code, diagnostics.Select(d => d.Descriptor.Code));
    }

    private static string Body(string line, string name)
    {
        var instruction = Network(line, "")!.Forward.OfType<Instruction.Nonlin>().Single(n => n.Result.Name == name);
        return instruction.Body.ToString()!;
    }

    private static Network Network(string line, string functions)
    {
        var compilation = Compilation.Compile(Text(line, functions));
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        Assert.Empty(ProgramVerifier.Verify(compilation.ForwardProgram!, "bind").Select(d => d.ToString()));
        return compilation.Network!;
    }

    private static SourceText Text(string line, string functions) => new("axes.tp", $$"""
        {{functions}}
        network axes(token : [s]) {
          width n
          axis s = 3
          axis words = 5
          weight E : [n, words]
          weight P : [n, s]
          weight W : [n, n]
          weight V : [1, n]
          h = tanh(E[token])
          k = tanh(W * h)
          {{line}}
          return V * sum(s, x1 + h)
        }
        parametrization mup
        """);
}
