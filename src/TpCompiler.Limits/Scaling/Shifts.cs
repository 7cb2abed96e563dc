using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// A parametrization relative to the one that a program is written in. Only σ = a + b (the initial size) and, for gradients times a rate, λ = 2a + c (the size of the update) matter
/// (arXiv 2011.14522, symmetries of abc-parametrizations), so each weight has two numbers.
/// </summary>
/// <param name="Initial">What is added to a + b, by weight.</param>
/// <param name="Rate">What is added to 2a + c, by weight.</param>
internal sealed record Shifts(IReadOnlyDictionary<string, Rational> Initial, IReadOnlyDictionary<string, Rational> Rate)
{
    public static readonly Shifts None = new(new Dictionary<string, Rational>(), new Dictionary<string, Rational>());

    public Shifts With(ExponentChange change)
    {
        var delta = change.To - change.From;
        return change.Exponent switch
        {
            AbcExponent.A => new Shifts(Added(Initial, delta), Added(Rate, 2 * delta)),
            AbcExponent.B => this with { Initial = Added(Initial, delta) },
            _ => this with { Rate = Added(Rate, delta) },
        };

        Dictionary<string, Rational> Added(IReadOnlyDictionary<string, Rational> to, Rational by) =>
            new(to, StringComparer.Ordinal) { [change.Parameter] = to.GetValueOrDefault(change.Parameter) + by };
    }
}
