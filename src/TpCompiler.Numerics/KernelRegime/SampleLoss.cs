using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>Reads the loss of one sample out of a training plan, whose loss is a mean over the batch.</summary>
public static class SampleLoss
{
    /// <summary>The loss of a sample, of outputs and target without their batch index; null when the plan's loss is no sum over samples of one output and one target.</summary>
    public static PointwiseLoss? Of(Network network, TrainingPlan plan)
    {
        if (plan.Loss is not [Instruction.Nonlin { Body: var body }] || network.Outputs is not [var output] || plan.Targets is not [var target])
        {
            return null;
        }

        var factors = body is Expr.Multiply product ? product.Factors.ToList() : [body];
        if (factors.OfType<Expr.Sum>().Where(factor => factor.Index.Axis == network.BatchAxis).ToList() is not [var samples])
        {
            return null;
        }

        factors.Remove(samples);

        // 1/B is a number when the batch has a size, and (Σ_b 1)^-1 when the data decides.
        var count = factors.FindIndex(factor => factor is Expr.Power { Base: Expr.Sum { Index.Axis: var axis, Body.IsOne: true } } && axis == network.BatchAxis);
        Expr scale = 1;
        if (count >= 0)
        {
            factors.RemoveAt(count);
        }
        else if (plan.BatchSize is { } batch)
        {
            scale = batch;
        }
        else
        {
            return null;
        }

        var name = samples.Index.Name;
        var loss = scale * Expr.ProductOf([.. factors, samples.Body]).SubstituteReferences(reference =>
            reference with { Indices = reference.Indices.Where(index => index is not Index.Variable variable || variable.Name != name).ToValueList() });
        return loss.References().All(reference => reference.Name == output || reference.Name == target.Result.Name)
            ? new PointwiseLoss(loss, output, target.Result.Name)
            : null;
    }
}
