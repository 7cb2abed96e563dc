using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TensorProgram = TpCompiler.Ir.Program;

namespace TpCompiler.Tests.Ir;

/// <summary>Vectors with many rows made of few.</summary>
public sealed class LowRankTests
{
    private const string Net = """
        network net(x : [40]) {
          width n
          weight U : [n, 40]
          weight b : [n]
          weight V : [2, n]
          h = U * x + b
          return V * tanh(h)
        }
        parametrization mup

        """;

    private const string FirstOrder = """
        step first_order(x : [shot, 40], y : [shot, 2], u : [shot, 40], v : [shot, 2]) {
          axis shot = 2
          fast[0] = params
          for k in 1..2 {
            fast[k] = fast[k - 1] - 0.4 * grad(mean(shot, cross_entropy(net(x; fast[k - 1]), y)), fast[k - 1])
          }
          f      = net(u; fast[2])
          outer  = mean(shot, cross_entropy(f, v))
          g      = sum(batch, grad(outer, fast[2]))
          params = params - 0.1 * min(1, 0.5 / norm(g)) * g
          return f, outer
        }
        train { batch 8 steps 2 }
        """;

    private const string SecondOrder = """
        step second_order(x : [shot, 40], y : [shot, 2], u : [shot, 40], v : [shot, 2]) {
          axis shot = 2
          fast   = params - 0.4 * grad(mean(shot, mse(net(x), y)), params)
          f      = net(u; fast)
          outer  = mean(batch, mean(shot, mse(f, v)))
          params = params - 0.1 * grad(outer, params)
          return f, outer
        }
        train { batch 8 steps 2 }
        """;

    [Theory]
    [InlineData(FirstOrder)]
    [InlineData(SecondOrder)]
    public void What_reads_adapted_weights_computes_the_same_numbers_without_them(string step)
    {
        var program = Compile(Net + step);
        var expanded = LowRank.Expand(program, SizesOf(program), []);

        Assert.Empty(ProgramVerifier.Verify(expanded, "low rank"));
        Assert.Contains(program.Body.Definitions(), definition => definition.Name.StartsWith("U_fast", StringComparison.Ordinal));
        Assert.DoesNotContain(expanded.Body.Definitions(), definition => definition.Kind == ValueKind.Vector && definition.Indices.Count == 2 && definition.Indices[1].Axis == "size40");
        var (plain, fast) = (NaiveInterpreter.Run(program, 5, NaiveInterpreter.Seeded(3)), NaiveInterpreter.Run(expanded, 5, NaiveInterpreter.Seeded(3)));
        foreach (var output in program.Outputs)
        {
            Assert.Equal(plain.Reported[output].Count, fast.Reported[output].Count);
            foreach (var (x, y) in plain.Reported[output].SelectMany(array => array.Data).Zip(fast.Reported[output].SelectMany(array => array.Data)))
            {
                Assert.Equal(x, y, 1e-12);
            }
        }
    }

    [Fact]
    public void A_vector_that_somebody_asks_for_stays()
    {
        var program = Compile(Net + FirstOrder);
        var asked = program.Body.Definitions().First(definition => definition.Name.StartsWith("U_fast", StringComparison.Ordinal)).Name;

        var expanded = LowRank.Expand(program, SizesOf(program), [asked]);

        Assert.Contains(expanded.Body.Definitions(), definition => definition.Name == asked);
    }

    [Fact]
    public void A_product_with_the_weights_is_computed_once_for_all_inner_steps()
    {
        var program = Compile(Net + FirstOrder);

        var expanded = LowRank.Expand(program, SizesOf(program), []);

        // U x for the support once in the first inner step as it stands, once as a part; U u for the query once.
        var products = expanded.Body.Instructions().OfType<Instruction.Nonlin>().Count(nonlin => nonlin.Body.References().Any(reference => reference.Name == "U") && nonlin.Result.Kind == ValueKind.Vector && nonlin.Result.Name != "U_new_U");
        Assert.InRange(products, 2, 4);
    }

    private static Func<string, int> SizesOf(TensorProgram program) =>
        axis => program.Axes.FirstOrDefault(known => known.Name == axis)?.Size ?? program.Body.WithDepth().Select(entry => entry.Statement).OfType<Loop>().Single(loop => loop.Counter == axis).Count;

    private static TensorProgram Compile(string text)
    {
        var compilation = Compilation.Compile(new SourceText("test.tp", text));
        Assert.Empty(compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()));
        return compilation.TrainingProgram!;
    }
}
