using MathNet.Numerics.LinearAlgebra;
using TpCompiler.Cli.Data;
using TpCompiler.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;

namespace TpCompiler.Cli.Results;

/// <summary>The kernels of a network at initialisation: layer by layer where it is a chain of fully connected layers, else by the limit of its kernel program.</summary>
internal static class KernelOf
{
    /// <summary>The kernels among all samples; null, with an error that says why, where there are none.</summary>
    /// <param name="program">The network.</param>
    /// <param name="samples">The fields of its inputs.</param>
    /// <param name="settings">How far to go where no forms are closed.</param>
    /// <param name="reporter">Shows how far it is.</param>
    /// <param name="diagnostics">Everything there is to say.</param>
    public static NetworkKernel? Network(RunnableProgram program, IReadOnlyDictionary<string, SampleField> samples, LimitSettings settings, Reporter reporter, DiagnosticBag diagnostics)
    {
        (Network network, Verdict verdict) = (program.Compilation.Network!, program.Verdict!);
        bool startsAtZero = verdict.InitialOutput != InitialOutput.GaussianProcess;
        IReadOnlyCollection<string> contributing = verdict.Regime == Regime.KernelRegime
            ? [.. verdict.Kernel]
            : [.. network.Parameters.Where(parameter => parameter.Trained).Select(parameter => parameter.Name)];

        // In other regimes powers of n tell which weights contribute.
        if (verdict.Regime == Regime.KernelRegime && LayeredReading.OfOutputs(network, contributing, startsAtZero) is { } outputs)
        {
            return new NetworkKernel(
                [.. outputs.Select(output => new KernelHead(output.Name, [], []))],
                outputs.Select((output, head) => (output, head)).ToDictionary(pair => (pair.head, pair.head), pair => Layered(pair.output, samples[pair.output.Input])));
        }

        Dictionary<string, int> sizes = new(program.AxisSizes) { [network.BatchAxis] = samples.Values.First().Samples };
        if (KernelProgram.Of(network, contributing, sizes, diagnostics) is not { } kernel)
        {
            return null;
        }

        if (kernel.SamplesMeet && network.Axes.First(axis => axis.Name == network.BatchAxis).Size is var batch && sizes[network.BatchAxis] != (batch ?? program.AxisSizes[network.BatchAxis]))
        {
            diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, null, $"the kernel of `{network.Name}` on {sizes[network.BatchAxis]} samples in batches of {batch}")
                .WithNote("what it makes of a sample depends on the others of its batch, so that its kernel is one of whole batches")
                .WithHelp("with all samples in one batch there is a kernel"));
            return null;
        }

        if (!startsAtZero && kernel.Pairs.Any(pair => pair.Covariance is null))
        {
            diagnostics.Add(Diagnostic.Create(Codes.NotAvailable, null, $"the covariance of the output of `{network.Name}` at initialisation")
                .WithNote("it isn't linear in last weights that nothing else reads"));
            return null;
        }

        LimitProgramResult limit = LimitProgram.Of(kernel.Program);
        if (limit.Program is null)
        {
            Location? place = limit.Obstacle?.Origin is { } origin ? new Location(program.Source, origin.Span) : null;
            diagnostics.Add(Codes.NoLimit, place, $"the kernel of `{network.Name}`", $"in `{limit.Obstacle?.Result.Name}` {limit.Reason}");
            return null;
        }

        if (!Verified.Holds(limit.Program, "kernel", program.Source, diagnostics))
        {
            return null;
        }

        InputRotation rotation = InputRotation.Of(limit.Program, samples, sizes);
        LimitResult result = ProgramRunner.Evaluate(rotation.Program, program.Source, RunnableProgram.FeedOf(rotation.Samples), settings with { AxisSizes = rotation.AxisSizes }, reporter, diagnostics);
        return ProgramKernel.Of(kernel, result, startsAtZero);
    }

    private static KernelMatrices Layered(OutputLayers output, SampleField field)
    {
        Matrix<double> x = Matrix<double>.Build.DenseOfRowMajor(field.Samples, field.Size, field.Numbers);
        return new LayeredKernel(output.Layers).Between(InnerProducts.Of(x, x, 1));
    }
}
