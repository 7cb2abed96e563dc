using System.Diagnostics;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Tests.Limits.Derivation;

/// <summary>
/// Solves the limit equations of a program whose vectors are linear, in exact rationals, from nothing but the equations as they are printed: a Z is a combination of initial Gaussians and Ẑs,
/// ∂Z/∂Ẑ is a coefficient of it, and E of a product needs the covariances that the equations give. It sees neither the program nor how the equations came about.
/// </summary>
internal sealed class LinearEquations(LimitEquations equations, IReadOnlyDictionary<string, int> axes, Func<string, ValueList<int>, Rational?> data)
{
    private readonly List<Equation> all = [.. equations.Sections.Where(section => !section.Title.StartsWith("closed", StringComparison.Ordinal)).SelectMany(section => section.Equations)];
    private readonly Dictionary<Symbol, Form> known = [];

    /// <summary>The value of a deterministic scalar.</summary>
    public Rational this[string name, params int[] at] => Value(new Symbol(name, at.ToValueList())).Number;

    private static Dictionary<string, int>? Match(ValueList<Index> indices, ValueList<int> at)
    {
        var bound = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (index, position) in indices.Zip(at))
        {
            var (name, value) = index switch
            {
                Index.Variable variable => (variable.Name, position),
                Index.Shifted shifted => (shifted.Name, position - shifted.Offset),
                Index.Fixed { Position: var only } => (string.Empty, only == position ? 0 : -1),
                _ => throw new UnreachableException(),
            };
            if (value < 0 || (name.Length > 0 && !bound.TryAdd(name, value) && bound[name] != value))
            {
                return null;
            }
        }

        return bound;
    }

    private static ValueList<int> Positions(Expr.Reference reference, IReadOnlyDictionary<string, int> at) => reference.Indices.Select(index => index switch
    {
        Index.Variable variable => at[variable.Name],
        Index.Shifted shifted => at[shifted.Name] + shifted.Offset,
        Index.Fixed position => position.Position,
        _ => throw new UnreachableException(),
    }).ToValueList();

    /// <summary>The equation of a symbol and what its indices stand for. One for a single time goes first: ω_0, κ_{t+1,t}.</summary>
    private (Equation Equation, Dictionary<string, int> At)? Find(Symbol symbol) => all
        .Select(equation => (Equation: equation, At: equation.Left is Expr.Reference left && left.Name == symbol.Name && left.Indices.Count == symbol.At.Count ? Match(left.Indices, symbol.At) : null))
        .Where(found => found.At is not null && IsDefined(found.Equation, found.At))
        .OrderBy(found => found.At!.Count)
        .Select(found => ((Equation, Dictionary<string, int>)?)(found.Equation, found.At!))
        .FirstOrDefault();

    /// <summary>κ_{t+1,s} is for s &lt; t.</summary>
    private static bool IsDefined(Equation equation, IReadOnlyDictionary<string, int> at) =>
        equation.Left is not Expr.Reference { Indices: [Index.Shifted { Name: var t }, Index.Variable { Name: "s" }] } || at["s"] < at[t];

    private Form Value(Symbol symbol)
    {
        if (!known.TryGetValue(symbol, out var value))
        {
            known[symbol] = value = Compute(symbol);
        }

        return value;
    }

    private Form Compute(Symbol symbol)
    {
        if (LimitSymbol.Of(symbol.Name) is { Kind: SymbolKind.PartialDerivative } derivative)
        {
            var above = new Symbol("Z:" + derivative.First, symbol.At.Take(derivative.FirstIndices).ToValueList());
            var below = new Symbol("Zhat:" + derivative.Second, symbol.At.Skip(derivative.FirstIndices).ToValueList());
            return Form.Of(Value(above).Coefficients.GetValueOrDefault(below));
        }

        if (LimitSymbol.Of(symbol.Name).Kind == SymbolKind.Zhat)
        {
            return Form.Basis(symbol);
        }

        return Find(symbol) switch
        {
            { Equation: { Relation: Relation.GaussianLaw } } => Form.Basis(symbol),
            { } found => Evaluate(found.Equation.Right, found.At),
            null => Form.Of(data(symbol.Name, symbol.At) ?? throw new InvalidOperationException("nothing says what this is: " + symbol)),
        };
    }

    private Form Evaluate(Expr expr, IReadOnlyDictionary<string, int> at)
    {
        switch (expr)
        {
            case Expr.Constant constant:
                return Form.Of(constant.Value);
            case Expr.IndexValue { Index: var index }:
                return Form.Of(at[index]);
            case Expr.Reference reference:
                return Value(new Symbol(reference.Name, Positions(reference, at)));
            case Expr.Add add:
                return add.Terms.Select(term => Evaluate(term, at)).Aggregate(Form.Zero, (x, y) => x.Plus(y));
            case Expr.Multiply product:
                return product.Factors.Select(factor => Evaluate(factor, at)).Aggregate(Form.Of(1), (x, y) => x.Times(y));
            case Expr.Power { Exponent: var power, Base: var basis }:
                return Form.Of(Rational.Pow(Evaluate(basis, at).Number, (int)power.Numerator));
            case Expr.Sum { Index: var binder, Body: var body }:
                var count = binder.Below is { } below ? at[below] : axes[binder.Axis];
                return Enumerable.Range(0, count).Select(i => Evaluate(body, new Dictionary<string, int>(at) { [binder.Name] = i })).Aggregate(Form.Zero, (x, y) => x.Plus(y));
            case Expr.Expectation { Body: Expr.Multiply { Factors: [var x, var y] } }:
                return Form.Of(Mean(Evaluate(x, at), Evaluate(y, at)));
            case Expr.Expectation { Body: Expr.Power { Base: var basis } square } when square.Exponent == 2:
                return Form.Of(Mean(Evaluate(basis, at), Evaluate(basis, at)));
            case Expr.Expectation { Body: Expr.Reference derivative }:
                return Form.Of(Evaluate(derivative, at).Number);
            default:
                throw new UnreachableException(expr.ToString());
        }
    }

    private Rational Mean(Form x, Form y)
    {
        var sum = x.Constant * y.Constant;
        foreach (var (first, a) in x.Coefficients)
        {
            foreach (var (second, b) in y.Coefficients)
            {
                sum += a * b * Covariance(first, second);
            }
        }

        return sum;
    }

    private Rational Covariance(Symbol first, Symbol second)
    {
        if (LimitSymbol.Of(first.Name).Kind != LimitSymbol.Of(second.Name).Kind)
        {
            return 0;
        }

        if (LimitSymbol.Of(first.Name).Kind == SymbolKind.Z)
        {
            return first.Equals(second) && Find(first) is { } law ? Evaluate(law.Equation.Right, law.At).Number : 0;
        }

        foreach (var (one, two) in new[] { (first, second), (second, first) })
        {
            var name = FormattableString.Invariant($"Cov{one.At.Count}:{one.Name["Zhat:".Length..]},{two.Name["Zhat:".Length..]}");
            var symbol = new Symbol(name, [.. one.At, .. two.At]);
            if (Find(symbol) is not null)
            {
                return Value(symbol).Number;
            }
        }

        return 0;
    }

    /// <summary>A symbol at numbers for its indices.</summary>
    private sealed record Symbol(string Name, ValueList<int> At);

    /// <summary>constant + Σ coefficient · Gaussian.</summary>
    private sealed record Form(Rational Constant, IReadOnlyDictionary<Symbol, Rational> Coefficients)
    {
        public static readonly Form Zero = Of(0);

        public Rational Number => Coefficients.Values.All(c => c.IsZero) ? Constant : throw new InvalidOperationException("a random variable where a number belongs");

        public static Form Of(Rational number) => new(number, new Dictionary<Symbol, Rational>());

        public static Form Basis(Symbol symbol) => new(0, new Dictionary<Symbol, Rational> { [symbol] = 1 });

        public Form Plus(Form other)
        {
            var sum = new Dictionary<Symbol, Rational>(Coefficients);
            foreach (var (symbol, c) in other.Coefficients)
            {
                sum[symbol] = sum.GetValueOrDefault(symbol) + c;
            }

            return new(Constant + other.Constant, sum);
        }

        public Form Times(Form other) => Coefficients.Count == 0 ? other.Scaled(Constant)
            : other.Coefficients.Count == 0 ? Scaled(other.Constant)
            : throw new InvalidOperationException("not linear");

        private Form Scaled(Rational c) => new(c * Constant, Coefficients.ToDictionary(pair => pair.Key, pair => c * pair.Value));
    }
}
