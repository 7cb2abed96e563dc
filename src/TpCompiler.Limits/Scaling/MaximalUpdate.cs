using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>The maximal-update parametrization of one weight.</summary>
/// <param name="Name">The weight.</param>
/// <param name="Role">Which of its sides are wide.</param>
/// <param name="Exponents">a as in the program, with the b and c that belong to it.</param>
/// <param name="Variance">When the weight is used without a multiplier: the exponent of n in the variance of its entries, −2(a + b); null when it starts at 0.</param>
/// <param name="Rate">When the weight is used without a multiplier: the exponent of n in its learning rate, −(2a + c).</param>
public sealed record MaximalUpdateRow(string Name, ParameterRole Role, Abc Exponents, Rational? Variance, Rational Rate);

/// <summary>
/// The maximal-update parametrization (arXiv 2011.14522, section 5; 2203.03466) of one network: stable, and each weight's update as large as stability allows. It is
/// solved for with the scaling analysis of this very network, not looked up by role.
/// </summary>
/// <param name="Rows">One a weight, in the order of the source.</param>
/// <param name="Scaling">The analysis of the network in this parametrization.</param>
public sealed record MaximalUpdate(ValueList<MaximalUpdateRow> Rows, ScalingResult Scaling)
{
    /// <summary>Null when none was found: when no choice of b makes the initialisation stable, or weights keep each other from moving maximally.</summary>
    public static MaximalUpdate? Of(Network network, TrainingPlan plan)
    {
        var trained = network with { Parameters = network.Parameters.Select(parameter => parameter with { Trained = true }).ToValueList() };
        if (new Search(new Analysis(TrainingProgram.Of(trained, plan))).Find() is not { } exponents)
        {
            return null;
        }

        var scaling = ScalingAnalysis.Analyze(TrainingProgram.Of(Parametrization.Substitute(trained, exponents), plan), repair: false);
        var maximal = scaling.Verdict is { Regime: Regime.FeatureLearning } && scaling.Parameters.All(parameter => parameter.Maximal);
        return maximal ? new MaximalUpdate(scaling.Parameters.Select(Row).ToValueList(), scaling) : null;
    }

    private static MaximalUpdateRow Row(ParameterScale scale) =>
        new(scale.Name, scale.Role, new Abc(scale.A, scale.B, scale.C), -2 * scale.Initial, -((2 * scale.A) + scale.C));

    private sealed class Search(Analysis analysis) : ParametrizationSearch(analysis, analysis.Assess(Shifts.None), int.MaxValue)
    {
        public IReadOnlyDictionary<string, Abc>? Find()
        {
            if (!MendInitialisation())
            {
                return null;
            }

            ShrinkOutputWeights();

            // Output weights first: their updates are in the gradients of all the others.
            foreach (var ofFeatures in new[] { false, true, true })
            {
                var second = Current.Training.SecondStep;
                foreach (var scale in Analysis.Parameters(Current).Where(scale => second.ContainsKey(scale.Name) == ofFeatures))
                {
                    if (scale.Preactivation is { IsZero: false } e)
                    {
                        Shifts = Add(Change(Weight(scale.Name), AbcExponent.C, -e));
                    }
                }

                Current = Analysis.Assess(Shifts);
            }

            return Analysis.Program.Parameters.ToDictionary(
                parameter => parameter.Name,
                parameter => new Abc(Now(parameter, AbcExponent.A), Now(parameter, AbcExponent.B), Now(parameter, AbcExponent.C)),
                StringComparer.Ordinal);
        }

        private Parameter Weight(string name) => Analysis.Program.Parameters.First(parameter => parameter.Name == name);

        private Rational Now(Parameter parameter, AbcExponent exponent) => Change(parameter, exponent, 0).To;

        /// <summary>Initial output weights of the size at which features that move by Θ(1) move f by Θ(1).</summary>
        private void ShrinkOutputWeights()
        {
            var training = Current.Training;
            var gains = training.Weights.Where(weight => training.SecondStep.ContainsKey(weight.Name))
                .Select(weight => Assessment.Smallest(Analysis.Forward.Outputs, training.FirstStepOf(weight)) - Assessment.Smallest(Analysis.Forward.Features, training.FirstStepOf(weight)))
                .Where(gain => gain is not null)
                .ToList();
            if (gains.Count == 0 || gains.Min() is not { IsZero: false } gain)
            {
                return;
            }

            foreach (var weight in training.Weights.Where(weight => !training.SecondStep.ContainsKey(weight.Name) && training.AtStart.SizeOf(weight.Name).Initial.Exponent is not null && weight.Type.Kind != ValueKind.Scalar))
            {
                Shifts = Add(Change(weight, AbcExponent.B, -gain));
            }

            Current = Analysis.Assess(Shifts);
        }
    }
}
