using CsCheck;
using TpCompiler.Symbolics;
using Index = TpCompiler.Symbolics.Index;

namespace TpCompiler.Tests.Symbolics;

/// <summary>Random expressions.</summary>
internal static class ExprGen
{
    public static readonly Expr.Reference X = new("x", []);

    public static readonly Expr.Reference Y = new("y", []);

    public static readonly Gen<Rational> Rationals = Gen.Select(Gen.Int[-6, 6], Gen.Int[1, 6], (p, q) => new Rational(p, q));

    private static readonly Gen<string> IndexNames = Pick("b", "i", "b'", "s", "odd name");

    private static readonly Gen<Expr.Reference> Rows = Gen.Select(Pick("token", "pi"), IndexNames, Gen.Bool, (name, index, indexed) =>
        new Expr.Reference(name, indexed ? [index] : []));

    private static readonly Gen<Index> Indices = Gen.OneOf(
        IndexNames.Select(name => (Index)name),
        Gen.Int[0, 12].Select(position => (Index)new Index.Fixed(position)),
        Gen.Select(IndexNames, Pick(-2, 1), (name, offset) => (Index)new Index.Shifted(name, offset)),
        Rows.Select(row => (Index)new Index.Lookup(row)));

    private static readonly Gen<IndexBinder> Binders = Gen.OneOf(
        Gen.Select(IndexNames, Pick("batch", "i"), (name, axis) => new IndexBinder(name, axis)),
        Pick(new IndexBinder("s", "t", "t"), new IndexBinder("s", "time", "b'")));

    /// <summary>Everything an expression can be.</summary>
    public static readonly Gen<Expr> Any = OfDepth(4, structural: true);

    /// <summary>What <see cref="Evaluation"/> can evaluate at x and y.</summary>
    public static readonly Gen<Expr> OfXAndY = OfDepth(4, structural: false);

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<Expr> OfDepth(int depth, bool structural)
    {
        var leaves = new List<Gen<Expr>>
        {
            Rationals.Select(value => (Expr)value),
            Gen.Const((Expr)new Expr.Pi()),
            Pick<Expr>(X, Y),
        };
        if (structural)
        {
            leaves.Add(Gen.Select(Pick("h", "dh1", "W 2", "sum", "x@s"), Indices.Array[0, 2], (name, indices) => (Expr)new Expr.Reference(name, indices.ToValueList())));
            leaves.Add(IndexNames.Select(name => (Expr)new Expr.IndexValue(name)));
            leaves.Add(Rationals.Select(exponent => Expr.WidthTo("n", exponent)));
        }

        var leaf = Gen.OneOf([.. leaves]);
        if (depth == 0)
        {
            return leaf;
        }

        var inner = OfDepth(depth - 1, structural);
        var nodes = new List<Gen<Expr>>
        {
            leaf,
            inner.Array[2, 4].Select(Expr.SumOf),
            inner.Array[2, 4].Select(Expr.ProductOf),
            inner.Array[2, 4].Select(Expr.ProductOf),
            Gen.Select(inner, Rationals, (basis, exponent) => basis.IsZero && exponent.Sign < 0 ? basis : Expr.Pow(basis, exponent)),
            Gen.Select(inner, Pick(2, 3, -1, -2), (basis, exponent) => basis.IsZero ? basis : Expr.Pow(basis, exponent)),
            Gen.Select(inner, Pick("tanh", "relu", "exp", "leaky_relu"), Gen.Int[0, structural ? 5 : 0], (argument, function, order) =>
                Nonlinearities.CallOf(function, order, Nonlinearities.Get(function).Defaults, argument)),
        };
        if (structural)
        {
            nodes.Add(Gen.Select(Binders, inner, Expr.SumOver));
            nodes.Add(inner.Select(Expr.Mean));
        }

        return Gen.OneOf([.. nodes]);
    }
}
