using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli.Results;

/// <summary>Runs a network in the kernel regime: the kernel of its layers, then kernel gradient descent along the batches of the program.</summary>
internal static class KernelRun
{
    public static RunReport? Of(RunnableProgram program, DiagnosticBag diagnostics)
    {
        (Network network, TrainingPlan plan, Verdict verdict) = (program.Compilation.Network!, program.Plan!, program.Verdict!);
        bool startsAtZero = verdict.InitialOutput != InitialOutput.GaussianProcess;
        string? obstacle = IsPlainDescent(program.Program) ? null : "momentum, weight decay and clipping have no kernel gradient descent yet";
        if (LayeredReading.Of(network, verdict.Kernel, startsAtZero) is not { } layers)
        {
            obstacle ??= "its kernel is computed for chains of fully connected layers with one output";
        }
        else if (SampleLoss.Of(network, plan) is not { } loss)
        {
            obstacle ??= "its loss is no sum over samples of one output and one target";
        }
        else if (obstacle is null)
        {
            return Run(program, network, plan, layers, loss, startsAtZero);
        }

        diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, null, $"running the limit of `{network.Name}`").WithNote(obstacle!).WithNote(verdict.Text));
        return null;
    }

    private static RunReport Run(RunnableProgram program, Network network, TrainingPlan plan, LayeredNetwork layers, PointwiseLoss loss, bool startsAtZero)
    {
        SampleField input = program.Samples[network.Inputs[0].Field];
        SampleField target = program.Samples[plan.Targets[0].Field];
        Matrix<double> x = Rows(input);
        KernelMatrices kernel = new LayeredKernel(layers).Between(InnerProducts.Of(x, x, 1));
        bool hasAxis = plan.Targets[0].Result.Indices.Count > 1;
        return RunReport.OfKernel(
            network.Name,
            startsAtZero,
            new LayeredKernel(layers),
            KernelTraining.Run(
                kernel, loss, Rows(target), t => At(plan.LearningRate, t).ToDouble(), program.AxisSizes[network.BatchAxis], plan.Steps, (network.Outputs[0], plan.LossValue, hasAxis)));
    }

    private static Matrix<double> Rows(SampleField field) => Matrix<double>.Build.DenseOfRowMajor(field.Samples, field.Size, field.Numbers);

    private static Expr At(Expr rate, int t) => rate is Expr.IndexValue { Index: TrainingProgram.Step } ? t : rate.MapChildren(child => At(child, t));

    /// <summary>Whether each weight becomes w − rate · g: nothing else is carried, w keeps the coefficient 1, and no norm is taken.</summary>
    private static bool IsPlainDescent(Program program)
    {
        ValueTable table = ValueTable.Of(program);
        return !table.Contains("norm") && program.Body.OfType<Loop>().SelectMany(loop => loop.Carried).All(carried =>
            program.Parameters.Any(parameter => parameter.Name == carried.State.Name)
            && table.Find(carried.Next)?.Instruction switch
            {
                Instruction.MatrixSum sum => sum.Terms.OfType<MatrixTerm.Scaled>().ToList() is [{ Coefficient.IsOne: true }],
                Instruction.Nonlin { Body: Expr.Add add } => add.Terms.Contains(carried.State.AsReference()),
                _ => false,
            });
    }
}
