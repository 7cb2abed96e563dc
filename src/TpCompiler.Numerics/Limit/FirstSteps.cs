using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Limit.Covariances;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// The beginning of a training by itself. Its expectations are integrals over fewer Gaussians than those of later steps: before the first update each coordinate space has only met initial weights, and expectations fall apart into
/// integrals over one or two Gaussians (<see cref="CovarianceEvaluator"/>); after a few, grids may still do. So the first numbers of an output are exact, or have a bound, where later ones need points.
/// </summary>
internal static class FirstSteps
{
    /// <summary>Grids of more dimensions than these would cost more than the points that the whole training takes.</summary>
    public const int MostDimensions = 4;

    /// <summary>The program of as many iterations of its one loop; null where there is none, or no more iterations than these.</summary>
    public static Program? Of(Program limit, int iterations) => LoopOf(limit) is { } loop && iterations < loop.Count
        ? limit with { Body = limit.Body.Select(statement => statement == (Statement)loop ? loop with { Count = iterations } : statement).ToValueList() }
        : null;

    /// <summary>The first iteration as a program without a loop: what outputs are before the first update. Null where there is no loop, or an output reads its counter.</summary>
    public static Program? WithoutUpdates(Program limit)
    {
        if (LoopOf(limit) is not { } loop || loop.Body.Any(statement => statement is Loop))
        {
            return null;
        }

        var initial = loop.Carried.ToDictionary(carried => carried.State.Name, carried => carried.Initial, StringComparer.Ordinal);
        var body = loop.Body.Cast<Instruction>().Select(instruction => instruction.MapExpressions(expr => expr.SubstituteReferences(reference => initial.TryGetValue(reference.Name, out var name) ? reference with { Name = name } : reference)));
        var straight = DeadCode.Remove(limit with { Body = limit.Body.TakeWhile(statement => statement is not Loop).Concat(body).ToValueList() });
        return straight.Body.Instructions().SelectMany(instruction => instruction.Expressions()).Any(expr => expr.FreeIndices().Contains(loop.Counter)) ? null : straight;
    }

    /// <summary>The tier of each output's first number, as far as the program tells without its data; outputs whose first number is computed as all others are left out.</summary>
    public static IReadOnlyDictionary<string, string> TiersOf(Program limit) =>
        BeforeUpdates(limit, CovarianceEvaluator.LikelyTierOf).SelectMany(pair => pair.Part.Outputs.Select(output => (output, pair.Found))).ToDictionary(StringComparer.Ordinal);

    /// <summary>What outputs are before the first update, where that needs no points: all together, or one by one.</summary>
    public static IEnumerable<LimitResult> BeforeUpdates(Program limit, IDataFeed feed, Func<string, int> sizeOfAxis, CancellationToken cancel) =>
        BeforeUpdates(limit, straight => CovarianceEvaluator.Evaluate(straight, new FirstIteration(feed), sizeOfAxis, cancel)).Select(pair => pair.Found);

    private static IEnumerable<(Program Part, TFound Found)> BeforeUpdates<TFound>(Program limit, Func<Program, TFound?> find)
        where TFound : class
    {
        if (WithoutUpdates(limit) is not { } straight)
        {
            return [];
        }

        return find(straight) is { } whole ? [(straight, whole)]
            : straight.Outputs.Count == 1 ? []
            : straight.Outputs.Select(output => LimitEvaluator.Only(straight, [output])).Select(part => (part, find(part))).Where(pair => pair.Item2 is not null).Select(pair => (pair.part, pair.Item2!));
    }

    /// <summary>The result with numbers of the first iterations from elsewhere.</summary>
    /// <param name="result">Of the whole program.</param>
    /// <param name="beginning">Of its beginning; its records have the counters of the loop.</param>
    /// <param name="settings">What the errors should be.</param>
    /// <param name="onlyBetter">Whether numbers with smaller errors stay.</param>
    public static LimitResult Beside(LimitResult result, LimitResult beginning, LimitSettings settings, bool onlyBetter)
    {
        var better = beginning.Records.ToDictionary(record => (record.Name, record.Iteration));
        var records = result.Records.Select(record =>
            better.TryGetValue((record.Name, record.Iteration), out var other) && (!onlyBetter || WorstOf(other) <= WorstOf(record))
                ? other with { Tier = beginning.Tier }
                : record with { Tier = record.Tier ?? result.Tier }).ToValueList();
        var largest = LimitResult.LargestErrorOf(records);
        return result with { Records = records, LargestError = largest, Shortfall = result.Shortfall is LimitShortfall.Tolerance or LimitShortfall.Memory && records.All(settings.IsReachedBy) ? LimitShortfall.None : result.Shortfall };

        static double WorstOf(LimitRecord record) => record.Values.Select(estimate => estimate.Error).DefaultIfEmpty(0).Max();
    }

    /// <summary>The one loop of a training whose outputs all stand in it.</summary>
    private static Loop? LoopOf(Program limit) =>
        limit.Body.OfType<Loop>().ToList() is [var loop] && loop.Count > 1 && limit.Outputs.All(loop.Body.OfType<Instruction>().Select(instruction => instruction.Result.Name).Contains) ? loop : null;

    /// <summary>The data of iteration 0, for a program that has no iterations.</summary>
    private sealed class FirstIteration(IDataFeed feed) : IDataFeed
    {
        public void Read(string field, ReadOnlySpan<int> iteration, Tensor<double> destination) => feed.Read(field, [0], destination);
    }
}
