using TpCompiler.Diagnostics;
using TpCompiler.Emit;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Limits.Derivation;
using TpCompiler.Limits.Scaling;
using TpCompiler.Numerics.KernelRegime;
using TpCompiler.Numerics.Limit;
using TpCompiler.Numerics.Limit.Covariances;
using TpCompiler.Symbolics;

namespace TpCompiler.Cli;

/// <summary>What is derived of a network in the kernel regime: layer by layer where it is a chain of fully connected layers, else by the limit of its kernel program; the same choice as <see cref="Results.KernelOf"/>.</summary>
/// <param name="Equations">The kernel's recursion and kernel gradient descent; null where there are none.</param>
/// <param name="Reason">Why there are no equations.</param>
/// <param name="Tiers">How `tpc run` finds the numbers; none where it has none.</param>
/// <param name="Expectations">How each expectation of the equations is computed.</param>
internal sealed record KernelDerivation(LimitEquations? Equations, string? Reason, ValueList<OutputTier> Tiers, ValueList<ExpectationLine> Expectations)
{
    /// <summary>The derivation.</summary>
    public static KernelDerivation Of(Network network, TrainingPlan? plan, Verdict verdict)
    {
        bool startsAtZero = verdict.InitialOutput != InitialOutput.GaussianProcess;
        bool isTrainable = plan is not null && KernelRule.Of(plan.Rule) is not null;
        ValueList<OutputTier>? layeredTiers = !isTrainable ? [] : LayeredReading.OfOutputs(network, verdict.Kernel, startsAtZero) is { } outputs ? OfLayers(outputs, plan!) : null;
        if (KernelEquations.Derive(network, verdict.Kernel, verdict.InitialOutput, plan) is { } layered)
        {
            return new KernelDerivation(
                layered,
                null,
                layeredTiers ?? [],
                [.. DerivationPipeline.ExpectationsIn(layered).Select(pair => pair.Expectation).Distinct().Select(expectation => new ExpectationLine(expectation, ["quadrature in 2 dimensions"], 2))]);
        }

        DiagnosticBag diagnostics = new();
        if (KernelProgram.Of(network, [.. verdict.Kernel], new Dictionary<string, int>(), diagnostics) is not { } kernel)
        {
            return Without(string.Join("; ", diagnostics.SelectMany(diagnostic => diagnostic.Notes.DefaultIfEmpty(diagnostic.Message))));
        }

        LimitProgramResult result = LimitProgram.Of(kernel.Program);
        if (result.Program is not { } limit)
        {
            return Without(result.Reason!);
        }

        LimitEquations equations = KernelProgramEquations.Derive(network, kernel, limit, startsAtZero, plan);

        // How many samples there are, and whether some are equal, is seen only with the data at hand.
        ValueList<string> first = CovarianceEvaluator.TiersOf(limit).Count == 0 && CovarianceEvaluator.LikelyTierOf(limit) is { } likely ? [likely] : [];
        IReadOnlyList<(ValueList<string> Outputs, ValueList<string> Tiers)> groups = LimitEvaluator.TiersOfOutputs(limit);
        ValueList<string> tiers = [.. first, .. groups.SelectMany(group => group.Tiers).Distinct()];
        return new KernelDerivation(
            equations,
            null,
            layeredTiers ?? [.. network.Outputs.Append(plan!.LossValue).Select(output => new OutputTier(output, tiers))],
            [.. DerivationPipeline.Expectations(limit, equations, groups).Select(line => line with { Tiers = [.. first, .. line.Tiers] })]);
    }

    private static KernelDerivation Without(string reason) => new(null, reason, [], []);

    private static ValueList<OutputTier> OfLayers(ValueList<OutputLayers> outputs, TrainingPlan plan)
    {
        List<LayeredKernel> kernels = [.. outputs.Select(output => new LayeredKernel(output.Layers))];
        string tier = (kernels.Find(kernel => !kernel.IsClosedForm) ?? kernels[0]).Tier;
        return [.. outputs.Select(output => output.Name).Append(plan.LossValue).Select(output => new OutputTier(output, [tier]))];
    }
}
