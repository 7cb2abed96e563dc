using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Limits;
using TpCompiler.Numerics.Data;
using TpCompiler.Numerics.Execution;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Numerics.Limit;

/// <summary>An output of a limit program in exact rationals.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Iteration">The counters of the enclosing loops.</param>
/// <param name="Shape">The sizes of its axes.</param>
/// <param name="Values">The numbers, last axis fastest.</param>
public sealed record ExactRecord(string Name, ValueList<int> Iteration, ValueList<int> Shape, ValueList<Rational> Values);

/// <summary>
/// Evaluates a limit program whose Nonlins and Moments are polynomials in vectors and scalars: every vector is a polynomial in the Gaussians met, every
/// scalar a rational number (Isserlis' theorem). Data are the exact values of their doubles.
/// </summary>
public sealed class PolynomialEvaluator
{
    /// <summary>Products of coefficients of few digits that a run may form: past them, points are faster. A count and not a clock, so that the tier never depends on the machine.</summary>
    private const long Budget = 3_000_000;

    /// <summary>Coefficients whose lengths in 64-bit words multiply to this cost as much again as a product of short ones: a product and its lowest terms take time like the product of the lengths.</summary>
    private const long ShortWords = 16;

    /// <summary>Digits, in bits, of a number: rates with many digits cube them in every step.</summary>
    private const int MostBits = 1 << 16;

    private readonly Program program;
    private readonly IDataFeed feed;
    private readonly Dictionary<string, int> sizes;
    private readonly Dictionary<string, Rational> ratios;
    private readonly CoordinateSpaces spaces;
    private readonly Dictionary<string, GaussianBasis> bases = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Rational[]> scalars = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Polynomial[]> vectors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Matrix[]> matrices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Definition> definitions = new(StringComparer.Ordinal);
    private readonly List<(string Counter, int Value)> iteration = [];
    private readonly List<ExactRecord> records = [];
    private long spent;

    private PolynomialEvaluator(Program program, IDataFeed feed, IReadOnlyDictionary<string, int> axisSizes)
    {
        this.program = program;
        this.feed = feed;
        spaces = CoordinateSpaces.Of(program);
        sizes = program.Axes.Where(axis => axis.Size is not null).ToDictionary(axis => axis.Name, axis => axis.Size!.Value, StringComparer.Ordinal);
        foreach (var (name, size) in axisSizes)
        {
            sizes[name] = size;
        }

        ratios = program.Widths.ToDictionary(width => width.Name, width => width.Ratio, StringComparer.Ordinal);
    }

    /// <summary>What is said when a polynomial program is too large for exact rationals.</summary>
    public static string TooLarge { get; } = FormattableString.Invariant($"exact rationals would take more than {Budget} products of monomials, or numbers of more than {MostBits} bits");

    /// <summary>The outputs, or null when something in the program is no polynomial, or too large a one.</summary>
    public static IReadOnlyList<ExactRecord>? Evaluate(Program limit, IDataFeed feed, IReadOnlyDictionary<string, int>? axisSizes = null) =>
        EvaluateAsFarAsItGoes(limit, feed, axisSizes) is { IsComplete: true, Records: var records } ? records : null;

    /// <summary>The outputs that come before anything that is no polynomial, or too large a one, and whether these are all.</summary>
    public static (IReadOnlyList<ExactRecord> Records, bool IsComplete) EvaluateAsFarAsItGoes(Program limit, IDataFeed feed, IReadOnlyDictionary<string, int>? axisSizes = null)
    {
        var evaluator = new PolynomialEvaluator(limit, feed, axisSizes ?? new Dictionary<string, int>());
        try
        {
            evaluator.Run(limit.Body);
            return (evaluator.records, true);
        }
        catch (NotPolynomialException)
        {
            return (evaluator.records, false);
        }
    }

    /// <summary>Whether every Nonlin and Moment is a polynomial with rational coefficients, of whatever size; quotients of scalars are rational too.</summary>
    public static bool IsPolynomial(Program limit)
    {
        var kinds = limit.Body.Definitions().ToDictionary(definition => definition.Name, definition => definition.Kind, StringComparer.Ordinal);
        return limit.Body.Instructions().SelectMany(instruction => instruction.Expressions()).SelectMany(expr => expr.DescendantsAndSelf()).All(expr => expr switch
        {
            Expr.Call or Expr.Pi => false,
            Expr.Power power => power.Exponent.IsInteger
                && (power.Exponent.Sign > 0 || power.Base.References().All(reference => kinds[reference.Name] == ValueKind.Scalar)),
            _ => true,
        });
    }

    private void Run(ValueList<Statement> block)
    {
        foreach (var statement in block)
        {
            switch (statement)
            {
                case Loop loop:
                    Run(loop);
                    break;
                case Instruction instruction:
                    Run(instruction);
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }

    private void Run(Loop loop)
    {
        foreach (var carried in loop.Carried)
        {
            definitions[carried.State.Name] = carried.State;
            Copy(carried.Initial, carried.State);
        }

        sizes[loop.Counter] = loop.Count;
        for (var t = 0; t < loop.Count; t++)
        {
            iteration.Add((loop.Counter, t));
            Run(loop.Body);
            iteration.RemoveAt(iteration.Count - 1);
            var next = loop.Carried.Select(carried => (carried.State, Value: Read(carried.Next, carried.State.Kind))).ToList();
            next.ForEach(pair => Write(pair.State, pair.Value));
        }
    }

    private void Copy(string from, Definition to) => Write(to, Read(from, to.Kind));

    private Array Read(string name, ValueKind kind) => kind switch
    {
        ValueKind.Scalar => scalars[name],
        ValueKind.Vector => vectors[name],
        ValueKind.Matrix => matrices[name],
        _ => throw new UnreachableException(),
    };

    private void Write(Definition definition, Array value)
    {
        switch (definition.Kind)
        {
            case ValueKind.Scalar:
                scalars[definition.Name] = (Rational[])value;
                break;
            case ValueKind.Vector:
                vectors[definition.Name] = (Polynomial[])value;
                break;
            case ValueKind.Matrix:
                matrices[definition.Name] = (Matrix[])value;
                break;
            default:
                throw new UnreachableException();
        }
    }

    private void Run(Instruction instruction)
    {
        var definition = instruction.Result;
        definitions[definition.Name] = definition;
        switch (instruction, definition.Kind)
        {
            case (Instruction.Gaussian gaussian, ValueKind.Vector):
                var basis = BasisOf(spaces.OfVector(definition.Name));
                vectors[definition.Name] = Each(definition, at => basis.Fresh(Scalar(gaussian.Variance, at)));
                break;
            case (Instruction.Gaussian gaussian, ValueKind.Matrix):
                matrices[definition.Name] = Each(definition, at => new Matrix(
                    [(new PolynomialMatrix(
                        Scalar(gaussian.Variance, at),
                        ratios[definition.Widths[0]],
                        ratios[definition.Widths[1]],
                        BasisOf(spaces.OfRows(definition.Name)),
                        BasisOf(spaces.OfColumns(definition.Name))), 1)],
                    []));
                break;
            case (Instruction.Data data, _):
                scalars[definition.Name] = ReadData(data);
                break;
            case (Instruction.Nonlin nonlin, ValueKind.Vector):
                vectors[definition.Name] = Each(definition, at => Vector(nonlin.Body, at));
                break;
            case (Instruction.Nonlin nonlin, _):
                scalars[definition.Name] = Each(definition, at => Scalar(nonlin.Body, at));
                break;
            case (Instruction.Moment moment, _):
                var space = moment.Body.References().Where(reference => vectors.ContainsKey(reference.Name)).Select(reference => spaces.OfVector(reference.Name)).FirstOrDefault("");
                scalars[definition.Name] = Each(definition, at => Moment(moment.Body, BasisOf(space), at));
                break;
            case (Instruction.MatMul product, _):
                vectors[definition.Name] = Each(definition, at => Multiply(product, at));
                break;
            case (Instruction.MatrixSum sum, _):
                matrices[definition.Name] = Each(definition, at => Sum(sum, at));
                break;
            default:
                throw new NotPolynomialException();
        }

        if (definition.Kind == ValueKind.Scalar && scalars[definition.Name].Any(value => value.Numerator.GetBitLength() + value.Denominator.GetBitLength() > MostBits))
        {
            throw new NotPolynomialException();
        }

        if (definition.Kind == ValueKind.Scalar && program.Outputs.Contains(definition.Name))
        {
            records.Add(new ExactRecord(
                definition.Name,
                iteration.Select(pair => pair.Value).ToValueList(),
                definition.Indices.Select(index => sizes[index.Axis]).ToValueList(),
                scalars[definition.Name].ToValueList()));
        }
    }

    private Rational[] ReadData(Instruction.Data data)
    {
        var shape = data.Result.Indices.Select(index => sizes[index.Axis]).ToArray();
        var tensor = new Tensor<double>(shape, 1);
        feed.Read(data.Field, iteration.Select(pair => pair.Value).ToArray(), tensor);
        return [.. tensor.Span.ToArray().Select(Exact)];
    }

    private static Rational Exact(double value)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = exponent == 0 ? (bits & 0xFFFFFFFFFFFFF) << 1 : (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000;
        Rational magnitude = new System.Numerics.BigInteger(mantissa);
        return (value < 0 ? -1 : 1) * magnitude * Rational.Pow(2, exponent - 1075);
    }

    /// <summary>E of a product needs no expanded product: the last factor is multiplied under the expectation.</summary>
    private Rational Moment(Expr body, GaussianBasis basis, Environment at)
    {
        var factors = body is Expr.Multiply product ? product.Factors.Select(factor => Vector(factor, at)).ToList() : [Vector(body, at)];
        var last = factors.MaxBy(factor => factor.Count)!;
        factors.Remove(last);
        return basis.Expectation(factors.Aggregate(Polynomial.Constant(1), Product), last);
    }

    private Polynomial Multiply(Instruction.MatMul product, Environment at)
    {
        var matrix = matrices[product.Matrix.Name][Position(product.Matrix, at)];
        var x = vectors[product.Vector.Name][Position(product.Vector, at)];
        var result = matrix.Gaussians.Aggregate(
            Polynomial.Zero, (sum, part) => sum.AddScaled(part.Coefficient, part.Matrix.Multiply(product.Transposed, x)));
        var definition = definitions[product.Matrix.Name];
        var contracted = BasisOf(product.Transposed ? spaces.OfRows(definition.Name) : spaces.OfColumns(definition.Name));
        var width = ratios[definition.Widths[product.Transposed ? 0 : 1]];
        foreach (var (left, right, coefficient) in matrix.Factors)
        {
            var (inner, outer) = product.Transposed ? (left, right) : (right, left);
            result = result.AddScaled(coefficient * width * contracted.Expectation(inner, x), outer);
        }

        return result;
    }

    private Matrix Sum(Instruction.MatrixSum sum, Environment at)
    {
        var gaussians = new List<(PolynomialMatrix Matrix, Rational Coefficient)>();
        var factors = new List<(Polynomial Left, Polynomial Right, Rational Coefficient)>();
        foreach (var term in sum.Terms)
        {
            switch (term)
            {
                case MatrixTerm.Scaled scaled:
                    var c = Scalar(scaled.Coefficient, at);
                    var matrix = matrices[scaled.Matrix.Name][Position(scaled.Matrix, at)];
                    gaussians.AddRange(matrix.Gaussians.Select(part => (part.Matrix, c * part.Coefficient)));
                    factors.AddRange(matrix.Factors.Select(part => (part.Left, part.Right, c * part.Coefficient)));
                    break;
                case MatrixTerm.Outer outer:
                    ForEach(outer.Over, at, inner => factors.Add((
                        vectors[outer.Left.Name][Position(outer.Left, inner)],
                        vectors[outer.Right.Name][Position(outer.Right, inner)],
                        Scalar(outer.Coefficient, inner))));
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        return new Matrix(gaussians, factors);
    }

    private Polynomial Vector(Expr expr, Environment at)
    {
        switch (expr)
        {
            case Expr.Reference reference when vectors.TryGetValue(reference.Name, out var rows):
                return Position(reference, at) is >= 0 and var row ? rows[row] : Polynomial.Zero;
            case Expr.Add add:
                return add.Terms.Aggregate(Polynomial.Zero, (sum, term) => sum + Vector(term, at));
            case Expr.Multiply product:
                return product.Factors.Aggregate(Polynomial.Constant(1), (x, factor) => Product(x, Vector(factor, at)));
            case Expr.Sum sum:
                var total = Polynomial.Zero;
                ForEach([sum.Index], at, inner => total += Vector(sum.Body, inner));
                return total;
            case Expr.Power { Exponent: { IsInteger: true, Sign: > 0 } exponent } power when exponent < 64 && MentionsVector(power):
                var basis = Vector(power.Base, at);
                return Enumerable.Repeat(basis, (int)exponent.Numerator).Aggregate(Product);
            default:
                return MentionsVector(expr) ? throw new NotPolynomialException() : Polynomial.Constant(Scalar(expr, at));
        }
    }

    private bool MentionsVector(Expr expr) => expr.References().Any(reference => vectors.ContainsKey(reference.Name));

    private Rational Scalar(Expr expr, Environment at)
    {
        switch (expr)
        {
            case Expr.Constant constant:
                return constant.Value;
            case Expr.WidthPower width when width.Exponent.IsInteger && width.Exponent.Abs < 64:
                return Rational.Pow(ratios[width.Width], (int)width.Exponent.Numerator);
            case Expr.IndexValue value:
                return at.Find(value.Index) ?? iteration.Last(pair => pair.Counter == value.Index).Value;
            case Expr.Reference reference:
                return Position(reference, at) is >= 0 and var row ? scalars[reference.Name][row] : 0;
            case Expr.Add add:
                return add.Terms.Aggregate(Rational.Zero, (sum, term) => sum + Scalar(term, at));
            case Expr.Multiply product:
                return product.Factors.Aggregate(Rational.One, (x, factor) => x * Scalar(factor, at));
            case Expr.Power power when power.Exponent.IsInteger && power.Exponent.Abs < 64:
                var basis = Scalar(power.Base, at);
                return basis.IsZero && power.Exponent.Sign < 0 ? throw new NotPolynomialException() : Rational.Pow(basis, (int)power.Exponent.Numerator);
            case Expr.Sum sum:
                var total = Rational.Zero;
                ForEach([sum.Index], at, inner => total += Scalar(sum.Body, inner));
                return total;
            default:
                throw new NotPolynomialException();
        }
    }

    private T[] Each<T>(Definition definition, Func<Environment, T> make)
    {
        var made = new List<T>();
        ForEach(definition.Indices, Environment.Empty, at => made.Add(make(at)));
        return [.. made];
    }

    private void ForEach(ValueList<IndexBinder> binders, Environment at, Action<Environment> action, int first = 0)
    {
        if (first == binders.Count)
        {
            action(at);
            return;
        }

        var binder = binders[first];
        var bound = binder.Below is { } below ? at.Find(below) ?? iteration.Last(pair => pair.Counter == below).Value : sizes[binder.Axis];
        for (var i = 0; i < bound; i++)
        {
            ForEach(binders, at.With(binder.Name, i), action, first + 1);
        }
    }

    /// <summary>The row of a reference, last axis fastest; −1 outside of an axis.</summary>
    private int Position(Expr.Reference reference, Environment at)
    {
        var row = 0;
        for (var k = 0; k < reference.Indices.Count; k++)
        {
            var size = sizes[definitions[reference.Name].Indices[k].Axis];
            var index = reference.Indices[k] switch
            {
                Index.Variable variable => Number(variable.Name),
                Index.Fixed position => position.Position,
                Index.Shifted shifted => Number(shifted.Name) + shifted.Offset,
                Index.Lookup lookup => (int)Scalar(lookup.Row, at).Numerator,
                _ => throw new UnreachableException(),
            };
            if (index < 0 || index >= size)
            {
                return -1;
            }

            row = (row * size) + index;
        }

        return row;

        int Number(string name) => at.Find(name) ?? iteration.Last(pair => pair.Counter == name).Value;
    }

    private GaussianBasis BasisOf(string space)
    {
        if (!bases.TryGetValue(space, out var basis))
        {
            bases.Add(space, basis = new GaussianBasis(Spend));
        }

        return basis;
    }

    private Polynomial Product(Polynomial x, Polynomial y)
    {
        Spend(x, y);
        return x * y;
    }

    private void Spend(Polynomial x, Polynomial y)
    {
        spent += (long)x.Count * y.Count * (1 + (x.Words * y.Words / ShortWords));
        if (spent > Budget)
        {
            throw new NotPolynomialException();
        }
    }

    private sealed record Matrix(
        IReadOnlyList<(PolynomialMatrix Matrix, Rational Coefficient)> Gaussians,
        IReadOnlyList<(Polynomial Left, Polynomial Right, Rational Coefficient)> Factors);

    /// <summary>The values of the index variables in scope.</summary>
    private sealed record Environment(string Name, int Value, Environment? Outer)
    {
        public static readonly Environment Empty = new("", 0, null);

        public Environment With(string name, int value) => new(name, value, this);

        public int? Find(string name) => Name == name ? Value : Outer?.Find(name);
    }

    private sealed class NotPolynomialException : Exception;
}
