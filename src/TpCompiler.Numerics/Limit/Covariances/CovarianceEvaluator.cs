using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Covariances;

/// <summary>
/// Limit programs without training whose expectations are covariances of functions of few jointly Gaussian variables: kernels of most architectures at initialisation. All numbers come from integrals over one or two Gaussians, closed
/// forms where there are some.
/// </summary>
public static class CovarianceEvaluator
{
    /// <summary>The tier, by how it computes its integrals.</summary>
    public const string ClosedForms = "closed forms", Integrals = "integrals over two Gaussians";

    /// <summary>Whether the program may have such a form; only running it tells.</summary>
    public static bool MayApply(Program limit) => limit.Body.All(statement => statement is Instruction and not Instruction.OuterNonlin and not Instruction.Gaussian { Result.Kind: ValueKind.Scalar });

    /// <summary>The tier of a program that is known in full; null where it has another, or where data and sizes decide.</summary>
    public static string? TierOf(Program limit) => MayApply(limit) && !limit.Body.Any(statement => statement is Instruction.Data) && limit.Axes.All(axis => axis.Size is not null)
        ? Evaluate(limit, NoData.Instance, name => limit.Axes.First(axis => axis.Name == name).Size!.Value, CancellationToken.None)?.Tier
        : null;

    /// <summary>The tier with data and sizes like these, without the integrals; null where an expectation is of another kind.</summary>
    /// <param name="limit">A limit program.</param>
    /// <param name="feed">Its data.</param>
    /// <param name="sizeOfAxis">The size of every axis.</param>
    public static string? TierOf(Program limit, IDataFeed feed, Func<string, int> sizeOfAxis)
    {
        if (!MayApply(limit))
        {
            return null;
        }

        try
        {
            return new CovarianceRun(limit, feed, sizeOfAxis, 0, CancellationToken.None, isProbe: true).Variables.IsClosedForm ? ClosedForms : Integrals;
        }
        catch (NoCovariancesException)
        {
            return null;
        }
    }

    /// <summary>The outputs; null where an expectation is of another kind.</summary>
    /// <param name="limit">A limit program.</param>
    /// <param name="feed">Its data.</param>
    /// <param name="sizeOfAxis">The size of every axis.</param>
    /// <param name="cancel">Ends the run; null then, too.</param>
    public static LimitResult? Evaluate(Program limit, IDataFeed feed, Func<string, int> sizeOfAxis, CancellationToken cancel)
    {
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
            var kind = exact.Variables.IsClosedForm ? ErrorKind.Exact : ErrorKind.Bound;
            var records = limit.Outputs.Select(output =>
            {
                var (tensor, other) = (exact.Scalars[output], disturbed.Scalars[output]);
                return new LimitRecord(output, [], tensor.Shape.ToValueList(), tensor.Span.ToArray().Select((value, i) => new Estimate(value, Disturbance.Bound(value, other.Span[i], exact.Variables.LargestError), kind, 0)).ToValueList());
            }).ToValueList();
            return records.SelectMany(record => record.Values).All(estimate => double.IsFinite(estimate.Value))
                ? new LimitResult(records, kind == ErrorKind.Exact ? ClosedForms : Integrals, 0, 1, LimitShortfall.None, LimitResult.LargestErrorOf(records), null)
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
