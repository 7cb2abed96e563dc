using TpCompiler.Limits.Derivation;

namespace TpCompiler.Numerics.KernelRegime;

/// <summary>
/// A linear optimizer on ½(f − y)² along one eigenvector of K: momentum, Nesterov, schedules. A function ξ ↦ K(ξ, X) v is moved by the same recurrence with 1 for the eigenvalue that multiplies the gradient, so that its sum is
/// what <see cref="SquaredErrorDynamics.Response(Func{double, double})"/> needs, at λ = 0 too.
/// </summary>
public static class ModeDynamics
{
    /// <summary>What has been learned after some steps of all samples, as a function of the eigenvalue.</summary>
    /// <param name="training">The training, its rule without a norm.</param>
    /// <param name="samples">N, which the mean loss divides by.</param>
    /// <param name="steps">How many.</param>
    public static Func<double, double> Learned(KernelTraining training, int samples, int steps)
    {
        var factors = Enumerable.Range(0, steps).Select(training.Factors).ToList();
        return eigenvalue =>
        {
            var state = training.Rule.States.Append(KernelRule.Weight).ToDictionary(name => name, _ => 0.0, StringComparer.Ordinal);
            for (var t = 0; t < steps; t++)
            {
                // f of the mode is λ times the state: the gradient is (λ s − 1)/N along it.
                var before = new Dictionary<string, double>(state, StringComparer.Ordinal) { [KernelRule.Gradient] = ((eigenvalue * state[KernelRule.Weight]) - 1) / samples };
                foreach (var (assignment, numbers) in training.Rule.Assignments.Zip(factors[t]))
                {
                    var value = assignment.Terms.Zip(numbers).Sum(pair => pair.Second * before[pair.First.Atom]);
                    state[assignment.Target] = value;
                    before[assignment.Target + "+"] = value;
                }
            }

            return state[KernelRule.Weight];
        };
    }
}
