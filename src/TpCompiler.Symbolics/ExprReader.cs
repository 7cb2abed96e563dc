using System.Globalization;

namespace TpCompiler.Symbolics;

/// <summary>
/// Reads what <see cref="ExprPrinter"/> writes as <see cref="ExprStyle.Ascii"/>; the round trip is the identity.
/// <code>
/// sum     = ["-"] product {("+" | "-") product}
/// product = power {("*" | "/") power}
/// power   = atom ["^" (integer | "(" rational ")")]
/// atom    = integer ["/" integer] | "pi" | width | name ["[" index {"," index} "]"] | function {"'"} "(" sum {"," sum} ")"
///         | "sum" "(" binder "," sum ")" | "E" "[" sum "]" | "#" index | "(" sum ")"
/// index   = integer | name [("+" | "-") integer] | name "[" index {"," index} "]" | name "[" "]"
/// binder  = name [":" axis] ["&lt;" name]
/// </code>
/// Names are letters, digits, <c>_ . @</c> and primes (in indices), or anything between backticks. A name of a width is a power of the width. A row without axes is looked up as <c>U[row[]]</c>.
/// </summary>
public sealed class ExprReader
{
    private const int MaximalDepth = 500;

    private readonly string text;
    private readonly IReadOnlySet<string> widths;
    private int position;
    private int depth;

    private ExprReader(string text, int start, IReadOnlySet<string> widths) => (this.text, position, this.widths) = (text, start, widths);

    /// <summary>What was read up to <see cref="End"/>, or why not, at <see cref="End"/>.</summary>
    public readonly record struct Result(Expr? Expr, int End, string? Error);

    /// <summary>Reads one expression that takes the whole text.</summary>
    public static Result Read(string text, params ReadOnlySpan<string> widths)
    {
        var result = ReadPrefix(text, 0, new HashSet<string>(widths.ToArray(), StringComparer.Ordinal));
        return result.Expr is not null && result.End < text.Length ? new Result(null, result.End, "Expected an operator or the end.") : result;
    }

    /// <summary>Reads the longest expression that begins at <paramref name="start"/>, and the white space behind it.</summary>
    public static Result ReadPrefix(string text, int start, IReadOnlySet<string> widths)
    {
        var reader = new ExprReader(text, start, widths);
        try
        {
            reader.SkipSpace();
            return new Result(reader.ReadSum(), reader.position, null);
        }
        catch (FormatException error)
        {
            return new Result(null, reader.position, error.Message);
        }
    }

    /// <summary>Reads a name, quoted or not, and the white space behind it.</summary>
    public static (string? Name, int End) ReadNamePrefix(string text, int start) => Prefix(text, start, reader => reader.Peek() == '`' ? reader.ReadQuoted() : reader.ReadName());

    /// <summary>Reads a reference and the white space behind it, no more: what follows may be an operator of another grammar.</summary>
    public static (Expr.Reference? Reference, int End) ReadReferencePrefix(string text, int start) =>
        Prefix(text, start, reader => new Expr.Reference(reader.Peek() == '`' ? reader.ReadQuoted() : reader.ReadName(), reader.ReadIndices()));

    /// <summary>Reads what <see cref="WriteBinder"/> writes, and the white space behind it.</summary>
    public static (IndexBinder? Binder, int End) ReadBinderPrefix(string text, int start) => Prefix(text, start, reader => reader.ReadBinder());

    private static (T? Value, int End) Prefix<T>(string text, int start, Func<ExprReader, T> read)
        where T : class
    {
        var reader = new ExprReader(text, start, new HashSet<string>());
        try
        {
            reader.SkipSpace();
            return (read(reader), reader.position);
        }
        catch (FormatException)
        {
            return (null, reader.position);
        }
    }

    /// <summary>A name as it stands in text: in backticks when it isn't plain.</summary>
    public static string Quote(string name) => IsPlain(name) && name is not ("pi" or "sum" or "E") ? name : "`" + name + "`";

    internal static string QuoteIndex(string name) => IsPlain(name.TrimEnd('\'')) ? name : "`" + name + "`";

    /// <summary><c>i:input</c>, <c>s&lt;t</c>; the axis is left out when it has the name of the index or of its bound.</summary>
    public static string WriteBinder(IndexBinder binder) =>
        QuoteIndex(binder.Name)
        + (binder.Axis == (binder.Below ?? binder.Name) ? string.Empty : ":" + QuoteIndex(binder.Axis))
        + (binder.Below is null ? string.Empty : "<" + QuoteIndex(binder.Below));

    private static bool IsPlain(string name) => name.Length > 0 && IsNameStart(name[0]) && name.All(IsNamePart);

    private static bool IsNameStart(char c) => char.IsLetter(c) || c == '_';

    private static bool IsNamePart(char c) => char.IsLetterOrDigit(c) || c is '_' or '.' or '@';

    private Expr ReadSum()
    {
        if (++depth > MaximalDepth)
        {
            throw new FormatException("Parentheses nest too deep.");
        }

        var terms = new List<Expr> { Accept('-') ? ReadProduct(-1) : ReadProduct(1) };
        while (true)
        {
            if (Accept('+'))
            {
                terms.Add(ReadProduct(1));
            }
            else if (Accept('-'))
            {
                terms.Add(ReadProduct(-1));
            }
            else
            {
                depth--;
                return terms.Count == 1 ? terms[0] : Expr.SumOf(terms);
            }
        }
    }

    private Expr ReadProduct(int sign)
    {
        var factors = new List<Expr> { sign, ReadPower() };
        while (true)
        {
            if (Accept('*'))
            {
                factors.Add(ReadPower());
            }
            else if (Accept('/'))
            {
                var divisor = ReadPower();
                factors.Add(divisor.IsZero ? throw new FormatException("Division by zero.") : Expr.Pow(divisor, -1));
            }
            else
            {
                return factors is [Expr.Constant { Value.IsOne: true }, var only] ? only : Expr.ProductOf(factors);
            }
        }
    }

    private Expr ReadPower()
    {
        var basis = ReadAtom();
        if (!Accept('^'))
        {
            return basis;
        }

        var exponent = Rational.Zero;
        if (Accept('('))
        {
            exponent = ReadRational();
            Expect(')');
        }
        else
        {
            exponent = ReadInteger();
        }

        return basis.IsZero && exponent.Sign < 0 ? throw new FormatException("Division by zero.") : Expr.Pow(basis, exponent);
    }

    private Expr ReadAtom()
    {
        var c = Peek();
        if (char.IsAsciiDigit(c))
        {
            return ReadInteger();
        }

        if (Accept('('))
        {
            var inner = ReadSum();
            Expect(')');
            return inner;
        }

        if (Accept('#'))
        {
            return new Expr.IndexValue(ReadIndexName());
        }

        if (c == '`')
        {
            return new Expr.Reference(ReadQuoted(), ReadIndices());
        }

        var name = ReadName();
        switch (name)
        {
            case "pi":
                return new Expr.Pi();
            case "sum":
                Expect('(');
                var binder = ReadBinder();
                Expect(',');
                var body = ReadSum();
                Expect(')');
                return Expr.SumOver(binder, body);
            case "E":
                Expect('[');
                var mean = Expr.Mean(ReadSum());
                Expect(']');
                return mean;
        }

        if (widths.Contains(name))
        {
            return new Expr.WidthPower(name, 1);
        }

        return Peek() is '(' or '\'' ? ReadCall(name) : new Expr.Reference(name, ReadIndices());
    }

    private Expr ReadCall(string function)
    {
        if (Nonlinearities.Find(function) is not { } row)
        {
            throw new FormatException($"No function has the name {function}.");
        }

        var derivative = 0;
        while (Accept('\''))
        {
            derivative++;
        }

        Expect('(');
        var argument = ReadSum();
        var parameters = new List<Rational>();
        while (Accept(','))
        {
            parameters.Add(ReadRational());
        }

        Expect(')');
        return parameters.Count == row.Defaults.Count
            ? Nonlinearities.CallOf(function, derivative, parameters.ToValueList(), argument)
            : throw new FormatException($"{function} has {row.Defaults.Count} parameters.");
    }

    private IndexBinder ReadBinder()
    {
        var name = ReadIndexName();
        var axis = Accept(':') ? ReadIndexName() : null;
        var below = Accept('<') ? ReadIndexName() : null;
        return new IndexBinder(name, axis ?? below ?? name, below);
    }

    private ValueList<Index> ReadIndices()
    {
        if (!Accept('['))
        {
            return [];
        }

        var indices = new List<Index>();
        if (Accept(']'))
        {
            return [];
        }

        do
        {
            indices.Add(ReadIndex());
        }
        while (Accept(','));
        Expect(']');
        return indices.ToValueList();
    }

    private Index ReadIndex()
    {
        if (char.IsAsciiDigit(Peek()) || Peek() == '-')
        {
            return new Index.Fixed(ReadOffset(Accept('-') ? -1 : 1));
        }

        var quoted = Peek() == '`';
        var name = quoted ? ReadQuoted() : ReadIndexName();
        return Peek() switch
        {
            '[' => new Index.Lookup(new Expr.Reference(name, ReadIndices())),
            '+' => new Index.Shifted(name, Accept('+') ? ReadOffset(1) : 0),
            '-' => new Index.Shifted(name, Accept('-') ? ReadOffset(-1) : 0),
            _ => new Index.Variable(name),
        };
    }

    private int ReadOffset(int sign)
    {
        var value = sign * ReadInteger();
        return value.Abs <= int.MaxValue ? (int)value.Numerator : throw new FormatException("The position is too large.");
    }

    private Rational ReadRational()
    {
        var sign = Accept('-') ? -1 : 1;
        var numerator = ReadInteger();
        if (!Accept('/'))
        {
            return sign * numerator;
        }

        var denominator = ReadInteger();
        return denominator.IsZero ? throw new FormatException("Division by zero.") : sign * numerator / denominator;
    }

    private Rational ReadInteger()
    {
        var start = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]))
        {
            position++;
        }

        if (position == start)
        {
            throw new FormatException("Expected a number.");
        }

        var value = System.Numerics.BigInteger.Parse(text.AsSpan(start, position - start), NumberStyles.None, CultureInfo.InvariantCulture);
        SkipSpace();
        return value;
    }

    private string ReadIndexName()
    {
        if (Peek() == '`')
        {
            return ReadQuoted();
        }

        var name = ReadName(skip: false);
        while (Peek() == '\'')
        {
            name += "'";
            position++;
        }

        SkipSpace();
        return name;
    }

    private string ReadName(bool skip = true)
    {
        var start = position;
        if (!IsNameStart(Peek()))
        {
            throw new FormatException(position < text.Length ? $"Unexpected '{text[position]}'." : "Unexpected end.");
        }

        while (position < text.Length && IsNamePart(text[position]))
        {
            position++;
        }

        var name = text[start..position];
        if (skip)
        {
            SkipSpace();
        }

        return name;
    }

    private string ReadQuoted()
    {
        var end = text.IndexOf('`', position + 1);
        if (end < 0)
        {
            throw new FormatException("A backtick is not closed.");
        }

        var name = text[(position + 1)..end];
        position = end + 1;
        SkipSpace();
        return name;
    }

    private char Peek() => position < text.Length ? text[position] : '\0';

    private bool Accept(char c)
    {
        if (Peek() != c)
        {
            return false;
        }

        position++;
        SkipSpace();
        return true;
    }

    private void Expect(char c)
    {
        if (!Accept(c))
        {
            throw new FormatException($"Expected '{c}'.");
        }
    }

    private void SkipSpace()
    {
        while (position < text.Length && char.IsWhiteSpace(text[position]))
        {
            position++;
        }
    }
}
