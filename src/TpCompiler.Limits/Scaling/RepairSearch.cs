using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// Looks for the smallest change of a parametrization that makes an unstable or trivial program neither. Every candidate is analysed in full. First what is wrong at initialisation is mended
/// weight by weight, in the order of the program; then one number of one weight is tried, then the learning rates of all weights that offend, output weights first.
/// </summary>
internal sealed class RepairSearch
{
    /// <summary>Analyses at most, by the number of weights that training moves: a deep net is not searched for seconds.</summary>
    private const int Effort = 240;

    private readonly Analysis analysis;
    private readonly List<ExponentChange> changes = [];
    private Assessment current;
    private Shifts shifts = Shifts.None;
    private int left;

    private RepairSearch(Analysis analysis, Assessment assessment)
    {
        (this.analysis, current) = (analysis, assessment);
        left = Math.Max(24, Effort / Math.Max(1, assessment.Training.Weights.Count / 4));
    }

    public static Repair? Find(Analysis analysis, Assessment assessment) => new RepairSearch(analysis, assessment).Find();

    private Repair? Find()
    {
        if (!MendInitialisation())
        {
            return null;
        }

        if (IsGood(current.Regime))
        {
            return Result(changes, current.Regime);
        }

        // One number of one weight.
        if (OneNumber() is { } one)
        {
            return Result([.. changes.Where(change => !SameNumber(change, one.Change)), Since(one.Change)], one.Regime);
        }

        // Rates that stop one thing may leave f where it is, and the other way round.
        for (var round = 0; round < 3; round++)
        {
            if (current.Regime == Regime.Trivial)
            {
                MoveOutput();
            }

            if (IsGood(current.Regime) || Rates())
            {
                return Result(changes, current.Regime);
            }
        }

        left = Math.Max(left, 24);
        return OneNumber() is { } last ? Result([.. changes.Where(change => !SameNumber(change, last.Change)), Since(last.Change)], last.Regime) : null;
    }

    private static bool SameNumber(ExponentChange x, ExponentChange y) => x.Parameter == y.Parameter && x.Exponent == y.Exponent;

    /// <summary>The same change counted from the program's own number.</summary>
    private ExponentChange Since(ExponentChange change) => changes.Find(before => SameNumber(before, change)) is { } first ? change with { From = first.From } : change;

    /// <summary>A trivial program: the output weight (whose rate alone can't move features) that moves f most gets the rate at which it moves f by Θ(1).</summary>
    private void MoveOutput()
    {
        var closest = current.Training.Weights
            .Select(weight => (Weight: weight, Exponent: analysis.Forward.Outputs.Select(name => current.Effect(weight, name)).Min()))
            .Where(pair => pair.Exponent is { Sign: > 0 })
            .OrderBy(pair => current.Training.SecondStep.ContainsKey(pair.Weight.Name))
            .ThenBy(pair => pair.Exponent)
            .FirstOrDefault();
        if (closest.Weight is not null)
        {
            Keep(Change(closest.Weight, AbcExponent.C, -closest.Exponent!.Value));
        }
    }

    private static bool IsGood(Regime regime) => regime is Regime.KernelRegime or Regime.FeatureLearning;

    private bool MendInitialisation()
    {
        while (current.InitialReasons.Count > 0)
        {
            var reason = current.InitialReasons[0];
            var mended = analysis.WeightsBehind(reason.Instruction)
                .Select(weight => Change(weight, AbcExponent.B, -reason.Exponent!.Value))
                .FirstOrDefault(change => Try(change)?.InitialReasons.All(other => other.Instruction != reason.Instruction) ?? false);
            if (mended is null)
            {
                return false;
            }

            Keep(mended);
        }

        return true;
    }

    private (ExponentChange Change, Regime Regime)? OneNumber()
    {
        var sizes = Deficits().SelectMany(d => new[] { d / 2, d, 2 * d }).Distinct().OrderBy(d => d).ToList();
        var weights = current.Training.Weights.Reverse().OrderBy(weight => Deficit(weight).IsZero).Take(6).ToList();
        foreach (var size in sizes)
        {
            foreach (var exponent in new[] { AbcExponent.C, AbcExponent.A, AbcExponent.B })
            {
                foreach (var weight in weights)
                {
                    foreach (var delta in current.Regime == Regime.Trivial ? new[] { -size, size } : [size, -size])
                    {
                        var change = Change(weight, exponent, delta);
                        if (Try(change) is { } assessment && IsGood(assessment.Regime))
                        {
                            return (change, assessment.Regime);
                        }
                    }
                }
            }
        }

        return null;
    }

    /// <summary>Every weight that moves something too far gets the rate at which it moves nothing further than Θ(1): output weights first, since their size is in all other gradients.</summary>
    private bool Rates()
    {
        left = Math.Max(left, 8);
        foreach (var ofFeatures in new[] { false, true, true })
        {
            var moving = current.Training.SecondStep;
            foreach (var weight in current.Training.Weights.Where(weight => moving.ContainsKey(weight.Name) == ofFeatures).ToList())
            {
                if (Deficit(weight) is { IsZero: false } deficit)
                {
                    shifts = Add(Change(weight, AbcExponent.C, deficit));
                }
            }

            left--;
            current = analysis.Assess(shifts);
        }

        return IsGood(current.Regime);
    }

    /// <summary>How far the exponents of what this weight moves lie below 0.</summary>
    private Rational Deficit(Parameter weight) => -analysis.Forward.Checked
        .Select(name => current.Effect(weight, name) ?? 0)
        .Append(0)
        .Min();

    private IEnumerable<Rational> Deficits() => current.Regime == Regime.Trivial
        ? analysis.Forward.Outputs.Select(name => current.Run.Sizes.SizeOf(name).Change.Exponent ?? 0).Where(e => e.Sign > 0)
        : current.TrainingReasons().Select(reason => -reason.Exponent!.Value).Concat(current.Training.Weights.Select(Deficit)).Where(d => d.Sign > 0).Distinct();

    private ExponentChange Change(Parameter weight, AbcExponent exponent, Rational delta)
    {
        var from = exponent switch { AbcExponent.A => weight.A, AbcExponent.B => weight.B, _ => weight.C };
        if (changes.Find(change => change.Parameter == weight.Name && change.Exponent == exponent) is { } before)
        {
            from = before.To;
        }

        return new ExponentChange(weight.Name, exponent, from, from + delta);
    }

    private Assessment? Try(ExponentChange change) => left-- > 0 ? analysis.Assess(shifts.With(change)) : null;

    private void Keep(ExponentChange change)
    {
        shifts = Add(change);
        current = analysis.Assess(shifts);
    }

    private Shifts Add(ExponentChange change)
    {
        var known = changes.FindIndex(before => before.Parameter == change.Parameter && before.Exponent == change.Exponent);
        if (known >= 0)
        {
            changes[known] = changes[known] with { To = change.To };
        }
        else
        {
            changes.Add(change);
        }

        return shifts.With(change);
    }

    private Repair Result(IEnumerable<ExponentChange> found, Regime regime)
    {
        var order = analysis.Program.Parameters.Select(parameter => parameter.Name).ToList();
        var list = found.Where(change => change.From != change.To).OrderBy(change => order.IndexOf(change.Parameter)).ThenBy(change => change.Exponent).ToValueList();
        var parts = list.GroupBy(change => (change.Exponent, change.From, change.To)).Select(group =>
            $"{(group.Key.To > group.Key.From ? "raise" : "lower")} {group.Key.Exponent.ToString().ToLowerInvariant()} of {SizeText.List(group.Select(change => change.Parameter).ToList())} from {group.Key.From} to {group.Key.To}");
        return new Repair(list, regime, $"{string.Join(", ", parts)}: {(regime == Regime.KernelRegime ? "kernel regime" : "feature learning")}");
    }
}
