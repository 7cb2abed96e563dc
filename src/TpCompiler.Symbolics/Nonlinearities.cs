using System.Collections.Frozen;

namespace TpCompiler.Symbolics;

/// <summary>
/// The table of nonlinearities: one row for each function that stands for itself (<see cref="Rows"/>), one for each that is written in others
/// (<see cref="Abbreviations"/>).
/// </summary>
public static partial class Nonlinearities
{
    private static readonly FrozenDictionary<string, Nonlinearity> ByName;

    private static readonly FrozenDictionary<string, Abbreviation> AbbreviationsByName;

    // In a constructor, since it runs after the initialisers of the tables, which stand in other files.
    static Nonlinearities()
    {
        ByName = Rows.ToFrozenDictionary(row => row.Name, StringComparer.Ordinal);
        AbbreviationsByName = Abbreviations.ToFrozenDictionary(row => row.Name, StringComparer.Ordinal);
    }

    /// <summary>All names in the language, in ordinal order.</summary>
    public static IEnumerable<string> Names => ByName.Keys.Concat(AbbreviationsByName.Keys).Order(StringComparer.Ordinal);

    public static bool Contains(string name) => ByName.ContainsKey(name) || AbbreviationsByName.ContainsKey(name);

    /// <summary>The row of a function that stands for itself; null when the name is not one.</summary>
    public static Nonlinearity? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The row of the function of a <see cref="Expr.Call"/>.</summary>
    /// <exception cref="KeyNotFoundException">The name is not in the table: binding lets no such call through.</exception>
    public static Nonlinearity Get(string name) => ByName[name];

    /// <summary>How many arguments, and how many fixed parameters (all with defaults), a name of the language takes; null when it is unknown.</summary>
    public static (int Arguments, int Parameters)? Signature(string name) =>
        Find(name) is { } row ? (1, row.Defaults.Count)
        : AbbreviationsByName.GetValueOrDefault(name) is { } abbreviation ? (abbreviation.Arguments, abbreviation.Defaults.Count)
        : null;

    /// <summary>
    /// name(arguments; parameters) as an expression; parameters left out have their defaults. Null when the name, the counts or the parameters (hermite(x, ½)) don't fit.
    /// </summary>
    public static Expr? Apply(string name, IReadOnlyList<Expr> arguments, IReadOnlyList<Rational> parameters)
    {
        if (Signature(name) is not { } signature || arguments.Count != signature.Arguments || parameters.Count > signature.Parameters)
        {
            return null;
        }

        if (Find(name) is { } row)
        {
            return CallOf(name, 0, Complete(row.Defaults), arguments[0]);
        }

        var abbreviation = AbbreviationsByName[name];
        var complete = Complete(abbreviation.Defaults);
        return abbreviation.Accepts(complete) ? abbreviation.Meaning(complete, arguments) : null;

        ValueList<Rational> Complete(ValueList<Rational> defaults) => defaults.Select((value, i) => i < parameters.Count ? parameters[i] : value).ToValueList();
    }

    /// <summary>φ^(k)(x) written in functions without derivatives: tanh′(x) as 1 − tanh(x)².</summary>
    public static Expr Expand(Expr.Call call)
    {
        var row = Get(call.Function);
        if (call.Derivative == 0)
        {
            return call;
        }

        var x = new Expr.Reference("x", []);
        var expr = row.Prime(call.Parameters, x);
        for (var k = 1; k < call.Derivative; k++)
        {
            expr = ExpandAll(Derivative.Of(expr, x));
        }

        return expr.SubstituteReferences(reference => reference == x ? call.Arguments[0] : reference);
    }

    /// <summary>Every derivative of a function of the table expanded.</summary>
    public static Expr ExpandAll(Expr expr)
    {
        var mapped = expr.MapChildren(ExpandAll);
        return mapped is Expr.Call { Derivative: > 0 } call ? Expand(call) : mapped;
    }

    /// <summary>φ^(k)(argument): folded when the argument is 0 and φ is smooth there; the sign of the argument goes in front when φ is even or odd.</summary>
    public static Expr CallOf(string function, int derivative, ValueList<Rational> parameters, Expr argument)
    {
        // Three derivatives that everybody writes out: exp′ is exp, |x|′ is the sign, and log′ is a power.
        switch (function, derivative)
        {
            case ("exp", > 0):
                derivative = 0;
                break;
            case ("abs", > 0):
                (function, derivative) = ("sign", derivative - 1);
                break;
            case ("log", > 0):
                Expr factorial = Enumerable.Range(1, derivative - 1).Aggregate((Rational)(derivative % 2 == 0 ? -1 : 1), (product, k) => product * k);
                return factorial * Expr.Pow(argument, -derivative);
        }

        var call = new Expr.Call(function, derivative, parameters, [argument]);
        if (Find(function) is not { } row)
        {
            return call;
        }

        if (argument.IsZero && row.AtZero is not null && (derivative == 0 || row.OneSided is null))
        {
            return DerivativeAtZero(call);
        }

        var first = argument is Expr.Add sum ? sum.Terms[0] : argument;
        if (row.Parity == ParityKind.Neither || Expr.SplitCoefficient(first).Coefficient.Sign > 0)
        {
            return call;
        }

        var positive = call with { Arguments = [-argument] };
        return (row.Parity == ParityKind.Odd) == (derivative % 2 == 0) ? -positive : positive;
    }

    /// <summary>The degree of φ^(k) where φ is homogeneous: φ^(k)(cx) = c^degree φ^(k)(x) for every c > 0; null otherwise.</summary>
    public static int? DegreeOf(Expr.Call call) => Get(call.Function).Degree - call.Derivative;

    /// <summary>φ^(k)(0) exactly, for a function that is smooth at 0 or k = 0.</summary>
    public static Expr DerivativeAtZero(Expr.Call call) => Fold(Expand(call with { Arguments = [new Expr.Reference("x", [])] }));

    /// <summary>x = 0.</summary>
    private static Expr Fold(Expr expr) => expr switch
    {
        Expr.Reference => Expr.Zero,
        Expr.Call { Derivative: 0, Arguments: [var argument] } call when Fold(argument) is var inner =>
            inner.IsZero && Get(call.Function).AtZero is { } value ? value : call with { Arguments = [inner] },
        _ => expr.MapChildren(Fold),
    };
}
