using System.Diagnostics;
using System.Globalization;

namespace TpCompiler.Symbolics;

/// <summary>The signs of a style.</summary>
internal abstract class ExprSymbols
{
    public abstract string Pi { get; }

    public abstract string Times { get; }

    public virtual string Plus => " + ";

    public virtual string Minus => " - ";

    public virtual string Negation => "-";

    /// <summary>Whether a denominator is written under all of the numerator.</summary>
    public virtual bool WritesFractions => true;

    public static ExprSymbols For(ExprStyle style) => style switch
    {
        ExprStyle.Ascii => new Ascii(),
        ExprStyle.Unicode => new Unicode(),
        ExprStyle.Latex => new Latex(),
        _ => throw new UnreachableException(),
    };

    public abstract string Reference(string name, IEnumerable<string> indices);

    public abstract string IndexName(string name);

    public abstract string IndexValue(string name);

    public abstract string Call(string function, int derivative, IEnumerable<string> arguments);

    /// <summary>What stands before the body.</summary>
    public abstract string Sum(IndexBinder index);

    public abstract string Expectation(string body);

    public abstract string Exponent(Rational exponent);

    /// <summary>√basis, or null when the style writes it as a power.</summary>
    public abstract string? Root(string basis, bool isAtom);

    public virtual string Number(Rational value) => value.ToString();

    public virtual bool IsOneCharacter(Rational value) => false;

    public virtual string Parenthesize(string text) => "(" + text + ")";

    private sealed class Ascii : ExprSymbols
    {
        public override string Pi => "pi";

        public override string Times => " * ";

        public override bool WritesFractions => false;

        public override string Reference(string name, IEnumerable<string> indices)
        {
            var list = string.Join(",", indices);
            return ExprReader.Quote(name) + (list.Length == 0 ? string.Empty : "[" + list + "]");
        }

        public override string IndexName(string name) => ExprReader.QuoteIndex(name);

        public override string IndexValue(string name) => "#" + ExprReader.QuoteIndex(name);

        public override string Call(string function, int derivative, IEnumerable<string> arguments) =>
            function + new string('\'', derivative) + "(" + string.Join(", ", arguments) + ")";

        public override string Sum(IndexBinder index) => "sum(" + ExprReader.WriteBinder(index) + ", ";

        public override string Expectation(string body) => "E[" + body + "]";

        public override string Exponent(Rational exponent) => exponent.IsInteger && exponent.Sign > 0 ? "^" + exponent : "^(" + exponent + ")";

        public override string? Root(string basis, bool isAtom) => null;
    }

    private sealed class Unicode : ExprSymbols
    {
        public override string Pi => "π";

        public override string Times => " ";

        public override string Minus => " − ";

        public override string Negation => "−";

        public override string Reference(string name, IEnumerable<string> indices)
        {
            var list = string.Join(",", indices);
            return list.Length == 0 ? name : name + "[" + list + "]";
        }

        public override string IndexName(string name) => name.Replace('\'', '′');

        public override string IndexValue(string name) => IndexName(name);

        public override string Call(string function, int derivative, IEnumerable<string> arguments) =>
            function + (derivative <= 3 ? new string('′', derivative) : "⁽" + Superscript(derivative.ToString(CultureInfo.InvariantCulture)) + "⁾")
            + "(" + string.Join(", ", arguments) + ")";

        public override string Sum(IndexBinder index) => "Σ_" + (index.Below is null ? IndexName(index.Name) : "{" + IndexName(index.Name) + "<" + IndexName(index.Below) + "}") + " ";

        public override string Expectation(string body) => "E[" + body + "]";

        public override string Exponent(Rational exponent) => exponent.IsInteger ? Superscript(exponent.ToString()) : "^(" + exponent + ")";

        public override string Root(string basis, bool isAtom) => isAtom ? "√" + basis : "√(" + basis + ")";

        public override string Number(Rational value) => Vulgar(value) ?? value.ToString();

        public override bool IsOneCharacter(Rational value) => Vulgar(value) is not null;

        private static string? Vulgar(Rational value) => value.ToString() switch
        {
            "1/2" => "½",
            "1/3" => "⅓",
            "2/3" => "⅔",
            "1/4" => "¼",
            "3/4" => "¾",
            "1/5" => "⅕",
            "1/6" => "⅙",
            "1/8" => "⅛",
            "3/8" => "⅜",
            _ => null,
        };

        private static string Superscript(string digits) => string.Concat(digits.Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));
    }

    private sealed class Latex : ExprSymbols
    {
        private static readonly HashSet<string> Operators =
            new(["tanh", "sin", "cos", "exp", "log", "arctan", "arcsin", "arccos", "min", "max"], StringComparer.Ordinal);

        private static readonly HashSet<string> Greek = new(
            ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"],
            StringComparer.Ordinal);

        public override string Pi => @"\pi";

        public override string Times => @" \, ";

        public override string Reference(string name, IEnumerable<string> indices)
        {
            var stem = name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
            var subscripts = new[] { name[stem.Length..] }.Where(digits => digits.Length > 0).Concat(indices);
            var list = string.Join(",", subscripts);
            return Identifier(stem.Length == 0 ? name : stem) + (list.Length == 0 ? string.Empty : "_{" + list + "}");
        }

        public override string IndexName(string name)
        {
            var stem = name.TrimEnd('\'');
            return Identifier(stem) + name[stem.Length..];
        }

        public override string IndexValue(string name) => IndexName(name);

        public override string Call(string function, int derivative, IEnumerable<string> arguments) =>
            (Operators.Contains(function) ? @"\" + function : Identifier(function)) + (derivative <= 3 ? new string('\'', derivative) : "^{(" + derivative.ToString(CultureInfo.InvariantCulture) + ")}")
            + @"\left(" + string.Join(", ", arguments) + @"\right)";

        public override string Sum(IndexBinder index) => @"\sum_{" + IndexName(index.Name) + (index.Below is null ? string.Empty : " < " + IndexName(index.Below)) + "} ";

        public override string Expectation(string body) => @"\mathbb{E}\left[" + body + @"\right]";

        public override string Exponent(Rational exponent) => "^{" + exponent + "}";

        public override string Root(string basis, bool isAtom) => @"\sqrt{" + basis + "}";

        public override string Number(Rational value) => value.IsInteger ? value.ToString() : @"\frac{" + value.Numerator.ToString(CultureInfo.InvariantCulture) + "}{" + value.Denominator.ToString(CultureInfo.InvariantCulture) + "}";

        public override string Parenthesize(string text) => @"\left(" + text + @"\right)";

        private static string Identifier(string name) =>
            Greek.Contains(name) ? @"\" + name
            : name.Length == 1 ? name
            : @"\mathrm{" + name.Replace("_", @"\_", StringComparison.Ordinal) + "}";
    }
}
