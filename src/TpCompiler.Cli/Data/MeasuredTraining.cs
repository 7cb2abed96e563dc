using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;

namespace TpCompiler.Cli.Data;

/// <summary>A training with a test, and what the test is measured on.</summary>
/// <param name="Program">The training with the test behind its loop.</param>
/// <param name="Test">Whose outputs are measured; the first is the one that should be large.</param>
/// <param name="Epoch">Steps from one validation to the next.</param>
/// <param name="Validation">Decides which weights are kept; null for none.</param>
/// <param name="Final">What the kept weights are tested on; null for none.</param>
internal sealed record MeasuredTraining(Program Program, StepRule Test, int Epoch, HeldOut? Validation, HeldOut? Final)
{
    /// <summary>Reads the held-out data; null with errors in the bag.</summary>
    public static MeasuredTraining? Read(Network network, TrainingPlan plan, SourceText source, string path, string? dataPath, DiagnosticBag diagnostics)
    {
        Program program = TrainingProgram.WithTest(network, plan, diagnostics);
        if (diagnostics.HasErrors || !Verified.Holds(program, "the test", source, diagnostics))
        {
            return null;
        }

        // Training draws its tasks from stream 0.
        HeldOut? validation = plan.Validation is { } first ? HeldOutOf(first, 1) : null;
        HeldOut? final = plan.TestData is { } second ? HeldOutOf(second, 2) : null;
        return diagnostics.HasErrors ? null : new MeasuredTraining(program, plan.Test!, plan.Epoch ?? Math.Max(1, plan.Steps), validation, final);

        HeldOut? HeldOutOf(HeldOutData data, ulong stream)
        {
            Network fed = network with { Inputs = plan.Test!.Data };
            if (data.Source.Kind is "tasks" or "rotated_tasks")
            {
                return DataReader.Tasks(data.Source, path, dataPath, fed.Inputs, fed, stream, diagnostics) is { } tasks ? new HeldOut(tasks, data.Samples!.Value / plan.BatchSize!.Value) : null;
            }

            if (data.Source.Kind == "images")
            {
                diagnostics.Add(Codes.NotAvailable, null, "a test on a folder of drawings");
                return null;
            }

            TrainingPlan bare = plan with { Targets = [] };
            if (DataReader.Read(data.Source, path, DataBinding.NeedsOf(fed, bare, labels: false), null, diagnostics) is not { } samples
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

            return new HeldOut(new BatchFeed(RunnableProgram.SamplesOf(binding, fed, bare)), count);
        }
    }
}

/// <summary>Held-out samples.</summary>
/// <param name="Feed">Them, batch by batch.</param>
/// <param name="Batches">How many batches there are.</param>
internal sealed record HeldOut(IDataFeed Feed, int Batches)
{
    /// <summary>Batch number <paramref name="number"/> for what reads outside all loops.</summary>
    public IDataFeed Batch(int number) => new AtIteration(Feed, number);

    private sealed class AtIteration(IDataFeed feed, int number) : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) => feed.Read(field, [number], destination);
    }
}
