using System.Diagnostics;
using System.Globalization;
using TpCompiler.Emit.Code;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Targets;

/// <summary>Tensor expressions as Python.</summary>
/// <param name="library">The array library.</param>
/// <param name="name">How a value is called, and a width where it is a number.</param>
/// <param name="size">How many positions an axis has here, and how many coordinates a width.</param>
internal sealed partial class PythonExpressions(PythonLibrary library, Func<string, string> name, Func<string, string> size)
{
    private enum Level
    {
        Relation,
        Sum,
        Product,
        Power,
        Atom,
    }

    /// <summary>A function that the library doesn't have, once one was asked for.</summary>
    public string? Missing { get; private set; }

    /// <summary>Whether several processes hold the rows of a wide layer: then sums over rows are added up, and a vector is put together before a matrix multiplies it.</summary>
    public bool IsSharded { get; init; }

    /// <summary>Values that are numbers of Python, and no arrays.</summary>
    public Func<string, bool> IsNumber { get; init; } = _ => false;

    public string Print(TensorExpr expr) => Write(expr).Text;

    /// <summary>A constant of rationals, π and widths.</summary>
    public string Print(Expr constant) => WriteNumber(constant).Text;

    /// <summary>The square root of a variance.</summary>
    public string Deviation(Expr variance) => Print(Expr.Pow(variance, Rational.Half));

    private (string Text, Level Level) Write(TensorExpr expr) => expr switch
    {
        TensorExpr.Number number => WriteNumber(number.Exact),
        TensorExpr.Counter counter => (name(counter.Name), Level.Atom),
        TensorExpr.Extent extent => (size(extent.Axis), Level.Atom),
        TensorExpr.Position position => (string.Format(CultureInfo.InvariantCulture, library.Positions, size(position.Axis)), Level.Atom),
        TensorExpr.Value value => (name(value.Name), Level.Atom),
        TensorExpr.Slice slice => (Wrap(Write(slice.Body), Level.Atom) + "[" + string.Join(", ", slice.Positions.Select(at => at?.ToString(CultureInfo.InvariantCulture) ?? ":")) + "]", Level.Atom),
        TensorExpr.Gather gather => (WriteGather(gather), Level.Atom),
        TensorExpr.Shift shift => ($"shifted({Write(shift.Body).Text}, {Number(shift.Offset)}, {library.Axis}={Number(shift.Dims.ToList().IndexOf(shift.Dim))})", Level.Atom),
        TensorExpr.Scatter scatter => ($"scattered({size(scatter.Axis)}, {Write(scatter.Rows).Text}, {Write(scatter.Body).Text})", Level.Atom),
        TensorExpr.Broadcast broadcast => (WriteBroadcast(broadcast), Level.Atom),
        TensorExpr.Compare compare => (WriteCompare(compare), Level.Relation),
        TensorExpr.Indicator indicator => (IsPlainNumber(indicator) ? $"float({Write(indicator.Body).Text})" : "(" + Write(indicator.Body).Text + ")" + library.Indicator, Level.Atom),
        TensorExpr.Whole whole => (Wrap(Write(whole.Body), Level.Atom) + library.Whole, Level.Atom),
        TensorExpr.Stopped stopped => (Wrap(Write(stopped.Body), Level.Atom) + library.Stopped, Level.Atom),
        TensorExpr.Sum sum => (WriteSum(sum), Level.Sum),
        TensorExpr.Product product => WriteProduct(product),
        TensorExpr.Power power => WritePower(Write(power.Base), power.Exponent),
        TensorExpr.Apply apply => (WriteCall(apply), Level.Atom),
        TensorExpr.PairMean mean => ($"pair_mean(lambda {name(mean.U)}, {name(mean.V)}: {Write(mean.Body).Text}, {Write(mean.Covariance).Text})", Level.Atom),
        TensorExpr.MatrixTimes times => ($"{name(times.Matrix)}.{(times.Transposed ? "transposed_times" : "times")}({Write(times.Vector).Text})", Level.Atom),
        TensorExpr.FactorPairs factors => (WriteFactors(factors), Level.Atom),
        TensorExpr.Contraction contraction => WriteContraction(contraction),
        TensorExpr.Total total => (WriteTotal(total), Level.Atom),
        _ => throw new UnreachableException(),
    };

    private string WriteSum(TensorExpr.Sum sum)
    {
        List<(bool Negative, string Text)> terms = [.. sum.Terms.Select(term => Signed(Aligned(term, sum.Dims)))];
        if (terms[0].Negative && terms.FindIndex(term => !term.Negative) is > 0 and var positive)
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
            (_, false) => " + " + term.Text,
        }));

        static (bool Negative, string Text) Signed((string Text, Level Level) term) =>
            term.Level <= Level.Sum ? (false, "(" + term.Text + ")") : term.Text[0] == '-' ? (true, term.Text[1..]) : (false, term.Text);
    }

    private (string Text, Level Level) WriteProduct(TensorExpr.Product product)
    {
        List<string> above = [];
        List<string> below = [];
        string sign = string.Empty;
        foreach (TensorExpr factor in product.Factors)
        {
            if (factor is TensorExpr.Number { Exact: var exact })
            {
                var (coefficient, rest) = Expr.SplitCoefficient(exact);
                sign = coefficient.Sign < 0 ? "-" : string.Empty;
                if (!coefficient.Abs.IsOne)
                {
                    above.Add(WriteNumber(coefficient.Abs).Text);
                }

                foreach (Expr part in rest.IsOne ? [] : rest is Expr.Multiply parts ? parts.Factors : [rest])
                {
                    if (part is Expr.WidthPower { Exponent.Sign: < 0 } width)
                    {
                        below.Add(WritePower((name(width.Width), Level.Atom), -width.Exponent).Text);
                    }
                    else
                    {
                        above.Add(Wrap(WriteNumber(part), Level.Power));
                    }
                }
            }
            else if (factor is TensorExpr.Power { Exponent: { Sign: < 0 } exponent } power)
            {
                below.Add(Wrap(Aligned(exponent == -Rational.One ? power.Base : power with { Exponent = -exponent }, product.Dims), Level.Power));
            }
            else
            {
                above.Add(Wrap(Aligned(factor, product.Dims), Level.Power));
            }
        }

        string text = sign + (above.Count == 0 ? "1" : string.Join(" * ", above)) + string.Concat(below.Select(factor => " / " + factor));
        return (text, Level.Product);
    }

    private (string Text, Level Level) WriteNumber(Expr number)
    {
        switch (number)
        {
            case Expr.Constant { Value: var value }:
                return Decimal(value) is { } text ? (text, value.Sign < 0 ? Level.Product : Level.Atom) : ($"{value.Numerator} / {value.Denominator}", Level.Product);
            case Expr.Pi:
                return (library.Module + ".pi", Level.Atom);
            case Expr.WidthPower width:
                return WritePower((name(width.Width), Level.Atom), width.Exponent);
            case Expr.Power power:
                return WritePower(WriteNumber(power.Base), power.Exponent);
            case Expr.Multiply product:
                return (string.Join(" * ", product.Factors.Select(factor => factor is Expr.Constant ? WriteNumber(factor).Text : Wrap(WriteNumber(factor), Level.Power))), Level.Product);
            case Expr.Add sum:
                return (string.Join(" + ", sum.Terms.Select(term => Wrap(WriteNumber(term), Level.Product))), Level.Sum);
            default:
                throw new UnreachableException();
        }
    }

    private static (string Text, Level Level) WritePower((string Text, Level Level) basis, Rational exponent) => exponent.IsOne
        ? basis
        : (Wrap(basis, Level.Atom) + "**" + (Decimal(exponent) ?? $"({exponent.Numerator} / {exponent.Denominator})"), Level.Power);

    /// <summary>The rational as a decimal fraction; null when it has none, or a long one.</summary>
    private static string? Decimal(Rational value)
    {
        if (value.IsInteger)
        {
            // An array library has no integers of more than 64 bits.
            string digits = value.ToString();
            return digits.Length <= 16 ? digits : digits + ".0";
        }

        return (1_000_000 % value.Denominator).IsZero ? value.ToDouble().ToString("0.######", CultureInfo.InvariantCulture) : null;
    }

    private string WriteCall(TensorExpr.Apply apply)
    {
        if (!library.Functions.TryGetValue(apply.Function, out string? format))
        {
            Missing ??= apply.Function;
            return apply.Function;
        }

        var (text, level) = Write(apply.Argument);
        if (library.OfNumber is var (array, number) && IsPlainNumber(apply.Argument))
        {
            (text, level, format) = (string.Format(CultureInfo.InvariantCulture, array, text), Level.Atom, format + number);
        }

        bool stands = format.Contains("({0})", StringComparison.Ordinal) || format.Contains("({0},", StringComparison.Ordinal);
        string argument = stands && format.IndexOf("{0}", StringComparison.Ordinal) == format.LastIndexOf("{0}", StringComparison.Ordinal) ? text : Wrap((text, level), Level.Atom);
        return string.Format(CultureInfo.InvariantCulture, format, argument, apply.Parameters.Count > 0 ? Print(apply.Parameters[0]) : string.Empty);
    }

    /// <summary>The expression with a dimension of size 1 for each that it lacks.</summary>
    private (string Text, Level Level) Aligned(TensorExpr expr, ValueList<string> dims)
    {
        if (expr.Dims.Count == 0)
        {
            return Write(expr);
        }

        if (expr is TensorExpr.Product product && product.Factors[0] is TensorExpr.Number { Exact: var number } && Expr.SplitCoefficient(number).Coefficient.Sign < 0)
        {
            ValueList<TensorExpr> positive = [.. (-number).IsOne ? ValueList<TensorExpr>.Empty : [new TensorExpr.Number(-number)], .. product.Factors.Skip(1)];
            var negated = Aligned(positive.Count == 1 ? positive[0] : product with { Factors = positive }, dims);
            return ("-" + Wrap(negated, Level.Product), Level.Product);
        }

        ValueList<string> sorted = [.. dims.Where(expr.Dims.Contains)];
        (string Text, Level Level) text = sorted.Equals(expr.Dims) ? Write(expr) : WriteContraction(new TensorExpr.Contraction([expr], sorted));
        List<string> positions = [.. dims.SkipWhile(dim => !sorted.Contains(dim)).Select(dim => sorted.Contains(dim) ? ":" : "None")];
        return positions.Contains("None") ? (Wrap(text, Level.Atom) + "[" + string.Join(", ", positions) + "]", Level.Atom) : text;
    }

    /// <summary>Whether an expression is a number of Python, made of the counters of loops: no array.</summary>
    private bool IsPlainNumber(TensorExpr expr) => expr.DescendantsAndSelf().All(part => part.Dims.Count == 0
        && part is TensorExpr.Value value ? IsNumber(value.Name) : part is TensorExpr.Number or TensorExpr.Counter or TensorExpr.Extent or TensorExpr.Sum or TensorExpr.Product or TensorExpr.Power or TensorExpr.Compare or TensorExpr.Indicator or TensorExpr.Apply);

    private static string Wrap((string Text, Level Level) text, Level atLeast) => text.Level >= atLeast ? text.Text : "(" + text.Text + ")";
}
