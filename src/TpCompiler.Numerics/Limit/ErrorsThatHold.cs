using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// What scramblings can't see: where a heavy tail decides (the mean of x⁸, of e^{2x}), all of them miss the same rare points, agree, and are wrong together. More points show it: the mean moves on in one direction.
/// So no error is less than half of how far the number moved when it got more points (two or four times as many), which is less than a standard error where the error falls as it should. A number of which no
/// scrambling shows any error is known to one point in all of them at best.
/// </summary>
internal static class ErrorsThatHold
{
    private const double PartOfTheWay = 0.5;

    /// <summary>The result, its errors corrected by what fewer points had given.</summary>
    public static LimitResult Beside(LimitResult? fewer, LimitResult result)
    {
        if (fewer is null || fewer.Records.Count < result.Records.Count)
        {
            return result;
        }

        var records = result.Records.Select((record, i) => record with
        {
            Values = record.Values.Select((estimate, k) => Corrected(fewer.Records[i].Values[k], estimate, result.Replicates)).ToValueList(),
        }).ToValueList();
        return result with { Records = records, LargestError = LimitResult.LargestErrorOf(records) };
    }

    private static Estimate Corrected(Estimate before, Estimate now, int replicates)
    {
        var moved = PartOfTheWay * Math.Abs(now.Value - before.Value);
        if (moved > now.Error)
        {
            return now with { Error = moved };
        }

        return now.Error == 0 && now.Value != 0 ? now with { Error = Math.Abs(now.Value) / ((double)now.Points * replicates) } : now;
    }
}
