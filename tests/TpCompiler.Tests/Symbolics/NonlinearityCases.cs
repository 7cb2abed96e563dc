using TpCompiler.Symbolics;

namespace TpCompiler.Tests.Symbolics;

/// <summary>Members of the table of nonlinearities as functions of x: every name at its own parameters, and a family at others.</summary>
internal static class NonlinearityCases
{
    private static readonly Expr.Reference X = new("x", []);

    /// <summary>Every name of one argument.</summary>
    public static IEnumerable<string> Names => Nonlinearities.Names.Where(name => Nonlinearities.Signature(name)!.Value.Arguments == 1);

    /// <summary>Those that are defined on all real numbers.</summary>
    public static IEnumerable<Expr> OnTheWholeLine => Of(Names).Where(function => Growth.Of(function, X).Kind != GrowthKind.Singular);

    /// <summary>The functions of some names.</summary>
    public static IEnumerable<Expr> Of(IEnumerable<string> names) => names.SelectMany(OfName).Distinct();

    private static IEnumerable<Expr> OfName(string name)
    {
        ValueList<Rational> defaults = Nonlinearities.Find(name)?.Defaults ?? Nonlinearities.Abbreviations.First(row => row.Name == name).Defaults;
        ValueList<Rational>[] others = defaults.Count == 0 ? [defaults] : [defaults, [.. defaults.Select(value => value + new Rational(1, 3))], [.. defaults.Select(value => value + 1)]];
        return others.Select(parameters => Nonlinearities.Apply(name, [X], parameters)).OfType<Expr>();
    }
}
