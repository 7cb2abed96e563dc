using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Numerics.Kernels;
using TpCompiler.Numerics.Limit.Covariances;
using TpCompiler.Numerics.Limit.Grids;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit;

/// <summary>
/// Evaluates a limit program: by coefficients when it is affine, by exact polynomials when it is one of moderate size, on a grid when it is smooth and its coordinate spaces meet few Gaussians, otherwise at
/// quasi-random points, adding points until every output has the standard error asked for. Each scrambling runs the whole program on its own; the spread of their results is the error.
/// </summary>
public static class LimitEvaluator
{
    public const string Coefficients = "coefficients";

    public const string Polynomials = "polynomials";

    public const string Quadrature = "quadrature";

    public const string QuasiRandom = "quasi-random points";

    private const int FirstPoints = 1 << 11;

    private const int FirstCapacity = 64;

    /// <summary>Where a matrix has an entry for each pair of points.</summary>
    private const int FirstPointsOfPairs = 1 << 8;

    /// <summary>More only when it is asked for: four times the time for each doubling.</summary>
    private const int MostPointsOfPairs = 1 << 11;

    /// <summary>What the variables of a limit program will live in; where there is more than one, the first that the size of the program allows.</summary>
    public static ValueList<string> TiersOf(Program limit)
    {
        if (CoefficientProgram.IsAffine(limit))
        {
            return [Coefficients];
        }

        ValueList<string> polynomials = PolynomialEvaluator.IsPolynomial(limit) ? [Polynomials] : [];
        if (CovarianceEvaluator.TiersOf(limit) is { Count: > 0 } covariances)
        {
            return [.. polynomials, .. covariances];
        }

        return [.. polynomials, .. QuadratureGrid.MaySuit(limit) ? [Quadrature] : ValueList<string>.Empty, QuasiRandom];
    }

    /// <summary>
    /// Outputs that the same tiers serve, in the order of the program: one that is affine or polynomial by itself is computed exactly, whatever the others are. What can't be told apart stays together.
    /// </summary>
    public static IReadOnlyList<(ValueList<string> Outputs, ValueList<string> Tiers)> TiersOfOutputs(Program limit)
    {
        var whole = TiersOf(limit);
        return whole[0] is Coefficients or Polynomials || limit.Outputs.Count < 2
            ? [(limit.Outputs, whole)]
            : [.. limit.Outputs.GroupBy(output => string.Join('\n', TiersOf(Only(limit, [output])))).SelectMany(Split)];

        // Outputs that are integrals of few Gaussians, but not of the same ones.
        IEnumerable<(ValueList<string> Outputs, ValueList<string> Tiers)> Split(IGrouping<string, string> group)
        {
            ValueList<string> tiers = [.. group.Key.Split('\n')];
            return TiersOf(Only(limit, group.ToValueList()))[0] == tiers[0] ? [(group.ToValueList(), tiers)] : group.Select(output => ((ValueList<string>)[output], tiers));
        }
    }

    /// <summary>The way to the first number of outputs that may need points later, where it is another one; see <see cref="FirstSteps"/>.</summary>
    /// <param name="limit">The program.</param>
    /// <param name="groups">Its <see cref="TiersOfOutputs"/>.</param>
    public static IReadOnlyDictionary<string, string> FirstTiersOf(Program limit, IReadOnlyList<(ValueList<string> Outputs, ValueList<string> Tiers)> groups) =>
        groups.Where(group => group.Tiers[^1] == QuasiRandom).Select(group => FirstSteps.TiersOf(Only(limit, group.Outputs))).SelectMany(tiers => tiers).ToDictionary(StringComparer.Ordinal);

    /// <param name="limit">A limit program (no powers of n but the 1/n of outer terms and of variances of matrices).</param>
    /// <param name="feed">The numbers of its Data.</param>
    /// <param name="settings">How far to go.</param>
    /// <param name="progress">Told of scramblings done, of all at the present number of points.</param>
    /// <param name="cancel">Ends the run; what is done is kept.</param>
    public static LimitResult Evaluate(
        Program limit, IDataFeed feed, LimitSettings settings, IProgress<LimitProgress>? progress = null, CancellationToken cancel = default)
    {
        var groups = !settings.AllowExact ? [(limit.Outputs, [])] : settings.Points is null ? TiersOfOutputs(limit) : AtChosenPoints(limit);
        if (groups.Count == 1)
        {
            return EvaluateTogether(limit, feed, settings, progress, cancel);
        }

        return Together(limit, [.. groups.Select(group => EvaluateTogether(Only(limit, group.Outputs), feed, settings, progress, cancel))]);
    }

    /// <summary>The numbers of different outputs as one result, in the order of the program; the points are those of the one that took most.</summary>
    private static LimitResult Together(Program limit, IReadOnlyList<LimitResult> results)
    {
        var main = results.MaxBy(result => result.Points)!;
        var order = limit.Body.Instructions().Select((instruction, place) => (instruction.Result.Name, place)).ToDictionary(pair => pair.Name, pair => pair.place, StringComparer.Ordinal);
        return main with
        {
            Records = results.SelectMany(result => result.Records.Select(record => record with { Tier = record.Tier ?? result.Tier }))
                .OrderBy(record => record.Iteration.Count == 0 ? 0 : record.Iteration[0] + 1).ThenBy(record => order[record.Name]).ToValueList(),
            Shortfall = results.Max(result => result.Shortfall),
            LargestError = results.Max(result => result.LargestError),
            Remark = results.Select(result => result.Remark).FirstOrDefault(remark => remark is not null),
            MemoryNeeded = results.Max(result => result.MemoryNeeded),
            Failure = results.Select(result => result.Failure).FirstOrDefault(failure => failure is not null),
        };
    }

    /// <summary>With the number of points chosen nothing is integrated on a grid: what isn't exact is one group.</summary>
    private static IReadOnlyList<(ValueList<string> Outputs, ValueList<string> Tiers)> AtChosenPoints(Program limit)
    {
        var groups = TiersOfOutputs(limit);
        var exact = groups.Where(group => group.Tiers[0] is Coefficients or Polynomials).ToList();
        var sampled = limit.Outputs.Except(exact.SelectMany(group => group.Outputs)).ToValueList();
        return sampled.Count == 0 ? groups : [.. exact, (sampled, [QuasiRandom])];
    }

    /// <summary>Whether a limit may be integrated on grids without panels: its functions have no kinks, and the Gaussian vectors of a coordinate space alone are not too many.</summary>
    public static bool MayIntegrate(Program limit) => QuadratureGrid.IsPiecewiseSmooth(limit) && QuadratureGrid.KinkedSpaces(limit).Count == 0 && QuadratureGrid.Suits(QuadratureGrid.LeastGaussians(limit with
    {
        Body = [.. limit.Body.OfType<Instruction.Gaussian>()],
    }), new HashSet<string>());

    /// <summary>The part of a program that some of its outputs need.</summary>
    internal static Program Only(Program limit, ValueList<string> outputs) => DeadCode.Remove(limit with { Outputs = outputs });

    private static LimitResult EvaluateTogether(
        Program limit, IDataFeed feed, LimitSettings settings, IProgress<LimitProgress>? progress, CancellationToken cancel)
    {
        limit = Execution(settings, settings.Threads).ExpandLowRank(limit);
        if (settings.AllowExact && CoefficientProgram.IsAffine(limit))
        {
            return ByCoefficients(limit, feed, settings, cancel);
        }

        string? remark = null;
        LimitResult? exactSteps = null;
        if (settings.AllowExact && PolynomialEvaluator.IsPolynomial(limit))
        {
            var (exact, isComplete) = PolynomialEvaluator.EvaluateAsFarAsItGoes(limit, feed, settings.AxisSizes);
            exactSteps = OfPolynomials(exact);
            if (isComplete)
            {
                return exactSteps;
            }

            remark = PolynomialEvaluator.TooLarge;
        }

        if (settings is { AllowExact: true, AllowCovariances: true, Points: null } && CovarianceEvaluator.Evaluate(limit, feed, Execution(settings, 1).SizeOfAxisIn(limit), cancel) is { } covariances)
        {
            return WhereTheyDo(covariances, limit, feed, settings, progress, cancel) with { Remark = remark };
        }

        var result = WithFirstSteps(Integrated(limit, feed, settings, progress, cancel), limit, feed, settings, cancel);
        return (exactSteps is null || exactSteps.Records.Count == 0 ? result : FirstSteps.Beside(result, exactSteps, settings, onlyBetter: false)) with { Remark = remark };
    }

    /// <summary>Integrals over two Gaussians, where they reach the tolerance or all digits; other outputs by grids or points too, and each number as it is known best.</summary>
    private static LimitResult WhereTheyDo(LimitResult covariances, Program limit, IDataFeed feed, LimitSettings settings, IProgress<LimitProgress>? progress, CancellationToken cancel)
    {
        var others = covariances.Records.Where(record => !settings.IsReachedBy(record)).ToList();
        if (others.Count == 0)
        {
            return covariances;
        }

        var known = covariances.Records.Except(others).ToValueList();
        var result = FirstSteps.Beside(Integrated(Only(limit, others.Select(record => record.Name).ToValueList()), feed, settings, progress, cancel), covariances, settings, onlyBetter: true);
        return result.Records.Count < others.Count
            ? result with { Records = covariances.Records, Tier = covariances.Tier, LargestError = covariances.LargestError }
            : Together(limit, [covariances with { Records = known, LargestError = LimitResult.LargestErrorOf(known) }, result]);
    }

    /// <summary>Points for all that comes later don't make the first numbers any better: these by integrals over two Gaussians, and on grids where the tolerance has not been reached.</summary>
    private static LimitResult WithFirstSteps(LimitResult result, Program limit, IDataFeed feed, LimitSettings settings, CancellationToken cancel)
    {
        if (settings is not { AllowExact: true, AllowCovariances: true, Points: null } || result.Failure is not null)
        {
            return result;
        }

        foreach (var before in FirstSteps.BeforeUpdates(limit, feed, Execution(settings, 1).SizeOfAxisIn(limit), cancel))
        {
            result = FirstSteps.Beside(result, before with { Records = before.Records.Select(record => record with { Iteration = [0] }).ToValueList() }, settings, onlyBetter: false);
        }

        for (var iterations = 2; result.Tier == QuasiRandom && result.Shortfall is LimitShortfall.Tolerance or LimitShortfall.Memory && FirstSteps.Of(limit, iterations) is { } beginning; iterations++)
        {
            var (bytesPerPoint, _, spaces) = Measure(beginning, feed, settings, cancel);
            if (spaces.Values.Any(space => space.Gaussians > FirstSteps.MostDimensions) || ByQuadrature(beginning, feed, settings, spaces, bytesPerPoint / settings.Threads, null, cancel) is not { } integrated)
            {
                return result;
            }

            result = FirstSteps.Beside(result, integrated, settings, onlyBetter: true);
            if (integrated.LargestError > settings.Tolerance)
            {
                return result;
            }
        }

        return result;
    }

    /// <summary>By quadrature where a grid suits the program, else at points.</summary>
    private static LimitResult Integrated(Program limit, IDataFeed feed, LimitSettings settings, IProgress<LimitProgress>? progress, CancellationToken cancel)
    {
        var (bytesPerPoint, bytesPerPair, spaces) = Measure(limit, feed, settings, cancel);
        var integrated = settings.AllowExact && settings.Points is null ? ByQuadrature(limit, feed, settings, spaces, bytesPerPoint / settings.Threads, progress, cancel) : null;
        if (integrated is not null && integrated.LargestError <= settings.Tolerance)
        {
            return integrated;
        }

        var points = settings.Points ?? (bytesPerPair > 0 ? FirstPointsOfPairs : FirstPoints);
        LimitResult? fewer = null;
        var tails = new TailWatch(limit, settings.Replicates);
        while (true)
        {
            if (Memory(points) > settings.MaxMemory)
            {
                return LimitResult.Nothing(points, settings.Replicates, LimitShortfall.Memory) with { MemoryNeeded = Memory(points) };
            }

            fewer ??= points >= 4 ? AtPoints(limit, tails, feed, settings, points / 4, null, cancel) : null;
            var result = ErrorsThatHold.Beside(fewer, AtPoints(limit, tails, feed, settings, points, progress, cancel));
            fewer = result;
            if (integrated is not null && result.LargestError * points / settings.MaxPoints > integrated.LargestError)
            {
                // Even with an error that falls like 1/points no number of them gets as near.
                return integrated with { Shortfall = LimitShortfall.Tolerance };
            }

            if (result.Shortfall != LimitShortfall.None || result.LargestError <= settings.Tolerance || settings.Points is not null)
            {
                return result.Shortfall == LimitShortfall.None && result.LargestError > settings.Tolerance ? result with { Shortfall = LimitShortfall.Tolerance } : result;
            }

            var next = NextPoints(points, result.LargestError / settings.Tolerance);
            if (next > (bytesPerPair > 0 ? Math.Min(settings.MaxPoints, MostPointsOfPairs) : settings.MaxPoints))
            {
                return result with { Shortfall = LimitShortfall.Tolerance };
            }

            if (Memory(next) > settings.MaxMemory)
            {
                return result with { Shortfall = LimitShortfall.Memory };
            }

            points = next;
        }

        double Memory(int count) => (bytesPerPoint + (bytesPerPair * count)) * count;
    }

    /// <summary>Runs a training whose observer measures it: on coefficients where the program is affine, else at the points of one scrambling, <see cref="LimitSettings.Points"/> or a few.</summary>
    /// <param name="limit">The limit of a training with a test behind its loop.</param>
    /// <param name="feed">The numbers that the training reads.</param>
    /// <param name="settings">How far to go; the seed chooses the scrambling.</param>
    /// <param name="observer">Makes an observer; another one when the training starts again because it met more Gaussians than there was room for.</param>
    /// <param name="progress">Told of iterations.</param>
    /// <param name="cancel">Ends the run.</param>
    public static (ExecutionResult Result, string Tier, int Points) Train(
        Program limit, IDataFeed feed, LimitSettings settings, Func<ITrainingObserver> observer, IProgress<ExecutionProgress>? progress = null, CancellationToken cancel = default)
    {
        limit = Execution(settings, settings.Threads).ExpandLowRank(limit);
        if (!settings.AllowExact || !CoefficientProgram.IsAffine(limit))
        {
            var points = settings.Points ?? FirstPoints;
            return (Interpreter(limit, new QuasiRandomCarrier(points, settings.Seed)).Train(feed, observer(), progress, cancel), QuasiRandom, points);
        }

        for (var capacity = Math.Max(FirstCapacity, RoomFor(limit, settings)); ; capacity *= 4)
        {
            try
            {
                var program = CoefficientProgram.Of(limit, capacity);
                var result = settings.SinglePrecision && CoefficientInterpreter<float>.Runs(program)
                    ? new CoefficientInterpreter<float>(program, Execution(settings, settings.Threads), capacity, settings.Seed).Train(feed, observer(), progress, cancel)
                    : Interpreter(program, new CoefficientCarrier(capacity)).Train(feed, observer(), progress, cancel);
                return (result, Coefficients, 0);
            }
            catch (CapacityExceededException)
            {
                // The next capacity has room for four times the Gaussians.
            }
        }

        LimitInterpreter Interpreter(Program program, Carrier carrier) => new(program, Execution(settings, settings.Threads), carrier, settings.Seed);
    }

    /// <summary>Twice the points, or four times when the error is far from its goal.</summary>
    private static int NextPoints(int points, double excess) => points * (excess > 3 ? 4 : 2);

    /// <summary>Runs that show what rounding does.</summary>
    private const int MovedRuns = 3;

    private static LimitResult ByCoefficients(Program limit, IDataFeed feed, LimitSettings settings, CancellationToken cancel)
    {
        for (var capacity = Math.Max(FirstCapacity, RoomFor(limit, settings)); ; capacity *= 4)
        {
            try
            {
                var program = CoefficientProgram.Of(limit, capacity);
                var run = Run(program, capacity, null);
                var moved = Enumerable.Range(1, MovedRuns).Select(pattern => Run(program, capacity, new MovedRounding((ulong)pattern)).Records).ToList();
                var records = run.Records.Select((record, i) => new LimitRecord(
                    record.Name,
                    record.Iteration,
                    record.Shape,
                    record.Values.Select((value, k) => new Estimate(value, MovedRounding.ErrorOf(value, moved.Select(other => i < other.Count ? other[i].Values[k] : double.PositiveInfinity)), ErrorKind.Exact, 0)).ToValueList())).ToValueList();
                return new LimitResult(records, Coefficients, 0, 1, ShortfallOf(run), 0, run.Failure);
            }
            catch (CapacityExceededException)
            {
                // The next capacity has room for four times the Gaussians.
            }
        }

        ExecutionResult Run(Program program, int capacity, MovedRounding? rounding) =>
            new LimitInterpreter(program, Execution(settings, settings.Threads), new CoefficientCarrier(capacity), settings.Seed, rounding: rounding).Run(feed, null, cancel);
    }

    /// <summary>The coefficients that a variable has at most; null when that is known only once matrices have met vectors, or when the limit runs on something else.</summary>
    public static int? CoefficientsOf(Program limit, LimitSettings settings) =>
        settings.AllowExact && CoefficientProgram.IsAffine(limit) && CoefficientInterpreter<float>.Runs(limit) ? Math.Max(FirstCapacity, RoomFor(limit, settings)) : null;

    /// <summary>One more than the Gaussian vectors of all spaces, in whole registers: enough where there are no Gaussian matrices, whose images come as they are met.</summary>
    private static int RoomFor(Program limit, LimitSettings settings)
    {
        var sizeOfAxis = Execution(settings, 1).SizeOfAxisIn(limit);
        var gaussians = limit.Body.Instructions().OfType<Instruction.Gaussian>().Where(gaussian => gaussian.Result.Kind == ValueKind.Vector)
            .Sum(gaussian => gaussian.Result.Indices.Aggregate(1, (rows, binder) => rows * sizeOfAxis(binder.Axis)));
        return (gaussians + 2 + 7) & ~7;
    }

    private static LimitResult OfPolynomials(IReadOnlyList<ExactRecord> exact)
    {
        var records = exact.Select(record => new LimitRecord(
            record.Name,
            record.Iteration,
            record.Shape,
            record.Values.Select(value => new Estimate(value.ToDouble(), value.IsZero ? 0 : Math.BitIncrement(Math.Abs(value.ToDouble())) - Math.Abs(value.ToDouble()), ErrorKind.Exact, 0)).ToValueList()));
        return new LimitResult(records.ToValueList(), Polynomials, 0, 1, LimitShortfall.None, 0, null);
    }

    private static LimitResult? ByQuadrature(
        Program limit, IDataFeed feed, LimitSettings settings, IReadOnlyDictionary<string, CoordinateSpace> spaces, double bytesPerPoint, IProgress<LimitProgress>? progress, CancellationToken cancel)
    {
        if (!QuadratureGrid.IsPiecewiseSmooth(limit))
        {
            return null;
        }

        var kinked = QuadratureGrid.KinkedSpaces(limit);
        return QuadratureGrid.Suits(spaces.ToDictionary(space => space.Key, space => space.Value.Gaussians), kinked)
            ? new GridSearch(limit, feed, settings, [.. spaces.OrderBy(space => space.Value.Number).Select(space => (space.Value.Gaussians, kinked.Contains(space.Key)))], bytesPerPoint, progress, cancel).Run()
            : null;
    }

    /// <summary>Memory of all concurrent scramblings, the vectors of one iteration and the history of all, for each point and for each pair of points, and the coordinate spaces with the Gaussians that they meet, on a run with few points.</summary>
    private static (double BytesPerPoint, double BytesPerPair, IReadOnlyDictionary<string, CoordinateSpace> Spaces) Measure(Program limit, IDataFeed feed, LimitSettings settings, CancellationToken cancel)
    {
        const int Few = 1 << 6;
        var interpreter = new LimitInterpreter(limit, Execution(settings, 1), new QuasiRandomCarrier(Few, settings.Seed), settings.Seed);
        interpreter.Run(feed, null, cancel);
        var sizeOfAxis = Execution(settings, 1).SizeOfAxisIn(limit);
        var rows = limit.Body.Definitions().Where(definition => definition.Kind == ValueKind.Vector).Sum(RowsOf) + new TailWatch(limit, settings.Replicates).Vectors.Select(RowsOf).DefaultIfEmpty(0).Max();
        return ((interpreter.BytesPerNumber + (sizeof(double) * rows)) * settings.Threads, (double)interpreter.PairBytes / (Few * Few) * settings.Threads, interpreter.Spaces);

        double RowsOf(Definition vector) => vector.Indices.Aggregate(1.0, (product, index) => product * sizeOfAxis(index.Axis));
    }

    private static LimitResult AtPoints(
        Program limit, TailWatch tails, IDataFeed feed, LimitSettings settings, int points, IProgress<LimitProgress>? progress, CancellationToken cancel)
    {
        var runs = new Scramblings.Run[settings.Replicates];
        var done = 0;
        Parallel.For(0, runs.Length, new ParallelOptions { MaxDegreeOfParallelism = settings.Threads }, replicate =>
        {
            var carrier = new QuasiRandomCarrier(points, (settings.Seed * 0x1_0000) + (ulong)replicate);
            var interpreter = new LimitInterpreter(limit, Execution(settings, 1), carrier, settings.Seed, tails: tails);
            runs[replicate] = new(WorkSharing.Alone(() => interpreter.Run(feed, null, cancel)), interpreter.Tails);
            progress?.Report(new LimitProgress(points, Interlocked.Increment(ref done), runs.Length));
        });

        var beyond = TermGrowth.Of(limit, tails, feed, Execution(settings, settings.Threads), points, runs.Length, (settings.Seed, settings.Seed * 0x1_0000), cancel);
        var records = Scramblings.Combine(runs, points, tails, beyond);
        var shortfall = runs.Select(run => ShortfallOf(run.Result)).Max();
        var failure = runs.Select(run => run.Result.Failure).FirstOrDefault(found => found is not null);
        return new LimitResult(records, QuasiRandom, points, runs.Length, shortfall, LimitResult.LargestErrorOf(records), failure);
    }

    private static ExecutionSettings Execution(LimitSettings settings, int threads) => new() { AxisSizes = settings.AxisSizes, Threads = threads };

    private static LimitShortfall ShortfallOf(ExecutionResult run) =>
        run.Failure is not null ? LimitShortfall.NotFinite : run.IsCancelled ? LimitShortfall.Cancelled : LimitShortfall.None;
}

/// <summary>How far an evaluation at quasi-random points is.</summary>
public readonly record struct LimitProgress(int Points, int ScramblingsDone, int Scramblings);
