using System.Diagnostics;

namespace TpCompiler.Symbolics;

/// <summary>What happens to an expression when some of its references change sign together.</summary>
public static class Parity
{
    public static ParityKind Of(Expr expr, Expr.Reference variable) => Of(expr, reference => reference == variable);

    /// <summary>The parity in the references that satisfy <paramref name="varies"/>, all flipped at once. <see cref="ParityKind.Neither"/> also when it isn't seen.</summary>
    public static ParityKind Of(Expr expr, Func<Expr.Reference, bool> varies) => expr switch
    {
        Expr.Constant or Expr.Pi or Expr.WidthPower or Expr.IndexValue => ParityKind.Even,
        Expr.Reference r => varies(r) ? ParityKind.Odd : ParityKind.Even,
        Expr.Add a => a.Terms.Select(term => Of(term, varies)).Aggregate((x, y) => x == y ? x : ParityKind.Neither),
        Expr.Multiply m => m.Factors.Select(factor => Of(factor, varies)).Aggregate(Times),
        Expr.Power p => (Of(p.Base, varies), p.Exponent.IsInteger, p.Exponent.Numerator.IsEven) switch
        {
            (ParityKind.Even, _, _) => ParityKind.Even,
            (ParityKind.Odd, true, var even) => even ? ParityKind.Even : ParityKind.Odd,
            _ => ParityKind.Neither,
        },
        Expr.Call { Arguments: [var argument] } c => Of(argument, varies) switch
        {
            ParityKind.Odd => OfFunction(c),
            var inner => inner,
        },
        Expr.Call c => c.Arguments.All(argument => Of(argument, varies) == ParityKind.Even) ? ParityKind.Even : ParityKind.Neither,
        Expr.Sum s => Of(s.Body, varies),
        Expr.Expectation e => Of(e.Body, varies),
        _ => throw new UnreachableException(),
    };

    /// <summary>The parity of φ^(k): each derivative exchanges even and odd.</summary>
    private static ParityKind OfFunction(Expr.Call call) => (Nonlinearities.Get(call.Function).Parity, call.Derivative % 2) switch
    {
        (ParityKind.Neither, _) => ParityKind.Neither,
        (var parity, 0) => parity,
        (ParityKind.Even, _) => ParityKind.Odd,
        _ => ParityKind.Even,
    };

    private static ParityKind Times(ParityKind x, ParityKind y) =>
        x == ParityKind.Neither || y == ParityKind.Neither ? ParityKind.Neither : x == y ? ParityKind.Even : ParityKind.Odd;
}
