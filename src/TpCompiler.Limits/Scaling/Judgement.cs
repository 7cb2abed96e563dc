using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>The verdict in words.</summary>
internal static class Judgement
{
    public static Verdict Of(Analysis analysis, Assessment assessment, ValueList<ParameterScale> parameters, InitialOutput? initialOutput, bool repair)
    {
        var forward = analysis.Forward;
        var features = SizeText.List(forward.Features);
        var outputs = SizeText.List(forward.Outputs);
        var moved = Assessment.Smallest(forward.Outputs, assessment.Run.Sizes.SizeOf);
        var r = assessment.R;
        var kernel = assessment.Regime == Regime.KernelRegime
            ? parameters.Where(parameter => parameter.Output is { IsZero: true }).Select(parameter => parameter.Name).ToValueList()
            : [];
        var reasons = assessment.Regime == Regime.Unstable
            ? assessment.InitialReasons.Count > 0 ? assessment.InitialReasons : assessment.TrainingReasons()
            : Moving(assessment, forward, parameters);
        reasons = [.. reasons, .. analysis.RandomScalars(assessment.Training.AtStart).Select(name => assessment.RandomAtStart(name))];
        var text = assessment.Regime switch
        {
            Regime.Unstable => $"unstable: {(reasons.Count > 0 ? reasons[0].Text : "sizes keep growing from step to step")}",
            Regime.Trivial => $"trivial: stable, but training moves {outputs} by {(moved is null ? "nothing" : $"only {SizeText.Of(moved)}")}",
            Regime.KernelRegime => $"kernel regime{(r is null ? "" : $" (r = {r})")}: in one step the features {features} move by {SizeText.Of(r)}, {outputs} by {SizeText.Of(moved)}",
            _ => $"feature learning (r = {r}): in one step the features {features} move by {SizeText.Of(r)}, {outputs} by {SizeText.Of(moved)}",
        };
        var repaired = repair && assessment.Regime is Regime.Unstable or Regime.Trivial ? RepairSearch.Find(analysis, assessment) : null;
        return new Verdict(assessment.Regime, r, forward.Features, forward.Outputs, reasons, initialOutput, kernel, repaired, text);
    }

    /// <summary>What moves f and the features, and by how much.</summary>
    private static ValueList<Reason> Moving(Assessment assessment, ForwardPart forward, ValueList<ParameterScale> parameters)
    {
        var reasons = new List<Reason>();
        foreach (var name in forward.Features.Concat(forward.Outputs))
        {
            var e = assessment.Run.Sizes.SizeOf(name).Change.Exponent;
            var movers = e is { } exponent ? assessment.Movers(name, exponent).ToList() : [];
            reasons.Add(assessment.ReasonFor(name, e, $"in training {SizeText.Moves(movers, name)} by {SizeText.Of(e)}"));
        }

        var still = parameters.Where(parameter => parameter is { Trained: true, Maximal: false }).Select(parameter => parameter.Name).ToList();
        if (assessment.Regime == Regime.FeatureLearning && still.Count > 0)
        {
            reasons.Add(new Reason(still[0], null, $"the update of {SizeText.List(still)}", parameters.First(p => p.Name == still[0]).Preactivation, Phase.Training, $"{SizeText.List(still)} {(still.Count == 1 ? "is" : "are")} not trained maximally: the update vanishes in the limit"));
        }

        return reasons.ToValueList();
    }
}
