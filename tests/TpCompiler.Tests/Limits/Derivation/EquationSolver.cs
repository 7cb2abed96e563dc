using System.Diagnostics;
using System.Globalization;
using TpCompiler.Limits.Derivation;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Tests.Limits.Derivation;

/// <summary>
/// Reads deterministic limit equations as a person would with a calculator: one after the other, over all values of their indices. It knows nothing of how they were derived.
/// </summary>
internal sealed class EquationSolver(IReadOnlyDictionary<string, int> sizes)
{
    private readonly Dictionary<string, double> values = new(StringComparer.Ordinal);

    public double this[string name, params int[] at]
    {
        get => values.GetValueOrDefault(Key(name, at), double.NaN);
        set => values[Key(name, at)] = value;
    }

    /// <summary>What a reference that was never given a value stands for; an error when null.</summary>
    public double? Missing { get; init; }

    /// <summary>Solves an equation for each value of the free indices of its left side, which run over the axes of the same name; <paramref name="given"/> fixes some.</summary>
    public void Solve(Equation equation, IReadOnlyDictionary<string, int> given)
    {
        var left = (Expr.Reference)equation.Left;
        var free = left.Indices.OfType<Index.Variable>().Select(index => index.Name).Distinct().Where(name => !given.ContainsKey(name)).ToList();
        var solved = new List<(string Key, double Value)>();
        ForEach(free, given, at => solved.Add((Key(left.Name, left.Indices.Select(index => At(index, at))), Evaluate(equation.Right, at))));
        foreach (var (key, value) in solved)
        {
            values[key] = value;
        }
    }

    private static string Key(string name, IEnumerable<int> at) => name + "[" + string.Join(",", at.Select(i => i.ToString(CultureInfo.InvariantCulture))) + "]";

    private static int At(Index index, IReadOnlyDictionary<string, int> at) => index switch
    {
        Index.Variable variable => at[variable.Name],
        Index.Fixed position => position.Position,
        Index.Shifted shifted => at[shifted.Name] + shifted.Offset,
        _ => throw new UnreachableException(),
    };

    private void ForEach(IReadOnlyList<string> names, IReadOnlyDictionary<string, int> at, Action<IReadOnlyDictionary<string, int>> action)
    {
        if (names.Count == 0)
        {
            action(at);
            return;
        }

        for (var i = 0; i < sizes[names[0].TrimEnd('\'')]; i++)
        {
            ForEach([.. names.Skip(1)], new Dictionary<string, int>(at) { [names[0]] = i }, action);
        }
    }

    private double Evaluate(Expr expr, IReadOnlyDictionary<string, int> at)
    {
        switch (expr)
        {
            case Expr.Constant constant:
                return constant.Value.ToDouble();
            case Expr.Pi:
                return Math.PI;
            case Expr.Reference reference:
                var key = Key(reference.Name, reference.Indices.Select(index => At(index, at)));
                return values.TryGetValue(key, out var value) ? value : Missing ?? throw new InvalidOperationException("no value for " + key);
            case Expr.Add add:
                return add.Terms.Sum(term => Evaluate(term, at));
            case Expr.Multiply product:
                return product.Factors.Aggregate(1.0, (x, factor) => x * Evaluate(factor, at));
            case Expr.Power power:
                return Math.Pow(Evaluate(power.Base, at), power.Exponent.ToDouble());
            case Expr.Call { Function: "arccos", Arguments: [var x] }:
                return Math.Acos(Evaluate(x, at));
            case Expr.Call { Function: "sin", Arguments: [var x] }:
                return Math.Sin(Evaluate(x, at));
            case Expr.Call { Function: "relu", Arguments: [var x] }:
                return Math.Max(0, Evaluate(x, at));
            case Expr.Call { Function: "arcsin", Arguments: [var x] }:
                return Math.Asin(Evaluate(x, at));
            case Expr.Sum sum:
                var total = 0.0;
                ForEach([sum.Index.Name], at, inner => total += Evaluate(sum.Body, inner));
                return total;
            default:
                throw new UnreachableException();
        }
    }
}
