using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Language;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Rows;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Tests.Numerics.Rows;

/// <summary>Training on the rows that a step touches is the training that computes every table as a whole.</summary>
public class RowMachineTests
{
    private static readonly IReadOnlyDictionary<string, int> Sizes = new Dictionary<string, int> { ["batch"] = 2, ["place"] = 4, ["words"] = 6, ["draw"] = 3 };

    /// <summary>Few words, so that a step meets the same row several times: in its contexts, in its draws, in both samples of the batch.</summary>
    private const string WordsInContext = """
        network cbow(context : [place], share : [place], word) {
          width n
          axis place = 4
          axis words = 6
          weight U : [n, words]
          weight W : [n, words]
          h = sum(place, share[place] * U[context[place]])
          return Moment(W[word] * h), Moment(W[word]^2), sum(place, step(share[place]) * Moment(U[context[place]]^2))
        }
        parametrization mup { W: (variance: 0) }
        step descend(context : [place], share : [place], target : [draw], label : [draw], drawn : [draw]) {
          axis draw = 3
          w[0] = W
          total[0] = 0
          for j in 0..2 {
            f[j], out[j], in[j] = cbow(context, share, target[j]; w[j])
            l[j] = drawn[j] * logistic(f[j], label[j])
            w[j + 1] = w[j] - 1/2 * stop(grad(sum(batch, l[j] + 1/10 * drawn[j] * out[j]), w[j]))
            total[j + 1] = total[j] + l[j]
          }
          loss = sum(batch, total[3])
          U = U - 1/2 * grad(loss + 1/10 * sum(batch, in[0]), U)
          W = w[3]
          return loss
        }
        train { batch 2 steps 12 }
        """;

    [Fact]
    public void A_step_on_rows_is_the_step_on_whole_tables()
    {
        var program = Training(WordsInContext);
        Assert.NotNull(RowCompiler.Of(program, program.Body.OfType<Loop>().Single(), SizeOf));
        var rows = new Simulator<double>(program, 40, 3, new() { AxisSizes = Sizes }).Run(new Draws());
        var tables = new Simulator<double>(program, 40, 3, new() { AxisSizes = Sizes, AlsoRecord = ["h"] }).Run(new Draws());
        AssertSame(tables, rows, 1e-12);
        Assert.NotEqual(rows.Records.First(record => record.Name == "loss").Values[0], rows.Records.Last(record => record.Name == "loss").Values[0], 0.1);
    }

    [Fact]
    public void The_limit_on_rows_is_the_limit_on_whole_tables()
    {
        var program = Training(WordsInContext);
        var limit = LimitProgram.Of(program).Program!;
        var loop = limit.Body.OfType<Loop>().Single();
        Assert.NotNull(RowCompiler.Of(limit, loop, SizeOf));
        var rows = LimitEvaluator.Evaluate(limit, new Draws(), new LimitSettings { AxisSizes = Sizes });
        Assert.Equal(LimitEvaluator.Coefficients, rows.Tier);
        var tables = LimitEvaluator.Evaluate(limit with { Outputs = limit.Outputs.Add("h") }, new Draws(), new LimitSettings { AxisSizes = Sizes });
        var losses = tables.Records.Where(record => record.Name == "loss").ToList();
        Assert.Equal(13, losses.Count);
        for (var t = 0; t < losses.Count; t++)
        {
            Assert.Equal(losses[t].Values[0].Value, rows.Records.Where(record => record.Name == "loss").ElementAt(t).Values[0].Value, 1e-12);
        }
    }

    [Fact]
    public void Numbers_do_not_depend_on_threads()
    {
        var program = Training(WordsInContext);
        var one = new Simulator<float>(program, 2500, 1, new() { AxisSizes = Sizes, Threads = 1 }).Run(new Draws());
        var four = new Simulator<float>(program, 2500, 1, new() { AxisSizes = Sizes, Threads = 4 }).Run(new Draws());
        AssertSame(one, four, 0);
    }

    [Fact]
    public void A_row_that_is_not_there_ends_the_run()
    {
        var result = new Simulator<double>(Training(WordsInContext), 40, 3, new() { AxisSizes = Sizes }).Run(new Draws { Words = 7 });
        Assert.NotNull(result.Failure);
        Assert.False(result.IsComplete);
    }

    private static int SizeOf(string axis) => Sizes[axis];

    private static Program Training(string text)
    {
        var compilation = Compilation.Compile(new SourceText("words.tp", text));
        Assert.Empty(compilation.Diagnostics.Select(d => d.ToString()));
        return TrainingProgram.Of(compilation.Network!, compilation.TrainingPlan!);
    }

    private static void AssertSame(ExecutionResult expected, ExecutionResult actual, double tolerance)
    {
        Assert.True(expected.IsComplete && actual.IsComplete);
        var losses = expected.Records.Where(record => record.Name == "loss").ToList();
        Assert.Equal(13, losses.Count);
        Assert.Equal(losses.Count, actual.Records.Count(record => record.Name == "loss"));
        foreach (var (one, other) in losses.Zip(actual.Records.Where(record => record.Name == "loss")))
        {
            Assert.Equal(one.Iteration, other.Iteration);
            Assert.InRange(other.Values[0] - one.Values[0], -tolerance, tolerance);
        }
    }

    /// <summary>Words by a rule without a pattern; a draw may be skipped, a place may be empty.</summary>
    private sealed class Draws : IDataFeed
    {
        public int Words { get; init; } = 6;

        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            for (var i = 0; i < destination.Span.Length; i++)
            {
                var hash = (int)((((ulong)(iteration[0] * 97) + (ulong)(i * 31) + (ulong)field.Length) * 0x9E3779B97F4A7C15) >> 40);
                destination.Span[i] = field switch
                {
                    "share" => i % 4 == 3 ? 0 : 1.0 / 3,
                    "label" => i % 3 == 0 ? 1 : -1,
                    "drawn" => i % 3 != 0 && hash % 5 == 0 ? 0 : 1,
                    _ => hash % Words,
                };
            }
        }
    }
}
