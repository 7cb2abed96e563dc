using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>
/// A parametrization relative to the one that a program is written in. Only σ = a + b (the initial size) and, for gradients times a rate, λ = 2a + c (the size of the update) matter
/// (arXiv 2011.14522, symmetries of abc-parametrizations), so each weight has two numbers.
/// </summary>
/// <param name="Initial">What is added to a + b, by weight.</param>
/// <param name="Rate">What is added to 2a + c, by weight; to a + c when updates don't have the size of the gradient.</param>
/// <param name="Kind">The size of updates.</param>
internal sealed record Shifts(IReadOnlyDictionary<string, Rational> Initial, IReadOnlyDictionary<string, Rational> Rate, UpdateKind Kind = UpdateKind.Gradient)
{
    private static readonly Dictionary<string, Rational> Nothing = [];

    /// <summary>Weights that stay where they start, because their rate isn't known yet.</summary>
    public IReadOnlySet<string> Held { get; init; } = new HashSet<string>();

    public static Shifts None(UpdateKind kind) => new(Nothing, Nothing, kind);

    public Shifts With(ExponentChange change)
    {
        var delta = change.To - change.From;
        return change.Exponent switch
        {
            AbcExponent.A => this with { Initial = Added(Initial, delta), Rate = Added(Rate, Kind == UpdateKind.Gradient ? 2 * delta : delta) },
            AbcExponent.B => this with { Initial = Added(Initial, delta) },
            _ => this with { Rate = Added(Rate, delta) },
        };

        Dictionary<string, Rational> Added(IReadOnlyDictionary<string, Rational> to, Rational by) =>
            new(to, StringComparer.Ordinal) { [change.Parameter] = to.GetValueOrDefault(change.Parameter) + by };
    }
}
