using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>Learning rates η n^{-c} with which another optimizer's updates are as large as those of a program's own.</summary>
public static class MatchedRates
{
    /// <summary>
    /// c by weight. An update of gradient descent has entries of size n^{-c} |∂L/∂w|, one of a size of its own n^{-c}: going from one to the other adds the exponent of the gradient or takes it
    /// away. Weights without a gradient keep their c.
    /// </summary>
    /// <param name="own">The scales of the program with its own optimizer.</param>
    /// <param name="from">The kind of its own updates.</param>
    /// <param name="to">The kind of the other optimizer's.</param>
    public static IReadOnlyDictionary<string, Rational> Of(ScalingResult own, UpdateKind from, UpdateKind to) => own.Parameters.ToDictionary(
        scale => scale.Name,
        scale => scale.C + ((OfGradient(to) - OfGradient(from)) * ((scale.Gradient + scale.A) ?? 0)),
        StringComparer.Ordinal);

    private static Rational OfGradient(UpdateKind kind) => kind == UpdateKind.Gradient ? 0 : 1;
}
