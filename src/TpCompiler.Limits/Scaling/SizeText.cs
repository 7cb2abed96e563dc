using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>Sizes and lists as words.</summary>
internal static class SizeText
{
    /// <summary>Θ(n^(-1/2)), Θ(1), Θ(n), 0.</summary>
    public static string Of(Rational? exponent) => exponent switch
    {
        null => "0",
        { IsZero: true } => "Θ(1)",
        { } e when e == -1 => "Θ(n)",
        { IsInteger: true, Sign: < 0 } e => $"Θ(n^{-e})",
        { } e => $"Θ(n^({-e}))",
    };

    /// <summary>"the update of W2 moves x2", "the updates of W2 and W3 move x2".</summary>
    public static string Moves(IReadOnlyList<string> weights, string what) => weights.Count switch
    {
        0 => $"updates move {what}",
        1 => $"the update of {weights[0]} moves {what}",
        _ => $"the updates of {List(weights)} move {what}",
    };

    public static string List(IReadOnlyList<string> names) => names.Count switch
    {
        0 => "nothing",
        1 => names[0],
        <= 6 => $"{string.Join(", ", names.Take(names.Count - 1))} and {names[^1]}",
        _ => $"{string.Join(", ", names.Take(3))}, … and {names[^1]}",
    };
}
