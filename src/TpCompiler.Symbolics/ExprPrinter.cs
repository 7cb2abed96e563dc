using System.Diagnostics;
using System.Globalization;

namespace TpCompiler.Symbolics;

/// <summary>Writes expressions with as few parentheses as a reader needs. Same expression, same text.</summary>
/// <param name="style">In what.</param>
/// <param name="reference">How references are written, where not by name and indices; null for the default of one reference. TeX allows one superscript only: what has one gets parentheses
/// before a power.</param>
public sealed class ExprPrinter(ExprStyle style, Func<Expr.Reference, string?>? reference = null)
{
    private readonly ExprSymbols symbols = ExprSymbols.For(style);

    /// <summary>How tightly a piece of text holds together.</summary>
    private enum Level
    {
        Sum,

        /// <summary>A product that nothing may follow: it ends in a Σ.</summary>
        OpenProduct,
        Product,
        Power,
        Atom,
    }

    public static string Print(Expr expr, ExprStyle style = ExprStyle.Ascii) => new ExprPrinter(style).Print(expr);

    public string Print(Expr expr) => Write(expr).Text;

    /// <summary>The expression as a factor: in parentheses when it is a sum.</summary>
    public string PrintFactor(Expr expr) => Wrap(Write(expr), Level.Product);

    public string Print(Index index) => index switch
    {
        Index.Variable v => symbols.IndexName(v.Name),
        Index.Fixed f => f.Position.ToString(CultureInfo.InvariantCulture),
        Index.Shifted s => symbols.IndexName(s.Name) + (s.Offset < 0 ? "-" : "+") + Math.Abs((long)s.Offset).ToString(CultureInfo.InvariantCulture),
        // The brackets tell a row without axes from an index variable.
        Index.Lookup l => Print(l.Row) + (style == ExprStyle.Ascii && l.Row.Indices.Count == 0 ? "[]" : string.Empty),
        _ => throw new UnreachableException(),
    };

    private (string Text, Level Level) Write(Expr expr) => expr switch
    {
        Expr.Constant or Expr.Multiply or Expr.Power or Expr.WidthPower => WriteProduct(expr),
        Expr.Pi => (symbols.Pi, Level.Atom),
        Expr.Reference r when reference?.Invoke(r) is { } text => (text, style == ExprStyle.Latex && text.Contains('^', StringComparison.Ordinal) ? Level.Power : Level.Atom),
        Expr.Reference r => (symbols.Reference(r.Name, r.Indices.Select(Print)), Level.Atom),
        Expr.IndexValue i => (symbols.IndexValue(i.Index), Level.Atom),
        Expr.Add a when style != ExprStyle.Ascii && Extremum(a) is { } extremum => Write(extremum),
        Expr.Add a => (WriteSum(a), Level.Sum),
        Expr.Call c => (symbols.Call(c.Function, c.Derivative, c.Arguments.Select(Print).Concat(c.Parameters.Select(p => p.ToString()))), Level.Atom),
        Expr.Sum s when style == ExprStyle.Ascii => (symbols.Sum(s.Index) + Print(s.Body) + ")", Level.Atom),
        // A sum of ones counts the positions of an index: how many samples a batch has.
        Expr.Sum { Body.IsOne: true } s => ("|" + symbols.IndexName(s.Index.Name.TrimEnd('\'')) + "|", Level.Atom),
        Expr.Sum s => (symbols.Sum(s.Index) + Wrap(Write(s.Body), Level.OpenProduct), Level.OpenProduct),
        Expr.Expectation e => (symbols.Expectation(Print(e.Body)), Level.Atom),
        _ => throw new UnreachableException(),
    };

    /// <summary>c − relu(c − u) as min(c, u) and c + relu(u − c) as max(c, u), multiples included, where that says it in fewer terms; null elsewhere.</summary>
    private static Expr? Extremum(Expr.Add add)
    {
        var parts = add.Terms.Select(Expr.SplitCoefficient).ToList();
        if (parts.Where(part => part.Remainder is Expr.Call { Function: "relu", Derivative: 0 }).ToList() is not [var (coefficient, rest)])
        {
            return null;
        }

        var argument = ((Expr.Call)rest).Arguments[0];
        var first = Expr.SumOf(add.Terms.Where((_, i) => parts[i].Remainder != rest)) * (1 / coefficient.Abs);
        var second = coefficient.Sign < 0 ? first - argument : first + argument;
        if (Terms(second) >= Terms(argument))
        {
            return null;
        }

        var call = new Expr.Call(coefficient.Sign < 0 ? "min" : "max", 0, [], [first, second]);
        return coefficient.Abs.IsOne ? call : new Expr.Multiply([new Expr.Constant(coefficient.Abs), call]);

        static int Terms(Expr expr) => expr is Expr.Add sum ? sum.Terms.Count : 1;
    }

    private static bool IsHistory(Expr term) => term is Expr.Multiply product ? product.Factors.Any(IsHistory) : term is Expr.Sum { Index.Below: not null };

    private string WriteSum(Expr.Add add)
    {
        // A positive term first reads better: 1 - x² and not -x² + 1.
        var terms = add.Terms.Select(term => (Negative: Expr.SplitCoefficient(term).Coefficient.Sign < 0, Term: term)).ToList();
        if (style != ExprStyle.Ascii)
        {
            // What there is at the start comes before what the steps since then have added, Σ_{s<t}.
            terms = [.. terms.OrderBy(term => IsHistory(term.Term))];
        }

        if (terms[0].Negative && terms.FindIndex(term => !term.Negative) is > 0 and var positive)
        {
            var first = terms[positive];
            terms.RemoveAt(positive);
            terms.Insert(0, first);
        }

        var texts = terms.Select((term, i) =>
        {
            var text = Wrap(Write(term.Negative ? -term.Term : term.Term), Level.OpenProduct);
            return term.Negative ? (i == 0 ? symbols.Negation : symbols.Minus) + text : (i == 0 ? string.Empty : symbols.Plus) + text;
        });
        return string.Concat(texts);
    }

    /// <summary>sign · coefficient · factors / factors.</summary>
    private (string Text, Level Level) WriteProduct(Expr expr)
    {
        var (coefficient, rest) = Expr.SplitCoefficient(expr);
        List<Expr> above = [], below = [];
        foreach (var part in rest is Expr.Multiply product ? product.Factors : rest.IsOne ? [] : [rest])
        {
            var factor = part;
            if (style != ExprStyle.Ascii && part is Expr.Power { Base: Expr.Constant { Value: var root } } radical && (coefficient.Denominator % root.Numerator).IsZero)
            {
                // ½ √2 as 1/√2.
                (coefficient, factor) = (coefficient * root, radical with { Exponent = radical.Exponent - 1 });
            }

            var exponent = factor switch { Expr.Power p => p.Exponent, Expr.WidthPower w => w.Exponent, _ => 1 };
            if (exponent.Sign < 0 && (style != ExprStyle.Ascii || (factor is Expr.Power && exponent.IsInteger)))
            {
                below.Add(factor is Expr.WidthPower width ? Expr.WidthTo(width.Width, -exponent) : new Inverse((Expr.Power)factor).Expr);
            }
            else
            {
                above.Add(factor);
            }
        }

        var magnitude = coefficient.Abs;
        var (text, level) = symbols.WritesFractions && (below.Count > 0 || (style == ExprStyle.Latex && !magnitude.IsInteger))
            ? WriteFraction(magnitude, above, below)
            : WriteFactors(magnitude, above, below);
        return coefficient.Sign < 0 ? (symbols.Negation + text, level < Level.Product ? level : Level.Product) : (text, level);
    }

    private (string Text, Level Level) WriteFactors(Rational coefficient, List<Expr> above, List<Expr> below)
    {
        var (text, level) = Join(coefficient, above);
        foreach (var factor in below)
        {
            (text, level) = (Wrap((text, level), Level.Product) + " / " + Wrap(WriteFactor(factor), Level.Power), Level.Product);
        }

        return (text, level);
    }

    private (string Text, Level Level) WriteFraction(Rational coefficient, List<Expr> above, List<Expr> below)
    {
        var numerator = Join(coefficient.Numerator, above);
        var denominator = Join(coefficient.Denominator, below);
        return style == ExprStyle.Latex
            ? (@"\frac{" + numerator.Text + "}{" + denominator.Text + "}", Level.Product)
            // A Σ may stand open before the stroke: what it divides by holds no index of the sum.
            : (Wrap(numerator, Level.OpenProduct) + " / " + Wrap(denominator, Level.Power), numerator.Level == Level.OpenProduct ? Level.OpenProduct : Level.Product);
    }

    private (string Text, Level Level) Join(Rational coefficient, List<Expr> factors)
    {
        var texts = new List<(string Text, Level Level)>();
        if (!coefficient.IsOne || factors.Count == 0)
        {
            texts.Add((symbols.Number(coefficient), coefficient.IsInteger || symbols.IsOneCharacter(coefficient) ? Level.Atom : Level.Product));
        }

        texts.AddRange(Rooted(factors).Select(WriteFactor));
        if (texts.Count == 1)
        {
            return texts[0];
        }

        // Only the last factor may be an open Σ.
        var open = texts[^1].Level == Level.OpenProduct;
        var joined = texts.Select((text, i) => Wrap(text, i == texts.Count - 1 ? Level.OpenProduct : i == 0 && style == ExprStyle.Ascii ? Level.Product : Level.Power));
        return (string.Join(symbols.Times, joined), open ? Level.OpenProduct : Level.Product);
    }

    /// <summary>Several square roots under one root, numbers multiplied: √10, √(2π).</summary>
    private List<Expr> Rooted(List<Expr> factors)
    {
        var roots = factors.OfType<Expr.Power>().Where(power => power.Exponent == Rational.Half).ToList();
        if (style == ExprStyle.Ascii || roots.Count < 2)
        {
            return factors;
        }

        var number = roots.Select(root => root.Base).OfType<Expr.Constant>().Aggregate(Rational.One, (product, constant) => product * constant.Value);
        List<Expr> under = [.. number.IsOne ? [] : new[] { new Expr.Constant(number) }, .. roots.Select(root => root.Base).Where(basis => basis is not Expr.Constant)];
        return [.. factors.Except(roots), new Expr.Power(under is [var only] ? only : new Expr.Multiply(under.ToValueList()), Rational.Half)];
    }

    private (string Text, Level Level) WriteFactor(Expr factor) => factor switch
    {
        Expr.Power p => WritePower(Write(p.Base), p.Exponent),
        Expr.WidthPower w => w.Exponent.IsOne ? (w.Width, Level.Atom) : WritePower((w.Width, Level.Atom), w.Exponent),
        Expr.Constant c when !c.Value.IsInteger || c.Value.Sign < 0 => (Print(c), Level.Sum),
        _ => Write(factor),
    };

    private (string Text, Level Level) WritePower((string Text, Level Level) basis, Rational exponent)
    {
        if (exponent.IsOne)
        {
            return basis;
        }

        if (exponent == Rational.Half && symbols.Root(basis.Text, basis.Level == Level.Atom) is { } root)
        {
            return (root, style == ExprStyle.Latex ? Level.Atom : Level.Power);
        }

        return (Wrap(basis, Level.Atom) + symbols.Exponent(exponent), Level.Power);
    }

    private string Wrap((string Text, Level Level) text, Level atLeast) => text.Level >= atLeast ? text.Text : symbols.Parenthesize(text.Text);

    /// <summary>1/factor; the base of a denominator stays as it is, without the rewriting that <see cref="Expr.Pow"/> would do.</summary>
    private readonly record struct Inverse(Expr.Power Power)
    {
        public Expr Expr => Power.Exponent == -Rational.One ? Power.Base : Power with { Exponent = -Power.Exponent };
    }
}
