using System.Diagnostics;
using TpCompiler.Ir;
using TpCompiler.Symbolics;

namespace TpCompiler.Emit.Code;

/// <summary>Expressions of the program, one entry at a time, as expressions of whole arrays.</summary>
/// <param name="definitions">What each name is.</param>
/// <param name="rename">The name of a value in the code.</param>
internal sealed partial class ExpressionLowering(IReadOnlyDictionary<string, Definition> definitions, Func<string, string> rename)
{
    private readonly Dictionary<Expr, Expr.Reference> applied = [];
    private readonly Dictionary<string, string> axes = new(StringComparer.Ordinal);
    private List<string> kept = [];
    private List<string> order = [];
    private IReadOnlyList<string> widths = [];

    /// <summary>What can't be said, once something can't.</summary>
    public string? Reason { get; private set; }

    /// <summary>Values that are arrays of integers.</summary>
    public IReadOnlySet<string> WholeNumbers { get; init; } = new HashSet<string>();

    /// <summary>Of expectations E φ(u) ψ(v): u, v and their covariance K[b,b']; null where there are none.</summary>
    public (Expr.Reference U, Expr.Reference V, Expr.Reference Covariance)? Law { get; set; }

    /// <summary>From here on φ(h) is read where it was kept under a name.</summary>
    public void Remember(Instruction.Nonlin nonlin)
    {
        if (nonlin.Body is Expr.Call { Derivative: 0 })
        {
            applied.TryAdd(nonlin.Body, (Expr.Reference)nonlin.Result.AsReference());
        }
    }

    /// <summary>What <paramref name="body"/> is at the indices and widths of <paramref name="result"/>, with all its dimensions and no other.</summary>
    public TensorExpr Lower(Expr body, Definition result)
    {
        Begin(result);
        return Full(Visit(Simplified(body), TensorExpr.Row), [.. widths.Select((_, side) => side == 0 ? TensorExpr.Row : TensorExpr.Column)]);
    }

    /// <summary>Σ over the binders and, where the factors are of rows and columns, these too: everything outside <paramref name="sides"/> and the indices of the result.</summary>
    public TensorExpr Contract(Expr coefficient, IEnumerable<(Expr.Reference Value, ValueList<string> Sides)> factors, Definition result, ValueList<string> sides, IEnumerable<IndexBinder>? over = null)
    {
        Begin(result);
        List<IndexBinder> binders = [.. over ?? []];
        binders.ForEach(binder => axes[binder.Name] = binder.Axis);
        order.AddRange(binders.Select(binder => binder.Name));
        List<TensorExpr> parts = [.. VisitFactors(Simplified(coefficient), TensorExpr.Row), .. factors.Select(factor => Read(factor.Value, factor.Sides))];
        IEnumerable<string> summed = parts.SelectMany(part => part.Dims).Distinct().Where(dim => dim[0] == '~' && !sides.Contains(dim));
        return Full(SumOut(parts, [.. binders.Select(binder => binder.Name), .. summed]), sides);
    }

    /// <summary>A factor, 1/n, times Σ_α body: the power of n is joined with those of the body.</summary>
    public TensorExpr Mean(string width, Expr body, Definition result, Expr factor)
    {
        Begin(result);
        widths = [width];
        List<TensorExpr> parts = [.. VisitFactors(Simplified(body) * factor, TensorExpr.Row)];
        List<string> bound = [TensorExpr.Row];

        // Σ_α Σ_i W[i]² is one sum.
        if (parts.FindIndex(part => part is TensorExpr.Total) is >= 0 and var at && parts.Count(part => part.Dims.Contains(TensorExpr.Row)) == 1)
        {
            TensorExpr summed = ((TensorExpr.Total)parts[at]).Body;
            bound.AddRange(summed.Dims.Except(parts[at].Dims));
            parts[at] = summed;
        }

        return Full(SumOut(parts, bound), []);
    }

    private void Begin(Definition result)
    {
        kept = [.. result.Indices.Select(index => index.Name)];
        order = [.. kept];
        widths = [.. result.Widths];
        foreach (IndexBinder index in result.Indices)
        {
            axes[index.Name] = index.Axis;
        }
    }

    /// <summary>The factors of a product; 1000^(1/2)/(1 + 1000 x)^(1/2), as the normal form has it, is read as 1/(1/1000 + x)^(1/2), where that takes fewer numbers.</summary>
    private List<TensorExpr> VisitFactors(Expr expr, string coordinate)
    {
        List<Expr> factors = [.. FactorsOf(expr)];
        for (int i = 0; i < factors.Count; i++)
        {
            if (factors[i] is not Expr.Power { Base: Expr.Add sum } power || sum.Terms.Max(term => Expr.SplitCoefficient(term).Coefficient.Abs) is var largest && largest <= 1)
            {
                continue;
            }

            (List<Expr> numbers, List<Expr> others) = ([.. factors.Where(IsNumber)], [.. factors.Where(factor => !IsNumber(factor))]);
            Expr number = Expr.ProductOf([.. numbers, Expr.Pow(largest, power.Exponent)]);
            List<Expr> fewer = [.. FactorsOf(number).Where(factor => !factor.IsOne)];
            if (fewer.Count < numbers.Count)
            {
                Expr basis = Expr.SumOf(sum.Terms.Select(term => term * (1 / largest)));
                List<TensorExpr> parts = [.. VisitFactors(Expr.ProductOf([.. fewer, .. others.Where(factor => !ReferenceEquals(factor, power))]), coordinate), new TensorExpr.Power(AsNumber(Visit(basis, coordinate)), power.Exponent)];
                return [.. parts.Where(part => part is not TensorExpr.Number { Exact.IsOne: true })];
            }
        }

        return [.. factors.Select(factor => Visit(factor, coordinate))];

        static bool IsNumber(Expr factor) => factor is Expr.Constant or Expr.Pi || (factor is Expr.Power { Base: Expr.Constant });
    }

    private static IEnumerable<Expr> FactorsOf(Expr expr) => expr is Expr.Multiply product ? product.Factors : [expr];

    /// <summary>Derivatives written out, and φ(h) by the name that holds it.</summary>
    private Expr Simplified(Expr expr) => Named(Nonlinearities.ExpandAll(expr));

    private Expr Named(Expr expr) => applied.TryGetValue(expr, out Expr.Reference? name) ? name : expr.MapChildren(Named);

    private TensorExpr Visit(Expr expr, string coordinate)
    {
        if (Relation(expr, coordinate) is { } relation)
        {
            return relation;
        }

        switch (expr)
        {
            case Expr.Constant or Expr.Pi or Expr.WidthPower:
                return new TensorExpr.Number(expr);
            case Expr.IndexValue index:
                return axes.TryGetValue(index.Index, out string? axis) && order.Contains(index.Index) ? new TensorExpr.Position(index.Index, axis) : new TensorExpr.Counter(index.Index);
            case Expr.Reference argument when Law is { } given && (argument.Equals(given.U) || argument.Equals(given.V)):
                return new TensorExpr.Value(argument.Name, []);
            case Expr.Expectation mean when Law is { } law:
                return new TensorExpr.PairMean(law.U.Name, law.V.Name, Visit(mean.Body, coordinate), Read(law.Covariance, []));
            case Expr.Reference reference:
                return Read(reference, SidesOf(definitions[reference.Name], coordinate));
            case Expr.Add add:
                List<TensorExpr> terms = [.. add.Terms.Select(term => AsNumber(Visit(term, coordinate)))];
                return new TensorExpr.Sum([.. terms], Union(terms));
            case Expr.Multiply:
                return ProductOf(VisitFactors(expr, coordinate));
            case Expr.Power power:
                return new TensorExpr.Power(AsNumber(Visit(power.Base, coordinate)), power.Exponent);
            case Expr.Call call:
                return new TensorExpr.Apply(call.Function, call.Parameters, AsNumber(Visit(call.Arguments[0], coordinate)));
            case Expr.Sum:
                return VisitSum(expr, coordinate);
            default:
                throw new UnreachableException();
        }
    }

    private static ValueList<string> SidesOf(Definition definition, string coordinate) => definition.Kind switch
    {
        ValueKind.Scalar => [],
        ValueKind.Vector => [coordinate],
        ValueKind.Matrix => [TensorExpr.Row, TensorExpr.Column],
        _ => throw new UnreachableException(),
    };

    /// <summary>A relation counts as 1 or 0 where it is more than a factor.</summary>
    private static TensorExpr AsNumber(TensorExpr expr) => expr is TensorExpr.Compare ? new TensorExpr.Indicator(expr) : expr;

    /// <summary>The value with all dimensions of the result, in their order.</summary>
    private TensorExpr Full(TensorExpr value, ValueList<string> sides)
    {
        value = AsNumber(value);
        ValueList<string> dims = [.. kept, .. sides];
        ValueList<string> sorted = [.. dims.Where(value.Dims.Contains)];
        value = sorted.Equals(value.Dims) ? value : new TensorExpr.Contraction([value], sorted);
        return sorted.Count == dims.Count ? value : new TensorExpr.Broadcast(value, [.. dims.Select(SizeOf)], dims);
    }

    private string SizeOf(string dim) => dim switch
    {
        TensorExpr.Row => widths[0],
        TensorExpr.Column => widths[^1],
        _ => axes[dim],
    };

    private void Refuse(string reason) => Reason ??= reason;
}
