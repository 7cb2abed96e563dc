using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>
/// Limit programs without training whose expectations are covariances of functions of few jointly Gaussian variables: kernels of most architectures at initialisation. All numbers come from integrals over one or two Gaussians, closed
/// forms where there are some, and over a number for a norm that homogeneous functions are divided by (<see cref="TiltedLaws"/>).
/// </summary>
public static class CovarianceEvaluator
{
    /// <summary>The tier, by how it computes its integrals.</summary>
    public const string ClosedForms = "closed forms", Integrals = "integrals over two Gaussians", NormIntegrals = "integrals over two Gaussians and a norm";

    /// <summary>Whether the program may have such a form; only running it tells.</summary>
    public static bool MayApply(Program limit) => limit.Body.All(statement => statement is Instruction and not Instruction.OuterNonlin and not Instruction.Gaussian { Result.Kind: ValueKind.Scalar });

    /// <summary>The tiers of a program that is known in full: points too, where integrals don't reach the tolerance. None where it has another one, or where data and sizes decide.</summary>
    public static ValueList<string> TiersOf(Program limit)
    {
        if (!MayApply(limit) || limit.Body.Any(statement => statement is Instruction.Data) || limit.Axes.Any(axis => axis.Size is null)
            || Evaluate(limit, NoData.Instance, name => limit.Axes.First(axis => axis.Name == name).Size!.Value, CancellationToken.None) is not { } result)
        {
            return [];
        }

        return result.Records.All(new LimitSettings().IsReachedBy) ? [result.Tier] : [result.Tier, LimitEvaluator.QuasiRandom];
    }

    /// <summary>The tier with most data and sizes, without the integrals; null where an expectation is of another kind.</summary>
    public static string? LikelyTierOf(Program limit)
    {
        if (!MayApply(limit))
        {
            return null;
        }

        try
        {
            return new CovarianceRun(limit, VariedData.Instance, name => limit.Axes.First(axis => axis.Name == name).Size ?? 3, 0, CancellationToken.None, isProbe: true).Variables.Tier;
        }
        catch (NoCovariancesException)
        {
            return null;
        }
    }

    /// <summary>Where no integral of a program is off by more, its outputs needn't be told apart.</summary>
    private const double SmallError = 1e-13;

    /// <summary>The outputs; null where an expectation is of another kind.</summary>
    /// <param name="limit">A limit program.</param>
    /// <param name="feed">Its data.</param>
    /// <param name="sizeOfAxis">The size of every axis.</param>
    /// <param name="cancel">Ends the run; null then, too.</param>
    public static LimitResult? Evaluate(Program limit, IDataFeed feed, Func<string, int> sizeOfAxis, CancellationToken cancel)
    {
        var together = Evaluate(limit, feed, sizeOfAxis, cancel, out var largestError);
        if (together is null || largestError <= SmallError || limit.Outputs.Count < 2)
        {
            return together;
        }

        // One integral that is hard makes the bounds of all outputs large; each by itself has only its own.
        var apart = limit.Outputs.Select(output => Evaluate(LimitEvaluator.Only(limit, [output]), feed, sizeOfAxis, cancel, out _)).OfType<LimitResult>().ToList();
        var records = apart.SelectMany(result => result.Records.Select(record => record with { Tier = result.Tier })).ToValueList();
        return records.Count == together.Records.Count ? together with { Records = records, LargestError = LimitResult.LargestErrorOf(records) } : together;
    }

    private static LimitResult? Evaluate(Program limit, IDataFeed feed, Func<string, int> sizeOfAxis, CancellationToken cancel, out double largestError)
    {
        largestError = double.PositiveInfinity;
        if (!MayApply(limit))
        {
            return null;
        }

        try
        {
            // How far errors of integrals move an output is seen from a run in which all of them have some.
            var disturbing = Task.Run(() => new CovarianceRun(limit, feed, sizeOfAxis, Disturbance.Size, cancel), cancel);
            CovarianceRun exact;
            try
            {
                exact = new CovarianceRun(limit, feed, sizeOfAxis, 0, cancel);
            }
            finally
            {
                ((IAsyncResult)disturbing).AsyncWaitHandle.WaitOne();
            }

            var disturbed = disturbing.GetAwaiter().GetResult();
            largestError = exact.Variables.LargestError;
            var kind = exact.Variables.Tier == ClosedForms ? ErrorKind.Exact : ErrorKind.Bound;
            var records = limit.Outputs.Select(output =>
            {
                var (tensor, other) = (exact.Scalars[output], disturbed.Scalars[output]);
                return new LimitRecord(output, [], tensor.Shape.ToValueList(), tensor.Span.ToArray().Select((value, i) => new Estimate(value, Disturbance.Bound(value, other.Span[i], exact.Variables.LargestError), kind, 0)).ToValueList());
            }).ToValueList();
            return records.SelectMany(record => record.Values).All(estimate => double.IsFinite(estimate.Value))
                ? new LimitResult(records, exact.Variables.Tier, 0, 1, LimitShortfall.None, LimitResult.LargestErrorOf(records), null)
                : null;
        }
        catch (NoCovariancesException)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
