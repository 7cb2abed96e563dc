using TpCompiler.Cli.Results;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli.Data;

/// <summary>A training with a test, and what the test is measured on.</summary>
/// <param name="Program">The training with the test behind its loop.</param>
/// <param name="Test">The name of what is measured; the first number of it is the one that should be large.</param>
/// <param name="Epoch">Steps from one validation to the next.</param>
/// <param name="Validation">Decides which weights are kept; null for none.</param>
/// <param name="Final">What the kept weights are tested on; null for none.</param>
internal sealed record MeasuredTraining(Program Program, string Test, int Epoch, IHeldOut? Validation, IHeldOut? Final)
{
    /// <summary>Streams of tasks: those of training, validation and test.</summary>
    public const ulong Streams = 3;

    /// <summary>Reads the held-out data; null with errors in the bag.</summary>
    /// <param name="network">The network.</param>
    /// <param name="plan">Its training.</param>
    /// <param name="words">The vocabulary of the text that it is trained on; null for other data.</param>
    /// <param name="source">The program's text.</param>
    /// <param name="path">The program.</param>
    /// <param name="dataPath">Data in place of what the program names.</param>
    /// <param name="diagnostics">Where errors go.</param>
    public static MeasuredTraining? Read(Network network, TrainingPlan plan, string[]? words, SourceText source, string path, string? dataPath, DiagnosticBag diagnostics)
    {
        Program program = plan.Test is null ? TrainingProgram.Of(network, plan) : TrainingProgram.WithTest(network, plan, diagnostics);
        if (diagnostics.HasErrors || !Verified.Holds(program, "the test", source, diagnostics))
        {
            return null;
        }

        // Training draws its tasks from stream 0, or another multiple of their number.
        IHeldOut? validation = plan.Validation is { } first ? HeldOutOf(first, 1) : null;
        IHeldOut? final = plan.TestData is { } second ? HeldOutOf(second, 2) : null;
        return diagnostics.HasErrors ? null : new MeasuredTraining(program, plan.Test?.Name ?? "analogies", plan.Epoch ?? Math.Max(1, plan.Steps), validation, final);

        IHeldOut? HeldOutOf(HeldOutData data, ulong stream)
        {
            if (data.Embedding is { } embedding)
            {
                if (words is not null && program.Body.OfType<Loop>().Any(loop => loop.Carried.Any(carried => carried.State.Name == embedding)))
                {
                    return DataReader.Analogies(data.Source, path, dataPath, words, embedding, diagnostics);
                }

                diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, null, $"analogies between the rows of `{embedding}`").WithHelp(words is null ? "`data text \"corpus.txt\"` says which words there are" : "the step has to train this weight"));
                return null;
            }

            Network fed = network with { Inputs = plan.Test!.Data };
            if (data.Source.Kind is "tasks" or "rotated_tasks")
            {
                return DataReader.Tasks(data.Source, path, dataPath, fed.Inputs, fed, stream, diagnostics) is { } tasks ? new HeldOut(tasks, data.Samples!.Value / plan.BatchSize!.Value, plan.Test!.Outputs) : null;
            }

            if (data.Source.Kind == "images")
            {
                diagnostics.Add(Codes.NotAvailable, null, "a test on a folder of drawings");
                return null;
            }

            TrainingPlan bare = plan with { Targets = [] };
            if (DataReader.Read(data.Source, path, DataBinding.NeedsOf(fed, bare, labels: false), diagnostics) is not { } samples
                || DataBinding.Bind(fed, bare, samples, labels: false, diagnostics) is not { } binding)
            {
                return null;
            }

            int batch = binding.AxisSizes[network.BatchAxis];
            int count = Math.Min(data.Samples ?? samples.Count, samples.Count) / batch;
            if (count == 0)
            {
                diagnostics.Add(Codes.DataShapeMismatch, null, $"`{data.Source.Path}`", $"{samples.Count} rows", $"a batch of {batch}");
                return null;
            }

            return new HeldOut(new BatchFeed(RunnableProgram.SamplesOf(binding, fed, bare)), count, plan.Test!.Outputs);
        }
    }
}

/// <summary>What a training is measured on.</summary>
internal interface IHeldOut
{
    /// <summary>The measures of the weights of this moment; the first is the one that should be large.</summary>
    /// <param name="run">The training.</param>
    /// <param name="isFinal">Whether this is the last time, with everything there is to say.</param>
    IReadOnlyList<Measure> Of(ITrainingRun run, bool isFinal);
}

/// <summary>Held-out samples.</summary>
/// <param name="Feed">Them, batch by batch.</param>
/// <param name="Batches">How many batches there are.</param>
/// <param name="Returned">What the test returns, in this order, which isn't the one that it is computed in.</param>
internal sealed record HeldOut(IDataFeed Feed, int Batches, ValueList<string> Returned) : IHeldOut
{
    public IReadOnlyList<Measure> Of(ITrainingRun run, bool isFinal) =>
        [.. Measure.Over([.. Enumerable.Range(0, Batches).SelectMany(number => run.Measure(Batch(number)))]).OrderBy(measure => Returned.ToList().IndexOf(measure.Name))];

    /// <summary>Batch number <paramref name="number"/> for what reads outside all loops.</summary>
    private AtIteration Batch(int number) => new AtIteration(Feed, number);

    private sealed class AtIteration(IDataFeed feed, int number) : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) => feed.Read(field, [number], destination);
    }
}
