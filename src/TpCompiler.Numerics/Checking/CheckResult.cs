using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;

namespace TpCompiler.Numerics.Checking;

/// <summary>What became of a line of the check.</summary>
public enum CheckVerdict
{
    /// <summary>The measured exponent is the derived one, within error.</summary>
    Agrees,

    /// <summary>It is not.</summary>
    Differs,

    /// <summary>The error is too large to tell it from its neighbours.</summary>
    Undecided,
}

/// <summary>What of a value a line of the check is about.</summary>
public enum CheckQuantity
{
    /// <summary>Its size at initialisation, as root mean square of its coordinates.</summary>
    Size,

    /// <summary>The size of its change after a few steps.</summary>
    Change,

    /// <summary>The size of what weight decay alone changes after these steps; <see cref="Change"/> is then what gradients add to that.</summary>
    Decay,

    /// <summary>Its distance to its limit.</summary>
    Distance,
}

/// <summary>One line of the check.</summary>
/// <param name="Name">The value.</param>
/// <param name="Quantity">Size, change or distance to the limit.</param>
/// <param name="Derived">The derived slope −e; null for a quantity that is derived to be 0.</param>
/// <param name="Measured">The fitted slope; null when the quantity is 0 in every net, or nothing could be fitted.</param>
/// <param name="IsZero">Whether it is 0 (to rounding) in every net.</param>
/// <param name="Sizes">The mean over nets at each width.</param>
/// <param name="Verdict">Agreement.</param>
public sealed record CheckLine(
    string Name, CheckQuantity Quantity, Rational? Derived, SlopeFit? Measured, bool IsZero, ValueList<double> Sizes, CheckVerdict Verdict)
{
    /// <summary>How many times as many nets would decide an undecided line; null where it isn't a question of their number.</summary>
    public double? MoreNets { get; init; }

    /// <summary>The size falls faster than derived as far as the nets go, but a part of the derived size is there, which only wider ones show in the slope.</summary>
    public bool IsHidden { get; init; }
}

/// <summary>The outcome of a check.</summary>
/// <param name="Widths">The widths that were run.</param>
/// <param name="Nets">How many nets of each width were run.</param>
/// <param name="Lines">A line for each quantity.</param>
/// <param name="Failures">Nets that ended early, with their width.</param>
/// <param name="IsCancelled">Whether it was cancelled; then the lines stand on the nets that were done.</param>
public sealed record CheckResult(
    ValueList<int> Widths, ValueList<int> Nets, ValueList<CheckLine> Lines, ValueList<(int Width, NotFiniteValue Failure)> Failures, bool IsCancelled);
