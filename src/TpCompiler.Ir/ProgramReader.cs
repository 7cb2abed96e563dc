using System.Globalization;
using System.Text;
using TpCompiler.Diagnostics;
using TpCompiler.Symbolics;

namespace TpCompiler.Ir;

/// <summary>Reads what <see cref="ProgramPrinter"/> writes (GRAMMAR.md). It checks form, not meaning: that is the <see cref="ProgramVerifier"/>'s.</summary>
public sealed class ProgramReader
{
    private const int MaximalDepth = 100;

    private readonly string text;
    private readonly HashSet<string> widths = new(StringComparer.Ordinal);
    private int position;

    private ProgramReader(string text) => this.text = text;

    /// <summary>The program, or null and what was expected where.</summary>
    public static Program? Read(SourceText source, DiagnosticBag diagnostics)
    {
        var reader = new ProgramReader(source.Text);
        try
        {
            return reader.ReadProgram();
        }
        catch (FormatException expected)
        {
            var at = Math.Min(reader.position, source.Text.Length);
            var location = new Location(source, new Span(at, Math.Min(1, source.Text.Length - at)));
            diagnostics.Add(at == source.Text.Length
                ? Diagnostic.Create(Codes.UnexpectedEnd, location, expected.Message)
                : Diagnostic.Create(Codes.UnexpectedToken, location, expected.Message, $"`{source.Text[at]}`"));
            return null;
        }
    }

    private Program ReadProgram()
    {
        SkipSpace();
        ExpectWord("program");
        var name = ReadName();
        var dimensions = new List<Width>();
        while (AcceptWord("width"))
        {
            var width = new Width(ReadName(), ReadRational());
            widths.Add(width.Name);
            dimensions.Add(width);
        }

        var axes = new List<Axis>();
        while (AcceptWord("axis"))
        {
            axes.Add(new Axis(ReadName(), Accept('?') ? null : ReadInteger()));
        }

        var parameters = new List<Parameter>();
        while (AcceptWord("parameter"))
        {
            parameters.Add(ReadParameter());
        }

        var adapted = new List<string>();
        if (AcceptWord("adapted"))
        {
            do
            {
                adapted.Add(ReadName());
            }
            while (Accept(','));
        }

        var body = ReadBlock(0);
        ExpectWord("outputs");
        var outputs = new List<string>();
        if (position < text.Length)
        {
            do
            {
                outputs.Add(ReadName());
            }
            while (Accept(','));
        }

        return position == text.Length
            ? new Program(name, dimensions.ToValueList(), axes.ToValueList(), parameters.ToValueList(), body, outputs.ToValueList()) { Adapted = adapted.ToValueList() }
            : throw new FormatException("the end");
    }

    private Parameter ReadParameter()
    {
        var name = ReadName();
        var type = ReadDefinition();
        ExpectWord("from");
        var initial = ReadName();
        var role = Enum.GetValues<ParameterRole>().Where(candidate => AcceptWord(candidate.ToString().ToLowerInvariant())).Select(candidate => (ParameterRole?)candidate).FirstOrDefault()
            ?? throw new FormatException("a role");
        ExpectWord("a");
        var a = ReadRational();
        ExpectWord("b");
        var b = ReadRational();
        ExpectWord("c");
        var c = ReadRational();
        var trained = AcceptWord("trained");
        if (!trained)
        {
            ExpectWord("fixed");
        }

        ExpectWord("variance");
        return new Parameter(name, initial, type, a, b, c, ReadExpr(), trained) { RoleOfVector = role };
    }

    private ValueList<Statement> ReadBlock(int depth)
    {
        var statements = new List<Statement>();
        while (position < text.Length && text[position] != '}' && !IsWord("outputs"))
        {
            statements.Add(AcceptWord("loop") ? ReadLoop(depth) : ReadInstruction());
        }

        return statements.ToValueList();
    }

    private Loop ReadLoop(int depth)
    {
        if (depth >= MaximalDepth)
        {
            throw new FormatException("fewer nested loops");
        }

        var counter = ReadName();
        Expect('<');
        var count = ReadInteger();
        var origin = ReadOrigin();
        Expect('{');
        var carried = new List<Carried>();
        while (AcceptWord("carry"))
        {
            var state = ReadDefinition();
            ExpectWord("from");
            var initial = ReadName();
            ExpectWord("next");
            carried.Add(new Carried(state, initial, ReadName()));
        }

        var body = ReadBlock(depth + 1);
        Expect('}');
        return new Loop(counter, count, carried.ToValueList(), body) { Origin = origin };
    }

    private Instruction ReadInstruction()
    {
        var result = ReadDefinition();
        Expect('=');
        var start = position;
        Instruction instruction = ReadWord() switch
        {
            "gaussian" => new Instruction.Gaussian(result, ReadExpr()),
            "data" => new Instruction.Data(result, ReadString()),
            "matmul" => ReadMatMul(result),
            "nonlin" => new Instruction.Nonlin(result, ReadExpr()),
            "moment" => ReadMoment(result),
            "matrix" => new Instruction.MatrixSum(result, ReadTerms()),
            "outernonlin" => new Instruction.OuterNonlin(result, ReadExpr()),
            _ => throw Unexpected(start, "an instruction"),
        };
        return instruction with { Origin = ReadOrigin() };
    }

    private FormatException Unexpected(int at, string expected)
    {
        position = at;
        return new FormatException(expected);
    }

    private Instruction.MatMul ReadMatMul(Definition result)
    {
        var transposed = Accept('^');
        if (transposed)
        {
            ExpectWord("T");
        }

        var matrix = ReadReference();
        Expect(',');
        return new Instruction.MatMul(result, matrix, transposed, ReadReference());
    }

    private Instruction.Moment ReadMoment(Definition result)
    {
        var width = ReadName();
        Expect(':');
        return new Instruction.Moment(result, width, ReadExpr());
    }

    private ValueList<MatrixTerm> ReadTerms()
    {
        if (Accept('0'))
        {
            return [];
        }

        var terms = new List<MatrixTerm>();
        do
        {
            Expect('{');
            var coefficient = ReadExpr();
            Expect('}');
            terms.Add(IsWord("outer") && text.AsSpan(position + "outer".Length).TrimStart().StartsWith("(") ? ReadOuter(coefficient) : new MatrixTerm.Scaled(coefficient, ReadReference()));
        }
        while (Accept('+'));
        return terms.ToValueList();
    }

    private MatrixTerm.Outer ReadOuter(Expr coefficient)
    {
        ExpectWord("outer");
        Expect('(');
        var over = new List<IndexBinder>();
        if (!Accept(';'))
        {
            do
            {
                over.Add(ReadBinder());
            }
            while (Accept(','));
            Expect(';');
        }

        var left = ReadReference();
        Expect(',');
        var right = ReadReference();
        Expect(')');
        return new MatrixTerm.Outer(coefficient, over.ToValueList(), left, right);
    }

    private Definition ReadDefinition()
    {
        var name = ReadName();
        var indices = new List<IndexBinder>();
        if (Accept('['))
        {
            do
            {
                indices.Add(ReadBinder());
            }
            while (Accept(','));
            Expect(']');
        }

        var over = new List<string>();
        if (Accept(':'))
        {
            do
            {
                over.Add(ReadName());
            }
            while (AcceptWord("x"));
        }

        return new Definition(name, indices.ToValueList(), over.ToValueList());
    }

    private Origin? ReadOrigin()
    {
        if (!Accept('@'))
        {
            return null;
        }

        var start = ReadInteger();
        Expect('+');
        var span = new Span(start, ReadInteger());
        return new Origin(span, position < text.Length && text[position] == '"' ? ReadString() : null);
    }

    private Expr ReadExpr()
    {
        var result = ExprReader.ReadPrefix(text, position, widths);
        position = result.End;
        return result.Expr ?? throw new FormatException("an expression");
    }

    private Expr.Reference ReadReference()
    {
        (var reference, position) = ExprReader.ReadReferencePrefix(text, position);
        return reference ?? throw new FormatException("a value");
    }

    private IndexBinder ReadBinder()
    {
        (var binder, position) = ExprReader.ReadBinderPrefix(text, position);
        return binder ?? throw new FormatException("an index");
    }

    private string ReadName()
    {
        (var name, position) = ExprReader.ReadNamePrefix(text, position);
        return name ?? throw new FormatException("a name");
    }

    private string ReadString()
    {
        if (position >= text.Length || text[position] != '"')
        {
            throw new FormatException("text in quotes");
        }

        var value = new StringBuilder();
        for (position++; position < text.Length && text[position] != '"'; position++)
        {
            if (text[position] == '\\' && position + 1 < text.Length)
            {
                position++;
                value.Append(text[position] == 'n' ? '\n' : text[position]);
            }
            else
            {
                value.Append(text[position]);
            }
        }

        Expect('"');
        return value.ToString();
    }

    private int ReadInteger()
    {
        var start = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]))
        {
            position++;
        }

        if (!int.TryParse(text.AsSpan(start, position - start), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            position = start;
            throw new FormatException("a number");
        }

        SkipSpace();
        return value;
    }

    /// <summary>[-] digits [/ digits].</summary>
    private Rational ReadRational()
    {
        var start = position;
        while (position < text.Length && (char.IsAsciiDigit(text[position]) || text[position] is '-' or '/'))
        {
            position++;
        }

        if (Rational.Parse(text[start..position]) is not { } value)
        {
            position = start;
            throw new FormatException("a rational number");
        }

        SkipSpace();
        return value;
    }

    private bool IsWord(string word)
    {
        var end = position + word.Length;
        return text.AsSpan(position).StartsWith(word, StringComparison.Ordinal) && (end >= text.Length || !(char.IsLetterOrDigit(text[end]) || text[end] is '_' or '.' or '@'));
    }

    private bool AcceptWord(string word)
    {
        if (!IsWord(word))
        {
            return false;
        }

        position += word.Length;
        SkipSpace();
        return true;
    }

    private void ExpectWord(string word)
    {
        if (!AcceptWord(word))
        {
            throw new FormatException($"`{word}`");
        }
    }

    private string ReadWord()
    {
        var start = position;
        while (position < text.Length && char.IsAsciiLetter(text[position]))
        {
            position++;
        }

        var word = text[start..position];
        SkipSpace();
        return word;
    }

    private bool Accept(char c)
    {
        if (position >= text.Length || text[position] != c)
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
            throw new FormatException($"`{c}`");
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
