using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>The verdict in words.</summary>
internal static class Judgement
{
    /// <param name="analysis">The program.</param>
    /// <param name="assessment">What gradients do.</param>
    /// <param name="decayed">What weight decay does alone; null when no weight decays.</param>
    /// <param name="parameters">The weights.</param>
    /// <param name="initialOutput">f at initialisation.</param>
    /// <param name="searched">The training in which a repair is looked for; null for none.</param>
    public static Verdict Of(Analysis analysis, Assessment assessment, Interpretation? decayed, ValueList<ParameterScale> parameters, InitialOutput? initialOutput, Func<Analysis>? searched)
    {
        var forward = analysis.Forward;
        var features = SizeText.List(forward.Features);
        var outputs = SizeText.List(forward.Outputs);
        var moved = Assessment.Smallest(forward.Outputs, assessment.Run.Sizes.SizeOf);
        var r = assessment.R;
        var shrunk = decayed is null ? [] : ByDecay(analysis.Decay, forward, decayed);
        var regime = shrunk.Any(reason => reason.Exponent is { Sign: < 0 }) ? Regime.Unstable : assessment.Regime;
        var kernel = regime == Regime.KernelRegime
            ? parameters.Where(parameter => parameter.Output is { IsZero: true }).Select(parameter => parameter.Name).ToValueList()
            : [];
        var reasons = assessment.Regime == Regime.Unstable
            ? assessment.InitialReasons.Count > 0 ? assessment.InitialReasons : assessment.TrainingReasons()
            : Moving(assessment, forward, parameters);
        reasons = [.. shrunk.Where(_ => regime != assessment.Regime), .. reasons, .. shrunk.Where(_ => regime == assessment.Regime), .. analysis.RandomScalars(assessment.Training.AtStart).Select(name => assessment.RandomAtStart(name))];
        var training = decayed is null ? "training moves" : "gradients move";
        var step = (decayed, r) switch
        {
            (null, null) => $"in one step the features {features} do not move",
            (null, _) => $"in one step the features {features} move by {SizeText.Of(r)}",
            (_, null) => $"in one step gradients do not move the features {features}",
            _ => $"in one step gradients move the features {features} by {SizeText.Of(r)}",
        };
        var then = r is not null ? outputs : $"{outputs} {(decayed is not null ? "are moved" : forward.Outputs.Count == 1 ? "moves" : "move")}";
        var text = regime switch
        {
            Regime.Unstable => $"unstable: {(reasons.Count > 0 ? reasons[0].Text : "sizes keep growing from step to step")}",
            Regime.Trivial => $"trivial: stable, but {training} {outputs} by {(moved is null ? "nothing" : $"only {SizeText.Of(moved)}")}",
            Regime.KernelRegime => $"kernel regime (r = {r?.ToString() ?? "∞"}): {step}, {then} by {SizeText.Of(moved)}",
            _ => $"feature learning (r = {r}): {step}, {outputs} by {SizeText.Of(moved)}",
        };
        if (decayed is not null && regime != Regime.Unstable)
        {
            text += $"; weight decay alone moves {Moved([.. forward.Features, .. forward.Outputs], decayed)}";
        }

        var repaired = searched is not null && regime == assessment.Regime && regime is Regime.Unstable or Regime.Trivial
            ? searched() is var other && ReferenceEquals(other, analysis) ? RepairSearch.Find(analysis, assessment) : RepairSearch.Find(other, other.Assess(Shifts.None(other.Kind)))
            : null;
        return new Verdict(regime, r, forward.Features, forward.Outputs, reasons, initialOutput, kernel, repaired, text) { Decaying = analysis.Decay.Exponents.Keys.ToValueList() };
    }

    /// <summary>"x2 by Θ(1), f by Θ(n^(-1/2))".</summary>
    private static string Moved(IReadOnlyList<string> names, Interpretation decayed) => string.Join(", ", names
        .GroupBy(name => decayed.SizeOf(name).Change.Exponent)
        .Select(group => group.Key is null ? $"{SizeText.List([.. group])} by nothing" : $"{SizeText.List([.. group])} by {SizeText.Of(group.Key)}"));

    /// <summary>How much of which weights decays, and what blows up by it.</summary>
    private static List<Reason> ByDecay(WeightDecay decay, ForwardPart forward, Interpretation decayed)
    {
        var blowing = forward.Checked.Where(name => decayed.SizeOf(name).Change.Exponent is { Sign: < 0 })
            .Select(name => (Name: name, Exponent: decayed.SizeOf(name).Change.Exponent))
            .Select(value => new Reason(value.Name, null, $"the change of {value.Name}", value.Exponent, Phase.Training, $"in training weight decay alone moves {value.Name} by {SizeText.Of(value.Exponent)}: it blows up as the width grows"));
        var taken = decay.Exponents.GroupBy(weight => weight.Value).OrderBy(group => group.Key)
            .Select(group => $"{SizeText.Of(group.Key)} of {SizeText.List([.. group.Select(weight => weight.Key)])}");
        return [.. blowing, new Reason(decay.Exponents.Keys.First(), null, "weight decay", decay.Exponents.Values.Min(), Phase.Training, $"weight decay takes {string.Join(", ", taken)} in training; the class is that of what gradients add to it")];
    }

    /// <summary>What moves f and the features, and by how much.</summary>
    private static ValueList<Reason> Moving(Assessment assessment, ForwardPart forward, ValueList<ParameterScale> parameters)
    {
        var reasons = new List<Reason>();
        foreach (var name in forward.Features.Concat(forward.Outputs))
        {
            var e = assessment.Run.Sizes.SizeOf(name).Change.Exponent;
            var movers = e is { } exponent ? assessment.Movers(name, exponent).ToList() : [];
            reasons.Add(assessment.ReasonFor(name, e, e is null ? $"in training nothing moves {name}" : $"in training {SizeText.Moves(movers, name)} by {SizeText.Of(e)}"));
        }

        var still = parameters.Where(parameter => parameter is { Trained: true, Maximal: false }).Select(parameter => parameter.Name).ToList();
        if (assessment.Regime == Regime.FeatureLearning && still.Count > 0)
        {
            reasons.Add(new Reason(still[0], null, $"the update of {SizeText.List(still)}", parameters.First(p => p.Name == still[0]).Preactivation, Phase.Training, $"{SizeText.List(still)} {(still.Count == 1 ? "is" : "are")} not trained maximally: the update vanishes in the limit"));
        }

        return reasons.ToValueList();
    }
}
