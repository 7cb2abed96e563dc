using System.Numerics;
using MathNet.Numerics.LinearAlgebra;
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

/// <summary>Runs a network in the kernel regime: the kernel of its layers, then the program's optimizer on f along the program's batches.</summary>
internal static class KernelRun
{
    public static RunReport? Of(RunnableProgram program, DiagnosticBag diagnostics)
    {
        (Network network, TrainingPlan plan, Verdict verdict) = (program.Compilation.Network!, program.Plan!, program.Verdict!);
        bool startsAtZero = verdict.InitialOutput != InitialOutput.GaussianProcess;
        string obstacle;
        if (plan.Written is not null)
        {
            if (Descent<double>(program, diagnostics) is { } descent)
            {
                ExecutionResult result = descent.Train(program.Feed, plan.Steps, null);
                if (result.Failure is { } failure)
                {
                    diagnostics.Add(RunReport.Of(failure, program.Source));
                }

                return RunReport.OfKernel(network.Name, startsAtZero, descent.IsClosedForm, [.. result.Records.Select(record => EstimatesOf(record, descent.IsClosedForm))]);
            }

            return null;
        }

        if (KernelRule.Of(plan.Rule) is not { } rule)
        {
            obstacle = "weight decay shrinks the initial weights, so that the kernel changes with every step; a rule that isn't linear in the gradient has no kernel";
        }
        else if (LayeredReading.OfOutputs(network, verdict.Kernel, startsAtZero) is not { } outputs)
        {
            obstacle = "its kernel is computed for chains of fully connected layers";
        }
        else if (LossProgram.Of(network, plan, program.AxisSizes) is not { } loss)
        {
            obstacle = "its loss reads more than outputs and targets";
        }
        else
        {
            LayeredKernel[] kernels = [.. outputs.Select(output => new LayeredKernel(output.Layers))];
            KernelTraining training = new(
                [.. outputs.Zip(kernels, (output, kernel) => new KernelOutput(output.Name, Matrices(kernel, program.Samples[output.Input]), [.. output.Axes.Select(axis => program.AxisSizes[axis])]))],
                loss,
                plan.LossValue,
                rule,
                plan.LearningRate,
                plan.Targets.ToDictionary(target => target.Field, target => program.Samples[target.Field]),
                program.Samples.Values.First().Samples,
                plan.LossName is null ? null : 1);
            return RunReport.OfKernel(network.Name, startsAtZero, kernels.All(kernel => kernel.IsClosedForm), training.Run(program.AxisSizes[network.BatchAxis], plan.Steps));
        }

        Refuse(program, obstacle, diagnostics);
        return null;
    }

    /// <summary>A written step in the kernel regime; null with an error in the bag.</summary>
    public static FunctionTraining<T>? Descent<T>(RunnableProgram program, DiagnosticBag diagnostics)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Network network, TrainingPlan plan, Verdict verdict) = (program.Compilation.Network!, program.Plan!, program.Verdict!);
        FunctionTraining<T>? descent = FunctionTraining<T>.Of(
            network, plan, verdict.Kernel, verdict.InitialOutput != InitialOutput.GaussianProcess, new ExecutionSettings { AxisSizes = program.AxisSizes }, diagnostics);
        if (descent is null && !diagnostics.HasErrors)
        {
            Refuse(program, "its kernel is computed for chains of fully connected layers", diagnostics);
        }

        return descent;
    }

    private static void Refuse(RunnableProgram program, string obstacle, DiagnosticBag diagnostics) => diagnostics.Add(
        Diagnostic.Create(Codes.NotAvailable, null, $"running the limit of `{program.Compilation.Network!.Name}`").WithNote(obstacle).WithNote(program.Verdict!.Text));

    /// <summary>Closed forms are right to rounding; how errors of quadrature spread through a written step isn't bounded.</summary>
    private static LimitRecord EstimatesOf(ExecutionRecord record, bool isClosedForm) => new(record.Name, record.Iteration, record.Shape, record.Values.Select(value => isClosedForm
        ? new Estimate(value, 1e-13 * Math.Max(1, Math.Abs(value)), ErrorKind.Exact, 0)
        : new Estimate(value, double.PositiveInfinity, ErrorKind.Bound, 0)).ToValueList());

    private static KernelMatrices Matrices(LayeredKernel kernel, SampleField field)
    {
        Matrix<double> x = Matrix<double>.Build.DenseOfRowMajor(field.Samples, field.Size, field.Numbers);
        return kernel.Between(InnerProducts.Of(x, x, 1));
    }
}
