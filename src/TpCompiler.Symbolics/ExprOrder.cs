using System.Diagnostics;

namespace TpCompiler.Symbolics;

/// <summary>
/// The total order in which the terms of sums and the factors of products stand: by kind, then by content, ordinal.
/// It makes equal expressions print with equal bytes.
/// </summary>
public sealed class ExprOrder : IComparer<Expr>
{
    public static readonly ExprOrder Instance = new();

    public int Compare(Expr? x, Expr? y)
    {
        if (ReferenceEquals(x, y))
        {
            return 0;
        }

        var byKind = Kind(x!).CompareTo(Kind(y!));
        return byKind != 0 ? byKind : (x, y) switch
        {
            (Expr.Constant a, Expr.Constant b) => a.Value.CompareTo(b.Value),
            (Expr.Pi, Expr.Pi) => 0,
            (Expr.WidthPower a, Expr.WidthPower b) => Then(string.CompareOrdinal(a.Width, b.Width), a.Exponent.CompareTo(b.Exponent)),
            (Expr.IndexValue a, Expr.IndexValue b) => string.CompareOrdinal(a.Index, b.Index),
            (Expr.Reference a, Expr.Reference b) => Then(string.CompareOrdinal(a.Name, b.Name), Compare(a.Indices, b.Indices)),
            (Expr.Power a, Expr.Power b) => Then(Compare(a.Base, b.Base), a.Exponent.CompareTo(b.Exponent)),
            (Expr.Call a, Expr.Call b) => Then(
                Then(string.CompareOrdinal(a.Function, b.Function), a.Derivative.CompareTo(b.Derivative)),
                Then(Compare(a.Parameters, b.Parameters, (p, q) => p.CompareTo(q)), Compare(a.Arguments, b.Arguments, Compare))),
            (Expr.Multiply a, Expr.Multiply b) => Compare(a.Factors, b.Factors, Compare),
            (Expr.Add a, Expr.Add b) => Compare(a.Terms, b.Terms, Compare),
            (Expr.Sum a, Expr.Sum b) => Then(Compare(a.Index, b.Index), Compare(a.Body, b.Body)),
            (Expr.Expectation a, Expr.Expectation b) => Compare(a.Body, b.Body),
            _ => throw new UnreachableException(),
        };
    }

    private static int Kind(Expr expr) => expr switch
    {
        Expr.Constant => 0,
        Expr.WidthPower => 1,
        Expr.Pi => 2,
        Expr.IndexValue => 3,
        Expr.Reference => 4,
        Expr.Power => 5,
        Expr.Call => 6,
        Expr.Expectation => 7,
        Expr.Sum => 8,
        Expr.Multiply => 9,
        Expr.Add => 10,
        _ => throw new UnreachableException(),
    };

    private static int Compare(IndexBinder x, IndexBinder y) => Then(
        Then(string.CompareOrdinal(x.Name, y.Name), string.CompareOrdinal(x.Axis, y.Axis)),
        string.CompareOrdinal(x.Below, y.Below));

    private int Compare(ValueList<Index> x, ValueList<Index> y) => Compare(x, y, Compare);

    private int Compare(Index x, Index y) => (x, y) switch
    {
        (Index.Variable a, Index.Variable b) => string.CompareOrdinal(a.Name, b.Name),
        (Index.Fixed a, Index.Fixed b) => a.Position.CompareTo(b.Position),
        (Index.Shifted a, Index.Shifted b) => Then(string.CompareOrdinal(a.Name, b.Name), a.Offset.CompareTo(b.Offset)),
        (Index.Lookup a, Index.Lookup b) => Compare(a.Row, b.Row),
        _ => Kind(x).CompareTo(Kind(y)),
    };

    private static int Kind(Index index) => index switch
    {
        Index.Fixed => 0,
        Index.Variable => 1,
        Index.Shifted => 2,
        Index.Lookup => 3,
        _ => throw new UnreachableException(),
    };

    private static int Compare<T>(ValueList<T> x, ValueList<T> y, Comparison<T> compare)
    {
        for (var i = 0; i < x.Count && i < y.Count; i++)
        {
            var order = compare(x[i], y[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return x.Count.CompareTo(y.Count);
    }

    private static int Then(int first, int second) => first != 0 ? first : second;
}
