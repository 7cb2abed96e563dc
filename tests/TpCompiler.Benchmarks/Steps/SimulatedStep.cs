using System.Globalization;
using System.Numerics;
using TpCompiler.Diagnostics;
using TpCompiler.Language;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Simulation;

namespace TpCompiler.Benchmarks.Steps;

/// <summary>The step of <see cref="TwoHiddenLayerStep{T}"/> as what tpc runs: a .tp program, compiled, in the simulator.</summary>
internal sealed class SimulatedStep<T>(int width, int inputDimension, int batch, double rate)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int MostSteps = 1_000_000;

    /// <summary>Runs until the watch says that it is over; gives the loss after ten steps.</summary>
    public double Time(StepWatch watch)
    {
        string source = string.Create(CultureInfo.InvariantCulture, $$"""
            network bench(xi : [{{inputDimension}}]) {
              width n
              weight U : [n, {{inputDimension}}]
              weight W : [n, n]
              weight v : [1, n]
              return v * tanh(W * tanh(U * xi))
            }
            parametrization standard { U: (variance: 1/{{inputDimension}}) }
            train {
              loss mse
              optimizer sgd(lr: {{rate}})
              batch {{batch}}
              steps {{MostSteps}}
            }
            """);
        var program = Compilation.Compile(new SourceText("step.tp", source)).TrainingProgram
            ?? throw new InvalidOperationException("The benchmark's program does not compile.");
        ExecutionSettings settings = new() { AxisSizes = new Dictionary<string, int> { ["batch"] = batch } };
        using CancellationTokenSource end = new();
        var result = new Simulator<T>(program, width, 1, settings).Run(new Waves(), new Steps(watch, end), end.Token);
        return result.Records.First(record => record.Name == "loss" && record.Iteration[0] == StepWatch.LossAfter).Values[0];
    }

    private sealed class Steps(StepWatch watch, CancellationTokenSource end) : IProgress<ExecutionProgress>
    {
        public void Report(ExecutionProgress value)
        {
            watch.StepDone();
            if (watch.IsOver)
            {
                end.Cancel();
            }
        }
    }

    private sealed class Waves : IDataFeed
    {
        private readonly Dictionary<string, double[]> numbers = [];

        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination)
        {
            if (!numbers.TryGetValue(field, out double[]? values))
            {
                values = [.. Enumerable.Range(0, destination.Span.Length).Select(i => Math.Sin(field.Length + (1.7 * i)))];
                numbers.Add(field, values);
            }

            values.CopyTo(destination.Span);
        }
    }
}
