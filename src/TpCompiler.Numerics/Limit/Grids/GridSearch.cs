using TpCompiler.Ir;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Limit.Grids;

/// <summary>
/// Looks for the smallest grid that gives a program's outputs within a tolerance. Every Gaussian of every coordinate space has a rule of its own, and that one is refined whose refinement moves the outputs most: a Gaussian that
/// moves a function little needs few nodes. What the outputs move when one rule is made coarser is that rule's part of the error; the parts are added up.
/// </summary>
internal sealed class GridSearch
{
    private const int FirstLevel = 3;

    /// <summary>For the first idea of where kinks are.</summary>
    private const int FirstPoints = 1 << 10;

    /// <summary>Of panels between kinks along a Gaussian.</summary>
    private const int UsualPanels = 8;

    private const int MostPasses = 12;

    /// <summary>Numbers that may be computed to find kinks: where there are so many, points are faster. A count and not a clock, so that the tier never depends on the machine.</summary>
    private const double MostProbed = 1L << 31;

    /// <summary>A grid of this size costs nothing, so it is refined to <see cref="LimitSettings.SmallGridGoal"/> whatever was asked for.</summary>
    private const int SmallGrid = 1 << 16;

    /// <summary>Quasi-random points do this without a grid of more points than <see cref="MostForLittle"/>.</summary>
    private const double LittleTolerance = 1e-6;

    private const double MostForLittle = 1 << 20;

    /// <summary>One refinement is trusted to make an error this much smaller at best: two coarse rules may agree by accident.</summary>
    private const double LargestGain = 12;

    private readonly Program program;
    private readonly IDataFeed feed;
    private readonly LimitSettings settings;
    private readonly IReadOnlyList<(int Gaussians, bool HasKinks)> spaces;
    private readonly KinkArguments kinks;
    private readonly double mostPoints;
    private readonly IProgress<LimitProgress>? progress;
    private readonly CancellationToken cancel;
    private readonly Dictionary<string, double[]> known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ExpectationTape> tapes = new(StringComparer.Ordinal);
    private readonly Dictionary<GridAxis, (double[] Now, double[] Before)> changes = [];
    private ValueList<ExecutionRecord>? records;
    private readonly Dictionary<int, PanelGrid> panels = [];
    private readonly double numbersOfPoint;
    private double probed;
    private double parts;
    private ExpectationTape tape = new();
    private double[]? shift;
    private int runs;

    /// <param name="program">A program of piecewise smooth functions.</param>
    /// <param name="feed">The numbers of its Data.</param>
    /// <param name="settings">How far to go.</param>
    /// <param name="spaces">The Gaussians that each coordinate space meets, and whether functions of them have kinks.</param>
    /// <param name="bytesPerPoint">Memory of a point.</param>
    /// <param name="progress">Told of grids.</param>
    /// <param name="cancel">Ends the search.</param>
    public GridSearch(
        Program program, IDataFeed feed, LimitSettings settings, IReadOnlyList<(int Gaussians, bool HasKinks)> spaces, double bytesPerPoint, IProgress<LimitProgress>? progress, CancellationToken cancel)
    {
        (this.program, this.feed, this.settings, this.spaces, this.progress, this.cancel) = (program, feed, settings, spaces, progress, cancel);
        kinks = KinkArguments.Of(program);
        var sizeOfAxis = new ExecutionSettings { AxisSizes = settings.AxisSizes }.SizeOfAxisIn(program);
        numbersOfPoint = NumbersIn(program.Body);

        double NumbersIn(IEnumerable<Statement> block) => block.Sum(statement => statement switch
        {
            Loop loop => loop.Count * NumbersIn(loop.Body),
            Instruction { Result: { Kind: ValueKind.Vector } vector } => vector.Indices.Aggregate(1.0, (product, index) => product * sizeOfAxis(index.Axis)),
            _ => 0,
        });
        mostPoints = Math.Min(settings.Tolerance < LittleTolerance ? (double)settings.MaxPoints * settings.Replicates : MostForLittle, settings.MaxMemory / Math.Max(bytesPerPoint, 1));
    }

    /// <summary>The outputs with bounds, as near to the tolerance as the search came; null where the grids don't converge, or where there is no grid.</summary>
    public LimitResult? Run()
    {
        try
        {
            return Search();
        }
        catch (CapacityExceededException)
        {
            return null;
        }
        catch (IncompleteRunException)
        {
            return null;
        }
    }

    private LimitResult? Search()
    {
        GridAxis[] axes = [.. spaces.SelectMany((space, number) => Enumerable.Range(0, space.Gaussians).Select(gaussian => new GridAxis(number, gaussian)))];
        var levels = new GridLevels(axes.ToDictionary(axis => axis, axis => (spaces[axis.Space].HasKinks ? RuleFamily.Panels : RuleFamily.Gauss, FirstLevel)));
        if (HasKinks)
        {
            Run(new QuasiRandomCarrier(FirstPoints, settings.Seed) { Tape = tape });
        }

        LimitResult? best = null;
        while (true)
        {
            PlaceBreaks(levels);
            parts = axes.Sum(axis => Change(levels, axis).Max());
            if (parts * 2 <= TargetOf(levels))
            {
                changes.Clear();
                if (Verified(levels, axes) is { } result)
                {
                    best = best is null || result.LargestError < best.LargestError ? result : best;
                    if (result.LargestError <= TargetOf(levels))
                    {
                        return best;
                    }
                }
            }

            var largest = axes.Max(axis => Change(levels, axis).Max());
            GridAxis[] coarse = [.. axes.Where(axis => Change(levels, axis).Max() is var change && change >= largest / 4 && levels.Axes[axis].Level + 1 < GridLevels.CountOf(levels.Axes[axis].Family))];
            foreach (var axis in coarse.Where(axis => levels.Axes[axis] == (RuleFamily.Gauss, GridLevels.Choice)))
            {
                levels = Chosen(levels, axis);
            }

            var finer = levels.Moved(coarse, 1);
            if (coarse.Length == 0 || PointsOf(finer) > mostPoints)
            {
                return best ?? Verified(levels, axes);
            }

            levels = finer;
            foreach (var axis in coarse)
            {
                changes.Remove(axis);
            }
        }
    }

    private double TargetOf(GridLevels levels) => PointsOf(levels) <= SmallGrid ? Math.Min(settings.Tolerance, settings.SmallGridGoal) : settings.Tolerance;

    private bool HasKinks => spaces.Any(space => space.HasKinks);

    /// <summary>The points of the largest space's grid; where there are kinks, with as many panels as there usually are.</summary>
    private double PointsOf(GridLevels levels) =>
        spaces.Select((space, number) => Enumerable.Range(0, space.Gaussians).Aggregate(1.0, (product, gaussian) => product * levels.NodesAt(new GridAxis(number, gaussian)) * (space.HasKinks ? UsualPanels : 1))).Max();

    /// <summary>
    /// Ends panels at the kinks as the expectations at these levels have them, until outputs move less by that than by finer rules. Kinks depend on expectations of steps before, so that each pass sets those of another step right.
    /// </summary>
    private void PlaceBreaks(GridLevels levels)
    {
        for (var pass = 0; HasKinks && pass < MostPasses; pass++)
        {
            var before = At(levels);
            tape = tapes[levels.Key];
            known.Clear();
            tapes.Clear();
            panels.Clear();
            shift = Distance(before, At(levels));
            if (shift.Max() <= Math.Max(0.01 * TargetOf(levels), 0.1 * parts))
            {
                return;
            }
        }
    }

    /// <summary>How much of each output's error is this axis's: the last change, or what the change before allows for.</summary>
    private double[] Change(GridLevels levels, GridAxis axis)
    {
        if (!changes.TryGetValue(axis, out var change))
        {
            var (fine, middle, coarse) = (At(levels), At(levels.Moved([axis], -1)), At(levels.Moved([axis], -2)));
            changes[axis] = change = (Distance(fine, middle), Distance(middle, coarse));
        }

        return [.. change.Now.Zip(change.Before, (now, before) => Math.Max(now, before / LargestGain))];
    }

    /// <summary>The family whose next refinement moves the outputs less.</summary>
    private GridLevels Chosen(GridLevels levels, GridAxis axis)
    {
        var trapezoidal = levels.With(axis, RuleFamily.Trapezoidal);
        return ChangeOf(trapezoidal) < ChangeOf(levels) ? trapezoidal : levels;

        double ChangeOf(GridLevels from) => Distance(At(from.Moved([axis], 1)), At(from)).Max();
    }

    /// <summary>
    /// The numbers at these levels with their bounds. All rules made coarser together move them no more than the parts do, and far less than one refinement before: else they are not to be trusted.
    /// </summary>
    private LimitResult? Verified(GridLevels levels, GridAxis[] axes)
    {
        var (fine, middle, coarse) = (At(levels), At(levels.Moved(axes, -1)), At(levels.Moved(axes, -2)));
        var (now, before) = (Distance(fine, middle), Distance(middle, coarse));
        if (!Converges(before.Max(), now.Max()))
        {
            return null;
        }

        var changed = axes.Select(axis => Change(levels, axis)).ToList();
        var points = (int)PointsOf(levels);
        var at = 0;
        var estimates = records!.Select(record => new LimitRecord(record.Name, record.Iteration, record.Shape, record.Values.Select(_ => EstimateAt(at++)).ToValueList())).ToValueList();
        return new LimitResult(estimates, LimitEvaluator.Quadrature, points, 1, LimitShortfall.None, LimitResult.LargestErrorOf(estimates), null);

        Estimate EstimateAt(int i)
        {
            var error = 2 * (Math.Max(now[i], changed.Sum(part => part[i])) + (shift?[i] ?? 0));
            return new Estimate(fine[i], error + (1e-13 * Math.Max(1, Math.Abs(fine[i]))), ErrorKind.Bound, points);
        }
    }

    /// <summary>Whether distances have begun to fall geometrically, without which coarse grids may be wrong together: from one pair of grids to the next to a third at most, and small.</summary>
    private static bool Converges(double before, double now) => double.IsFinite(before) && now <= Math.Max(before / 3, 1e-12) && now <= 1e-3;

    private double[] At(GridLevels levels)
    {
        if (known.TryGetValue(levels.Key, out var values))
        {
            return values;
        }

        var kept = new ExpectationTape();
        var carrier = new GridCarrier([.. spaces.Select((_, number) => GridOf(number, levels))]) { Tape = HasKinks ? kept : null };
        var run = Run(carrier);
        progress?.Report(new LimitProgress(carrier.Length, ++runs, 0));
        records = run.Records;
        tapes[levels.Key] = kept;
        return known[levels.Key] = [.. run.Records.SelectMany(record => record.Values)];
    }

    private SpaceGrid GridOf(int number, GridLevels levels)
    {
        GridAxis[] axes = [.. Enumerable.Range(0, spaces[number].Gaussians).Select(gaussian => new GridAxis(number, gaussian))];
        if (!spaces[number].HasKinks)
        {
            return SpaceGrid.Tensor([.. axes.Select(levels.RuleOf)]);
        }

        if (!panels.TryGetValue(number, out var grid))
        {
            panels[number] = grid = new PanelGrid(new KinkField(program, feed, settings, kinks, tape, number, axes.Length, Spend));
        }

        return grid.Build([.. axes.Select(levels.NodesAt)], [.. axes.Select(axis => PanelGrid.Reach(levels.Axes[axis].Level))], mostPoints) ?? throw new CapacityExceededException();
    }

    private void Spend(int points)
    {
        probed += points * numbersOfPoint;
        if (probed > MostProbed || cancel.IsCancellationRequested)
        {
            throw new CapacityExceededException();
        }
    }

    private ExecutionResult Run(Carrier carrier)
    {
        var run = new LimitInterpreter(program, new ExecutionSettings { AxisSizes = settings.AxisSizes, Threads = settings.Threads }, carrier, settings.Seed).Run(feed, null, cancel);
        return run.IsComplete ? run : throw new IncompleteRunException();
    }

    private static double[] Distance(double[] x, double[] y) => [.. x.Zip(y, (left, right) => Math.Abs(left - right))];

    private sealed class IncompleteRunException : Exception;
}
