using System.Numerics;
using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli.Results;

/// <summary>Runs a network in the kernel regime: its kernel, then the program's optimizer on f along the program's batches.</summary>
internal static class KernelRun
{
    public static RunReport? Of(RunnableProgram program, LimitSettings settings, Reporter reporter, DiagnosticBag diagnostics)
    {
        (Network network, TrainingPlan plan) = (program.Compilation.Network!, program.Plan!);
        bool startsAtZero = program.Verdict!.InitialOutput != InitialOutput.GaussianProcess;
        if (plan.Written is not null)
        {
            return Descent<double>(program, diagnostics) is { } descent ? Written(program, descent, startsAtZero, diagnostics) : null;
        }

        if (KernelDescentProgram.Obstacle(program.Compilation.Network!, program.Plan!) is { } obstacle)
        {
            Refuse(program, obstacle, diagnostics);
            return null;
        }

        if (KernelOf.Network(program, program.Samples, settings, reporter, diagnostics) is not { } kernel)
        {
            return null;
        }

        KernelTraining training = Training(program, kernel);
        return RunReport.OfKernel(network.Name, startsAtZero, RunReport.HowKnown(kernel), kernel.Tier, kernel.Points, training.Run(program.AxisSizes[network.BatchAxis], plan.Steps));
    }

    /// <summary>A written step in the kernel regime; null with an error in the bag.</summary>
    /// <param name="program">The program.</param>
    /// <param name="diagnostics">Gets the error.</param>
    /// <param name="disturbance">How far each integral without a closed form is off.</param>
    public static FunctionTraining<T>? Descent<T>(RunnableProgram program, DiagnosticBag diagnostics, double disturbance = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Network network, TrainingPlan plan, Verdict verdict) = (program.Compilation.Network!, program.Plan!, program.Verdict!);
        FunctionTraining<T>? descent = FunctionTraining<T>.Of(
            network, plan, verdict.Kernel, verdict.InitialOutput != InitialOutput.GaussianProcess, new ExecutionSettings { AxisSizes = program.AxisSizes }, diagnostics, disturbance);
        if (descent is null && !diagnostics.HasErrors)
        {
            Refuse(program, "its kernel is computed for chains of fully connected layers", diagnostics);
        }

        return descent;
    }

    /// <summary>Says why a training has no limit in the kernel regime.</summary>
    public static void Refuse(RunnableProgram program, string obstacle, DiagnosticBag diagnostics) => diagnostics.Add(
        Diagnostic.Create(Codes.NotAvailable, null, $"running the limit of `{program.Compilation.Network!.Name}`").WithNote(obstacle).WithNote(program.Verdict!.Text));

    /// <summary>Closed forms are right to rounding; how far errors of quadrature move a number is seen from a second run that is disturbed.</summary>
    private static RunReport Written(RunnableProgram program, FunctionTraining<double> descent, bool startsAtZero, DiagnosticBag diagnostics)
    {
        ExecutionResult result = descent.Train(program.Feed, program.Plan!.Steps, null);
        if (result.Failure is { } failure)
        {
            diagnostics.Add(RunReport.Of(failure, program.Source));
        }

        string tier = LayeredKernel.TierOf(descent.IsClosedForm);
        ExecutionResult? disturbed = descent.IsClosedForm ? null : Descent<double>(program, diagnostics, Disturbance.Size)!.Train(program.Feed, program.Plan.Steps, null);
        return RunReport.OfKernel(program.Compilation.Network!.Name, startsAtZero, $"{tier}, ± {(descent.IsClosedForm ? "rounding" : "a bound")}", tier, 0,
            [.. result.Records.Select((record, i) => new LimitRecord(record.Name, record.Iteration, record.Shape, [.. record.Values.Select((value, k) => EstimateOf(value, disturbed is null ? null : MovedTo(disturbed, i, k)))]))]);

        Estimate EstimateOf(double value, double? moved)
        {
            double rounding = 1e-13 * Math.Max(1, Math.Abs(value));
            return moved is null
                ? new Estimate(value, rounding, ErrorKind.Exact, 0)
                : new Estimate(value, Math.Max(rounding, Disturbance.Bound(value, moved.Value, descent.LargestError)), ErrorKind.Bound, 0);
        }

        // A run that ended early says nothing of what came after.
        static double MovedTo(ExecutionResult disturbed, int record, int place) => record < disturbed.Records.Count ? disturbed.Records[record].Values[place] : double.PositiveInfinity;
    }

    /// <summary>The training along a kernel, whose first samples are the program's.</summary>
    public static KernelTraining Training(RunnableProgram program, NetworkKernel kernel)
    {
        (Network network, TrainingPlan plan) = (program.Compilation.Network!, program.Plan!);
        return new(
            [.. network.Outputs.Select(output => KernelOutput.Of(output, AxesOf(program, output), kernel.Heads))],
            kernel,
            LossProgram.Of(network, plan, program.AxisSizes)!,
            plan.LossValue,
            KernelRule.Of(plan.Rule)!,
            plan.LearningRate,
            plan.Targets.ToDictionary(target => target.Field, target => program.Samples[target.Field]),
            program.Samples.Values.First().Samples);
    }

    /// <summary>The axes of an output besides the batch, with their sizes.</summary>
    public static IReadOnlyList<(string Axis, int Size)> AxesOf(RunnableProgram program, string output)
    {
        Network network = program.Compilation.Network!;
        return [.. network.Forward.Definitions().Single(definition => definition.Name == output).Indices.Where(binder => binder.Axis != network.BatchAxis)
            .Select(binder => (binder.Axis, program.AxisSizes.TryGetValue(binder.Axis, out int size) ? size : network.Axes.First(axis => axis.Name == binder.Axis).Size!.Value))];
    }
}
