using System.Collections.Concurrent;
using TpCompiler.Symbolics;

namespace TpCompiler.Limits.Scaling;

/// <summary>What scaling needs to know of φ^(k): how it behaves at 0 and at infinity, and under a change of sign.</summary>
/// <param name="IsZero">Identically 0, such as step′.</param>
/// <param name="Parity">φ^(k)(−x) against φ^(k)(x).</param>
/// <param name="HasKink">Not smooth at 0.</param>
/// <param name="AtZero">Its value at 0 does not vanish.</param>
/// <param name="Vanishing">The order and the parity of the first Taylor term that is not constant; null when there is none.</param>
/// <param name="Growing">d with φ^(k)(x) ~ |x|^d at infinity; null when that isn't known.</param>
internal sealed record FunctionScaling(
    bool IsZero,
    ParityKind Parity,
    bool HasKink,
    bool AtZero,
    (Rational Order, ParityKind Parity)? Vanishing,
    Rational? Growing)
{
    private static readonly ConcurrentDictionary<(string, int, ValueList<Rational>), FunctionScaling> Known = new();

    public static FunctionScaling Of(Expr.Call call, int further = 0) =>
        Known.GetOrAdd((call.Function, call.Derivative + further, call.Parameters), key => Derive(key.Item1, key.Item2, key.Item3));

    private static FunctionScaling Derive(string function, int derivative, ValueList<Rational> parameters)
    {
        var x = new Expr.Reference("x", []);
        var row = Nonlinearities.Get(function);
        var phi = Nonlinearities.Expand(new Expr.Call(function, derivative, parameters, [x]));
        var parity = (row.Parity, derivative % 2) switch
        {
            (ParityKind.Neither, _) => ParityKind.Neither,
            (var p, 0) => p,
            (ParityKind.Even, _) => ParityKind.Odd,
            _ => ParityKind.Even,
        };
        if (phi.IsZero)
        {
            return new FunctionScaling(true, ParityKind.Even, false, false, null, 0);
        }

        var kink = row.OneSided is not null;
        var leading = LeadingTerm.AtZero(phi, x);
        (Rational, ParityKind)? vanishing = null;
        var atZero = leading is null || leading.Order.IsZero;
        if (leading is { Order.Sign: > 0 })
        {
            vanishing = (leading.Order, Symbolics.Parity.Of(leading.Coefficient, x));
        }
        else if (leading is { Order.IsZero: true } && !leading.Coefficient.References().Any()
            && LeadingTerm.AtZero(phi - leading.Coefficient, x) is { Order.Sign: > 0 } next)
        {
            vanishing = (next.Order, Symbolics.Parity.Of(next.Coefficient, x));
        }
        else if (kink)
        {
            vanishing = (Rational.Zero, ParityKind.Neither);
        }

        var growing = LeadingTerm.Of(phi, _ => -1, _ => 1) is { } infinity ? -infinity.Order
            : Growth.Of(phi, x) is { IsPolynomial: true } growth ? growth.Degree
            : (Rational?)null;
        return new FunctionScaling(false, parity, kink, atZero, vanishing, growing);
    }
}
