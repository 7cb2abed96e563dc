using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits;
using Program = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Limits;

public class RotationInvarianceTests
{
    private const string Header = "program p\nwidth n 1\naxis b 2\naxis i 7\n";

    [Theory]
    [InlineData("sgd(lr: 1/2)")]
    [InlineData("sgd(lr: 1/2, momentum: 9/10)")]
    [InlineData("sgd(lr: 1/2, momentum: 9/10, weight_decay: 1/100)")]
    [InlineData("sgd(lr: 1/2, clip: 1)")]
    public void Inputs_of_a_trained_perceptron_may_be_turned(string optimizer)
    {
        var compilation = Compilation.Compile(new SourceText("net.tp", $$"""
            network net(x : [7]) {
              width n
              weight W1 : [n, 7]
              weight W2 : [n, n]
              weight W3 : [1, n]
              return W3 * tanh(W2 * tanh(W1 * x))
            }
            parametrization mup
            train { loss mse  optimizer {{optimizer}}  batch 4  steps 3 }
            """));
        Assert.Empty(compilation.Diagnostics);
        Assert.Equal(["size7"], RotationInvariance.AxesOf(LimitProgram.Of(compilation.TrainingProgram!).Program!));
    }

    [Theory]
    [InlineData("h[b:b] : n = nonlin sum(i:i, W[i] * x[b,i])", true)]
    [InlineData("h[b:b] : n = nonlin sum(i:i, W[i] * (x[b,i] - 2 * x[0,i]))", true)]
    [InlineData("V[i:i] : n = nonlin W[i] - 1/2 * sum(b:b, x[b,i])\nh[b:b] : n = nonlin sum(i:i, V[i] * x[b,i])", true)]
    [InlineData("z[b:b,i:i] = nonlin x[b,i] * sum(j:i, x[b,j]^2)^(-1/2)\nh[b:b] : n = nonlin sum(i:i, W[i] * z[b,i])", true)]
    [InlineData("D[i:i] : n = nonlin sum(b:b, x[b,i])\nh[b:b] : n = nonlin sum(i:i, D[i]^2)", true)]
    [InlineData("h[b:b] : n = nonlin sum(i:i, W[i]^2)", false)]
    [InlineData("h[b:b] : n = nonlin sum(i:i, W[i] * (W[i] + x[b,i]))", false)]
    [InlineData("h[b:b] : n = nonlin sum(i:i, W[i] * x[b,i]^2)", false)]
    [InlineData("h[b:b] : n = nonlin sum(i:i, tanh(W[i]) * x[b,i])", false)]
    [InlineData("h[b:b] : n = nonlin sum(i:i, x[b,i])", false)]
    [InlineData("h[b:b] : n = nonlin W[3] * x[b,3]", false)]
    [InlineData("h[b:b] : n = nonlin sum(i:i, W[i] * x[b,i+1])", false)]
    [InlineData("h[b:b] : n = nonlin sum(i:i, #i * W[i] * x[b,i])", false)]
    [InlineData("h[b:b] : n = nonlin sum(i:i, W[i] * x[b,i]) * sum(i:i, 1)", false)]
    [InlineData("V[i:i] : n = nonlin W[i] + 1\nh[b:b] : n = nonlin sum(i:i, V[i] * x[b,i])", false)]
    public void An_axis_turns_when_it_is_read_through_inner_products_with_the_data_only(string reading, bool turns)
    {
        var program = Read($"W[i:i] : n = gaussian 1\nx[b:b,i:i] = data \"x\"\n{reading}\nf[b:b] = moment n: h[b]^2", "f");
        Assert.Equal(turns ? ["i"] : [], RotationInvariance.AxesOf(program));
    }

    [Fact]
    public void An_axis_of_an_output_stays_as_it_is() =>
        Assert.Empty(RotationInvariance.AxesOf(Read("W[i:i] : n = gaussian 1\nx[b:b,i:i] = data \"x\"\nf[b:b,i:i] = nonlin 2 * x[b,i]", "f")));

    [Fact]
    public void Random_scalars_over_an_axis_are_drawn_in_the_basis_of_the_source() =>
        Assert.Empty(RotationInvariance.AxesOf(Read("w[i:i] = gaussian 1\nx[b:b,i:i] = data \"x\"\nf[b:b] = nonlin sum(i:i, w[i] * x[b,i])", "f")));

    [Theory]
    [InlineData("D", true)]
    [InlineData("W", false)]
    public void A_state_is_in_the_span_as_long_as_all_that_it_is_made_of_is(string start, bool turns) => Assert.Equal(turns ? ["i"] : [], RotationInvariance.AxesOf(Read(
        $$"""
        W[i:i] : n = gaussian 1
        D[i:i] : n = nonlin 0
        loop t < 3 {
          carry M[i:i] : n from {{start}} next M_next
          x[b:b,i:i] = data "x"
          g = moment n: sum(i:i, M[i]^2)
          M_next[i:i] : n = nonlin g * M[i] + sum(b:b, x[b,i])
        }
        """,
        "g")));

    private static Program Read(string body, string output)
    {
        var diagnostics = new DiagnosticBag();
        var read = ProgramReader.Read(new SourceText("program", Header + body + $"\noutputs {output}\n"), diagnostics);
        Assert.Empty(diagnostics);
        Assert.Empty(ProgramVerifier.Verify(read!, "test"));
        return read!;
    }
}
