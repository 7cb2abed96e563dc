using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using TpCompiler.Ir;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Emit.Targets;

/// <summary>Expressions of one entry as C#; the sums in them have been written before, and stand in them by their names.</summary>
/// <param name="definitions">What each name is.</param>
/// <param name="names">What things are called.</param>
/// <param name="sizes">The size of each axis as C#.</param>
internal sealed class CSharpExpressions(IReadOnlyDictionary<string, Definition> definitions, CSharpNames names, Func<string, string> sizes)
{
    private static readonly Dictionary<string, string> Functions = new(StringComparer.Ordinal)
    {
        ["tanh"] = "Math.Tanh({0})",
        ["sin"] = "Math.Sin({0})",
        ["cos"] = "Math.Cos({0})",
        ["exp"] = "Math.Exp({0})",
        ["log"] = "Math.Log({0})",
        ["abs"] = "Math.Abs({0})",
        ["arctan"] = "Math.Atan({0})",
        ["arcsin"] = "Math.Asin({0})",
        ["arccos"] = "Math.Acos({0})",
        ["relu"] = "Math.Max({0}, 0)",
        ["leaky_relu"] = "({0} > 0 ? {0} : {1} * {0})",
        ["step"] = "({0} > 0 ? 1.0 : 0.0)",
        ["sign"] = "({0} > 0 ? 1.0 : {0} < 0 ? -1.0 : 0.0)",
        ["sigmoid"] = "(1 / (1 + Math.Exp(-{0})))",
        ["silu"] = "({0} / (1 + Math.Exp(-{0})))",
        ["softplus"] = "Softplus({0})",
        ["elu"] = "({0} > 0 ? {0} : {1} * (Math.Exp({0}) - 1))",
        ["softsign"] = "({0} / (1 + Math.Abs({0})))",
        ["gaussian"] = "Math.Exp(-Square({0}))",
        ["erf"] = "Erf({0})",
        ["normal_cdf"] = "(0.5 * (1 + Erf({0} / Math.Sqrt(2))))",
        ["gelu"] = "(0.5 * {0} * (1 + Erf({0} / Math.Sqrt(2))))",
        ["gelu_tanh"] = "(0.5 * {0} * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * ({0} + 0.044715 * {0} * {0} * {0}))))",
    };

    private ImmutableDictionary<Expr, string> sums = ImmutableDictionary.Create<Expr, string>(ReferenceEqualityComparer.Instance);

    private enum Level
    {
        Choice,
        Sum,
        Product,
        Atom,
    }

    /// <summary>A function that C# has no text for, once one was asked for.</summary>
    public string? Missing { get; private set; }

    /// <summary>The coordinate of vectors.</summary>
    public string Coordinate { get; set; } = string.Empty;

    /// <summary>The entry of a matrix in an outer nonlinearity.</summary>
    public Func<Expr.Reference, string> MatrixEntry { get; set; } = _ => throw new UnreachableException();

    /// <summary>A vector of zeros, which stands outside an axis, where a vector over axes is an array of arrays, one for each position; null where it is one array with the coordinate last.</summary>
    public string? ZeroVector { get; set; }

    /// <summary>Names that are no values of the program: arguments of a function that is written in place.</summary>
    public Dictionary<string, string> Arguments { get; } = new(StringComparer.Ordinal);

    /// <summary>Functions that this program has a text of its own for.</summary>
    public Dictionary<string, string> OwnFunctions { get; } = new(StringComparer.Ordinal);

    /// <summary>How an expectation is written, its body given; null where there are none.</summary>
    public Func<string, string>? Expectation { get; set; }

    /// <summary>From here on the sum is read where it is kept, to the end of the scope that it is written in.</summary>
    public void Keep(Expr sum, string name) => sums = sums.SetItem(sum, name);

    /// <summary>Writes a scope: what is kept inside is not known behind it, where one expression may stand in several places.</summary>
    public void Within(Action scope)
    {
        var outside = sums;
        scope();
        sums = outside;
    }

    public bool IsKept(Expr sum) => sums.ContainsKey(sum);

    public string Print(Expr expr) => Write(expr).Text;

    /// <summary>An entry of a value.</summary>
    public string Entry(Expr.Reference reference, params ReadOnlySpan<string> sides) => Wrap(WriteReference(reference, sides), Level.Atom);

    /// <summary>A vector that is an array of its own.</summary>
    public string Whole(Expr.Reference vector) => WriteReference(vector, []).Text;

    private (string Text, Level Level) Write(Expr expr)
    {
        switch (expr)
        {
            case Expr.Constant { Value: var value }:
                return WriteNumber(value);
            case Expr.Pi:
                return ("Math.PI", Level.Atom);
            case Expr.WidthPower width:
                return (PowerOf(names.Of("width", width.Width), width.Exponent), Level.Atom);
            case Expr.IndexValue index:
                return ("(double)" + names.Of("index", index.Index), Level.Atom);
            case Expr.Reference argument when Arguments.TryGetValue(argument.Name, out string? given):
                return (given, Level.Atom);
            case Expr.Reference reference when definitions[reference.Name].Kind == ValueKind.Matrix:
                return (MatrixEntry(reference), Level.Atom);
            case Expr.Reference reference:
                return WriteReference(reference, definitions[reference.Name].Kind == ValueKind.Vector ? [Coordinate] : []);
            case Expr.Add add:
                return (WriteSum(add), Level.Sum);
            case Expr.Multiply product:
                return (WriteProduct(product.Factors), Level.Product);
            case Expr.Power { Exponent.Sign: < 0 }:
                return (WriteProduct([expr]), Level.Product);
            case Expr.Power power:
                return (PowerOf(Print(power.Base), power.Exponent), Level.Atom);
            case Expr.Call call:
                return (WriteCall(call), Level.Atom);
            case Expr.Sum:
                return (sums[expr], Level.Atom);
            case Expr.Expectation mean when Expectation is { } written:
                return (written(Print(mean.Body)), Level.Atom);
            default:
                throw new UnreachableException();
        }
    }

    private (string Text, Level Level) WriteReference(Expr.Reference reference, ReadOnlySpan<string> sides)
    {
        Definition definition = definitions[reference.Name];
        bool isWhole = definition.Kind != ValueKind.Scalar && sides.IsEmpty;
        List<string> conditions = [];
        List<string> places = [];
        for (int i = 0; i < reference.Indices.Count; i++)
        {
            switch (reference.Indices[i])
            {
                case Index.Fixed at:
                    places.Add(at.Position.ToString(CultureInfo.InvariantCulture));
                    break;
                case Index.Variable variable:
                    places.Add(names.Of("index", variable.Name));
                    break;
                case Index.Lookup lookup:
                    places.Add("(int)" + Entry(lookup.Row));
                    break;
                case Index.Shifted shifted:
                    // Outside its axis an array is zero.
                    string index = names.Of("index", shifted.Name), offset = Math.Abs(shifted.Offset).ToString(CultureInfo.InvariantCulture);
                    places.Add($"{index} {(shifted.Offset < 0 ? '-' : '+')} {offset}");
                    conditions.Add(shifted.Offset < 0 ? $"{index} >= {offset}" : $"{index} + {offset} < {sizes(definition.Indices[i].Axis)}");
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        string entry = names.Of("value", reference.Name);
        if (ZeroVector is not null)
        {
            entry += Brackets(places) + Brackets([.. sides]);
        }
        else
        {
            places.AddRange(sides);
            entry += Brackets(places);
        }

        return conditions.Count == 0 ? (entry, Level.Atom) : ($"{string.Join(" && ", conditions)} ? {entry} : {(isWhole ? ZeroVector : "0")}", Level.Choice);
    }

    private static string Brackets(List<string> places) => places.Count == 0 ? string.Empty : $"[{string.Join(", ", places)}]";

    private string WriteSum(Expr.Add add)
    {
        List<(bool Negative, string Text)> terms = [.. add.Terms.Select(term =>
        {
            var (coefficient, rest) = Expr.SplitCoefficient(term);
            return coefficient.Sign < 0 ? (true, Wrap(Write(-term), Level.Product)) : (false, Wrap(Write(term), Level.Product));
        })];
        if (terms.FindIndex(term => !term.Negative) is > 0 and var positive)
        {
            var first = terms[positive];
            terms.RemoveAt(positive);
            terms.Insert(0, first);
        }

        return string.Concat(terms.Select((term, i) => (i, term.Negative) switch
        {
            (0, true) => "-" + term.Text,
            (0, false) => term.Text,
            (_, true) => " - " + term.Text,
            _ => " + " + term.Text,
        }));
    }

    private string WriteProduct(IEnumerable<Expr> factors)
    {
        List<string> above = [];
        List<string> below = [];
        string sign = string.Empty;
        foreach (Expr factor in factors)
        {
            switch (factor)
            {
                case Expr.Constant { Value: var value }:
                    sign = value.Sign < 0 ? "-" : string.Empty;
                    if (!value.Abs.IsOne)
                    {
                        above.Add(Wrap(WriteNumber(value.Abs), Level.Atom));
                    }

                    break;
                case Expr.Power { Exponent.Sign: < 0 } power:
                    below.Add(Wrap(power.Exponent == -Rational.One ? Write(power.Base) : (PowerOf(Print(power.Base), -power.Exponent), Level.Atom), Level.Atom));
                    break;
                default:
                    above.Add(Wrap(Write(factor), Level.Atom));
                    break;
            }
        }

        return sign + (above.Count == 0 ? "1" : string.Join(" * ", above)) + string.Concat(below.Select(factor => " / " + factor));
    }

    private static (string Text, Level Level) WriteNumber(Rational value)
    {
        if (value.IsInteger)
        {
            // No integer literal has more than 64 bits.
            string digits = value.ToString();
            return (digits.Length <= 16 ? digits : digits + ".0", value.Sign < 0 ? Level.Product : Level.Atom);
        }

        return (1_000_000 % value.Denominator).IsZero
            ? (value.ToDouble().ToString("0.######", CultureInfo.InvariantCulture), value.Sign < 0 ? Level.Product : Level.Atom)
            : ($"{value.Numerator}.0 / {value.Denominator}", Level.Product);
    }

    private static string PowerOf(string basis, Rational exponent) => exponent == Rational.Half ? $"Math.Sqrt({basis})"
        : exponent == 2 ? $"Square({basis})"
        : $"Math.Pow({basis}, {WriteNumber(exponent).Text})";

    private string WriteCall(Expr.Call call)
    {
        if (!OwnFunctions.TryGetValue(call.Function, out string? format) && !Functions.TryGetValue(call.Function, out format))
        {
            Missing ??= call.Function;
            return call.Function;
        }

        var argument = Write(call.Arguments[0]);
        bool alone = format.Contains("({0}", StringComparison.Ordinal) && format.IndexOf("{0}", StringComparison.Ordinal) == format.LastIndexOf("{0}", StringComparison.Ordinal) && !format.Contains("{0} /", StringComparison.Ordinal);
        return string.Format(CultureInfo.InvariantCulture, format, alone ? argument.Text : Wrap(argument, Level.Atom), call.Parameters.Count > 0 ? WriteNumber(call.Parameters[0]).Text : string.Empty);
    }

    private static string Wrap((string Text, Level Level) text, Level atLeast) => text.Level >= atLeast ? text.Text : "(" + text.Text + ")";
}
