using TpCompiler.Symbolics;

namespace TpCompiler.Limits;

/// <summary>
/// The size of a value as the width grows: its coordinates (entries, or the scalar itself) are Θ(n^{-e}), root mean square. e &lt; 0 blows up, e &gt; 0 vanishes.
/// </summary>
/// <param name="Initial">e at initialisation (t = 0); null when it is identically 0 there.</param>
/// <param name="Change">e of what training adds to it, after any fixed number of steps; null when training never changes it.</param>
public sealed record Scale(Rational? Initial, Rational? Change)
{
    /// <summary>e of what weight decay alone changes, with nothing learned; null when that is nothing. <see cref="Change"/> is then what is learned beyond it.</summary>
    public Rational? Decay { get; init; }

    /// <summary>The exponent of the value over the whole run: the smallest; null when it is always 0.</summary>
    public Rational? Exponent => new[] { Initial, Change, Decay }.Min();
}
