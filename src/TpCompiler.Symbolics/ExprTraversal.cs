using System.Diagnostics;

namespace TpCompiler.Symbolics;

public abstract partial record Expr
{
    /// <summary>The direct subexpressions, in order. Lookups inside indices count.</summary>
    public IEnumerable<Expr> Children => this switch
    {
        Constant or Pi or WidthPower or IndexValue => [],
        Reference r => r.Indices.OfType<Index.Lookup>().Select(lookup => lookup.Row),
        Add a => a.Terms,
        Multiply m => m.Factors,
        Power p => [p.Base],
        Call c => c.Arguments,
        Sum s => [s.Body],
        Expectation e => [e.Body],
        _ => throw new UnreachableException(),
    };

    /// <summary>This expression and everything below it, parents first.</summary>
    public IEnumerable<Expr> DescendantsAndSelf() => Children.SelectMany(child => child.DescendantsAndSelf()).Prepend(this);

    public IEnumerable<Reference> References() => DescendantsAndSelf().OfType<Reference>();

    /// <summary>The same node over other children, in the order of <see cref="Children"/>, brought to normal form.</summary>
    public Expr MapChildren(Func<Expr, Expr> map) => this switch
    {
        Constant or Pi or WidthPower or IndexValue => this,
        Reference r => r with
        {
            Indices = r.Indices.Select(index => index is Index.Lookup lookup ? new Index.Lookup((Reference)map(lookup.Row)) : index).ToValueList(),
        },
        Add a => SumOf(a.Terms.Select(map)),
        Multiply m => ProductOf(m.Factors.Select(map)),
        Power p => Pow(map(p.Base), p.Exponent),
        Call { Arguments: [var argument] } c => Nonlinearities.CallOf(c.Function, c.Derivative, c.Parameters, map(argument)),
        Call c => c with { Arguments = c.Arguments.Select(map).ToValueList() },
        Sum s => SumOver(s.Index, map(s.Body)),
        Expectation e => Mean(map(e.Body)),
        _ => throw new UnreachableException(),
    };

    /// <summary>Every reference replaced, from the leaves up; the caller keeps index variables from being captured.</summary>
    public Expr SubstituteReferences(Func<Reference, Expr> replace) =>
        this is Reference r ? replace((Reference)r.MapChildren(child => child.SubstituteReferences(replace)))
            : MapChildren(child => child.SubstituteReferences(replace));

    /// <summary>The expression as <see cref="ExprStyle.Ascii"/>.</summary>
    public sealed override string ToString() => ExprPrinter.Print(this);
}
