using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// Looks for the smallest change of a parametrization that makes an unstable or trivial program neither. Every candidate is analysed in full. First what is wrong at initialisation is mended
/// weight by weight, in the order of the program; then one number of one weight is tried, then the learning rates of all weights that offend, output weights first.
/// </summary>
internal sealed class RepairSearch : ParametrizationSearch
{
    /// <summary>Analyses at most, by the number of weights that training moves: a deep net is not searched for seconds.</summary>
    private const int Effort = 240;

    private RepairSearch(Analysis analysis, Assessment assessment)
        : base(analysis, Math.Max(24, Effort / Math.Max(1, assessment.Training.Weights.Count / 4)))
    {
        Current = assessment;
    }

    public static Repair? Find(Analysis analysis, Assessment assessment) => new RepairSearch(analysis, assessment).Find();

    private Repair? Find()
    {
        if (!MendInitialisation())
        {
            return null;
        }

        if (IsGood(Current.Regime))
        {
            return Result(Changes, Current.Regime);
        }

        // One number of one weight.
        if (OneNumber() is { } one)
        {
            return Result([.. Changes.Where(change => !SameNumber(change, one.Change)), Since(one.Change)], one.Regime);
        }

        // Rates that stop one thing may leave f where it is, and the other way round.
        for (var round = 0; round < 3; round++)
        {
            if (Current.Regime == Regime.Trivial)
            {
                MoveOutput();
            }

            if (IsGood(Current.Regime) || Rates())
            {
                return Result(Changes, Current.Regime);
            }
        }

        Left = Math.Max(Left, 24);
        return OneNumber() is { } last ? Result([.. Changes.Where(change => !SameNumber(change, last.Change)), Since(last.Change)], last.Regime) : null;
    }

    private static bool SameNumber(ExponentChange x, ExponentChange y) => x.Parameter == y.Parameter && x.Exponent == y.Exponent;

    /// <summary>The same change counted from the program's own number.</summary>
    private ExponentChange Since(ExponentChange change) => Changes.Find(before => SameNumber(before, change)) is { } first ? change with { From = first.From } : change;

    /// <summary>A trivial program: the output weight (whose rate alone can't move features) that moves f most gets the rate at which it moves f by Θ(1).</summary>
    private void MoveOutput()
    {
        var closest = Current.Training.Weights
            .Select(weight => (Weight: weight, Exponent: Analysis.Forward.Outputs.Select(name => Current.Effect(weight, name)).Min()))
            .Where(pair => pair.Exponent is { Sign: > 0 })
            .OrderBy(pair => Current.Training.SecondStep.ContainsKey(pair.Weight.Name))
            .ThenBy(pair => pair.Exponent)
            .FirstOrDefault();
        if (closest.Weight is not null)
        {
            Keep(Change(closest.Weight, AbcExponent.C, -closest.Exponent!.Value));
        }
    }

    private static bool IsGood(Regime regime) => regime is Regime.KernelRegime or Regime.FeatureLearning;

    private (ExponentChange Change, Regime Regime)? OneNumber()
    {
        var sizes = Deficits().SelectMany(d => new[] { d / 2, d, 2 * d }).Distinct().OrderBy(d => d).ToList();
        var weights = Current.Training.Weights.Reverse().OrderBy(weight => Deficit(weight).IsZero).Take(6).ToList();
        foreach (var size in sizes)
        {
            foreach (var exponent in new[] { AbcExponent.C, AbcExponent.A, AbcExponent.B })
            {
                foreach (var weight in weights)
                {
                    foreach (var delta in Current.Regime == Regime.Trivial ? new[] { -size, size } : [size, -size])
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
        Left = Math.Max(Left, 8);
        foreach (var ofFeatures in new[] { false, true, true })
        {
            var moving = Current.Training.SecondStep;
            foreach (var weight in Current.Training.Weights.Where(weight => moving.ContainsKey(weight.Name) == ofFeatures).ToList())
            {
                if (Deficit(weight) is { IsZero: false } deficit)
                {
                    Shifts = Add(Change(weight, AbcExponent.C, deficit));
                }
            }

            Left--;
            Current = Analysis.Assess(Shifts);
        }

        return IsGood(Current.Regime);
    }

    /// <summary>How far the exponents of what this weight moves lie below 0.</summary>
    private Rational Deficit(Parameter weight) => -Analysis.Forward.Checked
        .Select(name => Current.Effect(weight, name) ?? 0)
        .Append(0)
        .Min();

    private IEnumerable<Rational> Deficits() => Current.Regime == Regime.Trivial
        ? Analysis.Forward.Outputs.Select(name => Current.Run.Sizes.SizeOf(name).Change.Exponent ?? 0).Where(e => e.Sign > 0)
        : Current.TrainingReasons().Select(reason => -reason.Exponent!.Value).Concat(Current.Training.Weights.Select(Deficit)).Where(d => d.Sign > 0).Distinct();

    private Repair Result(IEnumerable<ExponentChange> found, Regime regime)
    {
        var order = Analysis.Program.Parameters.Select(parameter => parameter.Name).ToList();
        var list = found.Where(change => change.From != change.To).OrderBy(change => order.IndexOf(change.Parameter)).ThenBy(change => change.Exponent).ToValueList();
        var parts = list.GroupBy(change => (change.Exponent, change.From, change.To)).Select(group =>
            $"{(group.Key.To > group.Key.From ? "raise" : "lower")} {group.Key.Exponent.ToString().ToLowerInvariant()} of {SizeText.List(group.Select(change => change.Parameter).ToList())} from {group.Key.From} to {group.Key.To}");
        return new Repair(list, regime, $"{string.Join(", ", parts)}: {(regime == Regime.KernelRegime ? "kernel regime" : "feature learning")}");
    }
}
