using TpCompiler.Symbolics;

namespace TpCompiler.Language.Binding;

/// <summary>Values put together, with bounds on what comes out.</summary>
internal static class Arithmetic
{
    public const int MostNodes = 20_000;
    public const int Deepest = 200;
    public const int MostBits = 20_000;

    public static ValueList<IndexBinder> Union(IEnumerable<Value> values) =>
        values.SelectMany(v => v.Indices).Distinct().OrderBy(binder => binder.Axis == Block.BatchAxis ? 0 : 1).ToValueList();

    public static Value Combine(Expr expr, IReadOnlyList<Value> parts) => new(
        expr,
        parts.Select(p => p.Width).FirstOrDefault(w => w is not null),
        Union(parts),
        (int)Math.Min(parts.Sum(p => (long)p.Size) + 1, int.MaxValue),
        parts.Max(p => p.Depth) + 1,
        parts.Any(p => p.HasProduct));

    public static bool IsTooLarge(Value value) =>
        value.Size > MostNodes || value.Depth > Deepest
        || (value.Expr is Expr.Constant { Value: var c } && (c.Numerator.GetBitLength() > MostBits || c.Denominator.GetBitLength() > MostBits));
}
