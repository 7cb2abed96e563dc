using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.KernelRegime;

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
            obstacle = "its step is written out, and the kernel equation is that of an optimizer";
        }
        else if (KernelRule.Of(plan.Rule) is not { } rule)
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
            return RunReport.OfKernel(network.Name, startsAtZero, kernels, training.Run(program.AxisSizes[network.BatchAxis], plan.Steps));
        }

        diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, null, $"running the limit of `{network.Name}`").WithNote(obstacle).WithNote(verdict.Text));
        return null;
    }

    private static KernelMatrices Matrices(LayeredKernel kernel, SampleField field)
    {
        Matrix<double> x = Matrix<double>.Build.DenseOfRowMajor(field.Samples, field.Size, field.Numbers);
        return kernel.Between(InnerProducts.Of(x, x, 1));
    }
}
